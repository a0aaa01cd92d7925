#include <fmt/format.h>

#include "trace/decoded_fields.h"
#include "trace/record_codec.h"

namespace hourglass::trace::record {

namespace {

constexpr std::uint8_t kErrors = static_cast<std::uint8_t>(tcp::Error::not_connected) + 1;

bool happens_at_host(EntryKind kind) {
    return kind != EntryKind::end && kind != EntryKind::packet && kind != EntryKind::note && kind != EntryKind::group;
}

/// Settings that a stack can work with. One that never ran is not in a record, unless somebody forged it.
bool are_possible(const tcp::Settings& s) {
    return s.first_ephemeral_port <= s.last_ephemeral_port && s.rto_min > Duration{} && s.rto_min <= s.rto_max &&
           s.rto_initial > Duration{} && s.mss_limit > 0 && s.syn_ack_retries <= 5 &&
           s.fast_open.key_lifetime > Duration{};
}

}  // namespace

std::expected<RecordEntry, std::string> RecordDecoder::next(OctetReader& in) {
    RecordEntry entry;
    std::uint8_t first = 0;
    EntryKind kind{};
    for (;;) {
        first = in.octet();
        kind = static_cast<EntryKind>(first & 31);
        if (kind != EntryKind::hop) break;
        if (memory_.hops.size() < kMaxHops)
            memory_.hops.push_back(hop(in));
        else
            in.fail();
        if (in.failed()) break;
    }
    entry.host = first >> 5;
    if (entry.host == 7) entry.host = in.number_up_to<std::uint32_t>(kMaxHosts - 1);
    const bool new_host = kind == EntryKind::host;
    if (new_host ? entry.host != hosts_ : happens_at_host(kind) && entry.host >= hosts_) in.fail();
    if (static_cast<std::uint8_t>(first & 31) >= kEntryKinds) in.fail();
    if (!in.failed()) entry.what = read(kind, entry.host, in);
    if (in.failed()) return std::unexpected(fmt::format("an entry of kind {} can't be read", first & 31));
    if (new_host) ++hosts_;
    return entry;
}

RecordWhat RecordDecoder::read(EntryKind kind, std::uint32_t h, OctetReader& in) {
    switch (kind) {
        case EntryKind::end:
            return EndEntry{in.octet() != 0};
        case EntryKind::host:
            return host(in);
        case EntryKind::segment:
            return segment(h, in);
        case EntryKind::odd_segment:
            return odd_segment(in);
        case EntryKind::poll:
            return PollEntry{time(in)};
        case EntryKind::advance:
            return AdvanceEntry{time(in)};
        case EntryKind::unreachable: {
            UnreachableEntry entry{.flow = read_flow(in), .seq = tcp::Seq(in.number_up_to<std::uint32_t>(UINT32_MAX))};
            const std::uint8_t told = in.octet();
            entry.hard = (told & 1) != 0;
            if (told >> 1 >= kErrors) in.fail();
            entry.told = static_cast<tcp::Error>(told >> 1);
            return entry;
        }
        case EntryKind::path_mtu: {
            PathMtuEntry entry{.flow = read_flow(in), .seq = tcp::Seq(in.number_up_to<std::uint32_t>(UINT32_MAX))};
            entry.mtu = in.number_up_to<std::uint32_t>(UINT32_MAX);
            return entry;
        }
        case EntryKind::path:
            return path(h, in);
        case EntryKind::connect: {
            ConnectEntry entry{.remote = read_socket_address(in), .local = read_socket_address(in)};
            entry.with_handler = in.octet() != 0;
            entry.tuning = read_tuning(in);
            return entry;
        }
        case EntryKind::listen: {
            ListenEntry entry{.local = read_socket_address(in)};
            entry.accept_queue = in.number_up_to<std::uint32_t>(UINT32_MAX);
            entry.half_open = in.number_up_to<std::uint32_t>(UINT32_MAX);
            entry.with_handler = in.octet() != 0;
            entry.tuning = read_tuning(in);
            return entry;
        }
        case EntryKind::call:
            return call(h, in);
        case EntryKind::tune: {
            TuneEntry entry{.listener = in.octet() != 0};
            entry.handle = handle(h, in);
            if (const auto tuning = read_tuning(in)) entry.tuning = *tuning;
            return entry;
        }
        case EntryKind::accept: {
            AcceptEntry entry{.listener = handle(h, in)};
            entry.with_handler = in.octet() != 0;
            return entry;
        }
        case EntryKind::listener_close:
            return ListenerCloseEntry{handle(h, in)};
        case EntryKind::notice:
            return notice(h, in);
        case EntryKind::notice_end:
            return NoticeEndEntry{};
        case EntryKind::packet:
            return packet(in);
        case EntryKind::note: {
            NoteEntry entry{.time = time(in)};
            entry.source = in.text(kLongestText);
            entry.text = in.text(kLongestText);
            return entry;
        }
        case EntryKind::group:
            return GroupEntry{};
        case EntryKind::image: {
            const bool last = in.octet() != 0;
            const auto octets = in.raw(in.number_up_to<std::size_t>(kLargestImagePiece));
            return ImageEntry{{octets.begin(), octets.end()}, last};
        }
        case EntryKind::hop:
            break;
    }
    in.fail();
    return EndEntry{};
}

Instant RecordDecoder::time(OctetReader& in) {
    const std::int64_t moved = in.difference();
    // Both are small enough for the sum to be one.
    if (moved < -kLatest || moved > kLatest) in.fail();
    const std::int64_t ns = in.failed() ? memory_.time : memory_.time + moved;
    if (ns < -kLatest || ns > kLatest) in.fail();
    if (!in.failed()) memory_.time = ns;
    return time();
}

tcp::HandleId RecordDecoder::handle(std::uint32_t host, OctetReader& in) {
    tcp::HandleId& last = memory_.handles[host];
    const std::uint64_t moved = in.number();
    if (moved == 0) return last;
    last.index += static_cast<std::uint32_t>(unzigzag(moved - 1));
    last.generation += static_cast<std::uint32_t>(in.difference());
    return last;
}

HostEntry RecordDecoder::host(OctetReader& in) {
    HostEntry entry;
    entry.name = in.text(kLongestText);
    visit_fields(entry.settings, FieldReader{in});
    FieldReader{in}.read(entry.secret);
    entry.next_packet_id = in.number();
    if (!are_possible(entry.settings)) in.fail();
    return entry;
}

PathEntry RecordDecoder::path(std::uint32_t host, OctetReader& in) {
    RecordMemory::PathAnswer& last = memory_.paths[in.number_up_to(memory_.paths.size() - 1)];
    const std::uint8_t what = in.octet();
    if ((what & 1) != 0) {
        last = {.used = true, .host = host};
        last.destination = read_address(in);
        last.source = read_address(in);
        if ((what & 2) != 0) {
            tcp::Path& answer = last.answer.emplace();
            answer.checksum_offload = (what & 8) != 0;
            answer.source = read_address(in);
            answer.mtu = in.number_up_to<std::uint32_t>(UINT32_MAX);
            answer.max_gso = in.number_up_to<std::uint32_t>(kLargestSegment);
            if ((what & 4) != 0) {
                tcp::PathMtu& learned = answer.learned.emplace();
                learned.mtu = in.number_up_to<std::uint32_t>(UINT32_MAX);
                learned.ceiling = in.number_up_to<std::uint32_t>(UINT32_MAX);
                learned.searched = in.octet() != 0;
                learned.until = Instant(Duration(in.difference()));
            }
        }
    }
    if (!last.used || last.host != host) in.fail();
    return {last.destination, last.source, last.answer};
}

CallEntry RecordDecoder::call(std::uint32_t host, OctetReader& in) {
    const std::uint8_t what = in.octet();
    if ((what & 15) >= tcp::kStreamCalls) in.fail();
    CallEntry entry{.call = static_cast<tcp::StreamCall>(what & 15), .stream = handle(host, in)};
    if ((what & 0x10) != 0) entry.argument = in.number_up_to(kLargestCall);
    if ((what & 0x20) != 0) entry.result = in.number();
    if ((what & 0x40) != 0) entry.result = entry.argument;
    return entry;
}

NoticeEntry RecordDecoder::notice(std::uint32_t host, OctetReader& in) {
    const std::uint8_t what = in.octet();
    if ((what & 7) >= tcp::kNotices || what >> 3 >= kErrors) in.fail();
    return {static_cast<tcp::Notice>(what & 7), handle(host, in), static_cast<tcp::Error>(what >> 3)};
}

HopName RecordDecoder::hop(OctetReader& in) {
    HopName name;
    for (std::string* s : {&name.link, &name.from, &name.to}) *s = in.text(kLongestText);
    const std::uint8_t what = in.octet();
    name.direction = (what & 1) != 0 ? sim::Direction::b_to_a : sim::Direction::a_to_b;
    name.to_host = (what & 2) != 0;
    return name;
}

PacketEntry RecordDecoder::packet(OctetReader& in) {
    const std::uint8_t what = in.octet();
    if ((what & 15) > static_cast<std::uint8_t>(PacketFate::corrupted) ||
        what >> 4 > static_cast<std::uint8_t>(sim::LossReason::down))
        in.fail();
    PacketEntry entry{.time = time(in)};
    entry.fate = static_cast<PacketFate>(what & 15);
    entry.reason = static_cast<sim::LossReason>(what >> 4);
    entry.hop = in.number_up_to<std::uint32_t>(kMaxHops);
    if (entry.hop >= memory_.hops.size()) in.fail();
    memory_.packet_id += static_cast<std::uint64_t>(in.difference());
    entry.packet_id = memory_.packet_id;
    if (entry.fate == PacketFate::sent || entry.fate == PacketFate::arrived)
        entry.size = in.number_up_to<std::uint32_t>(UINT32_MAX);
    return entry;
}

}  // namespace hourglass::trace::record
