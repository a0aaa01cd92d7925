#pragma once

#include <arpa/inet.h>
#include <array>
#include <cstddef>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <span>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "hourglass/runtime/network_namespace.h"

namespace hourglass::runtime {

/// Tests that make devices: each process of tests has one private network, and skips them where it can't be had.
class PrivateNetwork : public testing::Test {
  protected:
    void SetUp() override {
        static const auto inside = enter_private_network();
        if (!inside) GTEST_SKIP() << inside.error().message;
    }
};

/// A UDP socket of the kernel's.
class KernelUdpSocket {
  public:
    KernelUdpSocket(const char* address, std::uint16_t port) : descriptor_(::socket(AF_INET, SOCK_DGRAM, 0)) {
        const sockaddr_in local = ipv4(address, port);
        bound_ = ::bind(descriptor_, reinterpret_cast<const sockaddr*>(&local), sizeof local) == 0;
        const timeval limit{.tv_sec = 2, .tv_usec = 0};
        ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    ~KernelUdpSocket() { ::close(descriptor_); }
    KernelUdpSocket(const KernelUdpSocket&) = delete;
    KernelUdpSocket& operator=(const KernelUdpSocket&) = delete;

    [[nodiscard]] bool bound() const { return bound_; }
    bool send(const char* address, std::uint16_t port, std::string_view text) {
        const sockaddr_in to = ipv4(address, port);
        return ::sendto(descriptor_, text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) ==
               static_cast<ssize_t>(text.size());
    }
    /// The next datagram; empty when none comes within two seconds (at once with MSG_DONTWAIT).
    std::string receive(int flags = 0) {
        std::array<char, 65536> bytes;
        const ssize_t n = ::recv(descriptor_, bytes.data(), bytes.size(), flags);
        return {bytes.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
    }

  private:
    static sockaddr_in ipv4(const char* address, std::uint16_t port) {
        sockaddr_in result{};
        result.sin_family = AF_INET;
        result.sin_port = htons(port);
        ::inet_pton(AF_INET, address, &result.sin_addr);
        return result;
    }

    int descriptor_;
    bool bound_ = false;
};

}  // namespace hourglass::runtime
