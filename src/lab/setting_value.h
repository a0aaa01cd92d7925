#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hourglass/base/time.h"
#include "hourglass/lab/scenario.h"

namespace hourglass::lab {

/// A value as a number: nanoseconds, bits a second, per cent, octets, a count; nothing when the text is none of its
/// kind.
[[nodiscard]] std::expected<double, std::string> read_value(Setting::Kind kind, std::string_view text);

/// The values of a scenario's settings: the defaults, and what a user has changed.
class SettingValues {
  public:
    /// The error is a sentence for the user.
    [[nodiscard]] static std::expected<SettingValues, std::string> of(
        const Scenario& scenario, const std::vector<std::pair<std::string, std::string>>& changed);

    /// A name that the scenario does not have is a programming error: std::out_of_range.
    [[nodiscard]] Duration time(std::string_view name) const {
        return Duration(static_cast<std::int64_t>(at(name).number));
    }
    [[nodiscard]] std::uint64_t number(std::string_view name) const {
        return static_cast<std::uint64_t>(at(name).number);
    }
    [[nodiscard]] double probability(std::string_view name) const { return at(name).number / 100; }
    [[nodiscard]] const std::string& text(std::string_view name) const { return at(name).text; }

  private:
    struct Value {
        std::string text;
        double number = 0;
    };
    [[nodiscard]] const Value& at(std::string_view name) const;

    std::map<std::string, Value, std::less<>> values_;
};

}  // namespace hourglass::lab
