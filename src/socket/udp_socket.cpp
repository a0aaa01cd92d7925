#include "socket/udp_socket.h"

namespace hourglass::socket {

namespace {

constexpr std::int32_t kNeverFragment = 2;  // IP_PMTUDISC_DO

Errno errno_of(udp::Error error) {
    switch (error) {
        case udp::Error::address_in_use:
        case udp::Error::no_ports:
            return Errno::address_in_use;
        case udp::Error::limit_reached:
            return Errno::no_buffer_space;
        case udp::Error::bad_address:
            return Errno::invalid_argument;
        case udp::Error::no_route:
            return Errno::network_unreachable;
        case udp::Error::too_large:
            return Errno::message_too_long;
        case udp::Error::no_such_socket:
            return Errno::bad_descriptor;
    }
    return Errno::invalid_argument;
}

/// What an error of the network means to a program (icmp_err_convert of Linux).
Errno errno_of(udp::Failure::Kind kind) {
    switch (kind) {
        case udp::Failure::Kind::port_unreachable:
            return Errno::connection_refused;
        case udp::Failure::Kind::network_unreachable:
            return Errno::network_unreachable;
        case udp::Failure::Kind::protocol_unreachable:
            return Errno::no_such_option;
        case udp::Failure::Kind::too_big:
            return Errno::message_too_long;
        case udp::Failure::Kind::prohibited:
            return Errno::permission_denied;
        case udp::Failure::Kind::host_unreachable:
            return Errno::host_unreachable;
    }
    return Errno::protocol_error;
}

constexpr std::int32_t kMinBuffer = 1152;

}  // namespace

UdpSocket::UdpSocket(Sockets::Table& table, int domain)
    : Socket(table, domain),
      send_buffer_(static_cast<std::int32_t>(table.limits.udp_receive_buffer)),
      receive_buffer_(send_buffer_) {}

UdpSocket::~UdpSocket() { UdpSocket::close(); }

Result<udp::SocketId> UdpSocket::open(const SocketAddress& local) {
    auto opened =
        table_.host.udp().open(local, [this](udp::SocketId, SocketAddress from, SocketAddress,
                                             std::span<const std::byte> bytes, Instant) { arrived(from, bytes); });
    if (!opened) {
        if (opened.error() == udp::Error::bad_address) return std::unexpected(Errno::address_not_available);
        return std::unexpected(errno_of(opened.error()));
    }
    table_.host.udp().on_failure(*opened, [this](const udp::Failure& failure) { failed(failure); });
    return *opened;
}

Result<void> UdpSocket::bind(const SocketAddress& local) {
    if (local_) return std::unexpected(Errno::invalid_argument);
    if (domain() == family::inet && local.address.is_v6()) return std::unexpected(Errno::family_not_supported);
    if (!fits_family(local.address)) return std::unexpected(Errno::invalid_argument);
    const auto first = open(local);
    if (!first) return std::unexpected(first.error());
    ids_[0] = *first;
    local_ = table_.host.udp().local(*first);
    // An IPv6 socket for any address takes IPv4 as well (RFC 3493, section 3.7).
    if (local.address == IpAddress() && !options_.v6_only) {
        const auto second = open({IpAddress::v4(0), local_->port});
        if (!second) {
            close();
            return std::unexpected(second.error());
        }
        ids_[1] = *second;
    }
    options_changed();
    return {};
}

void UdpSocket::options_changed() {
    const auto ttl = static_cast<std::uint8_t>(std::max(options_.ttl, 0));
    for (const auto& id : ids_)
        if (id) table_.host.udp().set_header(*id, static_cast<std::uint8_t>(options_.tos), ttl);
}

Result<void> UdpSocket::bind_if_unbound(const SocketAddress& remote) {
    if (local_) return {};
    return bind({domain() == family::inet || remote.address.is_v4() ? IpAddress::v4(0) : IpAddress(), {}});
}

Result<void> UdpSocket::connect(const SocketAddress& remote) {
    if (domain() == family::inet && remote.address.is_v6()) return std::unexpected(Errno::family_not_supported);
    if (!fits_family(remote.address)) return std::unexpected(Errno::network_unreachable);
    const auto source = table_.host.source_for(remote.address);
    if (!source) return std::unexpected(Errno::network_unreachable);
    if (!local_) {
        if (const auto bound = bind({*source, {}}); !bound) return bound;
    }
    if (!socket_for(remote.address)) return std::unexpected(Errno::network_unreachable);
    peer_ = remote;
    return {};
}

Result<void> UdpSocket::disconnect() {
    peer_.reset();
    return {};
}

Result<void> UdpSocket::shutdown(int how) {
    if (how < shut::rd || how > shut::rd_wr) return std::unexpected(Errno::invalid_argument);
    if (!peer_) return std::unexpected(Errno::not_connected);
    read_shut_ = read_shut_ || how != shut::wr;
    write_shut_ = write_shut_ || how != shut::rd;
    wake(event::in | event::rd_norm | event::rd_hup | event::hup | event::out);
    return {};
}

void UdpSocket::close() {
    for (auto& id : ids_) {
        if (id) table_.host.udp().close(*id);
        id.reset();
    }
    local_.reset();
}

Result<SocketAddress> UdpSocket::local_address() const {
    if (!local_) return SocketAddress{any_address(domain()), {}};
    if (!local_->address.is_unspecified() || !peer_) return *local_;
    return SocketAddress{table_.host.source_for(peer_->address).value_or(local_->address), local_->port};
}

Result<SocketAddress> UdpSocket::remote_address() const {
    if (!peer_) return std::unexpected(Errno::not_connected);
    return *peer_;
}

void UdpSocket::arrived(const SocketAddress& from, std::span<const std::byte> bytes) {
    if (peer_ && *peer_ != from) return;
    // An empty datagram costs memory too.
    const std::size_t cost = bytes.size() + sizeof(Datagram);
    if (queued_bytes_ + cost > static_cast<std::size_t>(receive_buffer_)) {
        ++drops_;
        return;
    }
    queued_bytes_ += cost;
    queue_.push_back({from, {bytes.begin(), bytes.end()}});
    wake(event::in | event::rd_norm);
}

/// udp(7): errors reach a connected socket, and with IP_RECVERR any, where they wait in the error queue.
void UdpSocket::failed(const udp::Failure& failure) {
    const Errno error = errno_of(failure.kind);
    const bool v4 = failure.remote.address.is_v4();
    if (options_.receive_errors) {
        const auto origin = static_cast<std::uint8_t>(v4 ? 2 : 3);
        queue_error({.error = static_cast<std::uint32_t>(error),
                     .origin = origin,
                     .type = failure.icmp_type,
                     .code = failure.icmp_code,
                     .info = failure.mtu,
                     .offender = {failure.reporter, {}}},
                    {});
    } else if (!peer_ || *peer_ != failure.remote || failure.kind == udp::Failure::Kind::too_big) {
        return;
    }
    const bool hard = failure.kind == udp::Failure::Kind::port_unreachable ||
                      failure.kind == udp::Failure::Kind::protocol_unreachable;
    if (!hard && !options_.receive_errors) return;
    set_error(error);
    wake(event::err);
}

Result<Received> UdpSocket::receive(ReadBuffers buffers, int flags) {
    if ((flags & msg::err_queue) != 0) return take_queued_error(buffers);
    if ((flags & msg::oob) != 0) return std::unexpected(Errno::operation_not_supported);
    if (const auto error = take_error()) return std::unexpected(*error);
    if (queue_.empty()) {
        if (read_shut_) return Received{};
        return std::unexpected(Errno::again);
    }
    const Datagram& datagram = queue_.front();
    Received received{.size = 0, .flags = 0, .from = datagram.from};
    fill(buffers, datagram.bytes, received);
    if ((flags & msg::trunc) != 0) received.size = datagram.bytes.size();
    if ((flags & msg::peek) == 0) {
        queued_bytes_ -= datagram.bytes.size() + sizeof(Datagram);
        queue_.pop_front();
    }
    return received;
}

std::optional<udp::SocketId> UdpSocket::socket_for(const IpAddress& destination) const {
    for (const auto& id : ids_)
        if (id && table_.host.udp().local(*id).address.is_v4() == destination.is_v4()) return id;
    return std::nullopt;
}

Result<void> UdpSocket::check_destination(const SocketAddress& to) const {
    if (domain() == family::inet && to.address.is_v6()) return std::unexpected(Errno::family_not_supported);
    if (!fits_family(to.address)) return std::unexpected(Errno::network_unreachable);
    if (to.port == Port{}) return std::unexpected(Errno::invalid_argument);
    if (to.address.is_limited_broadcast() && !options_.broadcast) return std::unexpected(Errno::permission_denied);
    return {};
}

/// Whether a datagram reaches `destination` in one piece, as far as is known (RFC 1191, section 6.1; RFC 8201, section
/// 5.2).
bool UdpSocket::fits_path(std::size_t payload, const IpAddress& destination) const {
    const std::size_t headers = destination.is_v4() ? 28 : 48;
    const auto mtu = table_.host.mtu_to(destination);
    return !mtu || payload + headers <= *mtu;
}

Result<std::size_t> UdpSocket::send(WriteBuffers buffers, int flags, const std::optional<SocketAddress>& to) {
    if ((flags & msg::oob) != 0) return std::unexpected(Errno::operation_not_supported);
    if (const auto error = take_error()) return std::unexpected(*error);
    if (write_shut_) return std::unexpected(Errno::broken_pipe);
    const std::optional<SocketAddress> target = corked_for_ ? corked_for_ : to ? to : peer_;
    if (!target) return std::unexpected(Errno::destination_required);
    if (const auto fine = check_destination(*target); !fine) return std::unexpected(fine.error());
    if (const auto bound = bind_if_unbound(*target); !bound) return std::unexpected(bound.error());
    const auto id = socket_for(target->address);
    if (!id) return std::unexpected(Errno::network_unreachable);

    const std::size_t size = total_size(buffers);
    if (corked_.size() + size > 65535) return std::unexpected(Errno::message_too_long);
    for (const auto& bytes : buffers) corked_.insert(corked_.end(), bytes.begin(), bytes.end());
    if ((flags & msg::more) != 0) {
        corked_for_ = target;
        return size;
    }
    corked_for_.reset();
    if (options_.mtu_discover == kNeverFragment && !fits_path(corked_.size(), target->address)) {
        corked_.clear();
        return std::unexpected(Errno::message_too_long);
    }
    const auto sent = table_.host.udp().send(*id, *target, std::exchange(corked_, {}));
    if (!sent) return std::unexpected(errno_of(sent.error()));
    return size;
}

std::uint32_t UdpSocket::readiness() {
    std::uint32_t events = event::out | event::wr_norm;
    if (has_error() || has_queued_errors()) events |= event::err;
    if (!queue_.empty()) events |= event::in | event::rd_norm;
    if (read_shut_) events |= event::in | event::rd_norm | event::rd_hup;
    if (read_shut_ && write_shut_) events |= event::hup;
    return events;
}

Result<int> UdpSocket::ioctl(unsigned long request) {
    switch (request) {
        case ioctl::in_q:  // udp(7): the size of the next datagram
            return queue_.empty() ? 0 : static_cast<int>(queue_.front().bytes.size());
        case ioctl::out_q:
            return static_cast<int>(corked_.size());
        default:
            return std::unexpected(Errno::not_a_terminal);
    }
}

MemoryInfo UdpSocket::memory_info() const {
    MemoryInfo memory;
    memory.rmem_alloc = static_cast<std::uint32_t>(queued_bytes_);
    memory.rcvbuf = static_cast<std::uint32_t>(2 * receive_buffer_);
    memory.sndbuf = static_cast<std::uint32_t>(2 * send_buffer_);
    memory.drops = drops_;
    return memory;
}

Result<void> UdpSocket::set_buffer(bool send, std::int32_t bytes) {
    (send ? send_buffer_ : receive_buffer_) = std::max(bytes, kMinBuffer);
    return {};
}

Result<std::int32_t> UdpSocket::path_mtu() const {
    if (!peer_) return std::unexpected(Errno::not_connected);
    const auto mtu = table_.host.mtu_to(peer_->address);
    if (!mtu) return std::unexpected(Errno::network_unreachable);
    return static_cast<std::int32_t>(*mtu);
}

}  // namespace hourglass::socket
