#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "hourglass/tcp/settings.h"
#include "hourglass/tcp/tuning.h"

namespace hourglass::tcp {

/// Calls `visit(name, field)` for each field, in an order that is part of the format.
template <typename Visit>
void visit_fields(auto& t, Visit&& visit) requires std::is_same_v<std::remove_cvref_t<decltype(t)>, Tuning> {
    visit("mss_limit", t.mss_limit);
    visit("traffic_class", t.traffic_class);
    visit("hop_limit", t.hop_limit);
    visit("congestion", t.congestion);
    visit("mtu_probing", t.mtu_probing);
    visit("no_delay", t.no_delay);
    visit("cork", t.cork);
    visit("quick_ack", t.quick_ack);
    visit("send_buffer", t.send_buffer);
    visit("receive_buffer", t.receive_buffer);
    visit("window_clamp", t.window_clamp);
    visit("not_sent_low_water", t.not_sent_low_water);
    visit("keepalive", t.keepalive);
    visit("keepalive_idle", t.keepalive_idle);
    visit("keepalive_interval", t.keepalive_interval);
    visit("keepalive_probes", t.keepalive_probes);
    visit("user_timeout", t.user_timeout);
    visit("syn_retries", t.syn_retries);
    visit("fin_wait_2_timeout", t.fin_wait_2_timeout);
    visit("linger", t.linger);
    visit("defer_accept", t.defer_accept);
    visit("fast_open", t.fast_open);
    visit("fast_open_backlog", t.fast_open_backlog);
    visit("urgent_inline", t.urgent_inline);
}

template <typename Visit>
void visit_fields(auto& s, Visit&& visit) requires std::is_same_v<std::remove_cvref_t<decltype(s)>, Settings> {
    visit("msl", s.msl);
    visit("rto_initial", s.rto_initial);
    visit("rto_min", s.rto_min);
    visit("rto_max", s.rto_max);
    visit("delayed_ack", s.delayed_ack);
    visit("keepalive_idle", s.keepalive_idle);
    visit("keepalive_interval", s.keepalive_interval);
    visit("fin_wait_2_timeout", s.fin_wait_2_timeout);
    visit("user_timeout", s.user_timeout);
    visit("syn_retries", s.syn_retries);
    visit("syn_ack_retries", s.syn_ack_retries);
    visit("advice_retries", s.advice_retries);
    visit("data_retries", s.data_retries);
    visit("orphan_retries", s.orphan_retries);
    visit("keepalive_probes", s.keepalive_probes);
    visit("send_buffer", s.send_buffer);
    visit("receive_buffer", s.receive_buffer);
    visit("receive_buffer_max", s.receive_buffer_max);
    visit("max_connections", s.max_connections);
    visit("max_half_open", s.max_half_open);
    visit("max_time_wait", s.max_time_wait);
    visit("max_listeners", s.max_listeners);
    visit("window_scaling", s.window_scaling);
    visit("timestamps", s.timestamps);
    visit("require_timestamps", s.require_timestamps);
    visit("sack", s.sack);
    visit("keepalive", s.keepalive);
    visit("nagle", s.nagle);
    visit("mss_limit", s.mss_limit);
    visit("initial_window_segments", s.initial_window_segments);
    visit("congestion", s.congestion);
    visit("urgent_inline", s.urgent_inline);
    visit("ecn", s.ecn);
    visit("hystart", s.hystart);
    visit("abe", s.abe);
    visit("pacing", s.pacing);
    visit("slow_start_limit", s.slow_start_limit);
    visit("idle_window", s.idle_window);
    visit("mtu_probing", s.mtu_probing);
    visit("mtu_probe_base", s.mtu_probe_base);
    visit("mtu_probe_floor", s.mtu_probe_floor);
    visit("mtu_raise_interval", s.mtu_raise_interval);
    visit("rack_tlp", s.rack_tlp);
    visit("prr", s.prr);
    visit("frto", s.frto);
    visit("limited_transmit", s.limited_transmit);
    visit("max_sack_ranges", s.max_sack_ranges);
    visit("fast_open.client", s.fast_open.client);
    visit("fast_open.server", s.fast_open.server);
    visit("fast_open.client_needs_cookie", s.fast_open.client_needs_cookie);
    visit("fast_open.server_needs_cookie", s.fast_open.server_needs_cookie);
    visit("fast_open.cache", s.fast_open.cache);
    visit("fast_open.retry_after", s.fast_open.retry_after);
    visit("fast_open.key", s.fast_open.key);
    visit("fast_open.previous_key", s.fast_open.previous_key);
    visit("fast_open.key_lifetime", s.fast_open.key_lifetime);
    visit("connect_fast", s.connect_fast);
    visit("fast_open_backlog", s.fast_open_backlog);
    visit("syn_cookies", s.syn_cookies);
    visit("quick_acks", s.quick_acks);
    visit("challenge_acks_per_second", s.challenge_acks_per_second);
    visit("challenge_ack_interval", s.challenge_ack_interval);
    visit("soft_errors_end_opening", s.soft_errors_end_opening);
    visit("time_wait_ignores_reset", s.time_wait_ignores_reset);
    visit("first_ephemeral_port", s.first_ephemeral_port);
    visit("last_ephemeral_port", s.last_ephemeral_port);
}

// A field that is added there has to be added here.
static_assert(sizeof(Tuning) == 112 && sizeof(Settings) == 240);

/// How many values an enumeration of the settings has.
template <typename E>
inline constexpr std::uint8_t kValues = 3;
template <>
inline constexpr std::uint8_t kValues<EcnUse> = 4;

}  // namespace hourglass::tcp
