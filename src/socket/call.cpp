#include "hourglass/socket/call.h"

#include <numeric>

namespace hourglass::socket {

namespace {

/// Whether a call with these flags returns at once.
bool returns_at_once(const Sockets& sockets, Descriptor d, int flags) {
    return (flags & msg::dont_wait) != 0 || sockets.is_nonblocking(d);
}

/// SO_RCVTIMEO and SO_SNDTIMEO of zero are none.
Duration timeout_of(Duration option) { return option == Duration{} ? Duration(-1) : option; }

/// The call is done unless it would have to wait and may.
template <typename T>
std::optional<Result<T>> unless_waiting(Result<T> result, bool at_once, bool timed_out) {
    if (!result && result.error() == Errno::again && !at_once && !timed_out) return std::nullopt;
    return result;
}

/// What is left of `buffers` after the first `done` bytes.
template <typename Buffer>
std::vector<Buffer> after(const std::vector<Buffer>& buffers, std::size_t done) {
    std::vector<Buffer> rest;
    for (const Buffer& buffer : buffers) {
        const std::size_t skipped = std::min(done, buffer.size());
        done -= skipped;
        if (skipped < buffer.size()) rest.push_back(buffer.subspan(skipped));
    }
    return rest;
}

template <typename Buffer>
std::size_t size_of(const std::vector<Buffer>& buffers) {
    return std::accumulate(buffers.begin(), buffers.end(), std::size_t{0},
                           [](std::size_t sum, const Buffer& buffer) { return sum + buffer.size(); });
}

}  // namespace

Call<void> connect(Sockets& sockets, Descriptor d, const SocketAddress& remote) {
    return Call<void>(
        [&sockets, d, remote, begun = false](bool timed_out) mutable -> std::optional<Result<void>> {
            const auto result = sockets.connect(d, remote);
            if (result) return result;
            // EALREADY belongs to who finds a connect() of somebody else under way.
            const bool under_way = result.error() == Errno::operation_in_progress ||
                                   (begun && result.error() == Errno::already_in_progress);
            if (!under_way || sockets.is_nonblocking(d)) return result;
            begun = true;
            if (timed_out) return Result<void>(std::unexpected(Errno::operation_in_progress));
            return std::nullopt;
        },
        timeout_of(sockets.timing_of(d).send_timeout));
}

Call<Accepted> accept(Sockets& sockets, Descriptor listener, int flags, Descriptor as) {
    return Call<Accepted>(
        [&sockets, listener, flags, as](bool timed_out) {
            return unless_waiting(sockets.accept(listener, flags, as), sockets.is_nonblocking(listener), timed_out);
        },
        timeout_of(sockets.timing_of(listener).receive_timeout));
}

namespace {

/// recvmsg() of a stream that has waited already: it is done when enough has come, or nothing more will.
struct Receiving {
    Sockets& sockets;
    Descriptor descriptor;
    std::vector<std::span<std::byte>> buffers;
    int flags;
    Received total{};

    std::optional<Result<Received>> step(bool timed_out) {
        const bool stream = sockets.stream_of(descriptor).exists() && (flags & (msg::oob | msg::err_queue)) == 0;
        const bool peek = (flags & msg::peek) != 0;
        const std::size_t wanted = stream ? target() : 1;
        auto got = sockets.recvmsg(descriptor, peek ? buffers : after(buffers, total.size), flags);
        const bool last = returns_at_once(sockets, descriptor, flags) || timed_out;
        if (!got) {
            if (total.size > 0 && (got.error() != Errno::again || last)) return Result<Received>(total);
            return unless_waiting(std::move(got), last, false);
        }
        if (peek || !stream) {
            if (stream && got->size < wanted && !last && !is_over(*got)) return std::nullopt;
            return got;
        }
        const bool ended = is_over(*got);
        got->size += total.size;
        total = *got;
        if (total.size < wanted && !ended && !last) return std::nullopt;
        return Result<Received>(total);
    }

    /// tcp_recvmsg waits for SO_RCVLOWAT bytes, or for all with MSG_WAITALL.
    [[nodiscard]] std::size_t target() const {
        const std::size_t all = size_of(buffers);
        return (flags & msg::wait_all) != 0 ? all : std::min(all, sockets.timing_of(descriptor).receive_low_water);
    }
    [[nodiscard]] bool is_over(const Received& got) const {
        return got.size == 0 || sockets.stream_of(descriptor).at_end();
    }
};

}  // namespace

Call<Received> recvmsg(Sockets& sockets, Descriptor d, ReadBuffers buffers, int flags) {
    Receiving receiving{sockets, d, {buffers.begin(), buffers.end()}, flags};
    return Call<Received>([receiving](bool timed_out) mutable { return receiving.step(timed_out); },
                          timeout_of(sockets.timing_of(d).receive_timeout));
}

Call<std::size_t> readv(Sockets& sockets, Descriptor d, ReadBuffers buffers) {
    std::vector<std::span<std::byte>> list(buffers.begin(), buffers.end());
    if (sockets.family_of(d) == family::unspec)
        return Call<std::size_t>([&sockets, d, list](bool timed_out) {
            return unless_waiting(sockets.readv(d, list), sockets.is_nonblocking(d), timed_out);
        });
    Receiving receiving{sockets, d, std::move(list), 0};
    return Call<std::size_t>(
        [receiving](bool timed_out) mutable -> std::optional<Result<std::size_t>> {
            const auto received = receiving.step(timed_out);
            if (!received) return std::nullopt;
            if (!*received) return Result<std::size_t>(std::unexpected(received->error()));
            return Result<std::size_t>((*received)->size);
        },
        timeout_of(sockets.timing_of(d).receive_timeout));
}

Call<std::size_t> read(Sockets& sockets, Descriptor d, std::span<std::byte> buffer) {
    return readv(sockets, d, std::span(&buffer, 1));
}

namespace {

/// A write goes on until everything is taken; what is taken when it can't go on is its result.
struct Sending {
    Sockets& sockets;
    Descriptor descriptor;
    std::vector<std::span<const std::byte>> buffers;
    int flags;
    std::optional<SocketAddress> to;
    bool message;  ///< sendmsg(), which only sockets have; else writev().
    std::size_t done = 0;
    bool connecting = false;  ///< MSG_FASTOPEN has begun a connection.

