#include "hourglass/tcp/profiles.h"

namespace hourglass::tcp {

Settings linux_like_settings() {
    using namespace std::chrono_literals;
    Settings s;
    s.msl = 30s;  // TIME-WAIT is 60 s (TCP_TIMEWAIT_LEN)
    s.rto_initial = 1s;
    s.rto_min = 200ms;
    s.rto_max = 120s;
    s.delayed_ack = 40ms;
    s.quick_acks = 16;
    s.fin_wait_2_timeout = 60s;  // tcp_fin_timeout
    s.syn_retries = 6;           // tcp_syn_retries
    s.syn_ack_retries = 5;       // tcp_synack_retries
    s.data_retries = 15;         // tcp_retries2
    s.orphan_retries = 8;        // tcp_orphan_retries
    s.keepalive_idle = 2h;       // tcp_keepalive_time, _intvl, _probes
    s.keepalive_interval = 75s;
    s.keepalive_probes = 9;
    s.receive_buffer = 65535;  // half of tcp_rmem's default, at most the unscaled window
    s.receive_buffer_max = 6 << 20;
    s.send_buffer = 4 << 20;  // tcp_wmem's maximum, to which it grows by itself
    s.initial_window_segments = 10;
    s.congestion = Congestion::cubic;
    s.challenge_acks_per_second = 1000;
    s.challenge_ack_interval = 500ms;   // tcp_invalid_ratelimit
    s.time_wait_ignores_reset = false;  // tcp_rfc1337
    s.first_ephemeral_port = 32768;
    s.last_ephemeral_port = 60999;
    s.urgent_inline = false;
    s.soft_errors_end_opening = true;
    s.mtu_probing = MtuProbing::off;  // tcp_mtu_probing
    s.mtu_probe_base = 1024;          // tcp_base_mss
    s.mtu_probe_floor = 48;           // tcp_mtu_probe_floor
    s.require_timestamps = false;
    return s;
}

}  // namespace hourglass::tcp
