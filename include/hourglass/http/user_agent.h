#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "hourglass/base/time.h"
#include "hourglass/http/client.h"
#include "hourglass/http/client_world.h"
#include "hourglass/http/content_decoding.h"
#include "hourglass/http/cookie_jar.h"
#include "hourglass/http/credentials.h"
#include "hourglass/http/dial.h"
#include "hourglass/http/proxy_rules.h"
#include "hourglass/http/redirect.h"
#include "hourglass/http/retry.h"
#include "hourglass/http/secure.h"
#include "hourglass/http/url.h"

namespace hourglass::http {

/// How long each phase of an exchange may take. `Duration::max()`: as long as it likes.
struct PhaseLimits {
    Duration resolve = std::chrono::seconds(30);   ///< Until the name has an address.
    Duration connect = std::chrono::seconds(30);   ///< From then on until TCP is connected.
    Duration secure = std::chrono::seconds(30);    ///< For a proxy's tunnel and TLS.
    Duration response = std::chrono::seconds(60);  ///< From the end of the request to the first byte of an answer.
    Duration stalled = std::chrono::seconds(60);   ///< Without a byte in either direction, outside of that wait.
    Duration total = Duration::max();              ///< For all of it: redirections, retries and their delays.
};

/// What a user agent may be told.
struct UserAgentSettings {
    ClientSettings connection{};  ///< Pipelining is off in it unless it is asked for.
    dns::Families families = dns::Families::both;
    HappyEyeballsSettings eyeballs{};
    PhaseLimits limits{};
    Duration refused_again{};  ///< See `DialSettings`.

    std::uint32_t connections_per_origin = 6;  ///< Further requests wait.
    std::uint32_t connections = 256;           ///< In all; idle ones make room first.
    std::uint32_t idle_connections = 64;       ///< Kept for later; the one that has been idle longest goes first.
    Duration idle = std::chrono::seconds(60);  ///< How long an idle one is kept.

    std::uint32_t redirections = 20;  ///< Followed for one request; 0: none is, and the 3xx is the answer.
    bool downgrade = true;            ///< Redirections from https to http are followed.
    RetryPolicy retry{};
    bool decode = true;  ///< Asks for compressed content and decodes it; content in an unknown coding stays as it is.
    DecodingLimits decoding{};
    ProxyRules proxies{};
    bool tunnel = false;  ///< CONNECT for http URLs as well.
    /// The user information of a proxy's URL is for digest authentication (RFC 7616), and not sent as it is.
    bool proxy_digest = false;
    Duration continue_wait = std::chrono::seconds(1);  ///< For the 100 of a request with Expect.
    std::uint64_t discarded = 64 * 1024;  ///< Content of an answer that isn't wanted, read to keep the connection.
    /// The date, for cookies and Retry-After. Without it a jar takes every cookie for fresh.
    std::function<std::chrono::sys_seconds()> wall_clock{};
    std::function<std::uint64_t()> random{};  ///< 64 bits that nobody can foresee, for digest authentication.
};

/// A request for a user agent.
struct AgentRequest {
    Url url;
    /// Method, fields, and a body in memory. Target and Host are filled in; so are Cookie, Accept-Encoding and, from
    /// the URL's user information, Authorization, unless they are there.
    Request request{};
    /// Gives the body where it is not in memory; called again for a redirection or retry. May be empty.
    std::function<std::unique_ptr<BodySource>()> body{};
    std::optional<PhaseLimits> limits{};  ///< Instead of the agent's.
    /// Who logs in by digest authentication (RFC 7616) where the URL's origin asks for it; basic credentials are not
    /// sent then.
    std::optional<Login> digest{};
};

/// One request of an exchange with its answer, and when its phases ended: `kNever` for those that it did not come to or
/// did not need.
struct Hop {
    Url url{};
    std::string proxy{};  ///< authority of the proxy, if one was asked
    Method method{};
    std::uint16_t status = 0;
    bool reused = false;  ///< the connection was there already
    SocketAddress remote{};
    std::optional<TransportInfo> transport{};  ///< as it was at the end
    std::string security{};                    ///< what TLS agreed on
    Instant began{};                           ///< when a connection was asked for
    Instant resolved = kNever;
    Instant connected = kNever;
    Instant secured = kNever;
    Instant asked = kNever;  ///< when there was a connection for it
    Instant sent = kNever;
    Instant first_byte = kNever;
    Instant ended = kNever;
    std::uint64_t bytes_sent = 0;      ///< of content
    std::uint64_t bytes_received = 0;  ///< of content, as it came
};

/// Who watches an exchange.
class ExchangeObserver {
  public:
    ExchangeObserver() = default;
    ExchangeObserver(const ExchangeObserver&) = delete;
    ExchangeObserver& operator=(const ExchangeObserver&) = delete;
    virtual ~ExchangeObserver() = default;

    virtual void on_dial(const DialEvent& event) { static_cast<void>(event); }
    /// There is a connection, and `request` goes out on it.
    virtual void on_request(const Hop& hop, const Request& request) {
        static_cast<void>(hop);
        static_cast<void>(request);
    }
    /// The head of any answer: interim ones and those that are not passed on, too.
    virtual void on_response(const Response& response) { static_cast<void>(response); }
    /// Content has moved; see `Hop::bytes_sent` and `bytes_received`.
    virtual void on_progress(const Hop& hop) { static_cast<void>(hop); }
    /// One request and its answer are over.
    virtual void on_hop(const Hop& hop) { static_cast<void>(hop); }
    virtual void on_redirect(const Redirection& redirection) { static_cast<void>(redirection); }
    /// The request is sent again after `delay`.
    virtual void on_retry(Duration delay, const std::string& why) {
        static_cast<void>(delay);
        static_cast<void>(why);
    }
};

/// Names an exchange of a user agent.
enum class ExchangeId : std::uint64_t {};

/// An HTTP client (RFC 9110, section 3.5: user agent) on top of connections: it resolves names, keeps connections to
/// each origin, follows redirections, keeps cookies, repeats what may be repeated, decodes content, goes through
/// proxies, and limits the time of every phase. It runs in any `ClientWorld`: over our TCP, in virtual time too, or
/// over the operating system's.
class UserAgent {
  public:
    /// `world`, `secure` and `jar` must outlive the agent. Without `secure` there is no https; without `jar` no cookies
    /// are kept.
    explicit UserAgent(ClientWorld& world, UserAgentSettings settings = {}, SecureClient* secure = nullptr,
                       CookieJar* jar = nullptr);
    /// Resets what is connected; what is under way ends without a call.
    ~UserAgent();
    UserAgent(const UserAgent&) = delete;
    UserAgent& operator=(const UserAgent&) = delete;

    /// Begins an exchange. `receiver` is told of its final answer alone, or of an error; never from inside this call.
    ExchangeId send(AgentRequest request, std::shared_ptr<ResponseReceiver> receiver,
                    std::shared_ptr<ExchangeObserver> observer = nullptr);
    /// The same, collecting the answer.
    ExchangeId send(AgentRequest request, Completion done);
    /// Ends an exchange; its receiver is told no more.
    void cancel(ExchangeId exchange);
    /// Closes connections: idle ones now, others when they are.
    void close();

    /// Exchanges under way.
    [[nodiscard]] std::size_t exchanges() const;
    /// Connections, opening and closing ones included.
    [[nodiscard]] std::size_t connections() const;

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace hourglass::http
