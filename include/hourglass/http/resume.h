#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hourglass/http/message.h"

namespace hourglass::http {

/// Asks for what comes behind the first `have` bytes (RFC 9110, section 14.2). With a validator, an entity tag or a
/// date, the server sends the whole again if the content is another one by now (If-Range, section 13.1.5).
void ask_for_rest(Request& request, std::uint64_t have, std::string_view validator = {});

/// What an answer to `ask_for_rest` holds.
enum class Resumption : std::uint8_t {
    rest,      ///< what comes behind the bytes that are there
    whole,     ///< everything from the beginning: the server does not do ranges, or the content has changed
    complete,  ///< nothing is missing (416 with the length that is there)
    refused,   ///< another part than was asked for, or none (416)
    other,     ///< an answer that is no content: an error, a redirection
};
[[nodiscard]] Resumption resumption(const Response& response, std::uint64_t have);

/// A Content-Range (RFC 9110, section 14.4): `bytes 5-9/10`, `bytes 5-9/*`, `bytes */10`.
struct ContentRange {
    std::optional<std::uint64_t> first{};
    std::optional<std::uint64_t> last{};
    std::optional<std::uint64_t> total{};

    static std::optional<ContentRange> parse(std::string_view text);
};

/// The validator of an answer for a later If-Range: a strong entity tag, or else the date of Last-Modified where it is
/// a strong one (RFC 9110, section 8.8.2.2); empty when there is none.
[[nodiscard]] std::string strong_validator(const Fields& fields);

}  // namespace hourglass::http