    std::optional<Result<std::size_t>> step(bool timed_out) {
        const auto rest = after(buffers, done);
        const auto sent = message ? sockets.sendmsg(descriptor, rest, connecting ? flags & ~msg::fast_open : flags, to)
                                  : sockets.writev(descriptor, rest);
        const bool last = returns_at_once(sockets, descriptor, flags) || timed_out;
        if (!sent) {
            const bool begun = (flags & msg::fast_open) != 0 && sent.error() == Errno::operation_in_progress;
            if ((begun || sent.error() == Errno::again) && !last) {
                connecting = connecting || begun;
                return std::nullopt;
            }
            return done > 0 ? Result<std::size_t>(done) : sent;
        }
        done += *sent;
        // With MSG_FASTOPEN the call ends with the handshake.
        if ((flags & msg::fast_open) != 0 && to && !std::exchange(connecting, true) && !last) return std::nullopt;
        if (done < size_of(buffers) && !last) return std::nullopt;
        return Result<std::size_t>(done);
    }
};

Call<std::size_t> start(Sending sending) {
    const Duration timeout = timeout_of(sending.sockets.timing_of(sending.descriptor).send_timeout);
    return Call<std::size_t>([sending = std::move(sending)](bool timed_out) mutable { return sending.step(timed_out); },
                             timeout);
}

}  // namespace

Call<std::size_t> sendmsg(Sockets& sockets, Descriptor d, WriteBuffers buffers, int flags,
                          const std::optional<SocketAddress>& to) {
    return start({sockets, d, {buffers.begin(), buffers.end()}, flags, to, true});
}

Call<std::size_t> writev(Sockets& sockets, Descriptor d, WriteBuffers buffers) {
    return start({sockets, d, {buffers.begin(), buffers.end()}, 0, std::nullopt, false});
}

Call<std::size_t> write(Sockets& sockets, Descriptor d, std::span<const std::byte> bytes) {
    return writev(sockets, d, std::span(&bytes, 1));
}

Call<std::size_t> splice(Sockets& sockets, Descriptor in, Descriptor out, std::size_t size, int flags) {
    return Call<std::size_t>([=, &sockets](bool timed_out) {
        const bool at_once =
            sockets.is_nonblocking(in) || sockets.is_nonblocking(out) || (flags & kSpliceNonBlock) != 0;
        return unless_waiting(sockets.splice(in, out, size, flags), at_once, timed_out);
    });
}

Call<void> close(Sockets& sockets, Descriptor d) {
    // SO_LINGER holds on descriptors with O_NONBLOCK as well (socket(7)).
    return Call<void>(
        [&sockets, d, stream = sockets.stream_of(d),
         result = std::optional<Result<void>>()](bool timed_out) mutable -> std::optional<Result<void>> {
            if (!result) result = sockets.close(d);
            const tcp::State state = stream.state();
            const bool waiting =
                state == tcp::State::fin_wait_1 || state == tcp::State::closing || state == tcp::State::last_ack;
            if (waiting && !timed_out) return std::nullopt;
            return result;
        },
        sockets.timing_of(d).linger);
}

Call<std::size_t> poll(Sockets& sockets, std::span<PollEntry> entries, Duration timeout) {
    return Call<std::size_t>(
        [&sockets, entries](bool timed_out) -> std::optional<Result<std::size_t>> {
            const std::size_t ready = sockets.poll(entries);
            if (ready == 0 && !timed_out) return std::nullopt;
            return Result<std::size_t>(ready);
        },
        timeout);
}

Call<std::size_t> epoll_wait(Sockets& sockets, Descriptor epoll, std::span<EpollEvent> room, Duration timeout) {
    return Call<std::size_t>(
        [&sockets, epoll, room](bool timed_out) -> std::optional<Result<std::size_t>> {
            const auto ready = sockets.epoll_wait(epoll, room);
            if (ready && *ready == 0 && !timed_out) return std::nullopt;
            return ready;
        },
        timeout);
}

}  // namespace hourglass::socket
