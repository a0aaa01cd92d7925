#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/proxy/configuration.h"

namespace hourglass::proxy {

/// What is wrong with a configuration, and where.
struct ConfigurationError {
    std::uint32_t line = 0;  ///< counted from 1; 0 when it is about the whole
    std::string key{};       ///< "upstream.app.servers"; empty for an error of the syntax
    std::string text{};      ///< what was expected, for a person

    /// `FILE:LINE: key: text`
    [[nodiscard]] std::string to_string(std::string_view file) const;
    bool operator==(const ConfigurationError&) const = default;
};

/// Reads a configuration in TOML, see docs/proxy.md. Every key has to be one that is known, and every value right: all
/// errors are told, in the order of their lines. Servers that are given by name have no address yet.
[[nodiscard]] std::expected<Configuration, std::vector<ConfigurationError>> read_configuration(std::string_view text);

/// A duration such as "500ms", "5s", "2min", "24h" or "7d". Nothing when `text` is none.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text) noexcept;
/// A size in bytes such as "512", "64k", "64 KiB" or "4M": steps of 1024. Nothing when `text` is none.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text) noexcept;
/// The name that `word` was meant to be, if one is close enough; otherwise empty.
[[nodiscard]] std::string_view nearest(std::string_view word, const std::vector<std::string_view>& names);

}  // namespace hourglass::proxy
