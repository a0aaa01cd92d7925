#include "hourglass/runtime/os_stream.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include "runtime/os_address.h"

namespace hourglass::runtime {

namespace {

constexpr std::size_t kPieces = 64;           ///< In one call of sendmsg(2).
constexpr std::uint32_t kTurn = 1024 * 1024;  ///< Bytes that one stream moves in one turn of the loop.

std::error_code last_error() { return {errno, std::generic_category()}; }
tcp::Error take_error(int socket) {
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    return to_tcp_error({error, std::generic_category()});
}
/// One system call for all pieces, and the cheaper one for a single piece. Precondition: at most `kPieces`.
ssize_t send_once(int socket, std::span<const std::span<const std::byte>> pieces, int flags) {
    if (pieces.size() == 1) return ::send(socket, pieces.front().data(), pieces.front().size(), flags);
    std::array<iovec, kPieces> vectors;
    for (std::size_t i = 0; i < pieces.size(); ++i)
        vectors[i] = {const_cast<std::byte*>(pieces[i].data()), pieces[i].size()};
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = pieces.size();
    return ::sendmsg(socket, &message, flags);
}
/// Keeps sendfile(2), which knows no MSG_NOSIGNAL, from ending the process when the peer has reset the connection.
class NoPipeSignal {
  public:
    NoPipeSignal() {
        sigemptyset(&pipe_);
        sigaddset(&pipe_, SIGPIPE);
        ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    ~NoPipeSignal() {
        const int error = errno;
        if (error == EPIPE && sigismember(&before_, SIGPIPE) == 0) {
            const timespec at_once{};
            ::sigtimedwait(&pipe_, nullptr, &at_once);
        }
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        errno = error;
    }
    NoPipeSignal(const NoPipeSignal&) = delete;
    NoPipeSignal& operator=(const NoPipeSignal&) = delete;

  private:
    sigset_t pipe_{};
    sigset_t before_{};
};
bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

}  // namespace

tcp::Error to_tcp_error(std::error_code error) {
    switch (error.value()) {
        case 0:
            return tcp::Error::none;
        case ECONNREFUSED:
        case ENOENT:  // there is no such socket of the Unix domain
        case EAGAIN:  // it has too many that wait
            return tcp::Error::refused;
        case ECONNRESET:
        case EPIPE:
            return tcp::Error::reset;
        case ETIMEDOUT:
            return tcp::Error::timed_out;
        case EHOSTUNREACH:
        case EHOSTDOWN:
            return tcp::Error::unreachable;
        case ENETUNREACH:
        case ENETDOWN:
            return tcp::Error::network_unreachable;
        case ENOPROTOOPT:
        case EPROTO:
            return tcp::Error::protocol_unreachable;
        case EACCES:
        case EPERM:
            return tcp::Error::prohibited;
        case ECONNABORTED:
            return tcp::Error::aborted;
        case EADDRINUSE:
            return tcp::Error::address_in_use;
        case EADDRNOTAVAIL:
            return tcp::Error::no_ports;
        case EAFNOSUPPORT:
        case EINVAL:
            return tcp::Error::bad_address;
        case ENOTCONN:
            return tcp::Error::not_connected;
        default:
            return tcp::Error::limit_reached;
    }
}

std::unique_ptr<OsStream> OsStream::connect(OsLoop& loop, const SocketAddress& remote, OsStreamHandler& handler) {
    const OsAddress to(remote);
    return connect(loop, remote, to.get(), to.length, handler);
}

std::unique_ptr<OsStream> OsStream::connect(OsLoop& loop, const std::string& path, OsStreamHandler& handler) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    // unix(7): with a path that is too long the name would be another one; without one connect(2) fails.
    if (path.size() < sizeof to.sun_path) std::ranges::copy(path, to.sun_path);
    return connect(loop, {}, reinterpret_cast<const sockaddr*>(&to), sizeof to, handler);
}

std::unique_ptr<OsStream> OsStream::connect(OsLoop& loop, const SocketAddress& remote, const sockaddr* address,
                                            unsigned size, OsStreamHandler& handler) {
    const int socket = ::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const std::error_code no_socket = socket < 0 ? last_error() : std::error_code();
    auto stream = std::make_unique<OsStream>(loop, socket, remote, handler);
    if (no_socket) {
        stream->end(to_tcp_error(no_socket));
        return stream;
    }
    const int on = 1;
    if (address->sa_family != AF_UNIX) ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    stream->connecting_ = true;
    if (stream->exists() && ::connect(socket, address, size) != 0 && errno != EINPROGRESS)
        stream->end(to_tcp_error(last_error()));
    return stream;
}

OsStream::OsStream(OsLoop& loop, int socket, const SocketAddress& remote, OsStreamHandler& handler)
    : loop_(loop), handler_(handler), remote_(remote), socket_(socket) {
    watch();
}

OsStream::OsStream(OsLoop& loop, int socket, const SocketAddress& remote, OsStreamHandler& handler, Unwatched)
    : loop_(loop), handler_(handler), remote_(remote), socket_(socket), readable_(true) {}

void OsStream::watch() {
    if (exists() && !loop_.watch(socket_, *this)) end(tcp::Error::limit_reached);
}

OsStream::~OsStream() {
    if (exists()) abort();
    loop_.forget(*this);
}

void OsStream::on_ready(Readiness readiness) {
    if (!exists()) return;
    if (connecting_) {
        if (readiness.writable) on_connect_done();
        return;
    }
    if (readiness.failed) {
        if (const tcp::Error error = take_error(socket_); error != tcp::Error::none) return end(error);
    }
    peer_done_ = peer_done_ || readiness.ended;
    readable_ = readable_ || readiness.readable;
    writable_ = writable_ || readiness.writable;
    if (awaits_turn_) return;
    moved_ = 0;
    handler_.on_ready();
}

/// connect(2): the socket is writable when it has connected or failed, and SO_ERROR says which. One that has not begun
/// to connect is told of as writable and hung up.
void OsStream::on_connect_done() {
    OsAddress peer;
    if (const tcp::Error error = take_error(socket_); error != tcp::Error::none) return end(error);
    if (::getpeername(socket_, peer.get(), &peer.length) != 0) return;
    connecting_ = false;
    handler_.on_connected();
}

void OsStream::on_later() {
    awaits_turn_ = false;
    if (!exists()) return handler_.on_closed(error_);
    moved_ = 0;
    handler_.on_ready();
}

/// False when this stream has had its share of the turn; it then gets another one.
bool OsStream::may_move() {
    if (!exists() || connecting_) return false;
    if (moved_ < kTurn) return true;
    if (!std::exchange(awaits_turn_, true)) loop_.later(*this);
    return false;
}

std::size_t OsStream::send(std::span<const std::span<const std::byte>> pieces) { return send(pieces, MSG_NOSIGNAL); }

/// A small segment in front of a large file costs the receiver dear: it is held back until the file comes. The same for
/// the end, which is a segment less. tcp(7): nothing is held back for longer than 200 ms.
std::size_t OsStream::send_followed(std::span<const std::span<const std::byte>> pieces) {
    return send(pieces, MSG_NOSIGNAL | MSG_MORE);
}

std::size_t OsStream::send(std::span<const std::span<const std::byte>> pieces, int flags) {
    if (!writable_ || pieces.empty() || !may_move()) return 0;
    pieces = pieces.first(std::min(pieces.size(), kPieces));
    std::size_t wanted = 0;
    for (const auto& piece : pieces) wanted += piece.size();
    ssize_t sent = 0;
    do sent = send_once(socket_, pieces, flags);
    while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        if (would_block())
            writable_ = false;
        else
            end(to_tcp_error(last_error()));
        return 0;
    }
    const auto n = static_cast<std::size_t>(sent);
    if (n < wanted) writable_ = false;
    moved_ += static_cast<std::uint32_t>(n);
    return n;
}

