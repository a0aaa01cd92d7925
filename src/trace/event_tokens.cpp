#include "trace/event_tokens.h"

#include <array>

namespace hourglass::trace {

std::string_view token(tcp::SendReason reason) {
    constexpr std::array<std::string_view, 34> kTokens = {
        "none",
        "active_open",
        "passive_open",
        "syn_cookie",
        "handshake_ack",
        "new_data",
        "fin",
        "ack_every_second",
        "ack_delayed",
        "ack_out_of_order",
        "ack_gap_filled",
        "ack_duplicate_data",
        "ack_fin",
        "ack_pushed",
        "ack_congestion_mark",
        "window_update",
        "retransmit_timeout",
        "fast_retransmit",
        "partial_ack",
        "sack_retransmit",
        "rack_retransmit",
        "tail_loss_probe",
        "limited_transmit",
        "mtu_probe",
        "path_mtu",
        "window_probe",
        "urgent",
        "keepalive",
        "challenge_ack",
        "reset_no_connection",
        "reset_bad_ack",
        "reset_abort",
        "reset_data_after_close",
        "reset_timeout",
    };
    static_assert(kTokens.size() == static_cast<std::size_t>(tcp::SendReason::reset_timeout) + 1);
    return kTokens[static_cast<std::size_t>(reason)];
}

std::string_view token(tcp::Verdict verdict) {
    constexpr std::array<std::string_view, 15> kTokens = {
        "accepted",          "duplicate",     "challenged", "reset_sent", "reset_received",
        "refused",           "no_ack",        "paws",       "bad_ack",    "half_open_full",
        "accept_queue_full", "reset_ignored", "not_for_us", "malformed",  "checksum",
    };
    static_assert(kTokens.size() == static_cast<std::size_t>(tcp::Verdict::dropped_checksum) + 1);
    return kTokens[static_cast<std::size_t>(verdict)];
}

std::string_view token(tcp::SendLimit limit) {
    constexpr std::array<std::string_view, 7> kTokens = {"none",  "application", "peer_window", "congestion_window",
                                                         "nagle", "cork",        "pacing"};
    return kTokens[static_cast<std::size_t>(limit)];
}

std::string_view token(tcp::SpuriousProof proof) {
    constexpr std::array<std::string_view, 4> kTokens = {"none", "dsack", "timestamp_echo", "f_rto"};
    return kTokens[static_cast<std::size_t>(proof)];
}

std::string_view token(PacketFate::Fate fate) {
    constexpr std::array<std::string_view, 3> kTokens = {"lost", "duplicated", "corrupted"};
    return kTokens[static_cast<std::size_t>(fate)];
}

std::string_view token(TimerUpdated::Change change) {
    constexpr std::array<std::string_view, 3> kTokens = {"set", "expired", "cancelled"};
    return kTokens[static_cast<std::size_t>(change)];
}

}  // namespace hourglass::trace
