#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "hourglass/sim/world.h"
#include "hourglass/tcp/stack.h"
#include "hourglass/trace/recorder.h"

namespace hourglass::trace {

/// A client that asks, a server that answers, and a recorder that watches: "client" (10.0.0.1) and "server" (10.0.0.2,
/// port 80), joined by the link "client-server".
class Conversation {
  public:
    explicit Conversation(const sim::LinkSettings& settings, std::uint64_t seed = 1, const tcp::Settings& tcp = {});
    ~Conversation();

    /// What the two say to each other.
    std::string request = "GET / HTTP/1.1\r\nHost: server\r\n\r\n";
    std::string response = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    /// Connects, asks, answers, closes, and waits until TIME-WAIT is over. May be called again.
    void run();

    sim::World world;
    sim::Link& link;
    Recorder recorder;

  private:
    class Client;
    class Server;
    std::unique_ptr<Client> client_;
    std::unique_ptr<Server> server_;
    tcp::Listener listener_;
};

/// A link that does nothing but take its time: 10 ms each way.
[[nodiscard]] sim::LinkSettings quiet_link();

}  // namespace hourglass::trace
