#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "hourglass/base/time.h"
#include "hourglass/http/connector.h"
#include "hourglass/http/secure.h"
#include "hourglass/http/server.h"
#include "hourglass/proxy/configuration.h"
#include "hourglass/proxy/freshness.h"

namespace hourglass::proxy {

/// What a proxy gets from its world.
struct Environment {
    std::function<Instant()> now{};                 ///< the world's clock
    std::function<WallTime()> wall_clock{};         ///< for Date and Age
    std::function<void(const std::string&)> log{};  ///< a line for each fault, which says why
    /// TLS towards servers whose certificates are signed by those in the file, or by whom the system trusts where it is
    /// empty. Null, and requests for such servers fail, when that can't be had; so it is without this function.
    std::function<std::unique_ptr<http::SecureClient>(const std::string& ca_file)> secure_client{};
    std::function<std::uint64_t()> random{};  ///< 64 bits, for the moments of retries; without it those are fixed
    std::function<void()> on_sooner{};        ///< `deadline` has come nearer; for a world that does not ask every time
};

/// A reverse proxy (a gateway in the words of RFC 9110, section 3.7), as an application: behind any server of ours,
/// over any connector. It knows of no socket and no clock: the world calls `poll` when `deadline` has come.
class ReverseProxy {
  public:
    /// `connector` must outlive the proxy. Precondition: the configuration is one that `read_configuration` gives, with
    /// the addresses of all servers resolved.
    ReverseProxy(http::Connector& connector, const Configuration& configuration, Environment environment);
    /// What is under way fails: clients who wait get 502 or 503.
    ~ReverseProxy();
    ReverseProxy(const ReverseProxy&) = delete;
    ReverseProxy& operator=(const ReverseProxy&) = delete;

    /// The application for servers whose clients come by `scheme`: "https" where there is TLS. The proxy must outlive
    /// it.
    [[nodiscard]] http::Application application(std::string scheme = "http");
    /// Takes another configuration: requests that come from now on go by it, those under way by the old one. The store
    /// of the cache is kept.
    void reload(const Configuration& configuration);

    /// When `poll` is to be called next.
    [[nodiscard]] Instant deadline() const;
    /// Runs what is due.
    void poll(Instant now);

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

/// The settings of the servers in front of a proxy.
[[nodiscard]] http::ServerSettings server_settings(const Configuration& configuration, const Environment& environment);

}  // namespace hourglass::proxy
