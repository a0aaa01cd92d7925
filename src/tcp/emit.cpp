#include "tcp/emit.h"

#include <algorithm>
#include <array>

#include "tcp/ecn.h"
#include "tcp/engine.h"
#include "tcp/handshake.h"
#include "tcp/receiver.h"

namespace hourglass::tcp {

namespace {

/// Completes the checksum, or leaves it to the device, and hands the packet to the network.
void seal_and_send(Engine& e, Packet&& packet, wire::PartialSum data_sum, std::size_t header_size, const FlowKey& flow,
                   bool offload) {
    if (e.inputs != nullptr) [[unlikely]]
        e.inputs->segment_left(flow, std::as_const(packet).bytes().first(header_size), packet.size() - header_size);
    std::byte* const field = packet.bytes().data() + wire::TcpHeader::kChecksumOffset;
    const auto pseudo = wire::pseudo_header_sum(flow.local, flow.remote, wire::IpProtocol::tcp, packet.size());
    if (offload) {
        packet.offload.checksum = Offload::Checksum::partial;
        wire::store_be16(field, wire::fold(pseudo));
    } else {
        const auto header = wire::partial_sum(std::as_const(packet).bytes().first(header_size));
        wire::store_be16(field, wire::checksum(pseudo + header + data_sum));
    }
    e.network.send_segment(std::move(packet), flow.local, flow.remote);
}

/// The accurate ECN option takes the place of one block, so that two of its counters find room beside the others.
std::size_t most_sack_blocks(const Connection& c) {
    return max_sack_blocks(c.timestamps) - (c.ecn_option_due && ecn_option_size(c, 0) > 0 ? 1 : 0);
}

std::size_t sack_blocks_due(const Connection& c) {
    return c.sack && c.inbox ? c.inbox->sack.count(most_sack_blocks(c)) : 0;
}

void add_sack_blocks(Engine& e, Connection& c, wire::TcpOptions& options) {
    SackBlocks& sack = c.inbox->sack;
    sack.fill(options, most_sack_blocks(c));
    if (sack.reports_duplicate()) ++e.counters.dsack_out;
    sack.on_told();
}

/// Octets of the accurate ECN option in this segment. RFC 9768, section 3.2.3.2.1: a SYN-ACK has it the first time.
std::size_t ecn_option_size_of(const Connection& c, const wire::TcpHeader& header, const Emission& what) {
    if (!c.has_ecn() || header.flags.rst()) return 0;
    if (!header.flags.syn()) return ecn_option_size(c, header.options.size());
    const bool first_syn_ack = header.flags.ack() && !what.retransmission && c.ecn_mode == EcnMode::accurate;
    return first_syn_ack && header.options.size() + 12 <= wire::TcpOptions::kMaxSize ? 12 : 0;
}

/// Writes the header, with that option behind the others.
void emit_header(const Engine& e, Connection& c, const wire::TcpHeader& header, std::size_t ecn_option,
                 std::span<std::byte> out) {
    if (ecn_option == 0) [[likely]]
        return header.emit(out);
    std::array<std::byte, wire::TcpOptions::kMaxSize> options{};
    const std::size_t others = header.options.size();
    header.options.emit(options);
    emit_ecn_option(e, c, std::span(options).subspan(others, ecn_option));
    header.emit_with(out, std::span(options).first(others + ecn_option));
}

void count_and_tell(Engine& e, const FlowKey& flow, State state, const wire::TcpHeader& header, Packet& packet,
                    const Emission& what) {
    ++e.counters.segments_out;
    e.counters.bytes_out += what.data_size;
    if (what.retransmission) ++e.counters.retransmitted;
    if (header.flags.rst()) ++e.counters.resets_out;
    packet.id = ++e.last_packet_id;
    if (e.observed()) [[unlikely]]
        e.observer->segment_sent(
            {e.now, flow, state, header, what.data_size, what.reason, what.retransmission, packet.id});
}

/// Data that follows the acknowledgement of the peer's at once is an answer: in a dialogue, acknowledgements ride on
/// data.
void end_quick_acks_after_answer(const Engine& e, Connection& c) {
    const auto since = std::chrono::milliseconds(milliseconds(e.now) - c.last_sent_ms);
    if (c.quick_acks < e.settings.quick_acks && since < e.settings.delayed_ack) c.quick_acks = 0;
}

}  // namespace

std::uint32_t segment_payload(const Connection& c) {
    std::uint32_t options = sack_option_size(sack_blocks_due(c));
    if (c.ecn_option_due) [[unlikely]]
        options += static_cast<std::uint32_t>(ecn_option_size(c, options + (c.timestamps ? 12u : 0u)));
    return c.snd_mss > options + 8 ? c.snd_mss - options : 8;
}

void emit(Engine& e, Connection& c, const Emission& what) {
    wire::TcpHeader header{.source_port = c.flow.local_port,
                           .destination_port = c.flow.remote_port,
                           .seq = what.seq,
                           .ack = c.rcv_nxt,
                           .flags = what.flags,
                           .window = offered_window(e, c, what.flags.syn())};
    if (c.state != State::syn_sent)
        header.flags |= wire::TcpFlags::kAck;
    else
        header.ack = Seq(0);
    const bool new_data = what.data_size > 0 && !what.retransmission && what.reason != SendReason::window_probe;
    if (c.has_ecn() && !what.flags.rst()) [[unlikely]]
        header.flags |= what.flags.syn() ? ecn_flags_of_syn(c) : ecn_flags(c, new_data);
    if (what.flags.syn()) {
        add_syn_options(e, c, header.options);
    } else if (c.timestamps) {
        header.options.timestamps = {timestamp_now(e, c), c.ts_recent};
    }
    const std::uint32_t payload = what.data_size > 0 ? segment_payload(c) : 0;
    if (sack_blocks_due(c) > 0 && !what.flags.syn() && !what.flags.rst()) add_sack_blocks(e, c, header.options);

    if (c.outbox && c.outbox->urgent && what.seq < c.outbox->snd_up && !what.flags.syn()) {
        header.flags |= wire::TcpFlags::kUrg;
        header.urgent_pointer = static_cast<std::uint16_t>(std::min(c.outbox->snd_up - what.seq, 65535));
    }
    const std::size_t ecn_option = ecn_option_size_of(c, header, what);
    const std::size_t header_size = header.size() + ecn_option;
    Packet packet = e.pool.packet(header_size + what.data_size);
    emit_header(e, c, header, ecn_option, packet.append(header_size));
    if (c.has_ecn()) [[unlikely]] {
        on_marks_told(e, c);
        packet.ecn = static_cast<std::uint8_t>(ecn_field(c, new_data));
    }
    wire::PartialSum sum;
    if (what.data_size > 0) {
        const auto room = packet.append(what.data_size);
        const bool in_syn = what.flags.syn();
        const auto offset = static_cast<std::size_t>(what.seq + (in_syn ? 1 : 0) - c.data_begin());
        if (c.checksum_offload)
            c.outbox->data.copy(offset, room);
        else
            sum = c.outbox->data.copy_and_sum(offset, room);
        if (what.data_size > payload && !in_syn && what.reason != SendReason::mtu_probe)
            packet.offload.gso_size = static_cast<std::uint16_t>(payload);
    }

    if (c.tuning != TuningTable::kDefaults) {
        packet.traffic_class = e.tuning(c).traffic_class & 0xfc;
        packet.hop_limit = e.tuning(c).hop_limit;
    }
    if (what.data_size > 0 && c.quick_acks > 0) end_quick_acks_after_answer(e, c);
    c.last_ack_sent = c.rcv_nxt;
    c.unacked_segments = 0;
    c.was_read = false;
    c.ack_reason = SendReason::none;
    c.delayed_ack_at = kNever;
    c.last_sent_ms = milliseconds(e.now);
    if (what.data_size > 0) c.last_data_ms = c.last_sent_ms;
    ++c.segments_out;
    count_and_tell(e, c.flow, c.state, header, packet, what);
    seal_and_send(e, std::move(packet), sum, header_size, c.flow, c.checksum_offload);
}

void emit_ack(Engine& e, Connection& c, SendReason reason) {
    emit(e, c, {.seq = c.snd_nxt, .flags = wire::TcpFlags::kAck, .reason = reason});
}

void emit_reset(Engine& e, Connection& c, SendReason reason) {
    emit(e, c, {.seq = c.snd_nxt, .flags = wire::TcpFlags::kRst, .reason = reason});
}

void emit_reset_in_reply(Engine& e, const Segment& to, SendReason reason) {
    if (to.flags.rst()) return;
    wire::TcpHeader header{
        .source_port = to.flow.local_port, .destination_port = to.flow.remote_port, .flags = wire::TcpFlags::kRst};
    if (to.flags.ack()) {
        header.seq = to.ack;
    } else {
        header.ack = to.seq + to.length();
        header.flags |= wire::TcpFlags::kAck;
    }
    Packet packet = e.pool.packet(header.size());
    header.emit(packet.append(header.size()));
    count_and_tell(e, to.flow, State::closed, header, packet, {.reason = reason});
    seal_and_send(e, std::move(packet), {}, header.size(), to.flow, false);
}

}  // namespace hourglass::tcp
