#include "cli/proxy_front.h"

#include <algorithm>
#include <cstdio>
#include <fmt/core.h>
#include <map>
#include <unistd.h>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/configuration_log.h"
#include "cli/listen_addresses.h"
#include "cli/reloadable_tls.h"
#include "cli/terminal.h"
#include "hourglass/http/over_tcp.h"
#include "hourglass/runtime/os_http.h"
#include "hourglass/runtime/tls.h"

namespace hourglass::cli {

namespace {

void announce(bool quiet, std::string_view urls) {
    if (!quiet) fmt::print(stderr, "{} {}\n", paint("proxy at", Colour::green, shows_colour(stderr)), urls);
}

/// Takes the certificate that a configuration names, if it names one. What is wrong with it; it is then as it was.
std::optional<std::string> load(ReloadableTls& tls, const proxy::Configuration& configuration) {
    if (configuration.listen_tls.empty()) return std::nullopt;
    return tls.load(configuration.certificate, configuration.key);
}

std::string url_of(const SocketAddress& address, bool tls) {
    return fmt::format("{}://{}/", tls ? "https" : "http", address.to_string());
}

/// A server for each address, so that a reload takes and gives addresses one by one.
class OsFront final : public ProxyFront {
  public:
    OsFront(runtime::OsLoop& loop, bool quiet) : loop_(loop), quiet_(quiet) {}

    void serve(const FrontApplications& applications, const http::ServerSettings& settings,
               const proxy::Configuration& configuration) override {
        applications_ = &applications;
        settings_ = settings;
        if (const auto refused = reload(configuration)) throw Failure{kBadInput, *refused};
        std::string urls;
        for (const auto& [place, server] : servers_)
            urls += fmt::format("{}{}", urls.empty() ? "" : " and ", url_of(server.bound, place.second));
        announce(quiet_, urls);
    }

    std::optional<std::string> reload(const proxy::Configuration& configuration) override {
        try {
            return listen_at(places_of(configuration), configuration);
        } catch (const Failure& failure) {
            return failure.message;
        }
    }

    void close() override {
        for (auto& [place, server] : servers_) server.server->close();
    }
    [[nodiscard]] std::size_t connections() const override {
        std::size_t sum = 0;
        for (const auto& [place, server] : servers_) sum += server.server->connections();
        for (const auto& server : closing_) sum += server->connections();
        return sum;
    }
    void wake() override {}

  private:
    /// An address, and whether there is TLS.
    using Place = std::pair<SocketAddress, bool>;
    struct Listening {
        std::unique_ptr<runtime::OsServer> server;
        SocketAddress bound;
    };

    static std::vector<Place> places_of(const proxy::Configuration& configuration) {
        std::vector<Place> places;
        const auto add = [&](const std::vector<std::string>& texts, bool tls) {
            for (const SocketAddress& address : parse_os_listen_addresses(texts, kernel_speaks_v6()))
                places.emplace_back(address, tls);
        };
        const bool has_tls = !configuration.listen_tls.empty();
        if (!configuration.listen.empty() || !has_tls) add(configuration.listen, false);
        if (has_tls) add(configuration.listen_tls, true);
        return places;
    }

    std::optional<std::string> listen_at(const std::vector<Place>& places, const proxy::Configuration& configuration) {
        if (auto wrong = load(certificate_, configuration)) return wrong;
        std::map<Place, Listening> next;
        for (const Place& place : places) {
            if (servers_.contains(place) || next.contains(place)) continue;
            const auto& [address, tls] = place;
            auto server = std::make_unique<runtime::OsServer>(loop_, tls ? applications_->https : applications_->http,
                                                              settings_, configuration.clients);
            const auto bound = server->listen(address, tls ? &certificate_ : nullptr);
            if (!bound) return bound.error().message;
            next.emplace(place, Listening{std::move(server), *bound});
        }
        for (const Place& place : places)
            if (auto kept = servers_.extract(place)) next.insert(std::move(kept));
        for (auto& [place, server] : servers_) {
            server.server->close();
            closing_.push_back(std::move(server.server));
        }
        std::erase_if(closing_, [](const auto& server) { return server->connections() == 0; });
        servers_ = std::move(next);
        return std::nullopt;
    }

    runtime::OsLoop& loop_;
    const FrontApplications* applications_ = nullptr;
    http::ServerSettings settings_;
    ReloadableTls certificate_;
    std::map<Place, Listening> servers_;
    std::vector<std::unique_ptr<runtime::OsServer>> closing_;
    bool quiet_;
};

/// On a host of our own, whose addresses are those of the configuration that it began with.
class OwnFront final : public ProxyFront {
  public:
    OwnFront(asio::io_context& context, const NetworkOptions& options, const proxy::Configuration& configuration,
             bool quiet)
        : listen_(configuration.listen),
          listen_tls_(configuration.listen_tls),
          addresses_(parse(options, configuration)),
          live_(bring_up(context, options, addresses_.own)),
          quiet_(quiet) {
        follow_configuration(live_, quiet, {});
        live_.tun_host->loop().on_failure(
            [&context, device = options.device()](ip::InterfaceId, std::error_code error) {
                fmt::print(stderr, "hourglass proxy: the device '{}' has gone: {}\n", device, error.message());
                context.stop();
            });
    }

