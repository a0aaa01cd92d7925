// Linux's names for what a host's settings say (ip-sysctl.rst).

#include "hourglass/socket/sysctl.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

namespace hourglass::socket {

namespace {

using namespace std::chrono_literals;
using Settings = ip::HostSettings;
using Numbers = std::span<const std::int64_t>;

/// One sysctl: how many numbers it takes, their range, and what they set.
struct Sysctl {
    std::string_view name;
    std::size_t numbers;
    std::int64_t least, most;
    void (*set)(Settings&, Numbers);
};

struct NamedControl {
    std::string_view name;
    tcp::Congestion congestion;
};
constexpr std::array kControls{NamedControl{"reno", tcp::Congestion::new_reno},
                               NamedControl{"cubic", tcp::Congestion::cubic},
                               NamedControl{"bbr", tcp::Congestion::bbr}};

constexpr std::int64_t kMaxSize = INT32_MAX;
constexpr std::int64_t kMaxSeconds = 32767;

/// Half of Linux's receive buffer is for its own bookkeeping (tcp_adv_win_scale).
std::uint32_t payload_room(std::int64_t buffer) {
    return static_cast<std::uint32_t>(std::max<std::int64_t>(buffer / 2, 1));
}

std::uint8_t small(std::int64_t number) { return static_cast<std::uint8_t>(number); }

constexpr std::array kSysctls{
    Sysctl{"net.ipv4.icmp_ratelimit", 1, 0, kMaxSize,
           [](Settings& s, Numbers n) {  // milliseconds between messages; zero: no limit
               s.icmp_errors_per_second =
                   n[0] == 0 ? UINT32_MAX : static_cast<std::uint32_t>(std::max<std::int64_t>(1000 / n[0], 1));
           }},
    Sysctl{"net.ipv4.ip_default_ttl", 1, 1, 255, [](Settings& s, Numbers n) { s.ttl = small(n[0]); }},
    Sysctl{"net.ipv4.ip_forward", 1, 0, 1, [](Settings& s, Numbers n) { s.forwarding = n[0] != 0; }},
    Sysctl{"net.ipv4.ip_local_port_range", 2, 1, 65535,
           [](Settings& s, Numbers n) {
               s.tcp.first_ephemeral_port = static_cast<std::uint16_t>(n[0]);
               s.tcp.last_ephemeral_port = static_cast<std::uint16_t>(std::max(n[0], n[1]));
           }},
    Sysctl{"net.ipv4.ipfrag_time", 1, 1, kMaxSeconds,
           [](Settings& s, Numbers n) { s.reassembly_timeout = std::chrono::seconds(n[0]); }},
    Sysctl{"net.ipv4.tcp_base_mss", 1, 64, 65495,
           [](Settings& s, Numbers n) { s.tcp.mtu_probe_base = static_cast<std::uint16_t>(n[0]); }},
    Sysctl{"net.ipv4.tcp_challenge_ack_limit", 1, 1, kMaxSize,
           [](Settings& s, Numbers n) {
               s.tcp.challenge_acks_per_second = static_cast<std::uint16_t>(std::min<std::int64_t>(n[0], 65535));
           }},
    Sysctl{"net.ipv4.tcp_ecn", 1, 0, 3,
           [](Settings& s, Numbers n) {
               constexpr std::array kUses{tcp::EcnUse::off, tcp::EcnUse::request, tcp::EcnUse::accept,
                                          tcp::EcnUse::accurate};
               s.tcp.ecn = kUses[static_cast<std::size_t>(n[0])];
           }},
    Sysctl{"net.ipv4.tcp_fastopen", 1, 0, 0x7ff,
           [](Settings& s, Numbers n) {
               s.tcp.fast_open.client = (n[0] & 1) != 0;
               s.tcp.fast_open.server = (n[0] & 2) != 0;
               s.tcp.fast_open.client_needs_cookie = (n[0] & 4) == 0;
               s.tcp.fast_open.server_needs_cookie = (n[0] & 0x200) == 0;
               s.tcp.fast_open_backlog = (n[0] & 0x400) != 0 ? 4096 : 0;  // every listener, up to its accept queue
           }},
    Sysctl{"net.ipv4.tcp_fin_timeout", 1, 0, kMaxSeconds,
           [](Settings& s, Numbers n) { s.tcp.fin_wait_2_timeout = std::chrono::seconds(n[0]); }},
    Sysctl{"net.ipv4.tcp_frto", 1, 0, 2, [](Settings& s, Numbers n) { s.tcp.frto = n[0] != 0; }},
    Sysctl{"net.ipv4.tcp_invalid_ratelimit", 1, 0, kMaxSize,
           [](Settings& s, Numbers n) { s.tcp.challenge_ack_interval = std::chrono::milliseconds(n[0]); }},
    Sysctl{"net.ipv4.tcp_keepalive_intvl", 1, 1, kMaxSeconds,
           [](Settings& s, Numbers n) { s.tcp.keepalive_interval = std::chrono::seconds(n[0]); }},
    Sysctl{"net.ipv4.tcp_keepalive_probes", 1, 1, 127,
           [](Settings& s, Numbers n) { s.tcp.keepalive_probes = small(n[0]); }},
    Sysctl{"net.ipv4.tcp_keepalive_time", 1, 1, kMaxSeconds,
           [](Settings& s, Numbers n) { s.tcp.keepalive_idle = std::chrono::seconds(n[0]); }},
    Sysctl{"net.ipv4.tcp_max_syn_backlog", 1, 1, kMaxSize,
           [](Settings& s, Numbers n) { s.tcp.max_half_open = static_cast<std::uint32_t>(n[0]); }},
    Sysctl{"net.ipv4.tcp_max_tw_buckets", 1, 0, kMaxSize,
           [](Settings& s, Numbers n) { s.tcp.max_time_wait = static_cast<std::uint32_t>(n[0]); }},
    Sysctl{"net.ipv4.tcp_mtu_probe_floor", 1, 8, 65495,
           [](Settings& s, Numbers n) { s.tcp.mtu_probe_floor = static_cast<std::uint16_t>(n[0]); }},
    Sysctl{"net.ipv4.tcp_mtu_probing", 1, 0, 2,
           [](Settings& s, Numbers n) { s.tcp.mtu_probing = static_cast<tcp::MtuProbing>(n[0]); }},
    Sysctl{"net.ipv4.tcp_orphan_retries", 1, 0, 255,
           [](Settings& s, Numbers n) { s.tcp.orphan_retries = small(n[0] == 0 ? 8 : n[0]); }},  // 0 means 8
    Sysctl{"net.ipv4.tcp_probe_interval", 1, 1, kMaxSeconds,
           [](Settings& s, Numbers n) { s.tcp.mtu_raise_interval = std::chrono::seconds(n[0]); }},
    // The four bits of tcp_recovery are RACK and its ways; 0 is RFC 6675 alone.
    Sysctl{"net.ipv4.tcp_recovery", 1, 0, 7, [](Settings& s, Numbers n) { s.tcp.rack_tlp = (n[0] & 1) != 0; }},
    Sysctl{"net.ipv4.tcp_retries2", 1, 0, 255, [](Settings& s, Numbers n) { s.tcp.data_retries = small(n[0]); }},
    Sysctl{"net.ipv4.tcp_rfc1337", 1, 0, 1, [](Settings& s, Numbers n) { s.tcp.time_wait_ignores_reset = n[0] != 0; }},
    Sysctl{"net.ipv4.tcp_rmem", 3, 1, kMaxSize,
           [](Settings& s, Numbers n) {
               s.tcp.receive_buffer = payload_room(n[1]);
               // The window scale is chosen for all of it.
               s.tcp.receive_buffer_max = static_cast<std::uint32_t>(std::max(n[1], n[2]));
           }},
    Sysctl{"net.ipv4.tcp_rto_max_ms", 1, 1000, 120'000,
           [](Settings& s, Numbers n) { s.tcp.rto_max = std::chrono::milliseconds(n[0]); }},
    Sysctl{"net.ipv4.tcp_rto_min_us", 1, 1, 120'000'000,
           [](Settings& s, Numbers n) { s.tcp.rto_min = std::chrono::microseconds(n[0]); }},
    Sysctl{"net.ipv4.tcp_sack", 1, 0, 1, [](Settings& s, Numbers n) { s.tcp.sack = n[0] != 0; }},
    Sysctl{"net.ipv4.tcp_slow_start_after_idle", 1, 0, 1,
           [](Settings& s, Numbers n) {
               s.tcp.idle_window = n[0] != 0 ? tcp::IdleWindow::restart : tcp::IdleWindow::kept;
           }},
    Sysctl{"net.ipv4.tcp_syn_retries", 1, 1, 127, [](Settings& s, Numbers n) { s.tcp.syn_retries = small(n[0]); }},
    Sysctl{"net.ipv4.tcp_synack_retries", 1, 0, 255,
           [](Settings& s, Numbers n) { s.tcp.syn_ack_retries = small(n[0]); }},
    Sysctl{"net.ipv4.tcp_syncookies", 1, 0, 2,
           [](Settings& s, Numbers n) { s.tcp.syn_cookies = static_cast<tcp::SynCookies>(n[0]); }},
    Sysctl{"net.ipv4.tcp_timestamps", 1, 0, 2, [](Settings& s, Numbers n) { s.tcp.timestamps = n[0] != 0; }},
    Sysctl{"net.ipv4.tcp_window_scaling", 1, 0, 1, [](Settings& s, Numbers n) { s.tcp.window_scaling = n[0] != 0; }},
    Sysctl{"net.ipv4.tcp_wmem", 3, 1, kMaxSize,
           // Linux grows a send buffer from the second number to the third by itself; ours has its size at once.
           [](Settings& s, Numbers n) { s.tcp.send_buffer = static_cast<std::uint32_t>(std::max(n[1], n[2])); }},
    Sysctl{"net.ipv6.conf.all.forwarding", 1, 0, 1, [](Settings& s, Numbers n) { s.forwarding = n[0] != 0; }},
};

std::optional<std::vector<std::int64_t>> numbers_of(std::string_view text) {
    std::vector<std::int64_t> numbers;
    constexpr std::string_view kSpace = " \t\n,\"'";
    for (std::size_t at = text.find_first_not_of(kSpace); at != text.npos; at = text.find_first_not_of(kSpace, at)) {
        const std::size_t end = std::min(text.find_first_of(kSpace, at), text.size());
        std::int64_t number = 0;
        const bool hexadecimal = text.substr(at).starts_with("0x");
        const char* const begin = text.data() + at + (hexadecimal ? 2 : 0);
        const auto [stop, error] = std::from_chars(begin, text.data() + end, number, hexadecimal ? 16 : 10);
        if (error != std::errc{} || stop != text.data() + end) return std::nullopt;
        numbers.push_back(number);
        at = end;
    }
    return numbers;
}

/// `net.ipv4.tcp_sack`, whatever way it was written.
std::string canonical(std::string_view name) {
    constexpr std::string_view kFolder = "/proc/sys/";
    if (name.starts_with(kFolder)) name.remove_prefix(kFolder.size());
    std::string dotted(name);
    std::ranges::replace(dotted, '/', '.');
    return dotted;
}

std::expected<void, SysctlError> set_congestion(Settings& settings, std::string_view value) {
    const auto begin = value.find_first_not_of(" \t\n\"'"), end = value.find_last_not_of(" \t\n\"'");
    const std::string_view name = begin == value.npos ? std::string_view{} : value.substr(begin, end - begin + 1);
    const auto congestion = congestion_named(name);
    if (!congestion) return std::unexpected(SysctlError::bad_value);
    settings.tcp.congestion = *congestion;
    return {};
}

/// `00112233-44556677-8899aabb-ccddeeff`: four words, which stand in memory with their least significant octet first.
std::optional<SipKey> key_of(std::string_view text) {
    constexpr std::size_t kWords = 4;
    std::array<std::uint64_t, kWords> words{};
    for (std::size_t i = 0; i < kWords; ++i) {
        const std::string_view word = text.substr(0, text.find('-'));
        const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), words[i], 16);
        if (error != std::errc{} || stop != word.data() + word.size() || words[i] > UINT32_MAX) return std::nullopt;
        const bool last = i + 1 == kWords;
        if ((word.size() == text.size()) != last) return std::nullopt;
        if (!last) text.remove_prefix(word.size() + 1);
    }
    return SipKey{words[0] | words[1] << 32, words[2] | words[3] << 32};
}

