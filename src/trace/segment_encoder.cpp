// A segment as what differs from the flow's last one.

#include <algorithm>
#include <cstring>

#include "trace/segment_codec.h"

namespace hourglass::trace::record {

namespace {

using wire::load_be16;
using wire::load_be32;

std::int64_t difference(std::uint32_t now, std::uint32_t before) { return static_cast<std::int32_t>(now - before); }

std::uint8_t rarities_of(const RecordMemory::Flow& flow, const std::byte* header, const Packet& segment,
                         bool checksum_is_right) {
    std::uint8_t more = 0;
    if (load_be16(header + 18) != 0) more |= SegmentRarity::kUrgent;
    if (segment.ecn != flow.ecn) more |= SegmentRarity::kEcn;
    if (static_cast<std::uint8_t>(segment.offload.checksum) != flow.checksum) more |= SegmentRarity::kOffload;
    if (!checksum_is_right) more |= SegmentRarity::kBadChecksum;
    if (segment.id != packet_id_after(flow.packet_id)) more |= SegmentRarity::kPacketId;
    if (segment.offload.gso_size != 0) more |= SegmentRarity::kSuperSegment;
    return more;
}

OctetCursor write_rarities(OctetCursor out, RecordMemory::Flow& flow, const std::byte* header, const Packet& segment,
                           std::uint8_t more) {
    out.octet(more);
    if ((more & SegmentRarity::kUrgent) != 0) out.two(load_be16(header + 18));
    if ((more & SegmentRarity::kEcn) != 0) out.octet(flow.ecn = segment.ecn);
    if ((more & SegmentRarity::kOffload) != 0)
        out.octet(flow.checksum = static_cast<std::uint8_t>(segment.offload.checksum));
    if ((more & SegmentRarity::kPacketId) != 0) out.difference(static_cast<std::int64_t>(segment.id - flow.packet_id));
    if ((more & SegmentRarity::kSuperSegment) != 0) out.two(segment.offload.gso_size);
    return out;
}

/// Twelve octets are timestamps alone, mostly: three words that differ by little. Others are written as they stand.
OctetCursor write_options(OctetCursor out, RecordMemory::Flow& flow, const std::byte* options, std::size_t size) {
    if (size == kTimestampsAlone) {
        for (std::size_t i = 0; i < kTimestampsAlone; i += 4)
            out.difference(difference(load_be32(options + i), load_be32(flow.options.data() + i)));
    } else {
        out.raw({options, size});
    }
    std::memcpy(flow.options.data(), options, size);
    return out;
}

}  // namespace

void RecordEncoder::segment(std::uint32_t host, const Packet& segment, const IpAddress& source,
                            const IpAddress& destination, Instant now, bool checksum_is_right) {
    const std::byte* const header = segment.bytes().data();
    const std::size_t size = segment.size();
    const std::size_t header_size = size < 20 ? 0 : (std::to_integer<std::size_t>(header[12]) >> 4) * 4;
    if (header_size < 20 || header_size > size)
        return odd_segment(host, segment, source, destination, now, checksum_is_right);

    const std::uint32_t ports = load_be32(header);
    const std::uint8_t place = place_of(host, source, destination, ports);
    RecordMemory::Flow& flow = memory_.flows[place];
    std::uint8_t differs = 0;
    if (flow.ports != ports || flow.host != host || flow.source != source || flow.destination != destination ||
        !flow.used) {
        differs |= SegmentDifference::kFlow;
        flow = {.used = true, .host = host, .source = source, .destination = destination, .ports = ports};
    }
    const std::uint32_t seq = load_be32(header + 4), ack = load_be32(header + 8);
    const std::uint16_t offset_and_flags = load_be16(header + 12), window = load_be16(header + 14);
    const auto payload = static_cast<std::uint32_t>(size - header_size);
    const std::size_t options_size = header_size - 20;
    const bool new_options = options_size > 0 && std::memcmp(header + 20, flow.options.data(), options_size) != 0;
    const std::uint8_t more = rarities_of(flow, header, segment, checksum_is_right);
    if (seq != flow.next_seq) differs |= SegmentDifference::kSeq;
    if (ack != flow.ack) differs |= SegmentDifference::kAck;
    if (offset_and_flags != flow.offset_and_flags) differs |= SegmentDifference::kFlags;
    if (window != flow.window) differs |= SegmentDifference::kWindow;
    if (payload != flow.payload) differs |= SegmentDifference::kPayload;
    if (new_options) differs |= SegmentDifference::kOptions;
    if (more != 0) differs |= SegmentDifference::kMore;

    OctetCursor to = time(begin_at_cursor(EntryKind::segment, host), now);
    to.octet(place);
    to.octet(differs);
    if ((differs & SegmentDifference::kFlow) != 0) [[unlikely]] {
        out.set(to);
        address(source);
        address(destination);
        to = out.cursor();
        to.raw({header, 4});
    }
    if ((differs & SegmentDifference::kSeq) != 0) to.difference(difference(seq, flow.next_seq));
    if ((differs & SegmentDifference::kAck) != 0) to.difference(difference(ack, flow.ack));
    if ((differs & SegmentDifference::kFlags) != 0) to.two(offset_and_flags);
    if ((differs & SegmentDifference::kWindow) != 0) to.two(window);
    if ((differs & SegmentDifference::kPayload) != 0) to.number(payload);
    if (more != 0) to = write_rarities(to, flow, header, segment, more);
    if (new_options) to = write_options(to, flow, header + 20, options_size);
    out.set(to);
    flow.next_seq = seq + sequence_length(offset_and_flags, payload);
    flow.ack = ack;
    flow.offset_and_flags = offset_and_flags;
    flow.window = window;
    flow.payload = payload;
    flow.packet_id = segment.id;
}

void RecordEncoder::odd_segment(std::uint32_t host, const Packet& segment, const IpAddress& source,
                                const IpAddress& destination, Instant now, bool checksum_is_right) {
    begin(EntryKind::odd_segment, host);
    time(now);
    address(source);
    address(destination);
    out.number(segment.size());
    out.raw(segment.bytes().first(std::min<std::size_t>(segment.size(), 60)));
    out.octet(segment.ecn);
    out.octet(static_cast<std::uint8_t>(segment.offload.checksum));
    out.octet(checksum_is_right ? 1 : 0);
    out.number(segment.id);
}

}  // namespace hourglass::trace::record