std::optional<std::size_t> OsStream::send_file(const http::FilePart& part) {
    if (!writable_ || !may_move()) return 0;
    // What waits in the kernel is the file's own pages, no memory of the connection's: it may be more.
    if (!std::exchange(sent_files_, true)) ::setsockopt(socket_, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kTurn, sizeof kTurn);
    const std::size_t most = std::min<std::uint64_t>(part.length, kTurn);
    off_t offset = static_cast<off_t>(part.offset);
    ssize_t sent = 0;
    {
        const NoPipeSignal no_signal;
        do sent = ::sendfile(socket_, part.descriptor, &offset, most);
        while (sent < 0 && errno == EINTR);
    }
    if (sent < 0 && would_block()) {
        writable_ = false;
        return 0;
    }
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) {
        end(to_tcp_error(last_error()));
        return 0;
    }
    if (sent <= 0) return std::nullopt;
    // Less than was asked for can also be the end of a file that has become shorter: the next call tells.
    moved_ += static_cast<std::uint32_t>(sent);
    return static_cast<std::size_t>(sent);
}

bool OsStream::receive(const std::function<void(std::span<const std::byte>)>& take) {
    std::array<std::byte, kReadSize> buffer;
    const std::size_t n = receive_into(buffer);
    if (n > 0) take(std::span(buffer).first(n));
    return n > 0;
}

std::size_t OsStream::receive_into(std::span<std::byte> room) {
    if (!readable_ || at_end_ || !may_move()) return 0;
    ssize_t received = 0;
    do received = ::recv(socket_, room.data(), room.size(), 0);
    while (received < 0 && errno == EINTR);
    if (received < 0) {
        readable_ = false;
        if (!would_block()) end(to_tcp_error(last_error()));
        return 0;
    }
    const auto n = static_cast<std::size_t>(received);
    at_end_ = n == 0;
    // epoll(7): less than was asked for says that there is no more, except for a FIN that was told of before.
    readable_ = n == room.size() || (n > 0 && peer_done_);
    moved_ += static_cast<std::uint32_t>(n);
    return n;
}

void OsStream::acknowledge_at_once() {
    const int on = 1;
    if (exists()) ::setsockopt(socket_, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

void OsStream::shutdown() {
    if (exists()) ::shutdown(socket_, SHUT_WR);
}

void OsStream::close() {
    if (exists()) end(tcp::Error::none);
}

void OsStream::abort() {
    if (!exists()) return;
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    end(tcp::Error::aborted);
}

void OsStream::end(tcp::Error error) {
    error_ = error;
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
    if (!std::exchange(awaits_turn_, true)) loop_.later(*this);
}

std::optional<http::TransportInfo> OsStream::info() const {
    if (!exists()) return std::nullopt;
    tcp_info known{};
    socklen_t size = sizeof known;
    ::getsockopt(socket_, IPPROTO_TCP, TCP_INFO, &known, &size);
    return http::TransportInfo{local(), std::chrono::microseconds(known.tcpi_rtt), known.tcpi_total_retrans,
                               std::uint64_t{known.tcpi_snd_cwnd} * known.tcpi_snd_mss};
}

SocketAddress OsStream::local() const { return exists() ? local_address(socket_) : SocketAddress{}; }

}  // namespace hourglass::runtime
