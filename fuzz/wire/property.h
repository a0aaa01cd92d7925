#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hourglass::fuzz {

/// Ends the run when a property does not hold, so that libFuzzer keeps the input.
inline void require(bool holds) {
    if (!holds) __builtin_trap();
}

inline std::span<const std::byte> as_bytes(const std::uint8_t* data, std::size_t size) {
    return std::as_bytes(std::span(data, size));
}

/// What `writer.emit` writes, in a block of exactly the size that it announced.
template <class Writer>
std::vector<std::byte> emitted(const Writer& writer) {
    std::vector<std::byte> out(writer.size());
    writer.emit(out);
    return out;
}

inline std::vector<std::byte> joined(std::vector<std::byte> head, std::span<const std::byte> tail) {
    head.insert(head.end(), tail.begin(), tail.end());
    return head;
}

inline bool same(std::span<const std::byte> a, std::span<const std::byte> b) { return std::ranges::equal(a, b); }

/// True when `part` lies inside `whole` (an empty part may lie anywhere).
inline bool inside(std::span<const std::byte> part, std::span<const std::byte> whole) {
    return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace hourglass::fuzz
