#include "hourglass/link/tun.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <optional>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

#include "hourglass/ip/host.h"
#include "hourglass/wire/ipv4.h"
#include "hourglass/wire/ipv6.h"
#include "hourglass/wire/protocol.h"

namespace hourglass::link {

namespace {

/// The header in front of every packet, in the machine's byte order (OASIS virtio 1.2, section 5.1.6, without
/// num_buffers). Linux's own linux/virtio_net.h is not C++.
struct VirtioHeader {
    static constexpr std::uint8_t kNeedsChecksum = 1, kDataValid = 2;
    static constexpr std::uint8_t kGsoNone = 0, kGsoTcpV4 = 1, kGsoTcpV6 = 4, kGsoEcn = 0x80;

    std::uint8_t flags = 0;
    std::uint8_t gso_type = kGsoNone;
    std::uint16_t headers_length = 0;
    std::uint16_t gso_size = 0;
    std::uint16_t checksum_start = 0;
    std::uint16_t checksum_offset = 0;
};
static_assert(sizeof(VirtioHeader) == 10);

/// The largest datagram: 65535 octets, or an IPv6 payload of that length behind its header.
constexpr std::size_t kMaxDatagram = 65535 + wire::Ipv6Header::kSize;
/// A datagram up to this size leaves the large buffer that it was read into and gets a small one of its own.
constexpr std::size_t kSmallDatagram = BufferPool::kSmall - Packet::kHeadroom;

TunError failure(int error, std::string message) {
    return {std::error_code(error, std::generic_category()), std::move(message)};
}

std::string text_of(int error) { return std::generic_category().message(error); }

bool is_interface_name(std::string_view name) {
    return !name.empty() && name.size() < IFNAMSIZ && name != "." && name != ".." &&
           std::ranges::none_of(name, [](char c) { return c <= ' ' || c >= 0x7f || c == '/' || c == ':' || c == '%'; });
}

TunError why_not_opened(const std::string& file, int error) {
    switch (error) {
        case ENOENT:
        case ENXIO:
        case ENODEV:
            return failure(error, fmt::format("there is no {}: load the kernel's module as root with 'modprobe tun', "
                                              "or pass the device into this container",
                                              file));
        case EACCES:
        case EPERM:
            return failure(error, fmt::format("{} may not be opened by this user: run as root, or have root say "
                                              "'chmod 666 {}'",
                                              file, file));
        default:
            return failure(error, fmt::format("{} cannot be opened: {}", file, text_of(error)));
    }
}

TunError why_not_attached(const std::string& name, int error) {
    switch (error) {
        case EPERM:
        case EACCES:
            return failure(error, fmt::format("this user may not make or use the TUN device '{}': run as root, or have "
                                              "root say 'ip tuntap add dev {} mode tun user NAME'",
                                              name, name));
        case EBUSY:
            return failure(error, fmt::format("the TUN device '{}' is in use by another program: end that one, or "
                                              "choose another name",
                                              name));
        case EINVAL:
            return failure(error, fmt::format("'{}' is an interface of another kind, not a TUN device: choose another "
                                              "name",
                                              name));
        default:
            return failure(error, fmt::format("the TUN device '{}' cannot be made: {}", name, text_of(error)));
    }
}

/// Name, framing and offloads. Returns the error number of the call that failed.
int attach(int descriptor, const TunSettings& settings) {
    ifreq request{};
    request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
    std::ranges::copy(settings.name, request.ifr_name);
    if (::ioctl(descriptor, TUNSETIFF, &request) < 0) return errno;
    int header_size = sizeof(VirtioHeader);
    if (::ioctl(descriptor, TUNSETVNETHDRSZ, &header_size) < 0) return errno;
    const unsigned long offloads = settings.offload ? TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 : 0;
    if (::ioctl(descriptor, TUNSETOFFLOAD, offloads) < 0) return errno;
    return 0;
}

/// What the kernel says about a datagram that it sends; nothing when it is a super-segment of an unknown kind.
std::optional<Offload> offload_of(const VirtioHeader& header) {
    Offload offload;
    if ((header.flags & VirtioHeader::kNeedsChecksum) != 0)
        offload.checksum = Offload::Checksum::partial;
    else if ((header.flags & VirtioHeader::kDataValid) != 0)
        offload.checksum = Offload::Checksum::verified;
    switch (header.gso_type & ~VirtioHeader::kGsoEcn) {
        case VirtioHeader::kGsoNone:
            return offload;
        case VirtioHeader::kGsoTcpV4:
        case VirtioHeader::kGsoTcpV6:
            offload.gso_size = header.gso_size;
            return offload;
        default:
            return std::nullopt;
    }
}

/// Where a datagram's transport header is.
struct Transport {
    bool is_v6 = false;
    wire::IpProtocol protocol{};
    std::size_t offset = 0;
};

std::optional<Transport> transport_of(std::span<const std::byte> datagram) {
    if (const auto v4 = wire::Ipv4View::parse(datagram)) return Transport{false, v4->protocol(), v4->header_size()};
    const auto v6 = wire::Ipv6View::parse(datagram);
    if (!v6) return std::nullopt;
    const auto chain = wire::walk_extensions(*v6);
    if (!chain) return std::nullopt;
    return Transport{true, chain->protocol, chain->offset};
}

/// What to tell the kernel about a datagram; nothing when it is not what its `Offload` says.
std::optional<VirtioHeader> header_for(const Packet& packet) {
    VirtioHeader header;
    if (packet.offload.checksum == Offload::Checksum::verified) header.flags = VirtioHeader::kDataValid;
    if (packet.offload.checksum != Offload::Checksum::partial) return header;

    const std::optional<Transport> transport = transport_of(packet.bytes());
    if (!transport) return std::nullopt;
    const bool is_tcp = transport->protocol == wire::IpProtocol::tcp;
    if (!is_tcp && transport->protocol != wire::IpProtocol::udp) return std::nullopt;
    constexpr std::size_t tcp_checksum_offset = 16, udp_checksum_offset = 6, tcp_data_offset = 12;
    header.flags = VirtioHeader::kNeedsChecksum;
    header.checksum_start = static_cast<std::uint16_t>(transport->offset);
    header.checksum_offset = static_cast<std::uint16_t>(is_tcp ? tcp_checksum_offset : udp_checksum_offset);
    if (packet.offload.gso_size == 0) return header;

    if (!is_tcp || packet.size() <= transport->offset + tcp_data_offset) return std::nullopt;
    const auto data_offset = static_cast<std::size_t>(packet.bytes()[transport->offset + tcp_data_offset] >> 4) * 4;
    const std::size_t headers = transport->offset + data_offset;
    if (packet.size() <= headers + packet.offload.gso_size) return header;
    header.gso_type = transport->is_v6 ? VirtioHeader::kGsoTcpV6 : VirtioHeader::kGsoTcpV4;
    header.gso_size = packet.offload.gso_size;
    header.headers_length = static_cast<std::uint16_t>(headers);
    return header;
}

bool is_temporary(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS || error == ENOMEM; }

}  // namespace

std::expected<std::unique_ptr<Tun>, TunError> Tun::open(const TunSettings& settings, BufferPool& pool) {
    if (!is_interface_name(settings.name))
        return std::unexpected(failure(EINVAL, fmt::format("'{}' cannot name an interface: use 1 to {} letters, digits "
                                                           "or '-_.'",
                                                           settings.name, IFNAMSIZ - 1)));
    const int descriptor = ::open(settings.control_file.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return std::unexpected(why_not_opened(settings.control_file, errno));
    if (const int error = attach(descriptor, settings); error != 0) {
        ::close(descriptor);
        return std::unexpected(why_not_attached(settings.name, error));
    }
    Properties properties{.name = settings.name,
                          .medium = ip::Medium::ip,
                          .mtu = settings.mtu,
                          .max_gso = settings.offload ? kMaxGso : 0,
                          .checksum_offload = settings.offload};
    return std::unique_ptr<Tun>(new Tun(descriptor, std::move(properties), pool));
}

Tun::Tun(int descriptor, Properties properties, BufferPool& pool)
    : descriptor_(descriptor), properties_(std::move(properties)), pool_(pool) {}

Tun::~Tun() { ::close(descriptor_); }

/// The datagram of `size` octets that lies in `arrival_`, in a buffer that fits it.
Packet Tun::take(std::size_t size) {
    if (size <= kSmallDatagram) {
        Packet packet = pool_.packet(arrival_.bytes().first(size));
        return packet;
    }
    Packet packet = std::move(arrival_);
    packet.truncate(size);
    return packet;
}

std::expected<std::size_t, std::error_code> Tun::read(std::vector<Packet>& batch, std::size_t max) {
    std::size_t count = 0;
    while (count < max) {
        if (arrival_.empty()) {
            arrival_ = pool_.packet(kMaxDatagram);
            arrival_.append(kMaxDatagram);
        }
        VirtioHeader header;
        const iovec parts[] = {{&header, sizeof header}, {arrival_.bytes().data(), arrival_.size()}};
        const ssize_t n = ::readv(descriptor_, parts, 2);
        if (n < 0) {
            if (errno == EINTR) continue;
            if (is_temporary(errno) || count > 0) break;
            return std::unexpected(std::error_code(errno, std::generic_category()));
        }
        if (static_cast<std::size_t>(n) <= sizeof header) break;
        const std::optional<Offload> offload = offload_of(header);
        if (!offload) {
            ++counters_.unknown_segmentation;
            continue;
        }
        Packet packet = take(static_cast<std::size_t>(n) - sizeof header);
        packet.offload = *offload;
        batch.push_back(std::move(packet));
        ++count;
    }
    return count;
}

std::expected<std::size_t, std::error_code> Tun::write(std::span<Packet> batch) {
    std::size_t count = 0;
    while (count < batch.size()) {
        Packet& packet = batch[count];
        std::optional<VirtioHeader> header = header_for(packet);
        if (header) {
            const iovec parts[] = {{&*header, sizeof *header}, {packet.bytes().data(), packet.size()}};
            if (::writev(descriptor_, parts, 2) < 0) {
                if (errno == EINTR) continue;
                if (is_temporary(errno)) break;
                if (errno == EBADFD) return std::unexpected(std::error_code(errno, std::generic_category()));
                ++counters_.refused;
            }
        } else {
            ++counters_.refused;
        }
        packet = Packet();
        ++count;
    }
    return count;
}

}  // namespace hourglass::link
