#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "hourglass/base/address.h"

namespace hourglass::wire::test {

using Octets = std::vector<std::byte>;

/// The octets that `text` names as pairs of hexadecimal digits; blanks separate at will.
inline Octets hex(std::string_view text) {
    Octets out;
    int half = -1;
    for (const char c : text) {
        if (c == ' ' || c == '\n') continue;
        const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
        if (half < 0) {
            half = digit;
        } else {
            out.push_back(static_cast<std::byte>(half << 4 | digit));
            half = -1;
        }
    }
    return out;
}

/// What `writer.emit` writes.
template <class Writer>
Octets emitted(const Writer& writer) {
    Octets out(writer.size());
    writer.emit(out);
    return out;
}

inline Octets joined(Octets head, std::span<const std::byte> tail) {
    head.insert(head.end(), tail.begin(), tail.end());
    return head;
}

inline Octets copy(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }

inline IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

}  // namespace hourglass::wire::test
