#include "hourglass/sim/link.h"
#include "trace/decoded_fields.h"
#include "trace/record_codec.h"
#include "trace/segment_codec.h"

namespace hourglass::trace::record {

namespace {

bool same(const std::optional<tcp::Path>& a, const std::optional<tcp::Path>& b) {
    if (!a || !b) return a.has_value() == b.has_value();
    if (a->learned.has_value() != b->learned.has_value()) return false;
    if (a->learned && (a->learned->mtu != b->learned->mtu || a->learned->ceiling != b->learned->ceiling ||
                       a->learned->searched != b->learned->searched || a->learned->until != b->learned->until))
        return false;
    return a->source == b->source && a->mtu == b->mtu && a->max_gso == b->max_gso &&
           a->checksum_offload == b->checksum_offload;
}

}  // namespace

void RecordEncoder::address(const IpAddress& a) {
    const auto octets = a.wire_octets();
    out.octet(static_cast<std::uint8_t>(octets.size()));
    out.raw(std::as_bytes(octets));
}

void RecordEncoder::socket_address(const SocketAddress& a) {
    address(a.address);
    out.two(to_number(a.port));
}

void RecordEncoder::flow(const tcp::FlowKey& f) {
    socket_address({f.local, f.local_port});
    socket_address({f.remote, f.remote_port});
}

void RecordEncoder::tuning(const std::optional<tcp::Tuning>& t) {
    out.octet(t ? 1 : 0);
    if (t) visit_fields(*t, FieldWriter{out});
}

void RecordEncoder::host(std::uint32_t host, const HostEntry& entry) {
    begin(EntryKind::host, host);
    out.text(std::string_view(entry.name).substr(0, kLongestText));
    out.make_room(2 * OctetWriter::kLargestEntry);
    visit_fields(entry.settings, FieldWriter{out});
    FieldWriter{out}.write(entry.secret);
    out.number(entry.next_packet_id);
}

void RecordEncoder::poll(std::uint32_t host, Instant now) {
    out.set(time(begin_at_cursor(EntryKind::poll, host), now));
}

void RecordEncoder::advance(std::uint32_t host, Instant now) {
    begin(EntryKind::advance, host);
    time(now);
}

void RecordEncoder::unreachable(std::uint32_t host, const UnreachableEntry& entry) {
    begin(EntryKind::unreachable, host);
    flow(entry.flow);
    out.number(entry.seq.raw());
    out.octet(static_cast<std::uint8_t>(static_cast<std::uint8_t>(entry.told) << 1 | (entry.hard ? 1 : 0)));
}

void RecordEncoder::path_mtu(std::uint32_t host, const PathMtuEntry& entry) {
    begin(EntryKind::path_mtu, host);
    flow(entry.flow);
    out.number(entry.seq.raw());
    out.number(entry.mtu);
}

void RecordEncoder::path(std::uint32_t host, const IpAddress& destination, const IpAddress& source,
                         const std::optional<tcp::Path>& answer) {
    const auto place = static_cast<std::uint8_t>(place_of(host, source, destination, 0) >> 2);
    RecordMemory::PathAnswer& last = memory_.paths[place];
    begin(EntryKind::path, host);
    out.octet(place);
    const bool known = last.used && last.host == host && last.destination == destination && last.source == source;
    if (known && same(last.answer, answer)) return out.octet(0);
    last = {.used = true, .host = host, .destination = destination, .source = source, .answer = answer};
    out.octet(static_cast<std::uint8_t>(1 | (answer ? 2 : 0) | (answer && answer->learned ? 4 : 0) |
                                        (answer && answer->checksum_offload ? 8 : 0)));
    address(destination);
    address(source);
    if (!answer) return;
    address(answer->source);
    out.number(answer->mtu);
    out.number(answer->max_gso);
    if (!answer->learned) return;
    out.number(answer->learned->mtu);
    out.number(answer->learned->ceiling);
    out.octet(answer->learned->searched ? 1 : 0);
    out.difference(answer->learned->until.time_since_epoch().count());
}

void RecordEncoder::connect(std::uint32_t host, const ConnectEntry& entry) {
    begin(EntryKind::connect, host);
    socket_address(entry.remote);
    socket_address(entry.local);
    out.octet(entry.with_handler ? 1 : 0);
    tuning(entry.tuning);
}

void RecordEncoder::listen(std::uint32_t host, const ListenEntry& entry) {
    begin(EntryKind::listen, host);
    socket_address(entry.local);
    out.number(entry.accept_queue);
    out.number(entry.half_open);
    out.octet(entry.with_handler ? 1 : 0);
    tuning(entry.tuning);
}

// The call in four bits, above it which numbers follow. What was read is mostly what was asked for.
void RecordEncoder::call(std::uint32_t host, const CallEntry& entry) {
    const std::uint64_t argument = std::min(entry.argument, kLargestCall);
    const bool given = argument != 0, same = given && entry.result == argument, other = entry.result != 0 && !same;
    OctetCursor to = begin_at_cursor(EntryKind::call, host);
    to.octet(static_cast<std::uint8_t>(static_cast<std::uint8_t>(entry.call) | (given ? 0x10 : 0) | (other ? 0x20 : 0) |
                                       (same ? 0x40 : 0)));
    to = handle(to, host, entry.stream);
    if (given) to.number(argument);
    if (other) to.number(entry.result);
    out.set(to);
}

void RecordEncoder::tune(std::uint32_t host, const TuneEntry& entry) {
    begin(EntryKind::tune, host);
    out.octet(entry.listener ? 1 : 0);
    handle(host, entry.handle);
    tuning(entry.tuning);
}

void RecordEncoder::accept(std::uint32_t host, const AcceptEntry& entry) {
    begin(EntryKind::accept, host);
    handle(host, entry.listener);
    out.octet(entry.with_handler ? 1 : 0);
}

void RecordEncoder::listener_close(std::uint32_t host, tcp::HandleId listener) {
    begin(EntryKind::listener_close, host);
    handle(host, listener);
}

void RecordEncoder::notice(std::uint32_t host, const NoticeEntry& entry) {
    OctetCursor to = begin_at_cursor(EntryKind::notice, host);
    to.octet(static_cast<std::uint8_t>(static_cast<std::uint8_t>(entry.notice) | static_cast<std::uint8_t>(entry.error)
                                                                                     << 3));
    out.set(handle(to, host, entry.handle));
}

void RecordEncoder::notice_end(std::uint32_t host) { begin(EntryKind::notice_end, host); }

std::optional<std::uint32_t> RecordEncoder::hop(const sim::Hop& hop) {
    auto& hops = memory_.hops;
    const auto known = std::ranges::find_if(
        hops, [&](const HopName& h) { return h.direction == hop.direction && h.link == hop.link.name(); });
    if (known != hops.end()) return static_cast<std::uint32_t>(known - hops.begin());
    if (hops.size() == kMaxHops) return std::nullopt;
    const auto shortened = [](std::string_view s) { return std::string(s.substr(0, kLongestText)); };
    hops.push_back({shortened(hop.link.name()), shortened(hop.from), shortened(hop.to), hop.direction, hop.to_host});
    const HopName& made = hops.back();
    begin(EntryKind::hop, 0);
    for (const std::string* name : {&made.link, &made.from, &made.to}) out.text(*name);
    out.octet(static_cast<std::uint8_t>((made.direction == sim::Direction::b_to_a ? 1 : 0) | (made.to_host ? 2 : 0)));
    return static_cast<std::uint32_t>(hops.size() - 1);
}

void RecordEncoder::packet(const PacketEntry& entry) {
    begin(EntryKind::packet, 0);
    out.octet(static_cast<std::uint8_t>(static_cast<std::uint8_t>(entry.fate) | static_cast<std::uint8_t>(entry.reason)
                                                                                    << 4));
    time(entry.time);
    out.number(entry.hop);
    out.difference(static_cast<std::int64_t>(entry.packet_id - memory_.packet_id));
    memory_.packet_id = entry.packet_id;
    if (entry.fate == PacketFate::sent || entry.fate == PacketFate::arrived) out.number(entry.size);
}

void RecordEncoder::note(const NoteEntry& entry) {
    begin(EntryKind::note, 0);
    time(entry.time);
    out.text(std::string_view(entry.source).substr(0, kLongestText));
    out.text(std::string_view(entry.text).substr(0, kLongestText));
}

void RecordEncoder::end(const EndEntry& entry) {
    begin(EntryKind::end, 0);
    out.octet(entry.full ? 1 : 0);
}

void RecordEncoder::group() { begin(EntryKind::group, 0); }

void RecordEncoder::image(std::uint32_t host, std::span<const std::byte> piece, bool last) {
    begin(EntryKind::image, host);
    out.octet(last ? 1 : 0);
    out.number(piece.size());
    out.make_room(piece.size());
    out.raw(piece);
}

std::uint32_t layout_of_records() {
    std::uint32_t hash = 2166136261u;  // FNV-1a
    const auto add = [&hash](std::string_view name) {
        for (const char c : name) hash = (hash ^ static_cast<std::uint8_t>(c)) * 16777619u;
    };
    const auto field = [&](std::string_view name, const auto& value) {
        add(name);
        hash = (hash ^ static_cast<std::uint32_t>(sizeof value)) * 16777619u;
    };
    const tcp::Settings settings;
    const tcp::Tuning tuning;
    visit_fields(settings, field);
    visit_fields(tuning, field);
    return (hash ^ (kEntryKinds | tcp::kStreamCalls << 8 | tcp::kNotices << 16)) * 16777619u;
}

}  // namespace hourglass::trace::record
