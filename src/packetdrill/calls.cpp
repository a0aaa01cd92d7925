// The functions of the table: each translates from the C interface, makes the call on the machine and translates back.

#include "packetdrill/calls.h"

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <fcntl.h>
#include <linux/tcp.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "packetdrill/machine.h"
#include "packetdrill/translate.h"

namespace hourglass::packetdrill {

namespace {

using socket::Errno;
using socket::Received;
using socket::Result;
using socket::Sockets;

// getsockopt(TCP_INFO) gives its bytes as they are.
static_assert(offsetof(socket::TcpInfo, tcpi_rto) == offsetof(tcp_info, tcpi_rto));
static_assert(offsetof(socket::TcpInfo, tcpi_pmtu) == offsetof(tcp_info, tcpi_pmtu));
static_assert(offsetof(socket::TcpInfo, tcpi_total_retrans) == offsetof(tcp_info, tcpi_total_retrans));
static_assert(offsetof(socket::TcpInfo, tcpi_delivery_rate) == offsetof(tcp_info, tcpi_delivery_rate));
static_assert(offsetof(socket::TcpInfo, tcpi_snd_wnd) == offsetof(tcp_info, tcpi_snd_wnd));

Machine& machine(void* userdata) { return *static_cast<Machine*>(userdata); }

int fail(Errno error) {
    errno = static_cast<int>(error);
    return -1;
}
int answer(const Result<void>& result) { return result ? 0 : fail(result.error()); }
ssize_t answer(const Result<std::size_t>& result) {
    return result ? static_cast<ssize_t>(*result) : fail(result.error());
}
int answer(const Result<int>& result) { return result ? *result : fail(result.error()); }

/// A number of the system for a descriptor of ours, so that it can't be taken for anything else's.
class Reserved {
  public:
    Reserved() : number_(::eventfd(0, EFD_CLOEXEC)) {}
    ~Reserved() {
        if (number_ >= 0) ::close(number_);
    }
    Reserved(const Reserved&) = delete;
    Reserved& operator=(const Reserved&) = delete;
    [[nodiscard]] int number() const { return number_; }
    int keep() { return std::exchange(number_, -1); }

