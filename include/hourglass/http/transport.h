#pragma once

#include <cstddef>
#include <functional>
#include <span>

namespace hourglass::http {

/// The connected stream of bytes under an HTTP connection: our TCP, the operating system's, or whatever else keeps
/// bytes in order. No call blocks, and none calls back into the connection that made it; who owns the transport tells
/// the connection when there may be more to receive, or room to send.
class Transport {
  public:
    Transport() = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;
    virtual ~Transport() = default;

    /// Takes bytes from the front of the pieces, as many as there is room for, and returns how many.
    virtual std::size_t send(std::span<const std::span<const std::byte>> pieces) = 0;
    /// Gives the next piece of what has arrived to `take`; false when there is none now.
    virtual bool receive(const std::function<void(std::span<const std::byte>)>& take) = 0;
    /// True when the peer has closed its side and all that came has been received.
    [[nodiscard]] virtual bool at_end() const = 0;
    /// Closes this side; receiving goes on.
    virtual void shutdown() = 0;
    /// Ends both directions in order.
    virtual void close() = 0;
    /// Ends the connection with a reset.
    virtual void abort() = 0;
    /// False when the connection has gone.
    [[nodiscard]] virtual bool exists() const = 0;
};

}  // namespace hourglass::http
