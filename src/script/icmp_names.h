#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hourglass::script {

/// Type and code of an ICMP message.
struct IcmpNumbers {
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    bool operator==(const IcmpNumbers&) const = default;
};

/// From packetdrill's names, `type_3` and `code_4` included; an empty code is 0. Nothing when there is no such name in
/// ICMP (`v6` false) or ICMPv6.
[[nodiscard]] std::optional<IcmpNumbers> icmp_numbers(std::string_view type, std::string_view code, bool v6);

/// The names of these numbers: "unreachable frag_needed".
[[nodiscard]] std::string icmp_name(IcmpNumbers numbers, bool v6);

}  // namespace hourglass::script
