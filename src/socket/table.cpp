#include "socket/table.h"

#include <array>
#include <cstring>

#include "hourglass/base/siphash.h"
#include "socket/socket.h"
#include "socket/tcp_socket.h"

namespace hourglass::socket {

namespace {

/// Two addresses that a datagram could match at once.
bool overlap(const IpAddress& a, const IpAddress& b) {
    if (a.is_unspecified() || b.is_unspecified()) return a.is_v4() == b.is_v4();
    return a == b;
}

}  // namespace

Object* Sockets::Table::find(Descriptor d) const {
    const auto found = open.find(d);
    return found == open.end() ? nullptr : found->second.get();
}

Result<Socket*> Sockets::Table::socket(Descriptor d) const {
    Object* object = find(d);
    if (object == nullptr) return std::unexpected(Errno::bad_descriptor);
    Socket* socket = object->as_socket();
    if (socket == nullptr) return std::unexpected(Errno::not_a_socket);
    return socket;
}

Result<void> Sockets::Table::check_room(Descriptor as, std::size_t more) const {
    if (open.size() + more > limits.descriptors) return std::unexpected(Errno::too_many_descriptors);
    if (as != kLowestFree && (as < 0 || open.contains(as))) return std::unexpected(Errno::bad_descriptor);
    return {};
}

Descriptor Sockets::Table::add(std::shared_ptr<Object> object, Descriptor as) {
    if (as == kLowestFree) {
        as = lowest_free_;
        for (auto next = open.lower_bound(as); next != open.end() && next->first == as; ++next) ++as;
        lowest_free_ = as + 1;
    }
    open.emplace(as, std::move(object));
    return as;
}

std::shared_ptr<Object> Sockets::Table::remove(Descriptor d) {
    const auto found = open.find(d);
    if (found == open.end()) return nullptr;
    std::shared_ptr<Object> object = std::move(found->second);
    open.erase(found);
    if (d >= limits.first) lowest_free_ = std::min(lowest_free_, d);
    return object;
}

bool Sockets::Table::is_taken(const TcpSocket& self, const SocketAddress& local) const {
    for (const auto& [descriptor, object] : open) {
        const auto* other = dynamic_cast<const TcpSocket*>(object.get());
        if (other == nullptr || other == &self || !other->bound_to()) continue;
        const SocketAddress taken = *other->bound_to();
        const bool dual = other->is_dual() || self.is_dual();
        const bool both_any = taken.address.is_unspecified() && local.address.is_unspecified();
        if (taken.port != local.port || !(overlap(taken.address, local.address) || (dual && both_any))) continue;
        const bool shared = self.options().reuse_port && other->options().reuse_port;
        const bool reused = self.options().reuse_address && other->options().reuse_address && !other->is_listening();
        if (!shared && !reused) return true;
    }
    if (self.options().reuse_address || self.options().reuse_port) return false;
    // Connections without a descriptor: TIME-WAIT, and those whose closing still goes on.
    for (const tcp::ConnectionInfo& connection : host.tcp().connections())
        if (connection.flow.local_port == local.port && overlap(connection.flow.local, local.address)) return true;
    return false;
}

Result<Port> Sockets::Table::choose_port(const TcpSocket& self, const IpAddress& address) {
    const tcp::Settings& settings = host.settings().tcp;
    const std::uint32_t count = settings.last_ephemeral_port - settings.first_ephemeral_port + 1u;
    std::array<std::byte, 16> input{std::byte{'b'}, std::byte{'i'}, std::byte{'n'}, std::byte{'d'}};
    ++port_draws_;
    std::memcpy(input.data() + 8, &port_draws_, sizeof port_draws_);
    const auto start = static_cast<std::uint32_t>(siphash(host.settings().secret, input) % count);
    for (std::uint32_t i = 0; i < count; ++i) {
        const Port port{static_cast<std::uint16_t>(settings.first_ephemeral_port + (start + i) % count)};
        if (!is_taken(self, {address, port})) return port;
    }
    return std::unexpected(Errno::address_in_use);
}

}  // namespace hourglass::socket
