#include "hourglass/link/tun_device.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <optional>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

#include "hourglass/ip/interface.h"
#include "hourglass/wire/ethernet.h"
#include "hourglass/wire/ipv6.h"
#include "link/virtio_header.h"

namespace hourglass::link {

namespace {

/// The largest datagram, 65535 octets or an IPv6 payload of that length behind its header, in its frame.
constexpr std::size_t kMaxPacket = wire::EthernetHeader::kSize + 65535 + wire::Ipv6Header::kSize;
/// A packet up to this size leaves the large buffer that it was read into and gets a small one of its own.
constexpr std::size_t kSmallPacket = BufferPool::kSmall - Packet::kHeadroom;

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

TunError why_not_attached(const std::string& name, std::string_view kind, std::string_view mode, int error) {
    switch (error) {
        case EPERM:
        case EACCES:
            return failure(error, fmt::format("this user may not make or use the {} device '{}': run as root, or have "
                                              "root say 'ip tuntap add dev {} mode {} user NAME'",
                                              kind, name, name, mode));
        case EBUSY:
            return failure(error, fmt::format("the {} device '{}' is in use by another program: end that one, or "
                                              "choose another name",
                                              kind, name));
        case EINVAL:
            return failure(error, fmt::format("'{}' is an interface of another kind, not a {} device: choose another "
                                              "name",
                                              name, kind));
        default:
            return failure(error, fmt::format("the {} device '{}' cannot be made: {}", kind, name, text_of(error)));
    }
}

/// Name, framing and offloads. Returns the error number of the call that failed.
int set_up(int descriptor, const TunSettings& settings, short flag) {
    ifreq request{};
    request.ifr_flags = static_cast<short>(flag | IFF_NO_PI | IFF_VNET_HDR);
    std::ranges::copy(settings.name, request.ifr_name);
    if (::ioctl(descriptor, TUNSETIFF, &request) < 0) return errno;
    int header_size = sizeof(VirtioHeader);
    if (::ioctl(descriptor, TUNSETVNETHDRSZ, &header_size) < 0) return errno;
    const unsigned long offloads = settings.offload ? TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 : 0;
    if (::ioctl(descriptor, TUNSETOFFLOAD, offloads) < 0) return errno;
    return 0;
}

bool is_temporary(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS || error == ENOMEM; }

}  // namespace

std::expected<int, TunError> TunDevice::attach(const TunSettings& settings, const Kind& kind) {
    if (!is_interface_name(settings.name))
        return std::unexpected(failure(EINVAL, fmt::format("'{}' cannot name an interface: use 1 to {} letters, digits "
                                                           "or '-_.'",
                                                           settings.name, IFNAMSIZ - 1)));
    const int descriptor = ::open(settings.control_file.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return std::unexpected(why_not_opened(settings.control_file, errno));
    if (const int error = set_up(descriptor, settings, kind.flag); error != 0) {
        ::close(descriptor);
        return std::unexpected(why_not_attached(settings.name, kind.name, kind.mode, error));
    }
    return descriptor;
}

TunDevice::TunDevice(int descriptor, const TunSettings& settings, const Kind& kind, BufferPool& pool)
    : descriptor_(descriptor),
      link_header_(kind.link_header),
      properties_{.name = settings.name,
                  .medium = kind.medium,
                  .mtu = settings.mtu,
                  .max_gso = settings.offload ? kMaxGso : 0,
                  .checksum_offload = settings.offload},
      pool_(pool) {}

TunDevice::~TunDevice() { ::close(descriptor_); }

/// The packet of `size` octets that lies in `arrival_`, in a buffer that fits it.
Packet TunDevice::take(std::size_t size) {
    if (size <= kSmallPacket) {
        Packet packet = pool_.packet(arrival_.bytes().first(size));
        return packet;
    }
    Packet packet = std::move(arrival_);
    packet.truncate(size);
    return packet;
}

std::expected<std::size_t, std::error_code> TunDevice::read(std::vector<Packet>& batch, std::size_t max) {
    std::size_t count = 0;
    while (count < max) {
        if (arrival_.empty()) {
            arrival_ = pool_.packet(kMaxPacket);
            arrival_.append(kMaxPacket);
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

std::expected<std::size_t, std::error_code> TunDevice::write(std::span<Packet> batch) {
    std::size_t count = 0;
    while (count < batch.size()) {
        Packet& packet = batch[count];
        std::optional<VirtioHeader> header = header_for(packet, link_header_);
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
