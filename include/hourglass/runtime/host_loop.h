#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <system_error>

#include "hourglass/ip/host.h"
#include "hourglass/link/link.h"

namespace asio {
class io_context;
}

namespace hourglass::runtime {

/// Limits of one turn of the loop.
struct HostLoopSettings {
    std::size_t batch = 64;   ///< Packets read from a link before the host runs.
    std::size_t batches = 4;  ///< Batches from one link before others, and timers, have their turn.
};

/// Runs a host in real time, on the thread that runs an Asio context: packets of its links in, `Host::poll`, packets
/// out, and its timers. A batch is run to completion: what it asks for leaves before the next one is read.
///
/// When a link takes no more, its packets wait here and then in the host, which drops beyond its own limit
/// (`ip::HostSettings::max_output_packets`).
class HostLoop {
  public:
    /// `context` and `host` must outlive the loop.
    HostLoop(asio::io_context& context, ip::Host& host, const HostLoopSettings& settings = {});
    ~HostLoop();
    HostLoop(const HostLoop&) = delete;
    HostLoop& operator=(const HostLoop&) = delete;

    /// Makes `link` the wire of an interface. It must outlive the loop and have a descriptor.
    void attach(ip::InterfaceId interface, link::Link& link);
    /// Called when a link has failed for good, and is not read any more.
    void on_failure(std::function<void(ip::InterfaceId, std::error_code)> handler);

    /// Runs the host soon: to be called after calls on it from outside of its callbacks.
    void wake();
    /// Does nothing more, from now on.
    void stop();

  private:
    class Implementation;
    std::shared_ptr<Implementation> implementation_;
};

}  // namespace hourglass::runtime
