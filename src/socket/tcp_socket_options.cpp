// What IPPROTO_TCP sets and tells (tcp(7)).

#include <array>
#include <string_view>

#include "hourglass/socket/sysctl.h"
#include "socket/tcp_socket.h"

namespace hourglass::socket {

namespace {

/// Linux's limits (include/net/tcp.h).
constexpr std::int32_t kMaxKeepSeconds = 32767, kMaxKeepProbes = 127, kMaxSynRetries = 127, kMinMss = 88;
constexpr std::size_t kMaxNameSize = 16;  // TCP_CA_NAME_MAX
constexpr Duration kFinTimeoutMax = std::chrono::seconds(120);

/// What the peer's program sees of buffers that are too small to work with.
constexpr std::int32_t kMinReceiveBuffer = 1152, kMinSendBuffer = 2304;

std::int32_t seconds(Duration d) { return static_cast<std::int32_t>(d / std::chrono::seconds(1)); }

bool within(std::int32_t value, std::int32_t least, std::int32_t most) { return value >= least && value <= most; }

}  // namespace

void TcpSocket::apply(const tcp::Tuning& tuning) {
    if (stream_.exists()) stream_.tune(tuning);
    for (auto& listener : listeners_)
        if (listener) listener->tune(tuning);
}

void TcpSocket::options_changed() {
    tuning_.keepalive = options_.keep_alive;
    tuning_.urgent_inline = options_.oob_inline;
    tuning_.traffic_class = static_cast<std::uint8_t>(options_.tos);
    tuning_.hop_limit = static_cast<std::uint8_t>(options_.ttl < 0 ? 0 : options_.ttl);
    tuning_.linger =
        options_.linger ? std::optional<Duration>(std::chrono::seconds(options_.linger_seconds)) : std::nullopt;
    apply(tuning_);
}

Result<void> TcpSocket::set_buffer(bool send, std::int32_t bytes) {
    const std::int32_t size = std::max(bytes, send ? kMinSendBuffer : kMinReceiveBuffer);
    (send ? tuning_.send_buffer : tuning_.receive_buffer) = static_cast<std::uint32_t>(size);
    apply(tuning_);
    return {};
}

std::int32_t TcpSocket::buffer(bool send) const {
    return static_cast<std::int32_t>(send ? tuning_.send_buffer : tuning_.receive_buffer);
}

Result<void> TcpSocket::set_option(int level, int option, std::span<const std::byte> value) {
    if (level != level::tcp) return Socket::set_option(level, option, value);
    if (option == tcp_option::congestion) return set_congestion(value);
    const auto number = option_as<std::int32_t>(value);
    if (!number) return std::unexpected(number.error());
    const auto set = set_tcp_option(option, *number);
    if (set) apply(tuning_);
    return set;
}

Result<void> TcpSocket::set_congestion(std::span<const std::byte> value) {
    std::string_view name(reinterpret_cast<const char*>(value.data()), std::min(value.size(), kMaxNameSize));
    name = name.substr(0, name.find('\0'));
    if (name.empty()) return std::unexpected(Errno::invalid_argument);
    const auto found = congestion_named(name);
    if (!found) return std::unexpected(Errno::no_such_entry);
    tuning_.congestion = *found;
    apply(tuning_);
    return {};
}

Result<void> TcpSocket::set_fast_open_connect(std::int32_t value) {
    if (!within(value, 0, 1)) return std::unexpected(Errno::invalid_argument);
    if (!table_.host.tcp().settings().fast_open.client) return std::unexpected(Errno::operation_not_supported);
    if (phase_ != Phase::idle || deferred_) return std::unexpected(Errno::invalid_argument);
    tuning_.fast_open = value != 0;
    return {};
}

Result<void> TcpSocket::set_tcp_option(int option, std::int32_t value) {
    const auto invalid = std::unexpected(Errno::invalid_argument);
    switch (option) {
        case tcp_option::no_delay:
            tuning_.no_delay = value != 0;
            return {};
        case tcp_option::cork:
            tuning_.cork = value != 0;
            return {};
        case tcp_option::quick_ack:
            tuning_.quick_ack = value != 0;
            return {};
        case tcp_option::max_seg:
            if (value != 0 && !within(value, kMinMss, 32767)) return invalid;
            tuning_.mss_limit =
                value == 0 ? table_.host.tcp().default_tuning().mss_limit : static_cast<std::uint16_t>(value);
            return {};
        case tcp_option::keep_idle:
            if (!within(value, 1, kMaxKeepSeconds)) return invalid;
            tuning_.keepalive_idle = std::chrono::seconds(value);
            return {};
        case tcp_option::keep_intvl:
            if (!within(value, 1, kMaxKeepSeconds)) return invalid;
            tuning_.keepalive_interval = std::chrono::seconds(value);
            return {};
        case tcp_option::keep_cnt:
            if (!within(value, 1, kMaxKeepProbes)) return invalid;
            tuning_.keepalive_probes = static_cast<std::uint8_t>(value);
            return {};
        case tcp_option::syn_cnt:
            if (!within(value, 1, kMaxSynRetries)) return invalid;
            tuning_.syn_retries = static_cast<std::uint8_t>(value);
            return {};
        case tcp_option::linger2:
            // Negative: no waiting at all; beyond the maximum: the maximum.
            tuning_.fin_wait_2_timeout = std::min<Duration>(std::chrono::seconds(std::max(value, 0)), kFinTimeoutMax);
            return {};
        case tcp_option::defer_accept:
            tuning_.defer_accept = std::chrono::seconds(std::max(value, 0));
            return {};
        case tcp_option::window_clamp:
            if (value == 0 && phase_ != Phase::idle) return invalid;
            if (value < 0) return invalid;
            tuning_.window_clamp = value == 0 ? 0 : static_cast<std::uint32_t>(std::max(value, kMinReceiveBuffer));
            return {};
        case tcp_option::user_timeout:
            if (value < 0) return invalid;
            tuning_.user_timeout = std::chrono::milliseconds(value);
            return {};
        case tcp_option::notsent_lowat:
            tuning_.not_sent_low_water = static_cast<std::uint32_t>(value);
            return {};
        case tcp_option::inq:
            if (!within(value, 0, 1)) return invalid;
            tell_inq_ = value != 0;
            return {};
        case tcp_option::fastopen:
            if (value < 0 || (phase_ != Phase::idle && phase_ != Phase::listening)) return invalid;
            tuning_.fast_open_backlog = static_cast<std::uint16_t>(std::min(value, 65535));
            return {};
        case tcp_option::fastopen_connect:
            return set_fast_open_connect(value);
        default:
            return std::unexpected(Errno::no_such_option);
    }
}

Result<OptionValue> TcpSocket::option(int level, int option) {
    return level == level::tcp ? tcp_option(option) : Socket::option(level, option);
}

Result<OptionValue> TcpSocket::tcp_option(int option) {
    const auto number = [](auto value) { return option_value(static_cast<std::int32_t>(value)); };
    switch (option) {
        case tcp_option::no_delay:
            return number(tuning_.no_delay);
        case tcp_option::cork:
            return number(tuning_.cork);
        case tcp_option::quick_ack:
            return number(tuning_.quick_ack);
        case tcp_option::max_seg: {
            const std::uint16_t mss = info().mss;
            return number(mss == 0 ? 536 : mss);  // RFC 9293, section 3.7.1, until the peer has said
        }
        case tcp_option::keep_idle:
            return number(seconds(tuning_.keepalive_idle));
        case tcp_option::keep_intvl:
            return number(seconds(tuning_.keepalive_interval));
        case tcp_option::keep_cnt:
            return number(tuning_.keepalive_probes);
        case tcp_option::syn_cnt:
            return number(tuning_.syn_retries);
        case tcp_option::linger2:
            return number(seconds(tuning_.fin_wait_2_timeout));
        case tcp_option::defer_accept:
            return number(seconds(tuning_.defer_accept));
        case tcp_option::window_clamp:
            return number(tuning_.window_clamp);
        case tcp_option::user_timeout:
            return number(to_ms(tuning_.user_timeout));
        case tcp_option::notsent_lowat:
            return number(tuning_.not_sent_low_water);
        case tcp_option::inq:
            return number(tell_inq_);
        case tcp_option::fastopen:
            return number(tuning_.fast_open_backlog);
        case tcp_option::fastopen_connect:
            return number(tuning_.fast_open);
        case tcp_option::congestion: {
            std::array<char, kMaxNameSize> name{};
            name_of(tuning_.congestion).copy(name.data(), name.size() - 1);
            return option_value(name);
        }
        case tcp_option::info: {
            const auto told = tcp_info();
            if (!told) return std::unexpected(told.error());
            return option_value(*told);
        }
        case tcp_option::cc_info:
            return OptionValue{};  // Reno and CUBIC have nothing to tell, on Linux too
        default:
            return std::unexpected(Errno::no_such_option);
    }
}

tcp::ConnectionInfo TcpSocket::info() const { return stream_.exists() ? stream_.info() : last_info_; }

Result<TcpInfo> TcpSocket::tcp_info() const {
    if (phase_ == Phase::listening) {
        TcpInfo listener;
        listener.tcpi_state = state_number(tcp::State::listen);
        for (const auto& each : listeners_)
            if (each) listener.tcpi_unacked += each->accept_queue_length();
        listener.tcpi_sacked = backlog_;
        return listener;
    }
    return tcp_info_of(info(), table_.host.tcp().settings());
}

MemoryInfo TcpSocket::memory_info() const {
    const tcp::ConnectionInfo now = info();
    MemoryInfo memory;
    memory.rmem_alloc = now.receive_queue;
    memory.rcvbuf = static_cast<std::uint32_t>(2 * buffer(false));
    memory.wmem_alloc = now.in_flight;
    memory.sndbuf = static_cast<std::uint32_t>(2 * buffer(true));
    memory.wmem_queued = now.send_queue;
    return memory;
}

Result<std::int32_t> TcpSocket::path_mtu() const {
    if (phase_ != Phase::connected && phase_ != Phase::connecting) return std::unexpected(Errno::not_connected);
    return stream_.info().path_mtu;
}

}  // namespace hourglass::socket
