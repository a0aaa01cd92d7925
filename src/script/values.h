#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hourglass/base/address.h"
#include "hourglass/script/ast.h"

namespace hourglass::script {

/// Ends a script: what is wrong with it, or with what happened.
struct Stop {
    enum class Kind : std::uint8_t { failed, unsupported };
    Kind kind = Kind::failed;
    std::string message;
    std::string expected{};
    std::string actual{};
    std::optional<Position> position{};  ///< Nothing: the event's.
};

[[noreturn]] void fail(std::string message, std::string expected = {}, std::string actual = {});
[[noreturn]] void unsupported(std::string what, std::optional<Position> position = std::nullopt);

/// The number of a name of the C headers; errno's names included.
[[nodiscard]] std::optional<std::int64_t> constant(std::string_view name);

[[nodiscard]] bool is_ellipsis(const Expression& e);
/// Numbers, names of constants, `a|b`, htons(). Anything else ends the script.
[[nodiscard]] std::int64_t integer(const Expression& e);
/// The same, of 32 bits.
[[nodiscard]] int number(const Expression& e);
[[nodiscard]] const std::vector<Expression>& list(const Expression& e);
[[nodiscard]] const Structure& structure(const Expression& e);
/// The field of that name; nothing when the structure has none.
[[nodiscard]] const Expression* field(const Structure& s, std::string_view name);
/// `[5]`: the one number inside.
[[nodiscard]] std::int64_t bracketed(const Expression& e);
/// `{sa_family = AF_INET, sin_port = htons(80), sin_addr = inet_addr("192.0.2.1")}`
[[nodiscard]] SocketAddress socket_address(const Expression& e);
/// As a script would write it.
[[nodiscard]] std::string to_text(const Expression& e);
[[nodiscard]] std::string to_text(const CallSpec& call);

}  // namespace hourglass::script
