#pragma once

#include <chrono>
#include <optional>

#include "hourglass/http/message.h"
#include "hourglass/proxy/cache_control.h"
#include "hourglass/proxy/configuration.h"

namespace hourglass::proxy {

using WallTime = std::chrono::sys_seconds;

/// What becomes of a response's age, and how long it is fresh (RFC 9111, section 4.2). Wall clock throughout, in whole
/// seconds, as the fields are.
struct Freshness {
    std::chrono::seconds lifetime{0};     ///< `freshness_lifetime`
    std::chrono::seconds initial_age{0};  ///< `corrected_initial_age`
    WallTime received{};                  ///< `response_time`
    bool heuristic = false;               ///< the lifetime is a guess

    /// Of a response that was asked for and came at these times, for a shared cache.
    static Freshness of(const http::Response& response, WallTime asked, WallTime received,
                        const CacheConfiguration& cache);
    /// `current_age` (section 4.2.3).
    [[nodiscard]] std::chrono::seconds age(WallTime now) const;
    /// How much longer it is fresh; negative when it is stale.
    [[nodiscard]] std::chrono::seconds left(WallTime now) const { return lifetime - age(now); }
};

/// Whether a shared cache may store the response (RFC 9111, section 3, and 3.5 for requests with Authorization).
[[nodiscard]] bool may_store(const http::Request& request, const http::Response& response,
                             const CacheConfiguration& cache);

/// Whether a stored response may be used for a request without asking the origin (RFC 9111, sections 4.2.4 and 5.2.1).
[[nodiscard]] bool may_use(const CacheControl& request, const CacheControl& response, const Freshness& freshness,
                           WallTime now);

/// Whether a stale response may be used because the origin gives none (RFC 5861, section 4; RFC 9111, section 4.2.4).
[[nodiscard]] bool may_use_on_error(const CacheControl& request, const CacheControl& response,
                                    const Freshness& freshness, WallTime now, const CacheConfiguration& cache);

/// Whether a stale response may be used while it is validated (RFC 5861, section 3).
[[nodiscard]] bool may_use_while_revalidating(const CacheControl& request, const CacheControl& response,
                                              const Freshness& freshness, WallTime now,
                                              const CacheConfiguration& cache);

/// The directives of a request; `Pragma: no-cache` counts where there is no Cache-Control (RFC 9111, section 5.4).
[[nodiscard]] CacheControl request_cache_control(const http::Request& request);

}  // namespace hourglass::proxy
