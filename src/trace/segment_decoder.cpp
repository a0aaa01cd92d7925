// A segment from what differs from the flow's last one.

#include <algorithm>
#include <cstring>

#include "trace/decoded_fields.h"
#include "trace/segment_codec.h"

namespace hourglass::trace::record {

namespace {

using wire::load_be32;
using wire::store_be16;
using wire::store_be32;

std::uint32_t moved(std::uint32_t before, OctetReader& in) {
    return before + static_cast<std::uint32_t>(in.difference());
}

struct Rarities {
    std::uint16_t urgent_pointer = 0, gso_size = 0;
    bool checksum_is_right = true;
};

Rarities read_rarities(RecordMemory::Flow& flow, bool present, OctetReader& in) {
    const std::uint8_t more = present ? in.octet() : 0;
    Rarities r;
    r.checksum_is_right = (more & SegmentRarity::kBadChecksum) == 0;
    if ((more & SegmentRarity::kUrgent) != 0) r.urgent_pointer = in.two();
    if ((more & SegmentRarity::kEcn) != 0) flow.ecn = in.octet() & 3;
    if ((more & SegmentRarity::kOffload) != 0) {
        flow.checksum = in.octet();
        if (flow.checksum > 2) in.fail();
    }
    if ((more & SegmentRarity::kPacketId) != 0)
        flow.packet_id += static_cast<std::uint64_t>(in.difference());
    else
        flow.packet_id = packet_id_after(flow.packet_id);
    if ((more & SegmentRarity::kSuperSegment) != 0) r.gso_size = in.two();
    return r;
}

void read_options(RecordMemory::Flow& flow, std::size_t size, OctetReader& in) {
    std::byte* const options = flow.options.data();
    if (size == kTimestampsAlone) {
        for (std::size_t i = 0; i < kTimestampsAlone; i += 4)
            store_be32(options + i, moved(load_be32(options + i), in));
        return;
    }
    std::ranges::copy(in.raw(size), options);
}

}  // namespace

SegmentEntry RecordDecoder::segment(std::uint32_t host, OctetReader& in) {
    SegmentEntry entry;
    entry.time = time(in);
    RecordMemory::Flow& flow = memory_.flows[in.octet()];
    const std::uint8_t differs = in.octet();
    if ((differs & SegmentDifference::kFlow) != 0) {
        flow = {.used = true, .host = host};
        flow.source = read_address(in);
        flow.destination = read_address(in);
        const auto ports = in.raw(4);
        if (ports.size() == 4) flow.ports = load_be32(ports.data());
    }
    if (!flow.used || flow.host != host) in.fail();
    const std::uint32_t seq = (differs & SegmentDifference::kSeq) != 0 ? moved(flow.next_seq, in) : flow.next_seq;
    if ((differs & SegmentDifference::kAck) != 0) flow.ack = moved(flow.ack, in);
    if ((differs & SegmentDifference::kFlags) != 0) flow.offset_and_flags = in.two();
    if ((differs & SegmentDifference::kWindow) != 0) flow.window = in.two();
    if ((differs & SegmentDifference::kPayload) != 0) flow.payload = in.number_up_to<std::uint32_t>(kLargestSegment);
    const Rarities rare = read_rarities(flow, (differs & SegmentDifference::kMore) != 0, in);
    const std::size_t header_size = (flow.offset_and_flags >> 12) * 4u;
    if (header_size < 20) in.fail();
    if (in.failed()) return entry;
    if ((differs & SegmentDifference::kOptions) != 0) read_options(flow, header_size - 20, in);
    flow.next_seq = seq + sequence_length(flow.offset_and_flags, flow.payload);

    std::byte* const header = entry.beginning.data();
    store_be32(header, flow.ports);
    store_be32(header + 4, seq);
    store_be32(header + 8, flow.ack);
    store_be16(header + 12, flow.offset_and_flags);
    store_be16(header + 14, flow.window);
    store_be16(header + 18, rare.urgent_pointer);
    std::memcpy(header + 20, flow.options.data(), header_size - 20);
    entry.source = flow.source;
    entry.destination = flow.destination;
    entry.beginning_size = static_cast<std::uint8_t>(header_size);
    entry.size = static_cast<std::uint32_t>(header_size) + flow.payload;
    entry.ecn = flow.ecn;
    entry.offload = {static_cast<Offload::Checksum>(flow.checksum), rare.gso_size};
    entry.packet_id = flow.packet_id;
    entry.checksum_is_right = rare.checksum_is_right;
    return entry;
}

SegmentEntry RecordDecoder::odd_segment(OctetReader& in) {
    SegmentEntry entry;
    entry.time = time(in);
    entry.source = read_address(in);
    entry.destination = read_address(in);
    entry.size = in.number_up_to<std::uint32_t>(kLargestSegment);
    const auto octets = in.raw(std::min<std::size_t>(entry.size, 60));
    std::copy(octets.begin(), octets.end(), entry.beginning.begin());
    entry.beginning_size = static_cast<std::uint8_t>(octets.size());
    entry.ecn = in.octet() & 3;
    entry.offload.checksum = static_cast<Offload::Checksum>(in.number_up_to<std::uint8_t>(2));
    entry.checksum_is_right = in.octet() != 0;
    entry.packet_id = in.number();
    return entry;
}

}  // namespace hourglass::trace::record
