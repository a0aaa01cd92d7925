#include <array>

#include "hourglass/tcp/event.h"
#include "hourglass/tcp/stack.h"
#include "hourglass/tcp/state.h"

namespace hourglass::tcp {

namespace {

struct Reason {
    std::string_view words;
    std::string_view clause;
};

constexpr Reason describe(SendReason r) {
    switch (r) {
        case SendReason::none:
            return {"", ""};
        case SendReason::active_open:
            return {"active open: our SYN", "RFC 9293 3.5"};
        case SendReason::passive_open:
            return {"passive open: SYN answered with SYN-ACK", "RFC 9293 3.10.7.2"};
        case SendReason::syn_cookie:
            return {"half-open queue full: SYN answered with a cookie", "RFC 4987 3.6"};
        case SendReason::handshake_ack:
            return {"third segment of the handshake", "RFC 9293 3.10.7.3"};
        case SendReason::new_data:
            return {"new data", "RFC 9293 3.10.2"};
        case SendReason::fin:
            return {"no more data to send: FIN", "RFC 9293 3.6"};
        case SendReason::ack_every_second:
            return {"ACK of every second segment", "RFC 9293 3.8.6.3"};
        case SendReason::ack_delayed:
            return {"delayed-ACK timer", "RFC 9293 3.8.6.3"};
        case SendReason::ack_out_of_order:
            return {"duplicate ACK: a segment is missing", "RFC 5681 4.2"};
        case SendReason::ack_gap_filled:
            return {"ACK at once: a gap was filled", "RFC 5681 4.2"};
        case SendReason::ack_duplicate_data:
            return {"ACK: nothing new in the segment", "RFC 9293 3.10.7.4"};
        case SendReason::ack_fin:
            return {"ACK of FIN", "RFC 9293 3.10.7.4"};
        case SendReason::ack_pushed:
            return {"ACK at once", "RFC 9293 3.8.6.3"};
        case SendReason::ack_congestion_mark:
            return {"ACK at once: a congestion mark", "RFC 3168 6.1.3"};
        case SendReason::window_update:
            return {"window update", "RFC 9293 3.8.6.2.2"};
        case SendReason::retransmit_timeout:
            return {"retransmission timeout", "RFC 6298 5.4"};
        case SendReason::fast_retransmit:
            return {"third duplicate ACK: fast retransmit", "RFC 5681 3.2"};
        case SendReason::partial_ack:
            return {"partial ACK: the next hole", "RFC 6582 3.2"};
        case SendReason::sack_retransmit:
            return {"SACK shows a hole", "RFC 6675 5"};
        case SendReason::rack_retransmit:
            return {"lost by time: later data has arrived", "RFC 8985 6.2"};
        case SendReason::tail_loss_probe:
            return {"tail loss probe", "RFC 8985 7.3"};
        case SendReason::limited_transmit:
            return {"limited transmit: new data for a duplicate ACK", "RFC 3042 2"};
        case SendReason::mtu_probe:
            return {"probe of a larger path MTU", "RFC 4821 7.5"};
        case SendReason::path_mtu:
            return {"too large for the path: again in smaller segments", "RFC 8201 5.4"};
        case SendReason::window_probe:
            return {"probe of a closed window", "RFC 9293 3.8.6.1"};
        case SendReason::urgent:
            return {"urgent pointer", "RFC 9293 3.8.5"};
        case SendReason::keepalive:
            return {"keepalive", "RFC 9293 3.8.4"};
        case SendReason::challenge_ack:
            return {"challenge ACK", "RFC 5961"};
        case SendReason::reset_no_connection:
            return {"RST: no such connection", "RFC 9293 3.5.2"};
        case SendReason::reset_bad_ack:
            return {"RST: acknowledges what was never sent", "RFC 9293 3.5.2"};
        case SendReason::reset_abort:
            return {"RST: aborted by the application", "RFC 9293 3.10.5"};
        case SendReason::reset_data_after_close:
            return {"RST: data for a closed application", "RFC 9293 3.6.1"};
        case SendReason::reset_timeout:
            return {"RST: gave up waiting", "RFC 9293 3.8.3"};
    }
    return {"", ""};
}

}  // namespace

std::string_view to_string(State state) {
    constexpr std::array<std::string_view, 11> names = {"CLOSED",      "LISTEN",     "SYN-SENT",   "SYN-RECEIVED",
                                                        "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT",
                                                        "CLOSING",     "LAST-ACK",   "TIME-WAIT"};
    return names[static_cast<std::size_t>(state)];
}

std::string_view to_string(RecoveryState state) {
    constexpr std::array<std::string_view, 5> names = {"open", "disorder", "cwr", "recovery", "loss"};
    return names[static_cast<std::size_t>(state)];
}

std::string_view to_string(SendReason reason) { return describe(reason).words; }
std::string_view clause_of(SendReason reason) { return describe(reason).clause; }

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::accepted:
            return "accepted";
        case Verdict::duplicate:
            return "nothing new: acknowledged and dropped";
        case Verdict::challenged:
            return "challenged";
        case Verdict::reset_sent:
            return "answered with RST";
        case Verdict::reset_received:
            return "RST accepted";
        case Verdict::refused:
            return "connection refused";
        case Verdict::dropped_no_ack:
            return "dropped: no ACK bit";
        case Verdict::dropped_paws:
            return "dropped: old timestamp";
        case Verdict::dropped_bad_ack:
            return "dropped: acknowledges what was not sent";
        case Verdict::dropped_half_open_full:
            return "dropped: half-open queue full";
        case Verdict::dropped_accept_full:
            return "dropped: accept queue full";
        case Verdict::dropped_rst:
            return "dropped: RST not valid here";
        case Verdict::dropped_not_for_us:
            return "dropped: not for this host";
        case Verdict::dropped_malformed:
            return "dropped: malformed";
        case Verdict::dropped_checksum:
            return "dropped: bad checksum";
    }
    return "";
}

