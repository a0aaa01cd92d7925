#pragma once

#include <cstdint>

#include "hourglass/tcp/event.h"
#include "hourglass/tcp/settings.h"

namespace hourglass::tcp {

/// What a cookie that a client shows is worth (RFC 7413, section 4.1.2).
enum class CookieAge : std::uint8_t {
    invalid,   ///< Not ours, of another client, or too old.
    previous,  ///< Made with the key before this one: good, and to be replaced.
    current,
};

/// The cookie for the client of `flow`, as the server sees it: eight octets, SipHash of the addresses of client and
/// server. It costs no memory, and whoever forges the client's address does not know it.
[[nodiscard]] wire::FastOpenCookie make_fast_open_cookie(const FastOpenSettings& settings, const SipKey& secret,
                                                         const FlowKey& flow, Instant now);
[[nodiscard]] CookieAge age_of_fast_open_cookie(const wire::FastOpenCookie& cookie, const FastOpenSettings& settings,
                                                const SipKey& secret, const FlowKey& flow, Instant now);

}  // namespace hourglass::tcp
