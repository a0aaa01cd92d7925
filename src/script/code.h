#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace hourglass::script {

/// A number of a code block; a fraction only where there is a division or a point.
struct Number {
    bool fraction = false;
    std::int64_t integer = 0;
    double real = 0;

    [[nodiscard]] double value() const { return fraction ? real : static_cast<double>(integer); }
    [[nodiscard]] bool truth() const { return fraction ? real != 0 : integer != 0; }
    [[nodiscard]] std::string to_string() const;
};

/// Why a code block ended early.
struct CodeFault {
    enum class Kind : std::uint8_t {
        failed,       ///< An assertion does not hold, or a name is not known.
        unsupported,  ///< Python that this is not.
    };
    Kind kind = Kind::failed;
    std::uint32_t line = 0;  ///< In the block, from 0.
    std::string message;
};

/// Performs `%{ ... }%`: assertions, prints and assignments, one a line or between semicolons, with Python's
/// expressions on numbers: or, and, not, comparisons and chains of them, | ^ & << >> + - * / // % ~, abs, min, max,
/// int. Names that a block assigns are known to the blocks behind it.
class CodeRunner {
  public:
    using Lookup = std::function<std::optional<std::int64_t>(std::string_view name)>;
    /// What print() says goes here.
    using Print = std::function<void(std::string_view line)>;

    std::expected<void, CodeFault> run(std::string_view code, const Lookup& lookup, const Print& print);

  private:
    std::map<std::string, Number, std::less<>> variables_;
};

}  // namespace hourglass::script
