#include "cli/proxy_front.h"

#include <cstdio>
#include <fmt/core.h>
#include <map>
#include <unistd.h>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/configuration_log.h"
#include "cli/listen_addresses.h"
#include "cli/terminal.h"
#include "hourglass/http/over_tcp.h"
#include "hourglass/runtime/os_http.h"

namespace hourglass::cli {

namespace {

void announce(bool quiet, std::string_view urls) {
    if (!quiet) fmt::print(stderr, "{} {}\n", paint("proxy at", Colour::green, shows_colour(stderr)), urls);
}

/// A server for each address, so that a reload takes and gives addresses one by one.
class OsFront final : public ProxyFront {
  public:
    OsFront(runtime::OsLoop& loop, bool quiet) : loop_(loop), quiet_(quiet) {}

    void serve(const http::Application& application, const http::ServerSettings& settings,
               const proxy::Configuration& configuration) override {
        application_ = &application;
        settings_ = settings;
        if (const auto refused = reload(configuration)) throw Failure{kBadInput, *refused};
        std::string urls;
        for (const auto& [address, server] : servers_)
            urls += fmt::format("{}http://{}/", urls.empty() ? "" : " and ", server.bound.to_string());
        announce(quiet_, urls);
    }

    std::optional<std::string> reload(const proxy::Configuration& configuration) override {
        std::map<SocketAddress, Listening> next;
        for (const SocketAddress& address : parse_os_listen_addresses(configuration.listen, kernel_speaks_v6())) {
            if (servers_.contains(address) || next.contains(address)) continue;
            auto server = std::make_unique<runtime::OsServer>(loop_, *application_, settings_, configuration.clients);
            const auto bound = server->listen(address);
            if (!bound) return bound.error().message;
            next.emplace(address, Listening{std::move(server), *bound});
        }
        for (const SocketAddress& address : parse_os_listen_addresses(configuration.listen, kernel_speaks_v6()))
            if (auto kept = servers_.extract(address)) next.insert(std::move(kept));
        for (auto& [address, server] : servers_) {
            server.server->close();
            closing_.push_back(std::move(server.server));
        }
        std::erase_if(closing_, [](const auto& server) { return server->connections() == 0; });
        servers_ = std::move(next);
        return std::nullopt;
    }

    void close() override {
        for (auto& [address, server] : servers_) server.server->close();
    }
    [[nodiscard]] std::size_t connections() const override {
        std::size_t sum = 0;
        for (const auto& [address, server] : servers_) sum += server.server->connections();
        for (const auto& server : closing_) sum += server->connections();
        return sum;
    }
    void wake() override {}

  private:
    struct Listening {
        std::unique_ptr<runtime::OsServer> server;
        SocketAddress bound;
    };
    runtime::OsLoop& loop_;
    const http::Application* application_ = nullptr;
    http::ServerSettings settings_;
    std::map<SocketAddress, Listening> servers_;
    std::vector<std::unique_ptr<runtime::OsServer>> closing_;
    bool quiet_;
};

/// On a host of our own, whose addresses are those of the configuration that it began with.
class OwnFront final : public ProxyFront {
  public:
    OwnFront(asio::io_context& context, const NetworkOptions& options, const proxy::Configuration& configuration,
             bool quiet)
        : listen_(configuration.listen),
          addresses_(parse(options, configuration)),
          live_(bring_up(context, options, addresses_.own)),
          dhcp_(options.dhcp),
          quiet_(quiet) {
        follow_configuration(live_, quiet, {});
        live_.tun_host->loop().on_failure(
            [&context, device = options.device()](ip::InterfaceId, std::error_code error) {
                fmt::print(stderr, "hourglass proxy: the device '{}' has gone: {}\n", device, error.message());
                context.stop();
            });
    }

    void serve(const http::Application& application, const http::ServerSettings& settings,
               const proxy::Configuration& configuration) override {
        server_.emplace(live_.host(), application, settings, configuration.clients);
        std::string urls;
        for (const SocketAddress& address : addresses_.endpoints) {
            if (const auto listening = server_->listen(address); !listening)
                throw Failure{kBadInput,
                              fmt::format("listen {}: {}", address.to_string(), tcp::to_string(listening.error()))};
            urls += fmt::format("{}http://{}/", urls.empty() ? "" : " and ", address.to_string());
        }
        if (dhcp_) urls = fmt::format("port {} of each address that comes", to_number(addresses_.endpoints[0].port));
        announce(quiet_, urls);
        wake();
    }
    std::optional<std::string> reload(const proxy::Configuration& configuration) override {
        if (configuration.listen == listen_) return std::nullopt;
        return "the addresses of a host of our own can't change while it runs; the configuration is as it was";
    }
    void close() override {
        server_->close();
        wake();
    }
    [[nodiscard]] std::size_t connections() const override { return server_->connections(); }
    void wake() override { live_.tun_host->loop().wake(); }

  private:
    static ListenAddresses parse(const NetworkOptions& options, const proxy::Configuration& configuration) {
        const std::vector<std::string>& given = configuration.listen;
        if (options.dhcp) return parse_listen_ports(given.empty() ? std::vector<std::string>{":80"} : given);
        return parse_listen_addresses(given.empty() ? std::vector<std::string>{"10.0.0.2:80"} : given,
                                      kernel_speaks_v6());
    }
    std::vector<std::string> listen_;
    ListenAddresses addresses_;
    LiveHost live_;
    std::optional<http::TcpServer> server_;
    bool dhcp_;
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
    WakingTransport(http::Connector& connector, const SocketAddress& remote, http::TransportHandler& handler,
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

  private:
    std::unique_ptr<http::Connector> connector_;
    std::function<void()> wake_;
};

}  // namespace

std::unique_ptr<ProxyFront> open_front(asio::io_context& context, runtime::OsLoop& loop, const NetworkOptions& options,
                                       const proxy::Configuration& configuration, bool quiet) {
    if (options.over_os()) return std::make_unique<OsFront>(loop, quiet);
    return std::make_unique<OwnFront>(context, options, configuration, quiet);
}

std::unique_ptr<http::Connector> waking(std::unique_ptr<http::Connector> connector, std::function<void()> wake) {
    return std::make_unique<WakingConnector>(std::move(connector), std::move(wake));
}

}  // namespace hourglass::cli
