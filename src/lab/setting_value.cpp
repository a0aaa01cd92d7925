#include "lab/setting_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <stdexcept>

namespace hourglass::lab {

namespace {

struct Unit {
    std::string_view name;
    double factor;
};

constexpr Unit kTimes[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"h", 3600e9}, {"", 1e6}};
constexpr Unit kRates[] = {{"kbit", 1e3}, {"mbit", 1e6}, {"gbit", 1e9}, {"bit", 1}, {"", 1}};
constexpr Unit kPercents[] = {{"%", 1}, {"", 1}};
constexpr Unit kCounts[] = {{"", 1}};
constexpr Unit kOctets[] = {{"k", 1e3}, {"M", 1e6}, {"", 1}};

struct KindWords {
    std::span<const Unit> units;
    std::string_view example;
};

KindWords words_of(Setting::Kind kind) {
    switch (kind) {
        case Setting::Kind::time:
            return {kTimes, "a time, as in 20ms, 1.5s or 2min"};
        case Setting::Kind::rate:
            return {kRates, "a rate, as in 10mbit or 500kbit"};
        case Setting::Kind::percent:
            return {kPercents, "a percentage, as in 2 or 2%"};
        case Setting::Kind::octets:
            return {kOctets, "a number of octets, as in 4000 or 64k"};
        default:
            return {kCounts, "a whole number"};
    }
}

bool is_whole(Setting::Kind kind) { return kind == Setting::Kind::count || kind == Setting::Kind::octets; }

std::expected<double, std::string> check_value(const Setting& setting, std::string_view text) {
    if (setting.kind == Setting::Kind::choice) {
        if (std::ranges::find(setting.choices, text) != setting.choices.end()) return 0;
        return std::unexpected(
            fmt::format("{} is one of {}, not '{}'", setting.name, fmt::join(setting.choices, ", "), text));
    }
    const auto value = read_value(setting.kind, text);
    if (!value) return std::unexpected(fmt::format("{}: '{}' is not {}", setting.name, text, value.error()));
    if (*value < *read_value(setting.kind, setting.least) || *value > *read_value(setting.kind, setting.most))
        return std::unexpected(
            fmt::format("{} goes from {} to {}, and {} is outside", setting.name, setting.least, setting.most, text));
    return value;
}

std::string unknown_setting(const Scenario& scenario, std::string_view name) {
    std::vector<std::string_view> names;
    for (const Setting& setting : scenario.settings) names.push_back(setting.name);
    if (names.empty()) return fmt::format("{} has no settings", scenario.name);
    return fmt::format("{} has no setting '{}'; did you mean '{}'? It has: {}", scenario.name, name,
                       nearest_of(name, names), fmt::join(names, ", "));
}

}  // namespace

std::expected<double, std::string> read_value(Setting::Kind kind, std::string_view text) {
    const KindWords words = words_of(kind);
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc() || !std::isfinite(number)) return std::unexpected(std::string(words.example));
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    const auto known = std::ranges::find(words.units, unit, &Unit::name);
    if (known == words.units.end()) return std::unexpected(std::string(words.example));
    const double value = number * known->factor;
    if (is_whole(kind) && value != std::floor(value)) return std::unexpected(std::string(words.example));
    return value;
}

std::expected<SettingValues, std::string> SettingValues::of(
    const Scenario& scenario, const std::vector<std::pair<std::string, std::string>>& changed) {
    SettingValues values;
    for (const Setting& setting : scenario.settings)
        values.values_[std::string(setting.name)] = {std::string(setting.initial),
                                                     read_value(setting.kind, setting.initial).value_or(0)};
    for (const auto& [name, text] : changed) {
        const auto setting = std::ranges::find(scenario.settings, name, &Setting::name);
        if (setting == scenario.settings.end()) return std::unexpected(unknown_setting(scenario, name));
        const auto number = check_value(*setting, text);
        if (!number) return std::unexpected(number.error());
        values.values_[name] = {text, *number};
    }
    return values;
}

const SettingValues::Value& SettingValues::at(std::string_view name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) throw std::out_of_range(fmt::format("no setting is called {}", name));
    return found->second;
}

}  // namespace hourglass::lab