/// The key of fast open cookies, and behind a comma the one before it.
std::expected<void, SysctlError> set_fast_open_key(Settings& settings, std::string_view value) {
    const auto begin = value.find_first_not_of(" \t\n\"'"), end = value.find_last_not_of(" \t\n\"'");
    const std::string_view keys = begin == value.npos ? std::string_view{} : value.substr(begin, end - begin + 1);
    const std::size_t comma = std::min(keys.find(','), keys.size());
    const auto key = key_of(keys.substr(0, comma));
    const auto previous = comma < keys.size() ? key_of(keys.substr(comma + 1)) : std::nullopt;
    if (!key || (comma < keys.size() && !previous)) return std::unexpected(SysctlError::bad_value);
    settings.tcp.fast_open.key = key;
    settings.tcp.fast_open.previous_key = previous;
    return {};
}

constexpr std::string_view kCongestion = "net.ipv4.tcp_congestion_control";
constexpr std::string_view kFastOpenKey = "net.ipv4.tcp_fastopen_key";

}  // namespace

std::optional<tcp::Congestion> congestion_named(std::string_view name) {
    const auto found = std::ranges::find(kControls, name, &NamedControl::name);
    return found == kControls.end() ? std::nullopt : std::optional(found->congestion);
}

std::string_view name_of(tcp::Congestion congestion) {
    const auto found = std::ranges::find(kControls, congestion, &NamedControl::congestion);
    return found == kControls.end() ? std::string_view("unknown") : found->name;
}

std::expected<void, SysctlError> set_sysctl(ip::HostSettings& settings, std::string_view name, std::string_view value) {
    const std::string dotted = canonical(name);
    if (dotted == kCongestion) return set_congestion(settings, value);
    if (dotted == kFastOpenKey) return set_fast_open_key(settings, value);
    const auto found = std::ranges::find(kSysctls, dotted, &Sysctl::name);
    if (found == kSysctls.end()) return std::unexpected(SysctlError::unknown);
    const auto numbers = numbers_of(value);
    if (!numbers || numbers->size() != found->numbers) return std::unexpected(SysctlError::bad_value);
    for (const std::int64_t number : *numbers)
        if (number < found->least || number > found->most) return std::unexpected(SysctlError::bad_value);
    found->set(settings, *numbers);
    return {};
}

std::vector<std::string_view> sysctl_names() {
    std::vector<std::string_view> names{kCongestion, kFastOpenKey};
    for (const Sysctl& sysctl : kSysctls) names.push_back(sysctl.name);
    std::ranges::sort(names);
    return names;
}

}  // namespace hourglass::socket
