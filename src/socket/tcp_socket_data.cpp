// Bytes in and out of a connection, and when there are some: tcp_recvmsg, tcp_sendmsg and tcp_poll of Linux.

#include "socket/tcp_socket.h"

namespace hourglass::socket {

// --- Receiving

Result<Received> TcpSocket::receive(ReadBuffers buffers, int flags) {
    if ((flags & msg::err_queue) != 0) return take_queued_error(buffers);
    if (phase_ == Phase::listening) return std::unexpected(Errno::not_connected);
    if ((flags & msg::oob) != 0) return receive_urgent(buffers, flags);
    Received received;
    received.size = take_bytes(buffers, flags);
    if (received.size == 0 && total_size(buffers) > 0) {
        const auto nothing = nothing_to_receive();
        if (!nothing) return nothing;
    }
    if (tell_inq_) received.inq = static_cast<std::uint32_t>(stream_.readable());
    return received;
}

std::size_t TcpSocket::take_bytes(ReadBuffers buffers, int flags) {
    std::size_t size = 0;
    for (const auto& room : buffers) {
        std::size_t n = 0;
        if ((flags & msg::peek) != 0) {
            n = stream_.peek(room, size);
        } else if ((flags & msg::trunc) != 0) {  // tcp(7): dropped, not copied
            while (n < room.size() && stream_.readable() > 0) n += stream_.receive_slice(room.size() - n).size();
        } else {
            n = stream_.receive(room);
        }
        size += n;
        if (n < room.size()) break;
    }
    return size;
}

Result<Received> TcpSocket::nothing_to_receive() {
    if (phase_ == Phase::idle) return std::unexpected(Errno::not_connected);
    if (end_seen_ || (phase_ == Phase::connected && stream_.at_end())) return Received{};
    if (const auto error = take_error()) return std::unexpected(*error);
    if (read_shut_) return Received{};
    return std::unexpected(Errno::again);
}

Result<Received> TcpSocket::receive_urgent(ReadBuffers buffers, int flags) {
    // tcp_recv_urg: EINVAL where there is none, or it stays in the stream.
    if (options_.oob_inline) return std::unexpected(Errno::invalid_argument);
    if (phase_ == Phase::idle) return std::unexpected(Errno::not_connected);
    if (stream_.urgent_left() == 0 || urgent_read_) return std::unexpected(Errno::invalid_argument);
    const bool peek = (flags & msg::peek) != 0;
    const auto octet = stream_.receive_urgent(peek);
    if (!octet) {
        if (phase_ == Phase::ended || read_shut_) return Received{};
        return std::unexpected(Errno::again);
    }
    urgent_read_ = !peek;
    Received received{.size = 0, .flags = msg::oob};
    for (const auto& room : buffers) {
        if (room.empty()) continue;
        room[0] = *octet;
        received.size = 1;
        return received;
    }
    received.flags |= msg::trunc;
    return received;
}

// --- Sending

Result<void> TcpSocket::check_sendable() {
    if (const auto error = take_error()) return std::unexpected(*error);
    if (phase_ == Phase::connecting && !write_shut_) return std::unexpected(Errno::again);
    if (phase_ != Phase::connected || write_shut_) return std::unexpected(Errno::broken_pipe);
    return {};
}

std::uint32_t TcpSocket::fast_open_room(const SocketAddress& to) const {
    return table_.host.tcp().fast_open_room(to, connect_options());
}

std::size_t TcpSocket::write_bytes(WriteBuffers buffers, std::size_t most, int flags) {
    std::size_t size = 0;
    for (const auto& all : buffers) {
        const auto bytes = all.first(std::min(all.size(), most - size));
        const std::size_t n = (flags & msg::oob) != 0 ? stream_.send_urgent(bytes) : stream_.send(bytes);
        size += n;
        if (n < all.size()) break;
    }
    return size;
}

/// connect() and send() in one (tcp(7)): it takes what the SYN has room for. Without a cookie the SYN asks for one, and
/// the data is to be sent when it is answered.
Result<std::size_t> TcpSocket::fast_open(const SocketAddress& to, WriteBuffers buffers) {
    if (!table_.host.tcp().settings().fast_open.client) return std::unexpected(Errno::operation_not_supported);
    if (phase_ == Phase::connected) return std::unexpected(Errno::already_connected);
    if (phase_ == Phase::connecting) return std::unexpected(Errno::already_in_progress);
    if (phase_ != Phase::idle) return std::unexpected(Errno::broken_pipe);
    const std::size_t room = fast_open_room(to);
    const bool asked = std::exchange(tuning_.fast_open, true);
    deferred_.reset();
    const auto begun = check_remote(to) ? start_connecting(to) : check_remote(to);
    tuning_.fast_open = asked;
    if (room == 0 || begun.error() != Errno::operation_in_progress) return std::unexpected(begun.error());
    return write_bytes(buffers, room, 0);
}

Result<std::size_t> TcpSocket::send(WriteBuffers buffers, int flags, const std::optional<SocketAddress>& to) {
    if (deferred_) return fast_open(SocketAddress(*deferred_), buffers);
    if ((flags & msg::fast_open) != 0 && to) return fast_open(*to, buffers);
    const auto sendable = check_sendable();
    if (!sendable) return std::unexpected(sendable.error());

    const bool more = (flags & msg::more) != 0 && !tuning_.cork;
    if (more)
        apply([&] {
            auto t = tuning_;
            t.cork = true;
            return t;
        }());
    const std::size_t size = write_bytes(buffers, SIZE_MAX, flags);
    if (!more && corked_by_more_) apply(tuning_);
    corked_by_more_ = more;
    if (size == 0 && total_size(buffers) > 0) return std::unexpected(Errno::again);
    complete_zero_copy(size, flags);
    return size;
}

/// The bytes have been copied, as Linux does where the device can't do without, and says so (msg_zerocopy.rst).
void TcpSocket::complete_zero_copy(std::size_t sent, int flags) {
    if ((flags & msg::zero_copy) == 0 || !options_.zero_copy || sent == 0) return;
    constexpr std::uint8_t kZeroCopy = 5, kCopied = 1;  // SO_EE_ORIGIN_ZEROCOPY, SO_EE_CODE_ZEROCOPY_COPIED
    const std::uint32_t number = zero_copy_sends_++;
    // What nobody has fetched yet is told as one range.
    if (ExtendedError* last = last_queued_error(); last != nullptr && last->origin == kZeroCopy)
        last->data = number;
    else
        queue_error({.origin = kZeroCopy, .code = kCopied, .info = number, .data = number}, {});
}

// --- When

bool TcpSocket::has_ended() const { return phase_ == Phase::ended || phase_ == Phase::idle; }

/// sk_stream_is_writeable of Linux: room for half of what waits already.
bool TcpSocket::is_send_buffer_open() {
    const std::size_t room = stream_.writable();
    if (room > 0 && room >= stream_.unacknowledged() / 2) return true;
    stream_.want_writable();
    return false;
}

std::uint32_t TcpSocket::readiness() {
    if (phase_ == Phase::listening) return acceptable() ? event::in | event::rd_norm : 0;
    const bool errors = has_error() || has_queued_errors();
    std::uint32_t events = errors ? event::err : 0;
    if (phase_ == Phase::connecting) return events;
    if (deferred_) return events | event::out | event::wr_norm;
    const bool at_end = end_seen_ || read_shut_ || (phase_ == Phase::connected && stream_.at_end());
    if (has_ended() || (read_shut_ && write_shut_) || (at_end && write_shut_)) events |= event::hup;
    if (at_end) events |= event::in | event::rd_norm | event::rd_hup;
    const std::size_t readable = stream_.readable();
    if (readable > 0 && readable >= static_cast<std::size_t>(options_.receive_low_water))
        events |= event::in | event::rd_norm;
    if (write_shut_ || phase_ != Phase::connected || is_send_buffer_open()) events |= event::out | event::wr_norm;
    if (!options_.oob_inline && stream_.receive_urgent(/*peek=*/true)) events |= event::pri;
    return events;
}

Result<int> TcpSocket::ioctl(unsigned long request) {
    switch (request) {
        case ioctl::in_q:
            if (phase_ == Phase::listening) return std::unexpected(Errno::invalid_argument);
            return static_cast<int>(stream_.readable());
        case ioctl::at_mark:
            return stream_.at_mark() ? 1 : 0;
        case ioctl::out_q:
            if (phase_ == Phase::listening) return std::unexpected(Errno::invalid_argument);
            return static_cast<int>(stream_.unacknowledged());
        case ioctl::out_q_not_sent:
            if (phase_ == Phase::listening) return std::unexpected(Errno::invalid_argument);
            return static_cast<int>(stream_.unsent());
        default:
            return std::unexpected(Errno::not_a_terminal);
    }
}

}  // namespace hourglass::socket
