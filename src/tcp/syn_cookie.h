#pragma once

#include <cstdint>
#include <optional>

#include "hourglass/base/siphash.h"
#include "hourglass/base/time.h"
#include "hourglass/tcp/event.h"
#include "hourglass/tcp/sequence.h"

namespace hourglass::tcp {

/// What is remembered of a SYN without a table: it travels in the SYN-ACK and comes back in the third segment (RFC
/// 4987, section 3.6). The initial sequence number carries the time, one of eight segment sizes and a keyed hash; the
/// lowest six bits of the timestamp carry the options, for they can only be used by a peer that sends timestamps.
struct SynCookie {
    /// How long a cookie is good for: this long at least, twice as long at most.
    static constexpr Duration kLifetime = std::chrono::seconds(64);
    static constexpr std::uint32_t kTimestampMask = 0x3f;

    std::uint16_t mss = 536;                     ///< As the peer announced it, rounded down to one of the eight.
    std::optional<std::uint8_t> window_scale{};  ///< The peer's shift, 0 to 14.
    bool sack_permitted = false;

    /// The bits for the timestamp.
    [[nodiscard]] std::uint32_t timestamp_bits() const;
    /// What the bits of an echoed timestamp say.
    static SynCookie from_timestamp(std::uint32_t echo);

    /// The ISS of a SYN-ACK to a SYN with the sequence number `irs`.
    [[nodiscard]] Seq sequence_number(const SipKey& secret, const FlowKey& flow, Seq irs, Instant now) const;
    /// True when `iss` was made so from these options, not too long ago; `mss` is set then.
    [[nodiscard]] bool restore(Seq iss, const SipKey& secret, const FlowKey& flow, Seq irs, Instant now);
};

}  // namespace hourglass::tcp
