#include "tcp/fast_open_cookie.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <span>

#include "hourglass/wire/endian.h"

namespace hourglass::tcp {

namespace {

constexpr std::uint8_t kCookieSize = 8;

/// The key of a period of `key_lifetime`. No other use of the secret hashes as many octets.
SipKey key_of(const SipKey& secret, std::uint64_t period) {
    const auto half = [&](std::uint8_t which) {
        std::array<std::byte, 10> bytes{};
        wire::store_be32(bytes.data(), static_cast<std::uint32_t>(period >> 32));
        wire::store_be32(bytes.data() + 4, static_cast<std::uint32_t>(period));
        bytes[8] = std::byte{'f'};
        bytes[9] = std::byte{which};
        return siphash(secret, bytes);
    };
    return {half(0), half(1)};
}

std::uint64_t period_of(const FastOpenSettings& settings, Instant now) {
    if (settings.key_lifetime <= Duration::zero()) return 1;
    return 1 + static_cast<std::uint64_t>(now.time_since_epoch() / settings.key_lifetime);
}

/// Servers that share a key agree on this: the addresses as they stand in the datagram, the client's first, and the
/// hash with its least significant octet in front.
wire::FastOpenCookie cookie_with(const SipKey& key, const FlowKey& flow) {
    std::array<std::byte, 32> addresses;
    const auto client = std::as_bytes(flow.remote.wire_octets()), server = std::as_bytes(flow.local.wire_octets());
    std::ranges::copy(client, addresses.begin());
    std::ranges::copy(server, addresses.begin() + static_cast<std::ptrdiff_t>(client.size()));
    const std::uint64_t hash = siphash(key, std::span(addresses).first(client.size() + server.size()));
    wire::FastOpenCookie cookie{.size = kCookieSize};
    for (std::size_t i = 0; i < kCookieSize; ++i) cookie.octets[i] = static_cast<std::byte>(hash >> (8 * i));
    return cookie;
}

}  // namespace

wire::FastOpenCookie make_fast_open_cookie(const FastOpenSettings& settings, const SipKey& secret, const FlowKey& flow,
                                           Instant now) {
    return cookie_with(settings.key ? *settings.key : key_of(secret, period_of(settings, now)), flow);
}

CookieAge age_of_fast_open_cookie(const wire::FastOpenCookie& cookie, const FastOpenSettings& settings,
                                  const SipKey& secret, const FlowKey& flow, Instant now) {
    if (cookie.size != kCookieSize) return CookieAge::invalid;
    if (cookie == make_fast_open_cookie(settings, secret, flow, now)) return CookieAge::current;
    std::optional<SipKey> previous = settings.previous_key;
    if (!settings.key && settings.key_lifetime > Duration::zero())
        previous = key_of(secret, period_of(settings, now) - 1);
    return previous && cookie == cookie_with(*previous, flow) ? CookieAge::previous : CookieAge::invalid;
}

}  // namespace hourglass::tcp
