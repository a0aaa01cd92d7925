#include "lab/two_way_server.h"

#include "hourglass/wire/ipv4.h"

namespace hourglass::lab {

namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kWindow = 65535;
constexpr tcp::Seq kInitial(70000);
constexpr auto kRepeat = 1s;

tcp::FlowKey flow_of(const SocketAddress& local, const SocketAddress& remote) {
    return {local.address, remote.address, local.port, remote.port};
}

}  // namespace

TwoWayServer::TwoWayServer(Ground& ground, std::string_view host, SocketAddress local, std::uint32_t greeting)
    : ground_(ground), host_(host), local_(local), greeting_(greeting, 'w') {
    ground_.world.set_guest(host, [this](ip::InterfaceId, std::span<const std::byte> packet, std::uint64_t id) {
        return take(packet, id);
    });
}

TwoWayServer::~TwoWayServer() { ground_.world.set_guest(host_, {}); }

bool TwoWayServer::take(std::span<const std::byte> packet, std::uint64_t id) {
    const auto ip = wire::Ipv4View::parse(packet);
    if (!ip || ip->protocol() != wire::IpProtocol::tcp || ip->destination() != local_.address) return false;
    const auto segment = wire::TcpView::parse(ip->payload());
    if (!segment || segment->destination_port() != local_.port) return false;
    const SocketAddress client{ip->source(), segment->source_port()};
    const auto known = open_.find(client);
    if (segment->flags().syn() && known == open_.end()) {
        open(client, *segment, id);
        return true;
    }
    if (known == open_.end()) return true;
    if (segment->flags().rst()) {
        open_.erase(known);
        tell(client, *segment, id, tcp::State::established, tcp::State::closed, tcp::Verdict::reset_received);
        return true;
    }
    known->second.answered = true;
    known->second.snd_una = segment->ack();
    tell(client, *segment, id, tcp::State::established, tcp::State::established, tcp::Verdict::accepted);
    return true;
}

void TwoWayServer::open(SocketAddress client, const wire::TcpView& segment, std::uint64_t id) {
    ++accepted_;
    open_[client] = {.snd_nxt = kInitial + 1, .snd_una = kInitial, .rcv_nxt = segment.seq() + 1};
    tell(client, segment, id, tcp::State::listen, tcp::State::established, tcp::Verdict::accepted);
    wire::TcpHeader answer{.seq = kInitial, .ack = segment.seq() + 1, .window = kWindow};
    answer.flags = wire::TcpFlags::kSyn | wire::TcpFlags::kAck;
    answer.options.mss = 1460;
    send(client, answer, {}, tcp::SendReason::passive_open, false);
    greet(client, false);
}

void TwoWayServer::greet(SocketAddress client, bool again) {
    const auto known = open_.find(client);
    if (greeting_.empty() || known == open_.end() || known->second.answered) return;
    wire::TcpHeader header{.seq = kInitial + 1, .ack = known->second.rcv_nxt, .window = kWindow};
    header.flags = wire::TcpFlags::kAck | wire::TcpFlags::kPsh;
    const auto reason = again ? tcp::SendReason::retransmit_timeout : tcp::SendReason::new_data;
    send(client, header, greeting_, reason, again);
    octets_sent_ += greeting_.size();
    ground_.world.after(kRepeat, [this, client] { greet(client, true); });
}

void TwoWayServer::send(SocketAddress client, wire::TcpHeader header, std::string_view data, tcp::SendReason reason,
                        bool again) {
    header.source_port = local_.port;
    header.destination_port = client.port;
    const tcp::FlowKey flow = flow_of(local_, client);
    const std::uint64_t id = next_packet_id_++;
    ground_.recorder.observer(host_).segment_sent({.time = ground_.world.now(),
                                                   .flow = flow,
                                                   .state = tcp::State::established,
                                                   .header = header,
                                                   .payload_size = static_cast<std::uint32_t>(data.size()),
                                                   .reason = reason,
                                                   .retransmission = again,
                                                   .packet_id = id});
    ground_.inject(host_, local_, client, header, data, id);
}

void TwoWayServer::tell(SocketAddress client, const wire::TcpView& segment, std::uint64_t id, tcp::State before,
                        tcp::State after, tcp::Verdict verdict) {
    const tcp::FlowKey flow = flow_of(local_, client);
    ground_.recorder.observer(host_).segment_received({.time = ground_.world.now(),
                                                       .flow = flow,
                                                       .before = before,
                                                       .after = after,
                                                       .segment = segment,
                                                       .disposition = {verdict, {}},
                                                       .packet_id = id});
}

}  // namespace hourglass::lab
