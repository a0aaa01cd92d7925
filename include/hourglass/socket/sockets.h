#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/time.h"
#include "hourglass/ip/host.h"
#include "hourglass/socket/constants.h"
#include "hourglass/socket/errno.h"
#include "hourglass/socket/tcp_info.h"

namespace hourglass::socket {

/// A descriptor: a small number that names a socket, pipe end or epoll instance of one `Sockets`.
using Descriptor = int;

/// Let the table choose: the lowest number that is free, as POSIX asks.
inline constexpr Descriptor kLowestFree = -1;

struct Limits {
    std::uint32_t backlog = 4096;                ///< The most that listen() can ask for (net.core.somaxconn).
    std::uint32_t descriptors = 1024;            ///< Open at the same time; beyond it EMFILE.
    std::uint32_t pipe_bytes = 65536;            ///< That a pipe holds.
    std::uint32_t error_queue = 64;              ///< Messages that wait for MSG_ERRQUEUE on one socket; the oldest go.
    std::uint32_t udp_receive_buffer = 212'992;  ///< Bytes that wait on one socket unless SO_RCVBUF says otherwise.
    Descriptor first = 3;  ///< The lowest number that is given out; 0 to 2 are the program's streams.
};

/// What `accept` gives.
struct Accepted {
    Descriptor descriptor = -1;
    SocketAddress peer{};
};

/// One message of the error queue (Linux's `struct sock_extended_err`).
struct ExtendedError {
    std::uint32_t error = 0;  ///< An errno number.
    std::uint8_t origin = 0;  ///< 1 local, 2 ICMP, 3 ICMPv6, 5 zero copy.
    std::uint8_t type = 0, code = 0;
    std::uint32_t info = 0, data = 0;
    SocketAddress offender{};
};

/// What `recvmsg` gives apart from the bytes.
struct Received {
    std::size_t size = 0;  ///< Bytes placed; with MSG_TRUNC on a datagram socket the datagram's true length.
    int flags = 0;         ///< msg::trunc, msg::oob, msg::err_queue.
    SocketAddress from{};  ///< Of datagrams.
    std::optional<std::uint32_t> inq{};    ///< Bytes still to be read, when TCP_INQ is on.
    std::optional<ExtendedError> error{};  ///< With MSG_ERRQUEUE.
};

/// One entry of `poll`.
struct PollEntry {
    Descriptor descriptor = -1;  ///< Negative: passed over.
    std::uint32_t events = 0;    ///< Asked for.
    std::uint32_t returned = 0;  ///< What holds; event::err, hup and nval without being asked for.
};

/// One event of `epoll_wait`.
struct EpollEvent {
    std::uint32_t events = 0;
    std::uint64_t data = 0;
};

/// SPLICE_F_MORE: as MSG_MORE.
inline constexpr int kSpliceMore = 4;
/// SPLICE_F_NONBLOCK.
inline constexpr int kSpliceNonBlock = 2;

/// How long calls on a socket may last, as its options say.
struct Timing {
    Duration receive_timeout{}, send_timeout{};  ///< Zero: for ever.
    Duration linger{};                           ///< SO_LINGER; zero: close() does not wait.
    std::size_t receive_low_water = 1;           ///< SO_RCVLOWAT.
};

using ReadBuffers = std::span<const std::span<std::byte>>;
using WriteBuffers = std::span<const std::span<const std::byte>>;

/// The sockets interface of POSIX and Linux (socket(7), tcp(7), udp(7)) over the TCP and UDP of a host: a table of
/// descriptors and the calls on them, with the results and errors that Linux gives. It makes no system call: what it
/// does happens on the host's packets and clock.
///
/// No call here ever waits. One that would have to gives EAGAIN (`connect`: EINPROGRESS), as on a descriptor with
/// O_NONBLOCK; call.h has calls that a world can put to sleep and resume. After a call the world polls the host, so
/// that what the call caused is sent.
///
/// Addresses: an AF_INET6 socket sees IPv4 peers as IPv4-mapped addresses, which is how `IpAddress` holds every IPv4
/// address.
class Sockets {
  public:
    /// `host` must outlive the table.
    explicit Sockets(ip::Host& host, const Limits& limits = {});
    /// Closes everything; connections end as if a process had ended.
    ~Sockets();
    Sockets(const Sockets&) = delete;
    Sockets& operator=(const Sockets&) = delete;

    // --- Making descriptors. `as` is the number that the new one gets; EBADF when that is taken.

