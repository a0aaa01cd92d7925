#pragma once

#include <functional>
#include <optional>

#include "hourglass/socket/sockets.h"

namespace hourglass::socket {

/// A call as a program makes it, which may put the program to sleep. The world that runs the program asks it to go on:
///
///     auto call = socket::read(sockets, descriptor, buffer);
///     for (;;) {
///         if (auto result = call.step(now)) return *result;
///         ... wait until the host has done something, or until call.deadline() ...
///     }
///
/// On a descriptor with O_NONBLOCK, or with MSG_DONTWAIT, the first step has the result. A call that has begun to move
/// data goes on where it stopped; it must be stepped until it has its result, and not after that.
template <typename T>
class Call {
  public:
    /// What goes on with a call; it is told whether the call's time is up.
    using Step = std::function<std::optional<Result<T>>(bool timed_out)>;

    /// A negative timeout is none.
    explicit Call(Step step, Duration timeout = Duration(-1)) : step_(std::move(step)), timeout_(timeout) {}

    /// Goes on as far as it can now; nothing when it has to wait.
    [[nodiscard]] std::optional<Result<T>> step(Instant now) {
        if (!begun_ && timeout_ >= Duration{}) deadline_ = now + timeout_;
        begun_ = true;
        return step_(now >= deadline_);
    }
    /// When `step` has a result even though nothing happened: a timeout of poll, epoll_wait, SO_RCVTIMEO, SO_SNDTIMEO
    /// or SO_LINGER, counted from the first step.
    [[nodiscard]] Instant deadline() const { return deadline_; }

  private:
    Step step_;
    Duration timeout_;
    Instant deadline_ = kNever;
    bool begun_ = false;
};

// Memory that is passed by span must live until the call has its result; lists of spans are copied.

[[nodiscard]] Call<void> connect(Sockets& sockets, Descriptor d, const SocketAddress& remote);
[[nodiscard]] Call<Accepted> accept(Sockets& sockets, Descriptor listener, int flags = 0, Descriptor as = kLowestFree);
/// With msg::wait_all until the buffers are full, otherwise until SO_RCVLOWAT bytes, an end or an error.
[[nodiscard]] Call<Received> recvmsg(Sockets& sockets, Descriptor d, ReadBuffers buffers, int flags = 0);
/// Until everything is in the send buffer.
[[nodiscard]] Call<std::size_t> sendmsg(Sockets& sockets, Descriptor d, WriteBuffers buffers, int flags = 0,
                                        const std::optional<SocketAddress>& to = std::nullopt);
[[nodiscard]] Call<std::size_t> read(Sockets& sockets, Descriptor d, std::span<std::byte> buffer);
[[nodiscard]] Call<std::size_t> write(Sockets& sockets, Descriptor d, std::span<const std::byte> bytes);
[[nodiscard]] Call<std::size_t> readv(Sockets& sockets, Descriptor d, ReadBuffers buffers);
[[nodiscard]] Call<std::size_t> writev(Sockets& sockets, Descriptor d, WriteBuffers buffers);
[[nodiscard]] Call<std::size_t> splice(Sockets& sockets, Descriptor in, Descriptor out, std::size_t size,
                                       int flags = 0);
/// With SO_LINGER until everything is acknowledged, or its seconds are over.
[[nodiscard]] Call<void> close(Sockets& sockets, Descriptor d);
/// A negative timeout is none. `entries` must live until the result.
[[nodiscard]] Call<std::size_t> poll(Sockets& sockets, std::span<PollEntry> entries, Duration timeout);
[[nodiscard]] Call<std::size_t> epoll_wait(Sockets& sockets, Descriptor epoll, std::span<EpollEvent> room,
                                           Duration timeout);

}  // namespace hourglass::socket