  private:
    int number_;
};

/// Gives the new descriptor the number `reserved` when `result` is there.
int keep(Reserved& reserved, const Result<int>& result) { return result ? reserved.keep() : fail(result.error()); }

// --- Descriptors and connections

void release(void* userdata) {
    auto* self = static_cast<Machine*>(userdata);
    for (const int fd : self->act([](Sockets& s) { return s.descriptors(); })) ::close(fd);
    delete self;
}

int make_socket(void* userdata, int domain, int type, int protocol) {
    Reserved reserved;
    if (reserved.number() < 0) return -1;
    const auto made = [&](Sockets& s) { return s.socket(domain, type, protocol, reserved.number()); };
    return keep(reserved, machine(userdata).act(made));
}

/// The address of a call on a socket, whose family it must be of.
Result<SocketAddress> address_for(void* userdata, int fd, const sockaddr* address, socklen_t size) {
    const auto parsed = address_from(address, size);
    if (!parsed) return parsed;
    const int family = machine(userdata).act([&](Sockets& s) { return s.family_of(fd); });
    if (family != socket::family::unspec && family != address->sa_family)
        return std::unexpected(Errno::family_not_supported);
    return parsed;
}

int bind_socket(void* userdata, int fd, const sockaddr* address, socklen_t size) {
    const auto local = address_for(userdata, fd, address, size);
    if (!local) return fail(local.error());
    machine(userdata).claim(local->address);
    return answer(machine(userdata).act([&](Sockets& s) { return s.bind(fd, *local); }));
}

int listen_socket(void* userdata, int fd, int backlog) {
    return answer(machine(userdata).act([&](Sockets& s) { return s.listen(fd, backlog); }));
}

// What is asked of the machine is asked before the call: after it, the thread's next question is what time it is.

int accept_connection(void* userdata, int fd, sockaddr* address, socklen_t* size) {
    Reserved reserved;
    if (reserved.number() < 0) return -1;
    Machine& m = machine(userdata);
    const int family = m.act([&](Sockets& s) { return s.family_of(fd); });
    const auto accepted =
        m.run<socket::Accepted>([&](Sockets& s) { return socket::accept(s, fd, 0, reserved.number()); });
    if (!accepted) return fail(accepted.error());
    write_address(accepted->peer, family, address, size);
    return reserved.keep();
}

int connect_socket(void* userdata, int fd, const sockaddr* address, socklen_t size) {
    Machine& m = machine(userdata);
    if (address != nullptr && size >= sizeof address->sa_family && address->sa_family == AF_UNSPEC)
        return answer(m.act([&](Sockets& s) { return s.disconnect(fd); }));
    const auto remote = address_for(userdata, fd, address, size);
    if (!remote) return fail(remote.error());
    return answer(m.run<void>([&](Sockets& s) { return socket::connect(s, fd, *remote); }));
}

int close_descriptor(void* userdata, int fd) {
    Machine& m = machine(userdata);
    if (!m.act([&](Sockets& s) { return s.is_open(fd); })) return fail(Errno::bad_descriptor);
    const int result = answer(m.run<void>([&](Sockets& s) { return socket::close(s, fd); }));
    ::close(fd);
    return result;
}

int shut_down(void* userdata, int fd, int how) {
    return answer(machine(userdata).act([&](Sockets& s) { return s.shutdown(fd, how); }));
}

// --- Data

ssize_t read_vector(void* userdata, int fd, const iovec* buffers, int count) {
    if (count < 0) return fail(Errno::invalid_argument);
    const auto list = read_buffers(buffers, static_cast<std::size_t>(count));
    return answer(machine(userdata).run<std::size_t>([&](Sockets& s) { return socket::readv(s, fd, list); }));
}

ssize_t read_bytes(void* userdata, int fd, void* buffer, size_t size) {
    const iovec one{buffer, size};
    return read_vector(userdata, fd, &one, 1);
}

ssize_t receive_message(void* userdata, int fd, msghdr* message, int flags) {
    Machine& m = machine(userdata);
    const auto list = read_buffers(message->msg_iov, message->msg_iovlen);
    const auto [family, datagrams] = m.act(
        [&](Sockets& s) { return std::pair(s.family_of(fd), s.getsockopt(fd, SOL_SOCKET, SO_TYPE) == SOCK_DGRAM); });
    const auto received = m.run<Received>([&](Sockets& s) { return socket::recvmsg(s, fd, list, flags); });
    if (!received) return fail(received.error());
    if (datagrams || received->error)
        write_address(received->from, family, static_cast<sockaddr*>(message->msg_name), &message->msg_namelen);
    else
        message->msg_namelen = 0;
    write_control(*received, family, *message);
    return static_cast<ssize_t>(received->size);
}

ssize_t receive_from(void* userdata, int fd, void* buffer, size_t size, int flags, sockaddr* from,
                     socklen_t* from_size) {
    iovec one{buffer, size};
    msghdr message{};
    message.msg_name = from;
    message.msg_namelen = from_size == nullptr ? 0 : *from_size;
    message.msg_iov = &one;
    message.msg_iovlen = 1;
    const ssize_t result = receive_message(userdata, fd, &message, flags);
    if (result >= 0 && from_size != nullptr) *from_size = message.msg_namelen;
    return result;
}

ssize_t receive_bytes(void* userdata, int fd, void* buffer, size_t size, int flags) {
    return receive_from(userdata, fd, buffer, size, flags, nullptr, nullptr);
}

ssize_t write_vector(void* userdata, int fd, const iovec* buffers, int count) {
    if (count < 0) return fail(Errno::invalid_argument);
    const auto list = write_buffers(buffers, static_cast<std::size_t>(count));
    return answer(machine(userdata).run<std::size_t>([&](Sockets& s) { return socket::writev(s, fd, list); }));
}

ssize_t write_bytes(void* userdata, int fd, const void* bytes, size_t size) {
    const iovec one{const_cast<void*>(bytes), size};
    return write_vector(userdata, fd, &one, 1);
}

ssize_t send_message(void* userdata, int fd, const msghdr* message, int flags) {
    std::optional<SocketAddress> to;
    if (message->msg_name != nullptr) {
        const auto address =
            address_for(userdata, fd, static_cast<const sockaddr*>(message->msg_name), message->msg_namelen);
        if (!address) return fail(address.error());
        to = *address;
    }
    const auto list = write_buffers(message->msg_iov, message->msg_iovlen);
    return answer(
        machine(userdata).run<std::size_t>([&](Sockets& s) { return socket::sendmsg(s, fd, list, flags, to); }));
}

ssize_t send_to(void* userdata, int fd, const void* bytes, size_t size, int flags, const sockaddr* to,
                socklen_t to_size) {
    iovec one{const_cast<void*>(bytes), size};
    msghdr message{};
    message.msg_name = const_cast<sockaddr*>(to);
    message.msg_namelen = to_size;
    message.msg_iov = &one;
    message.msg_iovlen = 1;
    return send_message(userdata, fd, &message, flags);
}

ssize_t send_bytes(void* userdata, int fd, const void* bytes, size_t size, int flags) {
    return send_to(userdata, fd, bytes, size, flags, nullptr, 0);
}

int make_pipe(void* userdata, int ends[2]) {
    std::array<Reserved, 2> reserved;
    if (reserved[0].number() < 0 || reserved[1].number() < 0) return -1;
    const auto made = machine(userdata).act([&](Sockets& s) {
        return s.pipe(0, {reserved[0].number(), reserved[1].number()});
    });
    if (!made) return fail(made.error());
    for (std::size_t i = 0; i < 2; ++i) ends[i] = reserved[i].keep();
    return 0;
}

/// Neither pipes nor sockets have offsets, and packetdrill passes pointers to zeros for them.
ssize_t splice_bytes(void* userdata, int in, loff_t*, int out, loff_t*, size_t size, unsigned int flags) {
    return answer(machine(userdata).run<std::size_t>(
        [&](Sockets& s) { return socket::splice(s, in, out, size, static_cast<int>(flags)); }));
}

// --- Options

int control_descriptor(void* userdata, int fd, int command, ...) {
    int argument = 0;
    if (command == F_SETFL || command == F_SETFD) {
        va_list arguments;
        va_start(arguments, command);
        argument = va_arg(arguments, int);
        va_end(arguments);
    }
    return answer(machine(userdata).act([&](Sockets& s) { return s.fcntl(fd, command, argument); }));
}

int control_device(void* userdata, int fd, unsigned long request, ...) {
    va_list arguments;
    va_start(arguments, request);
    int* value = va_arg(arguments, int*);
    va_end(arguments);
    if (value == nullptr) return fail(Errno::bad_address);
    const auto result = machine(userdata).act([&](Sockets& s) { return s.ioctl(fd, request, *value); });
    if (!result) return fail(result.error());
    if (request != FIONBIO) *value = *result;
    return 0;
}

int get_option(void* userdata, int fd, int level, int option, void* value, socklen_t* size) {
    if (value == nullptr || size == nullptr) return fail(Errno::bad_address);
    const std::span<std::byte> room(static_cast<std::byte*>(value), *size);
    const auto got = machine(userdata).act([&](Sockets& s) { return s.getsockopt(fd, level, option, room); });
    if (!got) return fail(got.error());
    *size = static_cast<socklen_t>(*got);
    return 0;
}

int set_option(void* userdata, int fd, int level, int option, const void* value, socklen_t size) {
    if (value == nullptr) return fail(Errno::bad_address);
    const std::span<const std::byte> bytes(static_cast<const std::byte*>(value), size);
    return answer(machine(userdata).act([&](Sockets& s) { return s.setsockopt(fd, level, option, bytes); }));
}

// --- Waiting for many

Duration timeout_of(int milliseconds) { return std::chrono::milliseconds(milliseconds); }

int poll_descriptors(void* userdata, pollfd* entries, nfds_t count, int timeout_ms) {
    std::vector<socket::PollEntry> list;
    for (const pollfd& entry : std::span(entries, count))
        list.push_back({.descriptor = entry.fd, .events = static_cast<std::uint16_t>(entry.events)});
    const auto ready =
        machine(userdata).run<std::size_t>([&](Sockets& s) { return socket::poll(s, list, timeout_of(timeout_ms)); });
    if (!ready) return fail(ready.error());
    for (std::size_t i = 0; i < list.size(); ++i) entries[i].revents = static_cast<short>(list[i].returned);
    return static_cast<int>(*ready);
}

int make_epoll(void* userdata, int size) {
    Reserved reserved;
    if (reserved.number() < 0) return -1;
    return keep(reserved, machine(userdata).act([&](Sockets& s) { return s.epoll_create(size, reserved.number()); }));
}

int control_epoll(void* userdata, int epoll, int operation, int fd, epoll_event* event) {
    const socket::EpollEvent told =
        event == nullptr ? socket::EpollEvent{} : socket::EpollEvent{event->events, event->data.u64};
    return answer(machine(userdata).act([&](Sockets& s) { return s.epoll_ctl(epoll, operation, fd, told); }));
}

int wait_epoll(void* userdata, int epoll, epoll_event* events, int room, int timeout_ms) {
    if (room <= 0) return fail(Errno::invalid_argument);
    std::vector<socket::EpollEvent> list(static_cast<std::size_t>(room));
    const auto ready = machine(userdata).run<std::size_t>(
        [&](Sockets& s) { return socket::epoll_wait(s, epoll, list, timeout_of(timeout_ms)); });
    if (!ready) return fail(ready.error());
    for (std::size_t i = 0; i < *ready; ++i) {
        events[i].events = list[i].events;
        events[i].data.u64 = list[i].data;
    }
    return static_cast<int>(*ready);
}

// --- The wire and the clock

int send_packet(void* userdata, const void* packet, size_t size) {
    machine(userdata).send({static_cast<const std::byte*>(packet), size});
    return 0;
}

int receive_packet(void* userdata, void* packet, size_t* size, long long* time_usecs) {
    const auto sent = machine(userdata).receive({static_cast<std::byte*>(packet), *size});
    *size = sent ? sent->size : 0;
    if (sent) *time_usecs = sent->at_us;
    return 0;
}

int sleep_for(void* userdata, useconds_t usecs) {
    machine(userdata).sleep(std::chrono::microseconds(usecs));
    return 0;
}

int tell_time(void* userdata, timeval* time, struct timezone*) {
    const std::int64_t now = machine(userdata).tell_time();
    if (time != nullptr) *time = {now / 1'000'000, now % 1'000'000};
    return 0;
}

}  // namespace

packetdrill_interface table_for(Machine* made) {
    return {.userdata = made,
            .free = release,
            .socket = make_socket,
            .bind = bind_socket,
            .listen = listen_socket,
            .accept = accept_connection,
            .connect = connect_socket,
            .read = read_bytes,
            .readv = read_vector,
            .recv = receive_bytes,
            .recvfrom = receive_from,
            .recvmsg = receive_message,
            .write = write_bytes,
            .writev = write_vector,
            .send = send_bytes,
            .sendto = send_to,
            .sendmsg = send_message,
            .fcntl = control_descriptor,
            .ioctl = control_device,
            .close = close_descriptor,
            .shutdown = shut_down,
            .getsockopt = get_option,
            .setsockopt = set_option,
            .poll = poll_descriptors,
            .netdev_send = send_packet,
            .netdev_receive = receive_packet,
            .usleep = sleep_for,
            .gettimeofday = tell_time,
            .epoll_create = make_epoll,
            .epoll_ctl = control_epoll,
            .epoll_wait = wait_epoll,
            .pipe = make_pipe,
            .splice = splice_bytes};
}

}  // namespace hourglass::packetdrill
