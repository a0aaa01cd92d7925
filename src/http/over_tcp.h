#pragma once

#include "hourglass/http/client.h"
#include "hourglass/tcp/stack.h"

namespace hourglass::http::detail {

/// Bytes that are taken from a stream at a time.
inline constexpr std::size_t kReadSize = 64 * 1024;

/// Sends what an end of an HTTP connection has to say, as far as the stream takes it. True when something moved.
template <typename Connection>
bool move_output(Connection& http, tcp::Stream& stream) {
    bool moved = false;
    while (!http.output().empty()) {
        const std::size_t n = stream.send(http.output());
        if (n == 0) break;
        http.consume_output(n);
        moved = true;
    }
    return moved;
}

/// Gives an end of an HTTP connection what has arrived, as far as it wants it. True when something moved.
template <typename Connection>
bool move_input(Connection& http, tcp::Stream& stream) {
    bool moved = false;
    while (http.wants_input()) {
        const Slice piece = stream.receive_slice(kReadSize);
        if (piece.empty()) break;
        http.receive(piece.bytes());
        moved = true;
        if (http.output_size() > 0) break;  // what was asked first is answered first
    }
    return moved;
}

}  // namespace hourglass::http::detail