std::string_view to_string(Error error) {
    switch (error) {
        case Error::none:
            return "closed";
        case Error::refused:
            return "connection refused";
        case Error::reset:
            return "connection reset by peer";
        case Error::timed_out:
            return "connection timed out";
        case Error::unreachable:
            return "no route to host";
        case Error::network_unreachable:
            return "network unreachable";
        case Error::protocol_unreachable:
            return "protocol unreachable";
        case Error::prohibited:
            return "administratively prohibited";
        case Error::aborted:
            return "connection aborted";
        case Error::address_in_use:
            return "address already in use";
        case Error::no_ports:
            return "no free port";
        case Error::limit_reached:
            return "limit of connections reached";
        case Error::bad_address:
            return "address not usable";
        case Error::not_connected:
            return "not connected";
    }
    return "";
}

std::string_view to_string(SendLimit limit) {
    switch (limit) {
        case SendLimit::none:
            return "nothing";
        case SendLimit::application:
            return "the application";
        case SendLimit::peer_window:
            return "the peer's window";
        case SendLimit::congestion_window:
            return "the congestion window";
        case SendLimit::nagle:
            return "Nagle's algorithm";
        case SendLimit::cork:
            return "the cork";
        case SendLimit::pacing:
            return "pacing";
    }
    return "";
}

std::string_view clause_of(SendLimit limit) {
    switch (limit) {
        case SendLimit::peer_window:
            return "RFC 9293 3.8.6";
        case SendLimit::congestion_window:
            return "RFC 5681 2";
        case SendLimit::nagle:
            return "RFC 9293 3.7.4";
        case SendLimit::pacing:
            return "RFC 9002 7.7";
        default:
            return "";
    }
}

std::string_view to_string(SpuriousProof proof) {
    switch (proof) {
        case SpuriousProof::none:
            return "";
        case SpuriousProof::dsack:
            return "the peer had it twice";
        case SpuriousProof::echo:
            return "the timestamp echoes the original";
        case SpuriousProof::frto:
            return "what was not sent again has arrived";
    }
    return "";
}

std::string_view clause_of(SpuriousProof proof) {
    switch (proof) {
        case SpuriousProof::none:
            return "";
        case SpuriousProof::dsack:
            return "RFC 3708 3";
        case SpuriousProof::echo:
            return "RFC 3522 3.2";
        case SpuriousProof::frto:
            return "RFC 5682 2.1";
    }
    return "";
}

std::string_view to_string(QueueChanged::Queue queue) {
    return queue == QueueChanged::Queue::half_open ? "half-open" : "accept";
}

std::string_view to_string(QueueChanged::Change change) {
    constexpr std::string_view kWords[] = {"added", "left", "expired", "removed", "full", "cookie sent", "cookie back"};
    return kWords[static_cast<std::size_t>(change)];
}

std::string_view to_string(Call call) {
    constexpr std::string_view kWords[] = {"connect",  "listen",           "accept", "send", "receive",
                                           "shutdown", "shutdown_receive", "close",  "abort"};
    return kWords[static_cast<std::size_t>(call)];
}

std::string_view to_string(Notice notice) {
    constexpr std::string_view kWords[] = {"acceptable", "established", "readable", "writable",
                                           "urgent",     "trouble",     "closed"};
    return kWords[static_cast<std::size_t>(notice)];
}

}  // namespace hourglass::tcp
