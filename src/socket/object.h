#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "hourglass/socket/sockets.h"

namespace hourglass::socket {

struct EpollEntry;
class Socket;

/// All bytes of a list of buffers.
template <typename Buffers>
[[nodiscard]] std::size_t total_size(const Buffers& buffers) {
    std::size_t size = 0;
    for (const auto& buffer : buffers) size += buffer.size();
    return size;
}

/// What a descriptor names: a socket, a pipe's end, an epoll instance. A call that its kind does not have fails as it
/// does on Linux.
class Object {
  public:
    Object() = default;
    virtual ~Object();
    Object(const Object&) = delete;
    Object& operator=(const Object&) = delete;

    virtual Result<std::size_t> read(ReadBuffers) { return std::unexpected(Errno::invalid_argument); }
    virtual Result<std::size_t> write(WriteBuffers, int /*flags*/) { return std::unexpected(Errno::invalid_argument); }
    /// Which events of poll hold now.
    [[nodiscard]] virtual std::uint32_t readiness() = 0;
    virtual Result<int> ioctl(unsigned long) { return std::unexpected(Errno::not_a_terminal); }
    /// O_RDONLY, O_WRONLY or O_RDWR.
    [[nodiscard]] virtual int access_mode() const { return fcntl::rd_wr; }
    /// The descriptor has been closed; what remains to be done happens without it.
    virtual void close() {}
    [[nodiscard]] virtual Socket* as_socket() { return nullptr; }

    /// Something happened: epoll entries that asked for one of `events` are ready to be looked at.
    void wake(std::uint32_t events);

    bool nonblocking = false;
    bool close_on_exec = false;
    std::vector<EpollEntry*> watchers;
};

}  // namespace hourglass::socket
