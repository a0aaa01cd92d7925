#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "hourglass/wire/protocol.h"
#include "hourglass/wire/tcp_options.h"

namespace hourglass::tcp {

/// Octets of payload by the ECN field that they came with, modulo 2^24, with the values that they begin at (RFC 9768,
/// section 3.2.1).
struct EcnOctets {
    std::uint32_t ect0 = 1;
    std::uint32_t ce = 0;
    std::uint32_t ect1 = 1;
    bool operator==(const EcnOctets&) const = default;

    static void exchange(auto& self, auto& image) { image(self.ect0, self.ce, self.ect1); }
};

/// The accurate ECN option (RFC 9768, section 3.2.3): up to three counters, each of 24 bits, in one of two orders.
namespace accurate_ecn_option {

inline constexpr std::size_t kMaxSize = 12;  ///< With the no-operation that aligns it.

/// Octets that it takes, padding included, where `room` octets are free: 12, 8 or 0.
[[nodiscard]] constexpr std::size_t size_for(std::size_t room) { return room >= 12 ? 12 : room >= 8 ? 8 : 0; }
/// Writes `size` (12 or 8) octets: all three counters, or CE's and that of the kind of ECT that is in use.
void emit(std::span<std::byte> out, const EcnOctets& counts, bool ect1_in_use);
/// The counters that the segment tells, in place of those of `known`; nothing when there is no such option, or one with
/// a length that none can have.
[[nodiscard]] std::optional<EcnOctets> read(const wire::TcpOptionList& options, const EcnOctets& known);

}  // namespace accurate_ecn_option

/// What a connection with accurate feedback keeps besides the two counts of three bits: in a slab of the engine, so
/// that others do not pay for it.
struct AccurateEcn {
    EcnOctets received;  ///< r.e0b, r.ceb, r.e1b
    EcnOctets told;      ///< s.e0b, s.ceb, s.e1b: what the peer has told of ours.
    bool option_due =
        true;  ///< `received` has changed since the peer was told, or the handshake's third segment is due.
    bool any_data = false;                      ///< `last_field` means something.
    wire::Ecn last_field = wire::Ecn::not_ect;  ///< Of the data that came last: a change is told at once.
    std::uint8_t marks_to_tell = 0;             ///< Segments with CE since an ACK was sent.
    std::uint8_t segments_per_ack = 16;         ///< Smoothed, in eighths: whether the peer's ACKs are few.
    bool ace_seen = false;                      ///< The first segment without SYN has come.
    bool option_seen = false;                   ///< The peer has told octets.
    bool option_mangled = false;  ///< ... and its counters had been cleared on the way: not read any more.

    static void exchange(auto& self, auto& image) {
        image(self.received, self.told, self.option_due, self.any_data);
        image.up_to(self.last_field, wire::Ecn::ce);
        image(self.marks_to_tell, self.segments_per_ack, self.ace_seen, self.option_seen, self.option_mangled);
    }
};

/// RFC 9768, appendix A.2: how many segments were newly marked when the count of three bits moved by `delta` (0 to 7),
/// while `segments` were newly acknowledged: the count may have gone round. `octets` that were newly marked, where the
/// option tells, decide; else the most that is possible is assumed, unless so many segments in one acknowledgement are
/// usual (`few_acks`): then none is missing.
[[nodiscard]] std::uint32_t marked_segments(std::uint32_t delta, std::uint32_t segments,
                                            std::optional<std::uint32_t> octets, std::uint32_t mss, bool few_acks);

}  // namespace hourglass::tcp
