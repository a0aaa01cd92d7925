#include "packetdrill/translate.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

namespace hourglass::packetdrill {

namespace {

/// An address in the C interface's form.
struct Native {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

Native native(const SocketAddress& address, int family) {
    Native result;
    if (family == AF_INET) {
        sockaddr_in in{};
        in.sin_family = AF_INET;
        in.sin_port = htons(to_number(address.port));
        in.sin_addr.s_addr = htonl(address.address.v4_value());
        std::memcpy(&result.storage, &in, sizeof in);
        result.size = sizeof in;
    } else {
        sockaddr_in6 in{};
        in.sin6_family = AF_INET6;
        in.sin6_port = htons(to_number(address.port));
        std::memcpy(&in.sin6_addr, address.address.octets().data(), sizeof in.sin6_addr);
        std::memcpy(&result.storage, &in, sizeof in);
        result.size = sizeof in;
    }
    return result;
}

void add_control(msghdr& message, std::size_t room, int level, int type, std::span<const std::byte> data) {
    const std::size_t needed = CMSG_SPACE(data.size());
    if (message.msg_control == nullptr || room - message.msg_controllen < needed) {
        message.msg_flags |= MSG_CTRUNC;
        return;
    }
    auto* at = static_cast<std::byte*>(message.msg_control) + message.msg_controllen;
    cmsghdr header{};
    header.cmsg_len = CMSG_LEN(data.size());
    header.cmsg_level = level;
    header.cmsg_type = type;
    std::memcpy(at, &header, sizeof header);
    std::memcpy(at + CMSG_LEN(0), data.data(), data.size());
    message.msg_controllen += needed;
}

}  // namespace

socket::Result<SocketAddress> address_from(const sockaddr* address, socklen_t size) {
    if (address == nullptr) return std::unexpected(socket::Errno::bad_address);
    if (size < sizeof address->sa_family) return std::unexpected(socket::Errno::invalid_argument);
    if (address->sa_family == AF_INET) {
        sockaddr_in in{};
        if (size < sizeof in) return std::unexpected(socket::Errno::invalid_argument);
        std::memcpy(&in, address, sizeof in);
        return SocketAddress{IpAddress::v4(ntohl(in.sin_addr.s_addr)), Port(ntohs(in.sin_port))};
    }
    if (address->sa_family == AF_INET6) {
        sockaddr_in6 in{};
        if (size < sizeof in) return std::unexpected(socket::Errno::invalid_argument);
        std::memcpy(&in, address, sizeof in);
        return SocketAddress{IpAddress::v6(std::to_array(in.sin6_addr.s6_addr)), Port(ntohs(in.sin6_port))};
    }
    return std::unexpected(socket::Errno::family_not_supported);
}

void write_address(const SocketAddress& address, int family, sockaddr* out, socklen_t* size) {
    if (out == nullptr || size == nullptr) return;
    const Native value = native(address, family);
    std::memcpy(out, &value.storage, std::min(*size, value.size));
    *size = value.size;
}

std::vector<std::span<std::byte>> read_buffers(const iovec* buffers, std::size_t count) {
    std::vector<std::span<std::byte>> list;
    for (const iovec& buffer : std::span(buffers, count))
        list.emplace_back(static_cast<std::byte*>(buffer.iov_base), buffer.iov_len);
    return list;
}

std::vector<std::span<const std::byte>> write_buffers(const iovec* buffers, std::size_t count) {
    std::vector<std::span<const std::byte>> list;
    for (const iovec& buffer : std::span(buffers, count))
        list.emplace_back(static_cast<const std::byte*>(buffer.iov_base), buffer.iov_len);
    return list;
}

void write_control(const socket::Received& received, int family, msghdr& message) {
    const std::size_t room = message.msg_controllen;
    message.msg_controllen = 0;
    message.msg_flags = received.flags;
    if (received.inq) {
        const auto inq = static_cast<int>(*received.inq);
        add_control(message, room, SOL_TCP, TCP_CM_INQ, std::as_bytes(std::span(&inq, 1)));
    }
    if (!received.error) return;
    struct {
        sock_extended_err error;
        sockaddr_in6 offender;
    } told{};
    const socket::ExtendedError& e = *received.error;
    told.error = {.ee_errno = e.error,
                  .ee_origin = e.origin,
                  .ee_type = e.type,
                  .ee_code = e.code,
                  .ee_pad = 0,
                  .ee_info = e.info,
                  .ee_data = e.data};
    const bool v4 = family == AF_INET || e.offender.address.is_v4();
    const Native offender = native(e.offender, v4 ? AF_INET : AF_INET6);
    std::memcpy(&told.offender, &offender.storage, offender.size);
    const std::size_t size = sizeof told.error + (v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    add_control(message, room, v4 ? SOL_IP : SOL_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR,
                std::as_bytes(std::span(&told, 1)).first(size));
}

}  // namespace hourglass::packetdrill
