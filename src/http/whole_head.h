#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "hourglass/http/parser.h"

namespace hourglass::http::detail {

/// A request's head, as offsets from its first byte.
struct WholeHead {
    std::size_t method_end = 0;
    std::size_t target_end = 0;  ///< The target begins behind the space at `method_end`.
    std::size_t fields = 0;      ///< Field lines found.
    std::size_t size = 0;        ///< With the empty line; zero: not read.

    explicit operator bool() const noexcept { return size != 0; }
};

/// Reads the head of an HTTP/1.1 request that lies whole and flawless at the beginning of `text`, 64 bytes at a step.
/// For everything else, a head that goes on, one with a fault or beyond a limit, one of another version, the answer is
/// "not read", and `HeadParser` finds out byte by byte what it is. Both agree on every head that this one reads.
/// `places` takes the field lines; its size is a limit too.
[[nodiscard]] WholeHead read_whole_head(std::string_view text, const Limits& limits,
                                        std::span<FieldPlace> places) noexcept;

/// False where the processor has none of the instructions for it: then nothing is ever read.
[[nodiscard]] bool can_read_whole_heads() noexcept;

}  // namespace hourglass::http::detail