    void serve(const FrontApplications& applications, const http::ServerSettings& settings,
               const proxy::Configuration& configuration) override {
        if (const auto wrong = load(certificate_, configuration)) throw Failure{kBadInput, *wrong};
        http_.emplace(live_.host(), applications.http, settings, configuration.clients);
        https_.emplace(live_.host(), applications.https, settings, configuration.clients);
        std::string urls;
        for (std::size_t i = 0; i < addresses_.endpoints.size(); ++i) {
            const SocketAddress& address = addresses_.endpoints[i];
            const bool tls = is_tls(address.port);
            const auto listening = tls ? https_->listen(address, &certificate_) : http_->listen(address);
            if (!listening)
                throw Failure{kBadInput,
                              fmt::format("listen {}: {}", address.to_string(), tcp::to_string(listening.error()))};
            urls += fmt::format("{}{}", urls.empty() ? "" : " and ", url_of(address, tls));
        }
        announce(quiet_, urls);
        wake();
    }
    std::optional<std::string> reload(const proxy::Configuration& configuration) override {
        if (configuration.listen != listen_ || configuration.listen_tls != listen_tls_)
            return "the addresses of a host of our own can't change while it runs; the configuration is as it was";
        return load(certificate_, configuration);
    }
    void close() override {
        http_->close();
        https_->close();
        wake();
    }
    [[nodiscard]] std::size_t connections() const override { return http_->connections() + https_->connections(); }
    void wake() override { live_.tun_host->loop().wake(); }

  private:
    static ListenAddresses parse(const NetworkOptions& options, const proxy::Configuration& configuration) {
        std::vector<std::string> given = configuration.listen;
        given.insert(given.end(), configuration.listen_tls.begin(), configuration.listen_tls.end());
        if (options.dhcp) return parse_listen_ports(given.empty() ? std::vector<std::string>{":80"} : given);
        return parse_listen_addresses(given.empty() ? std::vector<std::string>{"10.0.0.2:80"} : given,
                                      kernel_speaks_v6());
    }
    /// On a host of our own a port has TLS on all of its addresses, or on none.
    [[nodiscard]] bool is_tls(Port port) const {
        return std::ranges::any_of(listen_tls_, [&](const std::string& text) {
            const auto address = SocketAddress::parse(text);
            return address && address->port == port;
        });
    }

    std::vector<std::string> listen_;
    std::vector<std::string> listen_tls_;
    ListenAddresses addresses_;
    LiveHost live_;
    ReloadableTls certificate_;
    std::optional<http::TcpServer> http_;
    std::optional<http::TcpServer> https_;
    bool quiet_;
};

/// Calls `wake` after each call of the handler.
class WakingHandler final : public http::TransportHandler {
  public:
    WakingHandler(http::TransportHandler& handler, const std::function<void()>& wake)
        : handler_(handler), wake_(wake) {}
    // The handler may destroy the transport, and this with it.
    void on_connected() override {
        call(wake_, [this] { handler_.on_connected(); });
    }
    void on_ready() override {
        call(wake_, [this] { handler_.on_ready(); });
    }
    void on_closed(tcp::Error error) override {
        call(wake_, [this, error] { handler_.on_closed(error); });
    }

  private:
    template <typename Then>
    static void call(const std::function<void()>& wake, Then then) {
        then();
        wake();
    }
    http::TransportHandler& handler_;
    const std::function<void()>& wake_;
};

class WakingTransport final : public http::Transport {
  public:
    /// `remote`: an address, or a path.
    WakingTransport(http::Connector& connector, const auto& remote, http::TransportHandler& handler,
                    const std::function<void()>& wake)
        : handler_(handler, wake), transport_(connector.connect(remote, handler_)) {}
    std::size_t send(std::span<const std::span<const std::byte>> pieces) override { return transport_->send(pieces); }
    bool receive(const std::function<void(std::span<const std::byte>)>& take) override {
        return transport_->receive(take);
    }
    [[nodiscard]] bool at_end() const override { return transport_->at_end(); }
    void shutdown() override { transport_->shutdown(); }
    void close() override { transport_->close(); }
    void abort() override { transport_->abort(); }
    [[nodiscard]] bool exists() const override { return transport_->exists(); }

  private:
    WakingHandler handler_;
    std::unique_ptr<http::Transport> transport_;
};

class WakingConnector final : public http::Connector {
  public:
    WakingConnector(std::unique_ptr<http::Connector> connector, std::function<void()> wake)
        : connector_(std::move(connector)), wake_(std::move(wake)) {}
    std::unique_ptr<http::Transport> connect(const SocketAddress& remote, http::TransportHandler& handler) override {
        return std::make_unique<WakingTransport>(*connector_, remote, handler, wake_);
    }
    std::unique_ptr<http::Transport> connect(const std::string& path, http::TransportHandler& handler) override {
        return std::make_unique<WakingTransport>(*connector_, path, handler, wake_);
    }

  private:
    std::unique_ptr<http::Connector> connector_;
    std::function<void()> wake_;
};

}  // namespace

std::optional<std::string> check_certificate(const proxy::Configuration& configuration) {
    ReloadableTls certificate;
    if (auto wrong = load(certificate, configuration)) return wrong;
    for (const proxy::UpstreamConfiguration& upstream : configuration.upstreams) {
        if (!upstream.tls) continue;
        if (const auto trust = runtime::TlsClient::make({.ca_file = upstream.ca}); !trust)
            return fmt::format("upstream {}: {}", upstream.name, trust.error().message);
    }
    return std::nullopt;
}

std::unique_ptr<ProxyFront> open_front(asio::io_context& context, runtime::OsLoop& loop, const NetworkOptions& options,
                                       const proxy::Configuration& configuration, bool quiet) {
    if (options.over_os()) return std::make_unique<OsFront>(loop, quiet);
    return std::make_unique<OwnFront>(context, options, configuration, quiet);
}

std::unique_ptr<http::Connector> waking(std::unique_ptr<http::Connector> connector, std::function<void()> wake) {
    return std::make_unique<WakingConnector>(std::move(connector), std::move(wake));
}

}  // namespace hourglass::cli
