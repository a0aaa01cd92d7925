#include <algorithm>
#include <fmt/format.h>

#include "hourglass/wire/tcp.h"
#include "script/run.h"

namespace hourglass::script {

namespace {

using wire::IpProtocol;
using wire::TcpFlags;

/// The ports of peers that connect: RFC 6335's ephemeral ones, one after the other.
constexpr std::uint16_t kFirstPeerPort = 50000;

bool has(const TcpSpec& spec, std::uint16_t bits) { return (spec.flags & bits) == bits; }

bool same_protocol(IpProtocol live, const PacketSpec& packet) {
    if (std::holds_alternative<TcpSpec>(packet.body)) return live == IpProtocol::tcp;
    if (std::holds_alternative<UdpSpec>(packet.body)) return live == IpProtocol::udp;
    return live == IpProtocol::icmp || live == IpProtocol::icmpv6;
}

std::uint32_t data_of(const PacketSpec& packet) {
    const auto* tcp = std::get_if<TcpSpec>(&packet.body);
    return tcp == nullptr ? 0 : tcp->length;
}

}  // namespace

void Run::run_packet(const PacketSpec& packet, const Window& window) {
    if (packet.inbound)
        arrive(packet, window);
    else
        expect(packet, window);
}

// --- which connection it is about

Flow& Run::add_flow(Flow flow) {
    flows_.push_back(std::make_unique<Flow>(std::move(flow)));
    return *flows_.back();
}

Flow* Run::flow_with_ports(const Ports& ports, bool inbound) {
    const std::uint16_t local = inbound ? ports.destination : ports.source;
    const std::uint16_t remote = inbound ? ports.source : ports.destination;
    for (const auto& flow : flows_)
        if (to_number(flow->local.port) == local && to_number(flow->remote.port) == remote) return flow.get();
    return nullptr;
}

/// The connection that a packet opens at a listening port, or at none.
Flow& Run::child_of_listener(const PacketSpec& packet) {
    Flow flow;
    flow.stage = Flow::Stage::arrived;
    flow.local = {config_.local_ip, current_ == nullptr ? config_.bind_port : current_->local.port};
    flow.remote = {config_.remote_ip, Port(static_cast<std::uint16_t>(kFirstPeerPort + next_port_++ % 10000))};
    if (packet.ports) {
        flow.remote.port = Port(packet.ports->source);
        flow.local.port = Port(packet.ports->destination);
    }
    const auto& tcp = std::get<TcpSpec>(packet.body);
    flow.remote_isn = tcp.seq;
    flow.syn_data = tcp.length;
    return add_flow(std::move(flow));
}

Flow& Run::flow_of(const PacketSpec& packet) {
    const auto* tcp = std::get_if<TcpSpec>(&packet.body);
    if (packet.ports) {
        if (Flow* known = flow_with_ports(*packet.ports, packet.inbound)) return *known;
        const bool opens = tcp != nullptr && has(*tcp, TcpFlags::kSyn) && !has(*tcp, TcpFlags::kAck);
        if (packet.inbound && tcp != nullptr && (opens || current_ == nullptr)) return child_of_listener(packet);
    }
    if (packet.inbound && tcp != nullptr && (current_ == nullptr || current_->stage == Flow::Stage::listening)) {
        current_ = &child_of_listener(packet);
        return *current_;
    }
    if (current_ == nullptr) fail("there is no socket that this packet could be about");
    const bool fits = tcp != nullptr                                 ? current_->protocol == IpProtocol::tcp
                      : std::holds_alternative<UdpSpec>(packet.body) ? current_->protocol == IpProtocol::udp
                                                                     : true;
    if (!fits) fail("the socket that this packet would be about is of another protocol");
    if (!packet.ports) return *current_;
    // Foreign ports: the same numbers, another connection.
    Flow foreign = *current_;
    foreign.descriptor = -1;
    foreign.local.port = Port(packet.inbound ? packet.ports->destination : packet.ports->source);
    foreign.remote.port = Port(packet.inbound ? packet.ports->source : packet.ports->destination);
    return add_flow(std::move(foreign));
}

// --- packets that come

void Run::learn_from_arrival(Flow& flow, const PacketSpec& packet) {
    const auto* tcp = std::get_if<TcpSpec>(&packet.body);
    if (tcp == nullptr) return;
    if (has(*tcp, TcpFlags::kUrg)) flow.untracked = true;
    const bool opens = has(*tcp, TcpFlags::kSyn) && !has(*tcp, TcpFlags::kAck);
    if (flow.stage == Flow::Stage::answered && opens && tcp->seq != flow.remote_isn) {
        flow.reopened_by = tcp->seq;
        flow.reopened_data = tcp->length;
    }
    if (flow.stage == Flow::Stage::syn_sent && has(*tcp, TcpFlags::kSyn)) {
        flow.stage = Flow::Stage::connected;
        flow.remote_isn = tcp->seq;
    }
}

void Run::arrive(const PacketSpec& packet, const Window& window) {
    wait_for(window, "this packet to come");
    Flow& flow = flow_of(packet);
    learn_from_arrival(flow, packet);
    if (flow.local.address.is_unspecified()) flow.local.address = config_.local_ip;
    if (flow.remote.address.is_unspecified()) flow.remote = {config_.remote_ip, config_.connect_port};
    const auto datagram = build_packet(packet, flow);
    if (!datagram) fail(datagram.error());
    note(Row::Kind::inbound, to_text(packet));
    world().receive(*datagram);
    settle();
}

// --- packets that are sent

bool Run::belongs(const LivePacket& live, const Flow& flow, const PacketSpec& packet) const {
    if (!same_protocol(live.protocol, packet)) return false;
    if (live.destination != flow.remote.address) return false;
    if (live.protocol != IpProtocol::tcp && live.protocol != IpProtocol::udp) return true;
    const Ports ports = live.ports();
    if (ports.destination != to_number(flow.remote.port)) return false;
    if (flow.local.port != Port{}) return ports.source == to_number(flow.local.port);
    if (live.protocol == IpProtocol::udp) return true;
    const TcpFlags flags = wire::TcpView::parse(live.segment())->flags();
    return flags.syn() && !flags.ack();
}

std::optional<LivePacket> Run::take_packet(Flow& flow, const PacketSpec& packet, Instant until) {
    auto& sent = world().sent;
    auto found = sent.end();
    const auto look = [&] {
        found = std::ranges::find_if(sent, [&](const LivePacket& live) { return belongs(live, flow, packet); });
        return found != sent.end();
    };
    if (!pass_time(until, look)) return std::nullopt;
    LivePacket live = std::move(*found);
    sent.erase(found);
    return live;
}

/// What our SYN tells: its number, and the port that connect() chose.
void Run::learn_from_sending(Flow& flow, const PacketSpec& packet, const LivePacket& live) {
    if (flow.local.port == Port{}) flow.local = {live.source, Port(live.ports().source)};
    const auto* expected = std::get_if<TcpSpec>(&packet.body);
    if (expected == nullptr) return;
    const auto view = *wire::TcpView::parse(live.segment());
    if (flow.stage == Flow::Stage::connecting && view.flags().syn()) {
        flow.stage = Flow::Stage::syn_sent;
        flow.local_isn = view.seq().raw();
        flow.script_local_isn = expected->seq;
    } else if (has(*expected, TcpFlags::kSyn | TcpFlags::kAck) && view.flags().syn()) {
        // An answer to another SYN than the first one: these ports have a new connection (RFC 9293, section 3.6.1).
        const std::uint32_t ack = view.ack().raw();
        const bool another = flow.stage == Flow::Stage::answered && !Flow::answers(ack, flow.remote_isn, flow.syn_data);
        if (another) {
            const bool known = flow.reopened_by && Flow::answers(ack, *flow.reopened_by, flow.reopened_data);
            flow.remote_isn = known ? *flow.reopened_by : ack - 1;
            flow.syn_data = known ? flow.reopened_data : 0;
            flow.sent = flow.received = 0;
            flow.timestamps_known = false;
        }
        if (!another && flow.stage != Flow::Stage::arrived) return;
        flow.stage = Flow::Stage::answered;
        flow.local_isn = view.seq().raw();
        flow.script_local_isn = expected->seq;
    } else if (flow.reopened_by && has(*expected, TcpFlags::kSyn | TcpFlags::kAck) &&
               view.ack().raw() == *flow.reopened_by + 1) {
        // A new connection of the same ports, from TIME-WAIT: its numbers begin here.
        flow.remote_isn = *flow.reopened_by;
        flow.reopened_by.reset();
        flow.local_isn = view.seq().raw();
        flow.script_local_isn = expected->seq;
        flow.sent = flow.received = 0;
    }
}

/// Several segments in a row count as one, as a device that cuts large segments would have sent them: all but PSH and
/// FIN is that of the first. What does not continue it is left out.
PacketSpec Run::joined(const PacketSpec& expected, Flow& flow, const std::vector<LivePacket>& pieces) {
    PacketSpec whole = describe(pieces.front(), flow, &expected);
    for (std::size_t i = 1; i < pieces.size(); ++i) {
        const PacketSpec next = describe(pieces[i], flow, &expected);
        auto& all = std::get<TcpSpec>(whole.body);
        const auto& more = std::get<TcpSpec>(next.body);
        constexpr std::uint16_t ends = TcpFlags::kPsh | TcpFlags::kFin | TcpFlags::kCwr;
        const bool continues = more.seq == all.seq + all.length && more.ack == all.ack && more.win == all.win &&
                               ((more.flags ^ all.flags) & ~ends) == 0;
        if (!continues) break;
        all.length += more.length;
        all.flags |= more.flags & ends;
    }
    return whole;
}

void Run::compare(const PacketSpec& expected, Flow& flow, const std::vector<LivePacket>& pieces, const Window& window) {
    const PacketSpec actual = joined(expected, flow, pieces);
    std::string text = to_text(actual);
    note(Row::Kind::outbound, text);
    report_.rows.back().at = pieces.front().sent - World::kStart;
    const auto stop = [&](std::string fault) { fail(std::move(fault), to_text(expected), text); };
    if (std::string fault = mismatch(expected, actual, flow, config_); !fault.empty()) stop(std::move(fault));
    for (const LivePacket& piece : pieces) {
        if (!flow.untracked && !payload_is_right(piece, flow)) stop("the data is not what was written");
        if (std::string fault = late(window, piece.sent, "this packet"); !fault.empty()) stop(std::move(fault));
    }
}

void Run::expect(const PacketSpec& packet, const Window& window) {
    Flow& flow = flow_of(packet);
    const bool any = window.kind == EventTime::Kind::any;
    const Instant until = any ? kNever : World::kStart + window.until + window.tolerance;
    auto live = take_packet(flow, packet, until);
    if (!live) fail("nothing was sent", to_text(packet));
    learn_from_sending(flow, packet, *live);
    std::vector<LivePacket> pieces;
    std::uint32_t size = data_of(describe(*live, flow, nullptr));
    const bool split = size > 0 && size < data_of(packet) && !config_.strict_segments;
    pieces.push_back(std::move(*live));
    while (split && size < data_of(packet)) {
        live = take_packet(flow, packet, until);
        if (!live) break;
        const std::uint32_t more = data_of(describe(*live, flow, nullptr));
        pieces.push_back(std::move(*live));
        if (more == 0) break;
        size += more;
    }
    compare(packet, flow, pieces, window);
}

}  // namespace hourglass::script
