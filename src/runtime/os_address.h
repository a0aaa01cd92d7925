#pragma once

#include <sys/socket.h>

#include "hourglass/base/address.h"

namespace hourglass::runtime {

/// A socket address as the system's calls take it.
struct OsAddress {
    sockaddr_storage storage{};
    socklen_t length = sizeof(sockaddr_storage);

    OsAddress() = default;
    explicit OsAddress(const SocketAddress& address);

    [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    [[nodiscard]] int family() const { return storage.ss_family; }
    [[nodiscard]] SocketAddress to_address() const;
};

/// Where a socket is bound; all zero when it is not.
[[nodiscard]] SocketAddress local_address(int socket);

}  // namespace hourglass::runtime
