#pragma once

#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/http/over_tcp.h"
#include "hourglass/proxy/proxy.h"
#include "hourglass/sim/world.h"

namespace hourglass::proxy::test {

using namespace std::chrono_literals;

/// A server that says what it is told to, whatever it is asked, and then closes or waits.
class RawServer final : public tcp::AcceptHandler, public tcp::ConnectionHandler {
  public:
    /// `says` is sent to each connection when something has come; with `close` it is the end.
    RawServer(ip::Host& host, SocketAddress local, std::string says, bool close);
    void on_acceptable(tcp::Listener listener) override;
    void on_readable(tcp::Stream stream) override;
    int connections = 0;

  private:
    std::string says_;
    bool close_;
};

/// A client, a proxy and three servers a, b and c on one switch, in virtual time; 2 ms from each to each. Wall time is
/// virtual time since 2001-09-09 01:46:40 GMT.
class ProxyWorld : public testing::Test {
  protected:
    ProxyWorld();

    /// Starts the server `name`; it answers `handler`, or else "a says /target".
    void serve(const std::string& name, http::Application application = {});
    void serve(const std::string& name, http::Handler handler) {
        serve(name, http::Application{std::move(handler), {}});
    }
    /// Takes a server away, with its connections.
    void stop(const std::string& name) { servers.erase(name); }
    /// What the server `name` does whatever it is asked.
    void serve_raw(const std::string& name, std::string says, bool close);
    static SocketAddress address_of(const std::string& name);

    /// A configuration with a route for everything to the servers named: "abc".
    static Configuration to(std::string_view names);
    void start(const Configuration& configuration);

    /// A request and its outcome: "200 body", or "error text".
    std::string fetch(http::Request request);
    std::string get(std::string target, std::initializer_list<std::pair<std::string_view, std::string_view>> more = {});
    static http::Request request(http::Method method, std::string target);
    /// The same without waiting for it; the outcome is appended to `outcomes`.
    void begin(http::Request request);
    void run(Duration time) { world.run_for(time); }

    /// True when some line of the log has `text` in it.
    [[nodiscard]] bool logged(std::string_view text) const;

    sim::World world{1};
    std::map<std::string, std::unique_ptr<http::TcpServer>> servers;
    std::map<std::string, http::Application> applications;
    std::map<std::string, std::unique_ptr<RawServer>> raw_servers;
    std::map<std::string, int> handled;  ///< requests, by the server's name
    std::vector<http::Request> seen;     ///< by the servers, in order
    std::vector<std::string> log;
    std::unique_ptr<http::Connector> connector;
    std::unique_ptr<ReverseProxy> proxy;
    http::Application front_application;
    std::unique_ptr<http::TcpServer> front;
    std::vector<std::unique_ptr<http::TcpClient>> clients;
    std::vector<std::string> outcomes;
    http::Response last;  ///< the response of the last fetch
    std::uint32_t poller = 0;
};

}  // namespace hourglass::proxy::test
