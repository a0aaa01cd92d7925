#pragma once

#include <cstdint>
#include <string>

namespace hourglass::script {

/// A place in a script. Both count from 1; a column is an octet.
struct Position {
    std::uint32_t line = 1;
    std::uint32_t column = 1;
    bool operator==(const Position&) const = default;
};

/// Why a text is not a script.
struct SyntaxError {
    Position position;
    std::string expected;  ///< What the language asks for here: "a time", "'=' and the result of the call".
    std::string found;     ///< What stands here: "'foo'", "the end of the file".

    /// "3:17: expected a time, found 'foo'"
    [[nodiscard]] std::string to_string() const;
};

/// A construct that is part of the language and that this runner does not perform.
struct Unsupported {
    Position position;
    std::string what;  ///< "GRE encapsulation"
};

}  // namespace hourglass::script
