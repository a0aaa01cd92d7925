#include "trace/event_clauses.h"

namespace hourglass::trace {

std::string_view clause_of_timer(std::string_view timer) {
    if (timer == "retransmission" || timer == "SYN-ACK") return "RFC 6298 5";
    if (timer == "persist") return "RFC 9293 3.8.6.1";
    if (timer == "cork") return "";
    if (timer == "tail loss probe") return "RFC 8985 7.2";
    if (timer == "reordering") return "RFC 8985 6.2";
    if (timer == "pacing") return "RFC 9002 7.7";
    if (timer == "delayed ACK") return "RFC 9293 3.8.6.3";
    if (timer == "keepalive") return "RFC 9293 3.8.4";
    if (timer == "2 MSL") return "RFC 9293 3.6.1";
    return "";
}

std::string_view clause_of(const ConnectionStarted&) { return "RFC 9293 3.5"; }

std::string_view clause_of(const StateUpdated& change) {
    using tcp::State;
    switch (change.after) {
        case State::syn_sent:
            return "RFC 9293 3.10.1";
        case State::syn_received:
            return change.before == State::syn_sent ? "RFC 9293 3.10.7.3" : "RFC 9293 3.10.7.2";
        case State::established:
            return change.before == State::syn_sent ? "RFC 9293 3.10.7.3" : "RFC 9293 3.10.7.4 fifth";
        case State::fin_wait_1:
        case State::last_ack:
            return "RFC 9293 3.10.4";
        case State::fin_wait_2:
            return "RFC 9293 3.10.7.4 fifth";
        case State::close_wait:
        case State::closing:
            return "RFC 9293 3.10.7.4 eighth";
        case State::time_wait:
            return change.before == State::closing ? "RFC 9293 3.10.7.4 fifth" : "RFC 9293 3.10.7.4 eighth";
        case State::closed:
            if (change.trigger == "2 MSL") return "RFC 9293 3.10.8";
            if (change.trigger == "ABORT call") return "RFC 9293 3.10.5";
            if (change.trigger == "RST received") return "RFC 9293 3.10.7.4 second";
            if (change.trigger == "too many retransmissions") return "RFC 9293 3.8.3";
            return change.before == State::last_ack ? "RFC 9293 3.10.7.4 fifth" : "RFC 9293 3.6";
        case State::listen:
            break;
    }
    return "";
}

std::string_view clause_of(const QueueUpdated& change) {
    using Change = tcp::QueueChanged::Change;
    if (change.queue == tcp::QueueChanged::Queue::accept) return "RFC 9293 3.9.1.1";
    switch (change.change) {
        case Change::cookie:
        case Change::cookie_back:
            return "RFC 4987 3.6";
        case Change::expired:
            return "RFC 9293 3.8.3";
        default:
            return "RFC 9293 3.10.7.2";
    }
}

std::string_view clause_of(const RecoveryUpdated& change) {
    using tcp::RecoveryState;
    switch (change.after) {
        case RecoveryState::disorder:
            return "RFC 5681 3.2";
        case RecoveryState::cwr:
            return "RFC 3168 6.1.2";
        case RecoveryState::recovery:
            return "RFC 6675 5";
        case RecoveryState::loss:
            return "RFC 6298 5.4";
        case RecoveryState::open:
            return "RFC 6582 3.2";
    }
    return "";
}

std::string_view clause_of(const SocketCalled& called) {
    using tcp::Call;
    switch (called.call) {
        case Call::connect:
        case Call::listen:
        case Call::accept:
            return "RFC 9293 3.10.1";
        case Call::send:
            return "RFC 9293 3.10.2";
        case Call::receive:
            return "RFC 9293 3.10.3";
        case Call::shutdown:
        case Call::shutdown_receive:
        case Call::close:
            return "RFC 9293 3.10.4";
        case Call::abort:
            return "RFC 9293 3.10.5";
    }
    return "";
}

}  // namespace hourglass::trace
