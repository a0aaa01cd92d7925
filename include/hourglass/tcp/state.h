#pragma once

#include <cstdint>
#include <string_view>

namespace hourglass::tcp {

/// The states of a connection (RFC 9293, section 3.3.2).
enum class State : std::uint8_t {
    closed,
    listen,
    syn_sent,
    syn_received,
    established,
    fin_wait_1,
    fin_wait_2,
    close_wait,
    closing,
    last_ack,
    time_wait,
};

/// The name as RFC 9293 writes it: `SYN-RECEIVED`, `FIN-WAIT-1`, ...
[[nodiscard]] std::string_view to_string(State state);

/// True from ESTABLISHED on: the handshake has been completed (RFC 9293, "synchronized state").
[[nodiscard]] constexpr bool is_synchronized(State state) { return state >= State::established; }

/// True where the application may still queue data to send.
[[nodiscard]] constexpr bool may_send(State state) {
    return state == State::syn_sent || state == State::syn_received || state == State::established ||
           state == State::close_wait;
}

}  // namespace hourglass::tcp
