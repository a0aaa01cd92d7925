#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "hourglass/base/address.h"
#include "hourglass/base/time.h"
#include "hourglass/http/body.h"

namespace hourglass::http {

/// What a transport knows about its connection.
struct TransportInfo {
    SocketAddress local{};
    Duration round_trip{};              ///< Smoothed; zero before the first sample.
    std::uint64_t retransmissions = 0;  ///< Segments sent again.
    std::uint64_t window = 0;           ///< The congestion window in bytes.
};

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
    /// True for a transport that sends from files.
    [[nodiscard]] virtual bool sends_files() const { return false; }
    /// Sends from the beginning of the part, as much as there is room for, and returns how many bytes; nothing when the
    /// file has no more, or can't be read. Only for a transport that `sends_files`.
    virtual std::optional<std::size_t> send_file(const FilePart& part) {
        static_cast<void>(part);
        return std::nullopt;
    }
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
    /// Nothing when the connection has gone, or this is not known of it.
    [[nodiscard]] virtual std::optional<TransportInfo> info() const { return std::nullopt; }
    /// Why it has failed, in a line for people, where more is known than the error that the owner is told; else empty.
    [[nodiscard]] virtual std::string failure() const { return {}; }
};

}  // namespace hourglass::http
