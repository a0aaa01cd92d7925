// What SOL_SOCKET, SOL_IP and SOL_IPV6 set (socket(7), ip(7), ipv6(7)), and the error queue.

#include "socket/socket.h"

namespace hourglass::socket {

namespace {

/// As the C interface has them on 64-bit systems.
struct TimeValue {
    std::int64_t seconds = 0, microseconds = 0;
};
struct Linger {
    std::int32_t on = 0, seconds = 0;
};

TimeValue time_value(Duration d) {
    const std::int64_t microseconds = to_us(d);
    return {microseconds / 1'000'000, microseconds % 1'000'000};
}

Result<Duration> timeout_of(std::span<const std::byte> value) {
    const auto time = option_as<TimeValue>(value);
    if (!time) return std::unexpected(time.error());
    if (time->microseconds < 0 || time->microseconds >= 1'000'000 || time->seconds > 1'000'000'000)
        return std::unexpected(Errno::invalid_argument);
    if (time->seconds < 0) return Duration{};
    return std::chrono::seconds(time->seconds) + std::chrono::microseconds(time->microseconds);
}

/// getsockopt() gives twice what was set: Linux counts its own bookkeeping in (socket(7)).
constexpr std::int32_t kBufferFactor = 2;

}  // namespace

Result<std::size_t> Socket::read(ReadBuffers buffers) {
    const auto received = receive(buffers, 0);
    if (!received) return std::unexpected(received.error());
    return received->size;
}

bool Socket::fits_family(const IpAddress& address) const {
    if (domain_ == family::inet) return address.is_v4();
    return !address.is_v4() || !options_.v6_only;
}

Result<void> Socket::set_option(int level, int option, std::span<const std::byte> value) {
    if (level == level::socket) return set_socket_option(option, value);
    if (level == level::ip || (level == level::ipv6 && domain_ == family::inet6))
        return set_ip_option(level, option, value);
    return std::unexpected(Errno::no_such_option);
}

Result<void> Socket::set_socket_option(int option, std::span<const std::byte> value) {
    if (option == so::rcv_timeo || option == so::snd_timeo) {
        const auto timeout = timeout_of(value);
        if (!timeout) return std::unexpected(timeout.error());
        (option == so::rcv_timeo ? options_.receive_timeout : options_.send_timeout) = *timeout;
        return {};
    }
    if (option == so::linger) {
        const auto linger = option_as<Linger>(value);
        if (!linger) return std::unexpected(linger.error());
        options_.linger = linger->on != 0;
        options_.linger_seconds = std::max(linger->seconds, 0);
        options_changed();
        return {};
    }
    const auto number = option_as<std::int32_t>(value);
    if (!number) return std::unexpected(number.error());
    const bool on = *number != 0;
    switch (option) {
        case so::reuse_addr:
            options_.reuse_address = on;
            break;
        case so::reuse_port:
            options_.reuse_port = on;
            break;
        case so::keep_alive:
            options_.keep_alive = on;
            break;
        case so::oob_inline:
            options_.oob_inline = on;
            break;
        case so::broadcast:
            options_.broadcast = on;
            break;
        case so::priority:
            options_.priority = *number;
            break;
        case so::zero_copy:
            if (*number != 0 && *number != 1) return std::unexpected(Errno::invalid_argument);
            options_.zero_copy = on;
            break;
        case so::rcv_lowat:
            options_.receive_low_water = *number < 0 ? INT32_MAX : std::max(*number, 1);
            break;
        case so::snd_buf:
        case so::snd_buf_force:
            return set_buffer(true, *number);
        case so::rcv_buf:
        case so::rcv_buf_force:
            return set_buffer(false, *number);
        default:  // SO_TYPE, SO_ERROR, SO_ACCEPTCONN ... are for reading only.
            return std::unexpected(Errno::no_such_option);
    }
    options_changed();
    return {};
}

Result<void> Socket::set_ip_option(int level, int option, std::span<const std::byte> value) {
    // IP_TOS and IP_TTL may be given as one octet (ip(7)).
    std::int32_t number = 0;
    if (value.size() >= sizeof number)
        std::memcpy(&number, value.data(), sizeof number);
    else if (level == level::ip && value.size() == 1)
        number = std::to_integer<std::int32_t>(value[0]);
    else
        return std::unexpected(Errno::invalid_argument);

    const bool v4 = level == level::ip;
    if (option == (v4 ? ip_option::tos : ipv6_option::tclass)) {
        if (number < (v4 ? 0 : -1) || number > 255) return std::unexpected(Errno::invalid_argument);
        options_.tos = std::max(number, 0);
    } else if (option == (v4 ? ip_option::ttl : ipv6_option::unicast_hops)) {
        if (number < -1 || number > 255 || (v4 && number == 0)) return std::unexpected(Errno::invalid_argument);
        options_.ttl = number;
    } else if (option == (v4 ? ip_option::mtu_discover : ipv6_option::mtu_discover)) {
        if (number < 0 || number > 5) return std::unexpected(Errno::invalid_argument);
        options_.mtu_discover = number;
    } else if (option == (v4 ? ip_option::recv_err : ipv6_option::recv_err)) {
        options_.receive_errors = number != 0;
        if (!options_.receive_errors) errors_.clear();
    } else if (!v4 && option == ipv6_option::v6_only) {
        if (const auto local = local_address(); local && local->port != Port{})
            return std::unexpected(Errno::invalid_argument);
        options_.v6_only = number != 0;
    } else {
        return std::unexpected(Errno::no_such_option);
    }
    options_changed();
    return {};
}

Result<OptionValue> Socket::option(int level, int option) {
    if (level == level::socket) return socket_option(option);
    if (level == level::ip || (level == level::ipv6 && domain_ == family::inet6)) return ip_option(level, option);
    return std::unexpected(Errno::no_such_option);
}

Result<OptionValue> Socket::socket_option(int option) {
    const auto number = [](std::int32_t value) { return option_value(value); };
    switch (option) {
        case so::reuse_addr:
            return number(options_.reuse_address);
        case so::reuse_port:
            return number(options_.reuse_port);
        case so::keep_alive:
            return number(options_.keep_alive);
        case so::oob_inline:
            return number(options_.oob_inline);
        case so::broadcast:
            return number(options_.broadcast);
        case so::priority:
            return number(options_.priority);
        case so::zero_copy:
            return number(options_.zero_copy);
        case so::rcv_lowat:
            return number(options_.receive_low_water);
        case so::snd_lowat:
            return number(1);
        case so::snd_buf:
            return number(kBufferFactor * buffer(true));
        case so::rcv_buf:
            return number(kBufferFactor * buffer(false));
        case so::type:
            return number(type());
        case so::domain:
            return number(domain_);
        case so::protocol:
            return number(protocol());
        case so::accept_conn:
            return number(is_listening());
        case so::error: {
            const auto error = take_error();
            return number(error ? static_cast<std::int32_t>(*error) : 0);
        }
        case so::linger:
            return option_value(Linger{options_.linger, options_.linger_seconds});
        case so::rcv_timeo:
            return option_value(time_value(options_.receive_timeout));
        case so::snd_timeo:
            return option_value(time_value(options_.send_timeout));
        case so::mem_info:
            return option_value(memory_info());
        default:
            return std::unexpected(Errno::no_such_option);
    }
}

Result<OptionValue> Socket::ip_option(int level, int option) const {
    const bool v4 = level == level::ip;
    const std::int32_t host_ttl = table_.host.settings().ttl;
    if (option == (v4 ? ip_option::tos : ipv6_option::tclass)) return option_value(options_.tos);
    if (option == (v4 ? ip_option::ttl : ipv6_option::unicast_hops))
        return option_value(options_.ttl < 0 ? host_ttl : options_.ttl);
    if (option == (v4 ? ip_option::mtu_discover : ipv6_option::mtu_discover))
        return option_value(options_.mtu_discover);
    if (option == (v4 ? ip_option::recv_err : ipv6_option::recv_err))
        return option_value(std::int32_t{options_.receive_errors});
    if (!v4 && option == ipv6_option::v6_only) return option_value(std::int32_t{options_.v6_only});
    if (option == (v4 ? ip_option::mtu : ipv6_option::mtu)) {
        const auto mtu = path_mtu();
        if (!mtu) return std::unexpected(mtu.error());
        return option_value(*mtu);
    }
    return std::unexpected(Errno::no_such_option);
}

void Socket::queue_error(const ExtendedError& error, std::span<const std::byte> about) {
    if (errors_.size() >= table_.limits.error_queue) errors_.pop_front();
    errors_.push_back({error, {about.begin(), about.end()}});
    wake(event::err);
}

void fill(ReadBuffers buffers, std::span<const std::byte> datagram, Received& received) {
    for (const auto& room : buffers) {
        const std::size_t n = std::min(room.size(), datagram.size());
        std::copy_n(datagram.begin(), n, room.begin());
        datagram = datagram.subspan(n);
        received.size += n;
    }
    if (!datagram.empty()) received.flags |= msg::trunc;
}

Result<Received> Socket::take_queued_error(ReadBuffers buffers) {
    if (errors_.empty()) return std::unexpected(Errno::again);
    const QueuedError queued = std::move(errors_.front());
    errors_.pop_front();
    Received received{.size = 0, .flags = msg::err_queue, .error = queued.error};
    fill(buffers, queued.about, received);
    return received;
}

}  // namespace hourglass::socket