    /// `type` may carry type::nonblock and type::cloexec.
    Result<Descriptor> socket(int domain, int type, int protocol, Descriptor as = kLowestFree);
    /// The read end and the write end.
    Result<std::pair<Descriptor, Descriptor>> pipe(int flags = 0,
                                                   std::pair<Descriptor, Descriptor> as = {kLowestFree, kLowestFree});
    Result<Descriptor> epoll_create(int size = 1, Descriptor as = kLowestFree);
    /// `flags` are those of accept4.
    Result<Accepted> accept(Descriptor listener, int flags = 0, Descriptor as = kLowestFree);

    // --- Addresses and connections

    Result<void> bind(Descriptor d, const SocketAddress& local);
    Result<void> listen(Descriptor d, int backlog);
    /// EINPROGRESS when it has begun, EALREADY while it lasts; then once success or why it failed.
    Result<void> connect(Descriptor d, const SocketAddress& remote);
    /// connect() with AF_UNSPEC: a stream is reset, a datagram socket has no peer any more.
    Result<void> disconnect(Descriptor d);
    Result<void> shutdown(Descriptor d, int how);
    /// The descriptor is free at once; with SO_LINGER the connection may be reset (zero seconds).
    Result<void> close(Descriptor d);
    Result<SocketAddress> getsockname(Descriptor d) const;
    Result<SocketAddress> getpeername(Descriptor d) const;

    // --- Data. recv, recvfrom, send and sendto are recvmsg and sendmsg with fewer arguments; the other four serve
    // pipes as well.

    Result<Received> recvmsg(Descriptor d, ReadBuffers buffers, int flags = 0);
    /// `to` is for datagrams, and for a stream with msg::fast_open.
    Result<std::size_t> sendmsg(Descriptor d, WriteBuffers buffers, int flags = 0,
                                const std::optional<SocketAddress>& to = std::nullopt);
    Result<std::size_t> read(Descriptor d, std::span<std::byte> buffer);
    Result<std::size_t> write(Descriptor d, std::span<const std::byte> bytes);
    Result<std::size_t> readv(Descriptor d, ReadBuffers buffers);
    Result<std::size_t> writev(Descriptor d, WriteBuffers buffers);
    /// Moves bytes from a pipe to a socket, or the other way, or between pipes. Of the flags only kSpliceMore matters.
    Result<std::size_t> splice(Descriptor in, Descriptor out, std::size_t size, int flags = 0);

    // --- Options. Values are in the machine's byte order and layout, as the C interface has them: most are an int.

    Result<void> setsockopt(Descriptor d, int level, int option, std::span<const std::byte> value);
    Result<void> setsockopt(Descriptor d, int level, int option, int value);
    /// Writes the value, cut to the room that there is, and returns its size.
    Result<std::size_t> getsockopt(Descriptor d, int level, int option, std::span<std::byte> value);
    Result<int> getsockopt(Descriptor d, int level, int option);
    Result<TcpInfo> tcp_info(Descriptor d) const;
    Result<MemoryInfo> memory_info(Descriptor d) const;

    /// F_GETFD, F_SETFD, F_GETFL, F_SETFL (O_NONBLOCK).
    Result<int> fcntl(Descriptor d, int command, int argument = 0);
    /// Returns what the C interface writes through its pointer.
    Result<int> ioctl(Descriptor d, unsigned long request, int argument = 0);

    // --- Waiting for many

    /// Fills in what holds now and returns in how many entries something does.
    std::size_t poll(std::span<PollEntry> entries);
    Result<void> epoll_ctl(Descriptor epoll, int operation, Descriptor target, EpollEvent event = {});
    /// What is ready now, at most `room.size()` events, and forgets what edge-triggered and one-shot entries have been
    /// told.
    Result<std::size_t> epoll_wait(Descriptor epoll, std::span<EpollEvent> room);

    // --- What a world asks

    /// family::inet or family::inet6; family::unspec for what is no socket.
    [[nodiscard]] int family_of(Descriptor d) const;
    [[nodiscard]] bool is_open(Descriptor d) const;
    /// O_NONBLOCK is set, or the descriptor is closed.
    [[nodiscard]] bool is_nonblocking(Descriptor d) const;
    [[nodiscard]] Timing timing_of(Descriptor d) const;
    /// The connection behind a stream socket; a handle of nothing when there is none (yet).
    [[nodiscard]] tcp::Stream stream_of(Descriptor d) const;
    /// Open descriptors, in order.
    [[nodiscard]] std::vector<Descriptor> descriptors() const;
    [[nodiscard]] ip::Host& host() const;

    class Table;

  private:
    std::unique_ptr<Table> table_;
};

}  // namespace hourglass::socket
