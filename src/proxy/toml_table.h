#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "hourglass/proxy/configuration_reader.h"

namespace hourglass::proxy::detail {

using Errors = std::vector<ConfigurationError>;

/// A table of a configuration while it is read: each key is asked for once, and what is left over at the end is an
/// error.
class TomlTable {
  public:
    /// `path`: the key of the table itself, for messages.
    TomlTable(const toml::table& table, std::string path, Errors& errors)
        : table_(table), path_(std::move(path)), errors_(errors) {}
    TomlTable(const TomlTable&) = delete;
    TomlTable& operator=(const TomlTable&) = delete;
    /// Reports the keys that nobody asked for.
    ~TomlTable();

    /// The node of a key; null when it is not there.
    [[nodiscard]] const toml::node* find(std::string_view key);
    [[nodiscard]] const toml::table& table() const { return table_; }
    [[nodiscard]] Errors& errors() const { return errors_; }
    [[nodiscard]] std::string path_of(std::string_view key) const;

    // Each of these leaves `into` as it is when the key is not there, and reports a value that is not right.
    void text(std::string_view key, std::string& into);
    void flag(std::string_view key, bool& into);
    void duration(std::string_view key, Duration& into, Duration least = Duration::zero());
    void size(std::string_view key, std::uint64_t& into);
    void number(std::string_view key, double& into, double least, double most);
    template <typename Integer>
    void integer(std::string_view key, Integer& into, std::int64_t least, std::int64_t most) {
        if (const auto value = integer_in(key, least, most)) into = static_cast<Integer>(*value);
    }
    /// One text or a list of them.
    [[nodiscard]] std::vector<std::pair<std::string, std::uint32_t>> texts(std::string_view key);
    /// One of some words, as the number of the word.
    [[nodiscard]] std::optional<std::size_t> word(std::string_view key, const std::vector<std::string_view>& words);
    /// Pairs of texts.
    void pairs(std::string_view key, std::vector<std::pair<std::string, std::string>>& into);

    void report(const toml::node* node, std::string_view key, std::string text);

  private:
    [[nodiscard]] std::optional<std::int64_t> integer_in(std::string_view key, std::int64_t least, std::int64_t most);

    const toml::table& table_;
    std::string path_;
    Errors& errors_;
    std::vector<std::string_view> known_;
};

/// The line of a node, counted from 1.
[[nodiscard]] std::uint32_t line_of(const toml::node& node);
/// The text of a node that is one.
[[nodiscard]] std::optional<std::string> text_of(const toml::node& node);

}  // namespace hourglass::proxy::detail
