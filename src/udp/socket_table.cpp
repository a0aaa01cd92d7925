#include "udp/socket_table.h"

#include <array>
#include <cstring>
#include <utility>

#include "hourglass/wire/udp.h"

namespace hourglass::udp {

namespace {

IpAddress any_of_family(const IpAddress& address) { return address.is_v4() ? IpAddress::v4(0) : IpAddress{}; }

/// The largest payload: what a 16-bit length leaves (RFC 768), and over IPv4 the header within the datagram too.
std::size_t max_payload(const IpAddress& destination) {
    return destination.is_v4() ? 65535 - 20 - wire::UdpHeader::kSize : 65535 - wire::UdpHeader::kSize;
}

}  // namespace

SocketTable::SocketTable(Limits limits, const SipKey& secret, DatagramOutput& output, BufferPool& pool)
    : limits_(limits), secret_(secret), output_(output), pool_(pool) {}

std::expected<SocketId, Error> SocketTable::open(SocketAddress local, DatagramHandler handler) {
    if (sockets_.size() >= limits_.sockets) return std::unexpected(Error::limit_reached);
    const IpAddress& address = local.address;
    if (!address.is_unspecified() && !address.is_multicast() && !output_.is_own_address(address))
        return std::unexpected(Error::bad_address);
    if (local.port == Port{}) {
        const auto port = choose_port(address);
        if (!port) return std::unexpected(port.error());
        local.port = *port;
    }
    const SocketId id{last_id_ + 1};
    if (!bound_.emplace(local, id).second) return std::unexpected(Error::address_in_use);
    ++last_id_;
    if (address.is_multicast()) ++groups_[address];
    sockets_.emplace(id, Socket{local, std::make_shared<const DatagramHandler>(std::move(handler)), {}});
    return id;
}

/// RFC 6056, section 3.3.2, with a keyed hash for the random numbers: a random start, then the next free port.
std::expected<Port, Error> SocketTable::choose_port(const IpAddress& address) {
    std::array<std::byte, 16> input{std::byte{'u'}, std::byte{'d'}, std::byte{'p'}};
    ++port_draws_;
    std::memcpy(input.data() + 8, &port_draws_, sizeof port_draws_);
    constexpr std::uint32_t kPorts = 65536u - kFirstEphemeralPort;
    const auto start = static_cast<std::uint32_t>(siphash(secret_, input) % kPorts);
    for (std::uint32_t i = 0; i < kPorts; ++i) {
        const auto port = static_cast<Port>(kFirstEphemeralPort + (start + i) % kPorts);
        if (!bound_.contains({address, port})) return port;
    }
    return std::unexpected(Error::no_ports);
}

void SocketTable::close(SocketId socket) {
    const auto found = sockets_.find(socket);
    if (found == sockets_.end()) return;
    const SocketAddress local = found->second.local;
    const auto group = groups_.find(local.address);
    if (group != groups_.end() && --group->second == 0) groups_.erase(group);
    bound_.erase(local);
    sockets_.erase(found);
}

std::expected<void, Error> SocketTable::send(SocketId socket, SocketAddress to, std::span<const std::byte> bytes) {
    const auto found = sockets_.find(socket);
    if (found == sockets_.end()) return std::unexpected(Error::no_such_socket);
    const SocketAddress local = found->second.local;
    if (to.port == Port{} || to.address.is_unspecified() || to.address.is_v4() != local.address.is_v4())
        return std::unexpected(Error::bad_address);
    if (bytes.size() > max_payload(to.address)) return std::unexpected(Error::too_large);

    const auto source = output_.source_for(to.address);
    if (!source) return std::unexpected(Error::no_route);
    const bool own = !local.address.is_unspecified() && !local.address.is_multicast();
    const IpAddress from = own ? local.address : *source;

    Packet packet = pool_.packet(wire::UdpHeader::kSize + bytes.size());
    packet.traffic_class = found->second.traffic_class;
    packet.hop_limit = found->second.hop_limit;
    const wire::UdpHeader header{.source_port = local.port,
                                 .destination_port = to.port,
                                 .payload_length = static_cast<std::uint16_t>(bytes.size())};
    header.emit(packet.append(wire::UdpHeader::kSize));
    if (!bytes.empty()) std::memcpy(packet.append(bytes.size()).data(), bytes.data(), bytes.size());
    const auto checksum = wire::udp_checksum(from, to.address, std::as_const(packet).bytes());
    wire::store_be16(packet.bytes().data() + wire::UdpHeader::kChecksumOffset, checksum);
    output_.send_datagram(std::move(packet), from, to.address);
    return {};
}

SocketAddress SocketTable::local(SocketId socket) const {
    const auto found = sockets_.find(socket);
    return found == sockets_.end() ? SocketAddress{} : found->second.local;
}

std::optional<SocketId> SocketTable::find(const SocketAddress& destination) const {
    auto found = bound_.find(destination);
    if (found == bound_.end()) found = bound_.find({any_of_family(destination.address), destination.port});
    return found == bound_.end() ? std::nullopt : std::optional(found->second);
}

bool SocketTable::is_joined(const IpAddress& group) const { return groups_.contains(group); }

void SocketTable::set_header(SocketId socket, std::uint8_t traffic_class, std::uint8_t hop_limit) {
    const auto found = sockets_.find(socket);
    if (found == sockets_.end()) return;
    found->second.traffic_class = traffic_class;
    found->second.hop_limit = hop_limit;
}

void SocketTable::on_failure(SocketId socket, FailureHandler handler) {
    const auto found = sockets_.find(socket);
    if (found != sockets_.end())
        found->second.failure_handler = std::make_shared<const FailureHandler>(std::move(handler));
}

bool SocketTable::report(const SocketAddress& local, const Failure& failure) {
    const auto socket = find(local);
    if (!socket) return false;
    const bool wanted = sockets_.at(*socket).failure_handler != nullptr;
    if (wanted && failures_.size() < limits_.queued_datagrams) failures_.emplace_back(*socket, failure);
    return true;
}

std::expected<Delivery, wire::ParseError> SocketTable::receive(Packet& packet, std::size_t offset,
                                                               const IpAddress& source, const IpAddress& destination) {
    const auto view = wire::UdpView::parse(std::as_const(packet).bytes().subspan(offset));
    if (!view) return std::unexpected(view.error());
    if (packet.offload.checksum == Offload::Checksum::complete && !view->checksum_is_valid(source, destination))
        return std::unexpected(wire::ParseError::bad_checksum);

    const SocketAddress to{destination, view->destination_port()};
    const auto socket = find(to);
    if (!socket) return Delivery::no_socket;
    if (queue_.size() >= limits_.queued_datagrams) return Delivery::queue_full;
    const SocketAddress from{source, view->source_port()};
    const std::size_t size = view->payload().size();
    packet.remove_prefix(offset + wire::UdpHeader::kSize);
    packet.truncate(size);
    queue_.push_back({*socket, from, to, std::move(packet)});
    return Delivery::queued;
}

void SocketTable::poll(Instant now) {
    for (const auto& [socket, failure] : std::exchange(failures_, {})) {
        const auto found = sockets_.find(socket);
        if (found == sockets_.end()) continue;
        const std::shared_ptr<const FailureHandler> handler = found->second.failure_handler;
        if (handler && *handler) (*handler)(failure);
    }
    if (queue_.empty()) return;
    const std::vector<Waiting> batch = std::exchange(queue_, {});
    for (const Waiting& waiting : batch) {
        const auto found = sockets_.find(waiting.socket);
        if (found == sockets_.end()) continue;
        const std::shared_ptr<const DatagramHandler> handler = found->second.handler;
        if (*handler) (*handler)(waiting.socket, waiting.from, waiting.to, waiting.payload.bytes(), now);
    }
}

}  // namespace hourglass::udp
