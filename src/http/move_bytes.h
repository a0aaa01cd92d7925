#pragma once

#include <array>
#include <span>

#include "hourglass/http/transport.h"

namespace hourglass::http::detail {

/// Pieces of output that leave in one call of the transport.
inline constexpr std::size_t kPiecesAtOnce = 32;

/// Sends what an end of an HTTP connection has to say, as far as `send` takes it. Returns how many bytes moved.
template <typename Connection, typename Send>
std::size_t move_output_by(Connection& http, Send send) {
    std::size_t moved = 0;
    while (http.output_size() > 0) {
        std::array<std::span<const std::byte>, kPiecesAtOnce> pieces;
        const std::size_t count = http.output(std::span(pieces));
        const std::size_t n = send(std::span<const std::span<const std::byte>>(pieces).first(count));
        if (n == 0) break;
        http.consume_output(n);
        moved += n;
    }
    return moved;
}

/// The same as far as the transport takes it.
template <typename Connection>
std::size_t move_output(Connection& http, Transport& transport) {
    return move_output_by(http, [&](auto pieces) { return transport.send(pieces); });
}

/// Gives an end of an HTTP connection what has arrived, as far as it wants it. Returns how many bytes moved.
template <typename Connection>
std::size_t move_input(Connection& http, Transport& transport) {
    std::size_t moved = 0;
    const auto take = [&](std::span<const std::byte> bytes) {
        moved += bytes.size();
        http.receive(bytes);
    };
    while (http.wants_input()) {
        if (!transport.receive(take)) break;
        if (http.output_size() > 0) break;  // what was asked first is answered first
    }
    return moved;
}

}  // namespace hourglass::http::detail
