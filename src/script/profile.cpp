#include "script/profile.h"

#include <string_view>

#include "hourglass/socket/sysctl.h"
#include "hourglass/tcp/profiles.h"

namespace hourglass::script {

namespace {

struct Value {
    std::string_view name, value;
};

/// What the scripts of Linux's own tests set before they begin, over Linux's own initial values.
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
    ip::HostSettings settings;
    if (profile == Profile::rfc) return settings;
    settings.tcp = tcp::linux_like_settings();
    for (const auto& [name, value] : kLinux) static_cast<void>(socket::set_sysctl(settings, name, value));
    return settings;
}

}  // namespace hourglass::script
