#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/base/time.h"
#include "hourglass/http/server.h"

namespace hourglass::http {

/// The handler behind the middlewares, the first of them outermost. They are called when the handler would be, with the
/// body there.
[[nodiscard]] Handler wrap(std::vector<Middleware> middlewares, Handler handler);
/// The application behind the middlewares, the first of them outermost, before its own. They are called before a body
/// is read: who is refused does not send it for nothing.
[[nodiscard]] Application wrap(std::vector<Middleware> middlewares, Application application);

/// Who may read answers from a page of another origin, by the Fetch Standard's CORS protocol.
struct CorsSettings {
    std::vector<std::string> origins{};  ///< "https://example.com"; "*" alone is every origin
    std::vector<std::string> methods = {"GET", "HEAD", "POST"};
    std::vector<std::string> headers{};          ///< request fields beyond the safelisted ones
    std::vector<std::string> exposed_headers{};  ///< response fields beyond the safelisted ones
    /// Cookies and authentication are sent along. The origin is then named even where all are allowed, as the protocol
    /// wants.
    bool credentials = false;
    std::optional<std::chrono::seconds> max_age{};  ///< how long a preflight's answer holds
};

/// Answers preflights with 204 and adds Access-Control-* to answers for the origins that are allowed. Answers vary by
/// Origin unless all origins are treated alike.
[[nodiscard]] Middleware cors(CorsSettings settings);

/// Basic authentication (RFC 7617). `check` says whether user and password are right; compare secrets with
/// `equals_in_constant_time`. Else: 401 with a challenge.
[[nodiscard]] Middleware basic_authentication(
    std::string realm, std::function<bool(std::string_view user, std::string_view password)> check);

/// Lets a client ask only so often: `take` says that it may ask now, or after which time, as `proxy::RateLimiter` does.
/// Else: 429 with Retry-After (RFC 6585, section 4).
[[nodiscard]] Middleware limit_rate(std::function<std::optional<Duration>(const SocketAddress& client)> take);

/// User and password of an Authorization field; nothing when it is not Basic or malformed.
[[nodiscard]] std::optional<std::pair<std::string, std::string>> parse_basic_credentials(std::string_view field);

/// Compares in a time that depends on the length of `given` alone, so that the time does not tell how much is right.
[[nodiscard]] bool equals_in_constant_time(std::string_view given, std::string_view secret) noexcept;

/// One answered request, for a log.
struct AccessRecord {
    SocketAddress client{};
    std::string method{};
    std::string target{};
    Version version{};
    Status status = Status::ok;
    std::optional<std::uint64_t> size{};  ///< bytes of content, where they are known at the head
    std::string user{};                   ///< of basic authentication, as claimed
    std::string referer{};
    std::string user_agent{};
    std::chrono::sys_time<std::chrono::microseconds> at{};  ///< when the request came
    std::chrono::microseconds took{0};                      ///< until its answer
};

enum class LogFormat : std::uint8_t {
    common,    ///< host ident user [time] "request" status bytes
    combined,  ///< and "referer" "user agent"
    json,
};

/// A line without its end. What clients send is escaped: no control character and no quote leaves its place.
[[nodiscard]] std::string format_access(const AccessRecord& record, LogFormat format);

using WallClock = std::function<std::chrono::sys_time<std::chrono::microseconds>()>;
using AccessLog = std::function<void(const AccessRecord&)>;

/// Calls `log` for each answer of one handler.
[[nodiscard]] Middleware access_log(WallClock clock, AccessLog log);
/// The same for a whole application, with what its stream handlers answer.
[[nodiscard]] Application with_access_log(Application application, WallClock clock, AccessLog log);

/// Counts what is answered, for Prometheus.
class Metrics {
  public:
    void add(const AccessRecord& record);
    /// The text format, version 0.0.4: requests by method and status class, content bytes, a histogram of durations.
    [[nodiscard]] std::string to_text() const;
    /// A handler that answers with it.
    [[nodiscard]] Handler handler() const;

  private:
    static constexpr std::size_t kMethods = 10;
    static constexpr std::size_t kClasses = 6;
    static constexpr std::size_t kBuckets = 8;
    std::uint64_t requests_[kMethods][kClasses] = {};
    std::uint64_t buckets_[kBuckets] = {};
    std::uint64_t bytes_ = 0;
    std::uint64_t count_ = 0;
    std::chrono::microseconds sum_{0};
};

}  // namespace hourglass::http
