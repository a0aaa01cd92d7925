#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hourglass/base/address.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto a = hourglass::IpAddress::parse(text)) {
        if (hourglass::IpAddress::parse(a->to_string()) != a) __builtin_trap();
    }
    if (const auto s = hourglass::SocketAddress::parse(text)) {
        if (hourglass::SocketAddress::parse(s->to_string()) != s) __builtin_trap();
    }
    if (const auto p = hourglass::Prefix::parse(text)) {
        const auto again = hourglass::Prefix::parse(p->to_string());
        if (!again || again->to_string() != p->to_string()) __builtin_trap();
    }
    return 0;
}
