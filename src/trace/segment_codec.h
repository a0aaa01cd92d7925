#pragma once

#include <cstdint>

#include "hourglass/wire/endian.h"
#include "trace/record_codec.h"

namespace hourglass::trace::record {

/// What differs from what the flow's last segment lets expect: an octet of these stands before the fields that do.
struct SegmentDifference {
    enum Bit : std::uint8_t {
        kFlow = 0x01,  ///< Another flow than the one that had this place: its ends follow.
        kSeq = 0x02,   ///< Not behind the last segment's data.
        kAck = 0x04,
        kFlags = 0x08,  ///< Header length and control bits.
        kWindow = 0x10,
        kPayload = 0x20,  ///< The size of the data.
        kOptions = 0x40,
        kMore = 0x80,  ///< Something that is rare: an octet of SegmentRarity follows.
    };
};
struct SegmentRarity {
    enum Bit : std::uint8_t {
        kUrgent = 0x01,  ///< The urgent pointer is not zero.
        kEcn = 0x02,
        kOffload = 0x04,
        kBadChecksum = 0x08,
        kPacketId = 0x10,  ///< Not the one behind the last.
        kSuperSegment = 0x20,
    };
};

/// Octets of options that have timestamps and nothing else (RFC 7323, appendix A).
inline constexpr std::size_t kTimestampsAlone = 12;

/// The place in `RecordMemory::flows` that a segment's flow has.
[[nodiscard]] inline std::uint8_t place_of(std::uint32_t host, const IpAddress& source, const IpAddress& destination,
                                           std::uint32_t ports) {
    const auto word = [](const IpAddress& a) {
        std::uint64_t low = 0;
        std::memcpy(&low, a.octets().data() + 8, sizeof low);
        return low;
    };
    std::uint64_t mixed = (word(source) * 3 + word(destination)) ^ (std::uint64_t{ports} << 16) ^ host;
    mixed *= 0x9e3779b97f4a7c15;
    return static_cast<std::uint8_t>(mixed >> 56);
}

/// The number that the packet behind `last` is likely to have.
[[nodiscard]] inline std::uint64_t packet_id_after(std::uint64_t last) { return last == 0 ? 0 : last + 1; }

/// Sequence space that a segment takes.
[[nodiscard]] inline std::uint32_t sequence_length(std::uint16_t offset_and_flags, std::uint32_t payload) {
    return payload + ((offset_and_flags & wire::TcpFlags::kSyn) != 0 ? 1 : 0) +
           ((offset_and_flags & wire::TcpFlags::kFin) != 0 ? 1 : 0);
}

}  // namespace hourglass::trace::record
