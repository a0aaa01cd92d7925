#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace hourglass::runtime {

/// A request of rtnetlink(7) under construction: header, the message's own struct, attributes.
class NetlinkRequest {
  public:
    template <class Body>
    NetlinkRequest(std::uint16_t type, std::uint16_t flags, const Body& body) {
        static_assert(std::is_trivially_copyable_v<Body>);
        nlmsghdr header{};
        header.nlmsg_type = type;
        header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
        append(std::as_bytes(std::span(&header, 1)));
        append(std::as_bytes(std::span(&body, 1)));
    }

    void add(std::uint16_t type, std::span<const std::byte> value);
    template <class Value>
    requires std::is_integral_v<Value>
    void add(std::uint16_t type, Value value) { add(type, std::as_bytes(std::span(&value, 1))); }
    void add(std::uint16_t type, std::string_view text);
    /// Attributes added until `end_nested` are inside this one. Returns where it begins.
    std::size_t begin_nested(std::uint16_t type);
    void end_nested(std::size_t begin);

    /// Sends the request and waits for the kernel's acknowledgement. Returns its error number, 0 for success.
    [[nodiscard]] int perform();

  private:
    void append(std::span<const std::byte> bytes);

    std::vector<std::byte> bytes_;
};

}  // namespace hourglass::runtime
