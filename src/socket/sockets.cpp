#include "hourglass/socket/sockets.h"

#include <type_traits>

#include "socket/epoll.h"
#include "socket/pipe.h"
#include "socket/socket.h"
#include "socket/table.h"
#include "socket/tcp_socket.h"
#include "socket/udp_socket.h"

namespace hourglass::socket {

namespace {

constexpr std::size_t kMaxBuffers = 1024;  // IOV_MAX

Result<void> check_type(int domain, int type, int protocol) {
    if (domain != family::inet && domain != family::inet6) return std::unexpected(Errno::family_not_supported);
    const int kind = type & ~(type::nonblock | type::cloexec);
    if (kind < 0 || kind > 10) return std::unexpected(Errno::invalid_argument);
    if (kind != type::stream && kind != type::dgram) return std::unexpected(Errno::type_not_supported);
    if (protocol < 0 || protocol > 255) return std::unexpected(Errno::invalid_argument);
    if (protocol != 0 && protocol != (kind == type::stream ? level::tcp : level::udp))
        return std::unexpected(Errno::protocol_not_supported);
    return {};
}

/// What `call` gives on the socket that `d` names.
template <typename Call>
auto with_socket(const Sockets::Table& table, Descriptor d, Call&& call) -> std::invoke_result_t<Call, Socket*> {
    const auto socket = table.socket(d);
    if (!socket) return std::unexpected(socket.error());
    return call(*socket);
}

void set_flags(Object& object, int flags) {
    object.nonblocking = (flags & type::nonblock) != 0;
    object.close_on_exec = (flags & type::cloexec) != 0;
}

}  // namespace

Sockets::Sockets(ip::Host& host, const Limits& limits) : table_(std::make_unique<Table>(host, limits)) {}

Sockets::~Sockets() {
    for (const Descriptor d : descriptors()) (void)close(d);
}

// --- Making descriptors

Result<Descriptor> Sockets::socket(int domain, int type, int protocol, Descriptor as) {
    if (const auto fine = check_type(domain, type, protocol); !fine) return std::unexpected(fine.error());
    if (const auto room = table_->check_room(as); !room) return std::unexpected(room.error());
    std::shared_ptr<Object> object;
    if ((type & 0xf) == type::stream)
        object = std::make_shared<TcpSocket>(*table_, domain);
    else
        object = std::make_shared<UdpSocket>(*table_, domain);
    set_flags(*object, type);
    return table_->add(std::move(object), as);
}

Result<std::pair<Descriptor, Descriptor>> Sockets::pipe(int flags, std::pair<Descriptor, Descriptor> as) {
    for (const Descriptor d : {as.first, as.second})
        if (const auto room = table_->check_room(d, 2); !room) return std::unexpected(room.error());
    const auto [reader, writer] = make_pipe(table_->limits.pipe_bytes);
    set_flags(*reader, flags);
    set_flags(*writer, flags);
    const Descriptor read_end = table_->add(reader, as.first);
    return std::pair(read_end, table_->add(writer, as.second));
}

Result<Descriptor> Sockets::epoll_create(int size, Descriptor as) {
    if (size <= 0) return std::unexpected(Errno::invalid_argument);
    if (const auto room = table_->check_room(as); !room) return std::unexpected(room.error());
    return table_->add(std::make_shared<EpollSet>(), as);
}

Result<Accepted> Sockets::accept(Descriptor listener, int flags, Descriptor as) {
    const auto socket = table_->socket(listener);
    if (!socket) return std::unexpected(socket.error());
    if ((flags & ~(type::nonblock | type::cloexec)) != 0) return std::unexpected(Errno::invalid_argument);
    if (const auto room = table_->check_room(as); !room) return std::unexpected(room.error());
    auto accepted = (*socket)->accept();
    if (!accepted) return std::unexpected(accepted.error());
    set_flags(*accepted->first, flags);
    return Accepted{table_->add(std::move(accepted->first), as), accepted->second};
}

// --- Addresses and connections

Result<void> Sockets::bind(Descriptor d, const SocketAddress& local) {
    return with_socket(*table_, d, [&](Socket* s) { return s->bind(local); });
}
Result<void> Sockets::listen(Descriptor d, int backlog) {
    return with_socket(*table_, d, [&](Socket* s) { return s->listen(backlog); });
}
Result<void> Sockets::connect(Descriptor d, const SocketAddress& remote) {
    return with_socket(*table_, d, [&](Socket* s) { return s->connect(remote); });
}
Result<void> Sockets::disconnect(Descriptor d) {
    return with_socket(*table_, d, [](Socket* s) { return s->disconnect(); });
}
Result<void> Sockets::shutdown(Descriptor d, int how) {
    return with_socket(*table_, d, [&](Socket* s) { return s->shutdown(how); });
}

Result<void> Sockets::close(Descriptor d) {
    const std::shared_ptr<Object> object = table_->remove(d);
    if (!object) return std::unexpected(Errno::bad_descriptor);
    while (!object->watchers.empty()) object->watchers.back()->set.forget(d);
    object->close();
    return {};
}

Result<SocketAddress> Sockets::getsockname(Descriptor d) const {
    return with_socket(*table_, d, [](const Socket* s) { return s->local_address(); });
}
Result<SocketAddress> Sockets::getpeername(Descriptor d) const {
    return with_socket(*table_, d, [](const Socket* s) { return s->remote_address(); });
}

// --- Data

Result<Received> Sockets::recvmsg(Descriptor d, ReadBuffers buffers, int flags) {
    if (buffers.size() > kMaxBuffers) return std::unexpected(Errno::message_too_long);
    return with_socket(*table_, d, [&](Socket* s) { return s->receive(buffers, flags); });
}

Result<std::size_t> Sockets::sendmsg(Descriptor d, WriteBuffers buffers, int flags,
                                     const std::optional<SocketAddress>& to) {
    if (buffers.size() > kMaxBuffers) return std::unexpected(Errno::message_too_long);
    return with_socket(*table_, d, [&](Socket* s) { return s->send(buffers, flags, to); });
}

Result<std::size_t> Sockets::read(Descriptor d, std::span<std::byte> buffer) { return readv(d, std::span(&buffer, 1)); }
Result<std::size_t> Sockets::write(Descriptor d, std::span<const std::byte> bytes) {
    return writev(d, std::span(&bytes, 1));
}

Result<std::size_t> Sockets::readv(Descriptor d, ReadBuffers buffers) {
    Object* object = table_->find(d);
    if (object == nullptr) return std::unexpected(Errno::bad_descriptor);
    if (buffers.size() > kMaxBuffers) return std::unexpected(Errno::invalid_argument);
    return object->read(buffers);
}

Result<std::size_t> Sockets::writev(Descriptor d, WriteBuffers buffers) {
    Object* object = table_->find(d);
    if (object == nullptr) return std::unexpected(Errno::bad_descriptor);
    if (buffers.size() > kMaxBuffers) return std::unexpected(Errno::invalid_argument);
    return object->write(buffers, 0);
}

Result<std::size_t> Sockets::splice(Descriptor in, Descriptor out, std::size_t size, int flags) {
    Object* from = table_->find(in);
    Object* to = table_->find(out);
    if (from == nullptr || to == nullptr) return std::unexpected(Errno::bad_descriptor);
    auto* source = dynamic_cast<PipeEnd*>(from);
    auto* target = dynamic_cast<PipeEnd*>(to);
    if (source == nullptr && target == nullptr) return std::unexpected(Errno::invalid_argument);
    if ((source != nullptr && source->writes()) || (target != nullptr && !target->writes()))
        return std::unexpected(Errno::bad_descriptor);
    // What goes out is bounded by what is there to take and by what a pipe has room for, so that nothing is lost.
    std::size_t most = std::min<std::size_t>(size, table_->limits.pipe_bytes);
    if (target != nullptr) {
        most = std::min(most, target->buffer().room());
        if (most == 0 && size > 0) return std::unexpected(Errno::again);
    }
    std::vector<std::byte> bytes(most);
    if (source == nullptr) {
        const std::span<std::byte> room(bytes);
        const auto taken = from->read(std::span(&room, 1));
        if (!taken) return taken;
        const std::span<const std::byte> filled = room.first(*taken);
        return *taken == 0 ? taken : to->write(std::span(&filled, 1), 0);
    }
    const auto& waiting = source->buffer();
    if (waiting.bytes.empty()) {
        if (waiting.writer == nullptr) return 0;
        return std::unexpected(Errno::again);
    }
    bytes.resize(std::min(most, waiting.bytes.size()));
    std::copy_n(waiting.bytes.begin(), bytes.size(), bytes.begin());
    const std::span<const std::byte> all(bytes);
    const auto sent = to->write(std::span(&all, 1), (flags & kSpliceMore) != 0 ? msg::more : 0);
    if (sent) source->consume(*sent);
    return sent;
}

// --- Options

Result<void> Sockets::setsockopt(Descriptor d, int level, int option, std::span<const std::byte> value) {
    return with_socket(*table_, d, [&](Socket* s) { return s->set_option(level, option, value); });
}

Result<void> Sockets::setsockopt(Descriptor d, int level, int option, int value) {
    return setsockopt(d, level, option, std::as_bytes(std::span(&value, 1)));
}

Result<std::size_t> Sockets::getsockopt(Descriptor d, int level, int option, std::span<std::byte> value) {
    const auto full = with_socket(*table_, d, [&](Socket* s) { return s->option(level, option); });
    if (!full) return std::unexpected(full.error());
    const std::size_t size = std::min(full->size(), value.size());
    std::copy_n(full->begin(), size, value.begin());
    return size;
}

Result<int> Sockets::getsockopt(Descriptor d, int level, int option) {
    int value = 0;
    const auto size = getsockopt(d, level, option, std::as_writable_bytes(std::span(&value, 1)));
    if (!size) return std::unexpected(size.error());
    return value;
}

Result<TcpInfo> Sockets::tcp_info(Descriptor d) const {
    return with_socket(*table_, d, [](const Socket* s) { return s->tcp_info(); });
}

Result<MemoryInfo> Sockets::memory_info(Descriptor d) const {
    return with_socket(*table_, d, [](const Socket* s) -> Result<MemoryInfo> { return s->memory_info(); });
}

Result<int> Sockets::fcntl(Descriptor d, int command, int argument) {
    Object* object = table_->find(d);
    if (object == nullptr) return std::unexpected(Errno::bad_descriptor);
    switch (command) {
        case fcntl::get_fd:
            return object->close_on_exec ? fcntl::close_on_exec : 0;
        case fcntl::set_fd:
            object->close_on_exec = (argument & fcntl::close_on_exec) != 0;
            return 0;
        case fcntl::get_fl:
            return object->access_mode() | (object->nonblocking ? fcntl::non_block : 0);
        case fcntl::set_fl:
            object->nonblocking = (argument & fcntl::non_block) != 0;
            return 0;
        default:
            return std::unexpected(Errno::invalid_argument);
    }
}

Result<int> Sockets::ioctl(Descriptor d, unsigned long request, int argument) {
    Object* object = table_->find(d);
    if (object == nullptr) return std::unexpected(Errno::bad_descriptor);
    if (request != ioctl::non_block) return object->ioctl(request);
    object->nonblocking = argument != 0;
    return 0;
}

// --- Waiting for many

std::size_t Sockets::poll(std::span<PollEntry> entries) {
    std::size_t ready = 0;
    for (PollEntry& entry : entries) {
        entry.returned = 0;
        if (entry.descriptor < 0) continue;
        Object* object = table_->find(entry.descriptor);
        if (object == nullptr)
            entry.returned = event::nval;
        else
            entry.returned = object->readiness() & (entry.events | event::err | event::hup);
        if (entry.returned != 0) ++ready;
    }
    return ready;
}

Result<void> Sockets::epoll_ctl(Descriptor epoll, int operation, Descriptor target, EpollEvent event) {
    Object* object = table_->find(target);
    Object* instance = table_->find(epoll);
    if (object == nullptr || instance == nullptr) return std::unexpected(Errno::bad_descriptor);
    auto* set = dynamic_cast<EpollSet*>(instance);
    if (set == nullptr || object == instance) return std::unexpected(Errno::invalid_argument);
    // Sets within sets could form a ring; none may be in another here.
    if (dynamic_cast<EpollSet*>(object) != nullptr) return std::unexpected(Errno::loop);
    return set->control(operation, target, object, event);
}

Result<std::size_t> Sockets::epoll_wait(Descriptor epoll, std::span<EpollEvent> room) {
    Object* object = table_->find(epoll);
    if (object == nullptr) return std::unexpected(Errno::bad_descriptor);
    auto* set = dynamic_cast<EpollSet*>(object);
    if (set == nullptr || room.empty()) return std::unexpected(Errno::invalid_argument);
    return set->collect(room);
}

// --- What a world asks

int Sockets::family_of(Descriptor d) const {
    const auto socket = table_->socket(d);
    return socket ? (*socket)->domain() : family::unspec;
}

bool Sockets::is_open(Descriptor d) const { return table_->find(d) != nullptr; }

bool Sockets::is_nonblocking(Descriptor d) const {
    const Object* object = table_->find(d);
    return object == nullptr || object->nonblocking;
}

Timing Sockets::timing_of(Descriptor d) const {
    const auto socket = table_->socket(d);
    if (!socket) return {};
    const CommonOptions& options = (*socket)->options();
    return {.receive_timeout = options.receive_timeout,
            .send_timeout = options.send_timeout,
            .linger = options.linger && (*socket)->type() == type::stream ? std::chrono::seconds(options.linger_seconds)
                                                                          : Duration{},
            .receive_low_water = static_cast<std::size_t>(options.receive_low_water)};
}

tcp::Stream Sockets::stream_of(Descriptor d) const {
    const auto socket = table_->socket(d);
    return socket ? (*socket)->stream() : tcp::Stream();
}

std::vector<Descriptor> Sockets::descriptors() const {
    std::vector<Descriptor> all;
    for (const auto& [descriptor, object] : table_->open) all.push_back(descriptor);
    return all;
}

ip::Host& Sockets::host() const { return table_->host; }

}  // namespace hourglass::socket
