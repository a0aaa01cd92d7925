#include "hourglass/runtime/identity.h"

#include <algorithm>
#include <fstream>
#include <span>
#include <string>

#include "hourglass/runtime/clock.h"

namespace hourglass::runtime {

SipKey stable_secret(std::string_view purpose) {
    std::string text;
    std::ifstream file("/etc/machine-id");
    if (!std::getline(file, text) || text.empty()) return random_secret();
    text += ' ';
    text += purpose;
    const auto input = std::as_bytes(std::span(text));
    constexpr SipKey low{0x686f7572676c6173, 1}, high{0x686f7572676c6173, 2};
    return {siphash(low, input), siphash(high, input)};
}

MacAddress stable_mac(std::string_view name) {
    const std::uint64_t bits = siphash(stable_secret("link-layer address"), std::as_bytes(std::span(name)));
    MacAddress mac;
    for (std::size_t i = 0; i < mac.octets.size(); ++i) mac.octets[i] = static_cast<std::uint8_t>(bits >> i * 8);
    mac.octets[0] = 2;
    return mac;
}

}  // namespace hourglass::runtime
