// Two hosts on a simulated link open a TCP connection and close it again. Every change of state is printed with its
// virtual time. The program ends with 0 if both ends have gone through TIME-WAIT and LAST-ACK to CLOSED.

#include <chrono>
#include <fmt/core.h>

#include "hourglass/sim/world.h"
#include "hourglass/tcp/stack.h"

using namespace hourglass;
using namespace std::chrono_literals;

namespace {

/// Prints each change of state of a host's connections.
class Printer : public tcp::Observer {
  public:
    explicit Printer(const char* host) : host_(host) {}

    void state_changed(const tcp::StateChanged& change) override {
        fmt::print("{:>9.1f} ms  {:<6}  {:>12} -> {:<12}  {}\n", to_seconds(change.time.time_since_epoch()) * 1000,
                   host_, tcp::to_string(change.before), tcp::to_string(change.after), change.trigger);
    }

  private:
    const char* host_;
};

/// Closes its side as soon as the handshake is complete.
class Client : public tcp::ConnectionHandler {
  public:
    void on_established(tcp::Stream stream) override { stream.shutdown(); }
};

/// Accepts what comes and closes when the peer does.
class Server : public tcp::AcceptHandler, public tcp::ConnectionHandler {
  public:
    void on_acceptable(tcp::Listener listener) override {
        while (listener.accept(this)) {
        }
    }
    void on_readable(tcp::Stream stream) override {
        if (stream.at_end()) stream.close();
    }
};

}  // namespace

int main() {
    sim::World world(1);
    ip::Host& client_host = world.add_host("client");
    ip::Host& server_host = world.add_host("server");
    world.connect({"client", {"10.0.0.1/24"}}, {"server", {"10.0.0.2/24"}}, sim::LinkSettings().both({.delay = 10ms}));

    Printer client_printer("client");
    Printer server_printer("server");
    client_host.tcp().set_observer(&client_printer);
    server_host.tcp().set_observer(&server_printer);

    Client client;
    Server server;
    const SocketAddress address{IpAddress::v4(10, 0, 0, 2), Port{80}};
    const auto listener = server_host.tcp().listen(address, {.handler = &server});
    const auto stream = client_host.tcp().connect(address, {.handler = &client});
    if (!listener || !stream) {
        fmt::print(stderr, "{}\n", tcp::to_string(listener ? stream.error() : listener.error()));
        return 1;
    }

    world.run_until_idle(10min);
    return client_host.tcp().size() == 0 && server_host.tcp().size() == 0 ? 0 : 1;
}
