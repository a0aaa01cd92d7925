#include "script/profile.h"

#include <string_view>

#include "hourglass/socket/sysctl.h"

namespace hourglass::script {

namespace {

struct Value {
    std::string_view name, value;
};

/// What the scripts of Linux's own tests set before they begin, where the stack can be told.
constexpr Value kLinux[] = {{"net.ipv4.tcp_rmem", "4096 540000 15728640"},
                            {"net.ipv4.tcp_wmem", "4096 262144 4194304"},
                            {"net.ipv4.tcp_syn_retries", "5"},
                            {"net.ipv4.tcp_synack_retries", "5"},
                            {"net.ipv4.tcp_timestamps", "1"},
                            {"net.ipv4.tcp_sack", "1"},
                            {"net.ipv4.tcp_dsack", "1"},
                            {"net.ipv4.tcp_frto", "2"},
                            {"net.ipv4.tcp_recovery", "1"},
                            {"net.ipv4.tcp_early_retrans", "4"},
                            {"net.ipv4.tcp_reordering", "3"},
                            {"net.ipv4.tcp_congestion_control", "cubic"},
                            {"net.ipv4.tcp_slow_start_after_idle", "0"},
                            {"net.ipv4.tcp_ecn", "0"},
                            {"net.ipv4.tcp_fastopen", "3"},
                            {"net.ipv4.tcp_syncookies", "1"}};

}  // namespace

ip::HostSettings host_settings(Profile profile) {
    using namespace std::chrono_literals;
    ip::HostSettings settings;
    if (profile == Profile::rfc) return settings;
    tcp::Settings& tcp = settings.tcp;
    tcp.msl = 30s;        // TIME-WAIT lasts a minute
    tcp.rto_min = 200ms;  // RFC 6298 asks for a second
    tcp.rto_max = 120s;
    tcp.delayed_ack = 40ms;
    tcp.fin_wait_2_timeout = 60s;
    for (const auto& [name, value] : kLinux) static_cast<void>(socket::set_sysctl(settings, name, value));
    return settings;
}

}  // namespace hourglass::script
