#include "tcp/syn_cookie.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "hourglass/wire/endian.h"

namespace hourglass::tcp {

namespace {

// The ISS, from its most significant bit: 5 bits of time, 3 of segment size, 24 of hash.
constexpr std::uint32_t kHashMask = 0xffffff;
constexpr unsigned kSizeShift = 24, kTimeShift = 27;
constexpr std::uint32_t kSizeMask = 7, kTimeMask = 31;

// What links have: the least that is believed, RFC 879's and RFC 8200's defaults, tunnels, Ethernet without and with
// IPv4, and two larger ones.
constexpr std::array<std::uint16_t, 8> kSizes{64, 536, 1220, 1360, 1440, 1460, 4312, 8960};

constexpr std::uint32_t kNoScale = 15;
constexpr std::uint32_t kSackBit = 0x10;

std::uint64_t period(Instant now) { return static_cast<std::uint64_t>(now.time_since_epoch() / SynCookie::kLifetime); }

std::uint32_t keyed_hash(const SipKey& secret, const FlowKey& flow, Seq irs, std::uint64_t when, std::uint32_t size,
                         std::uint32_t options) {
    std::array<std::byte, 51> bytes;
    std::memcpy(bytes.data(), flow.local.octets().data(), 16);
    std::memcpy(bytes.data() + 16, flow.remote.octets().data(), 16);
    wire::store_be16(bytes.data() + 32, to_number(flow.local_port));
    wire::store_be16(bytes.data() + 34, to_number(flow.remote_port));
    wire::store_be32(bytes.data() + 36, irs.raw());
    wire::store_be32(bytes.data() + 40, static_cast<std::uint32_t>(when >> 32));
    wire::store_be32(bytes.data() + 44, static_cast<std::uint32_t>(when));
    wire::store_8(bytes.data() + 48, static_cast<std::uint8_t>(size));
    wire::store_8(bytes.data() + 49, static_cast<std::uint8_t>(options));
    bytes[50] = std::byte{'c'};  // no other use of the secret hashes as many octets
    return static_cast<std::uint32_t>(siphash(secret, bytes)) & kHashMask;
}

}  // namespace

std::uint32_t SynCookie::timestamp_bits() const {
    return (window_scale ? *window_scale : kNoScale) | (sack_permitted ? kSackBit : 0);
}

SynCookie SynCookie::from_timestamp(std::uint32_t echo) {
    SynCookie cookie;
    if ((echo & 15) != kNoScale) cookie.window_scale = static_cast<std::uint8_t>(echo & 15);
    cookie.sack_permitted = (echo & kSackBit) != 0;
    return cookie;
}

Seq SynCookie::sequence_number(const SipKey& secret, const FlowKey& flow, Seq irs, Instant now) const {
    const auto above = std::ranges::upper_bound(kSizes, mss);
    const auto size = static_cast<std::uint32_t>(std::max<std::ptrdiff_t>(above - kSizes.begin(), 1) - 1);
    const std::uint64_t when = period(now);
    return Seq((static_cast<std::uint32_t>(when) & kTimeMask) << kTimeShift | size << kSizeShift |
               keyed_hash(secret, flow, irs, when, size, timestamp_bits()));
}

bool SynCookie::restore(Seq iss, const SipKey& secret, const FlowKey& flow, Seq irs, Instant now) {
    const std::uint64_t newest = period(now);
    const std::uint32_t age = (static_cast<std::uint32_t>(newest) - (iss.raw() >> kTimeShift)) & kTimeMask;
    if (age > 1 || age > newest) return false;
    const std::uint32_t size = iss.raw() >> kSizeShift & kSizeMask;
    if (keyed_hash(secret, flow, irs, newest - age, size, timestamp_bits()) != (iss.raw() & kHashMask)) return false;
    mss = kSizes[size];
    return true;
}

}  // namespace hourglass::tcp
