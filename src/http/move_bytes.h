#pragma once

#include <array>
#include <span>

#include "hourglass/http/transport.h"

namespace hourglass::http::detail {

/// Pieces of output that leave in one call of the transport.
inline constexpr std::size_t kPiecesAtOnce = 32;

/// Sends what an end of an HTTP connection has to say, as far as the transport takes it. True when something moved.
template <typename Connection>
bool move_output(Connection& http, Transport& transport) {
    bool moved = false;
    while (http.output_size() > 0) {
        std::array<std::span<const std::byte>, kPiecesAtOnce> pieces;
        const std::size_t count = http.output(std::span(pieces));
        const std::size_t n = transport.send(std::span(pieces).first(count));
        if (n == 0) break;
        http.consume_output(n);
        moved = true;
    }
    return moved;
}

/// Gives an end of an HTTP connection what has arrived, as far as it wants it. True when something moved.
template <typename Connection>
bool move_input(Connection& http, Transport& transport) {
    bool moved = false;
    while (http.wants_input()) {
        if (!transport.receive([&](std::span<const std::byte> bytes) { http.receive(bytes); })) break;
        moved = true;
        if (http.output_size() > 0) break;  // what was asked first is answered first
    }
    return moved;
}

}  // namespace hourglass::http::detail
