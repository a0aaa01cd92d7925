#pragma once

#include <expected>
#include <span>
#include <sys/socket.h>
#include <sys/uio.h>
#include <vector>

#include "hourglass/socket/sockets.h"

namespace hourglass::packetdrill {

/// From the C interface's address; EINVAL when it is too short, EAFNOSUPPORT when it is neither IPv4 nor IPv6.
[[nodiscard]] socket::Result<SocketAddress> address_from(const sockaddr* address, socklen_t size);
/// Writes `address` as a socket of that family shows it, cut to `*size`, which becomes its true size. Nothing happens
/// when either pointer is null.
void write_address(const SocketAddress& address, int family, sockaddr* out, socklen_t* size);

[[nodiscard]] std::vector<std::span<std::byte>> read_buffers(const iovec* buffers, std::size_t count);
[[nodiscard]] std::vector<std::span<const std::byte>> write_buffers(const iovec* buffers, std::size_t count);

/// Control messages (cmsg(3)) for what recvmsg has told apart from the bytes; sets msg_flags and msg_controllen.
void write_control(const socket::Received& received, int family, msghdr& message);

}  // namespace hourglass::packetdrill
