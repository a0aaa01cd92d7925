#include "runtime/os_address.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <netinet/in.h>

namespace hourglass::runtime {

OsAddress::OsAddress(const SocketAddress& address) {
    if (address.address.is_v4()) {
        sockaddr_in in{};
        in.sin_family = AF_INET;
        in.sin_port = htons(to_number(address.port));
        in.sin_addr.s_addr = htonl(address.address.v4_value());
        std::memcpy(&storage, &in, length = sizeof in);
    } else {
        sockaddr_in6 in{};
        in.sin6_family = AF_INET6;
        in.sin6_port = htons(to_number(address.port));
        std::ranges::copy(address.address.octets(), in.sin6_addr.s6_addr);
        std::memcpy(&storage, &in, length = sizeof in);
    }
}

SocketAddress OsAddress::to_address() const {
    if (family() == AF_INET) {
        sockaddr_in in{};
        std::memcpy(&in, &storage, sizeof in);
        return {IpAddress::v4(ntohl(in.sin_addr.s_addr)), Port{ntohs(in.sin_port)}};
    }
    if (family() != AF_INET6) return {};
    sockaddr_in6 in{};
    std::memcpy(&in, &storage, sizeof in);
    return {IpAddress::v6(std::to_array(in.sin6_addr.s6_addr)), Port{ntohs(in.sin6_port)}};
}

SocketAddress local_address(int socket) {
    OsAddress address;
    return ::getsockname(socket, address.get(), &address.length) == 0 ? address.to_address() : SocketAddress{};
}

}  // namespace hourglass::runtime
