#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "hourglass/base/time.h"

namespace hourglass::bench {

/// A socket of the kernel's that is closed with this object.
class Socket {
  public:
    explicit Socket(int descriptor);  ///< Throws std::system_error when the descriptor is none.
    ~Socket();
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    [[nodiscard]] int descriptor() const { return descriptor_; }

  private:
    int descriptor_;
};

/// Sockets that wait at the receiver's address; they belong to the network that this process is in now.
[[nodiscard]] int listen_for_stream();
[[nodiscard]] int listen_for_datagrams();

/// True when the kernel has this congestion control, by its name: "cubic", "bbr".
[[nodiscard]] bool kernel_has(const std::string& congestion);

/// Sends by the kernel's TCP until the receiver resets the connection. Reports `rtt` (mean of the smoothed round trip,
/// in seconds) and `retransmitted` (segments).
[[nodiscard]] nlohmann::json send_by_kernel(const std::string& congestion);

/// Takes one connection and counts the octets that come within `duration` of its handshake, then resets it. Reports
/// `octets`.
[[nodiscard]] nlohmann::json receive_stream(int listener, Duration duration);

/// Sends datagrams that fill an MTU of 1,500 octets, at `rate` bits a second, IP headers included.
[[nodiscard]] nlohmann::json send_datagrams(double rate, Duration duration);

/// Counts the datagrams that come within `duration` of the first one, as `octets` with their IP headers.
[[nodiscard]] nlohmann::json receive_datagrams(int socket, Duration duration);

}  // namespace hourglass::bench
