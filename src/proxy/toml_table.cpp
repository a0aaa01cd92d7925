#include "proxy/toml_table.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <limits>

#include "hourglass/http/fields.h"

namespace hourglass::proxy {

namespace {

/// A number and the word behind it.
std::optional<std::pair<std::uint64_t, std::string_view>> split_unit(std::string_view text) noexcept {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, number);
    if (failure != std::errc() || stop == text.data()) return std::nullopt;
    std::string_view unit(stop, static_cast<std::size_t>(end - stop));
    while (unit.starts_with(' ')) unit.remove_prefix(1);
    return std::pair(number, unit);
}

/// Letters to be changed, left out, put in or swapped with the next one.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) {
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }
            const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[a.size()][b.size()];
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) noexcept {
    const auto parts = split_unit(text);
    if (!parts || parts->first > 1'000'000'000) return std::nullopt;
    const auto n = static_cast<std::int64_t>(parts->first);
    const std::string_view unit = parts->second;
    if (unit == "ms") return std::chrono::milliseconds(n);
    if (unit == "s") return std::chrono::seconds(n);
    if (n > 100'000) return std::nullopt;
    if (unit == "min" || unit == "m") return std::chrono::minutes(n);
    if (unit == "h") return std::chrono::hours(n);
    if (unit == "d") return std::chrono::hours(24 * std::min<std::int64_t>(n, 100'000 / 24));
    return std::nullopt;
}

std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
    const auto parts = split_unit(text);
    if (!parts) return std::nullopt;
    const std::string_view unit = parts->second;
    constexpr std::string_view letters = "kmgt";
    if (unit.empty() || unit == "B") return parts->first;
    const std::size_t step = letters.find(static_cast<char>(unit[0] | 0x20));
    const std::string_view rest = unit.substr(1);
    if (step == std::string_view::npos || (!rest.empty() && rest != "B" && rest != "iB")) return std::nullopt;
    const auto shift = static_cast<unsigned>(10 * (step + 1));
    if (parts->first > std::numeric_limits<std::uint64_t>::max() >> shift) return std::nullopt;
    return parts->first << shift;
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& names) {
    std::string_view best;
    std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const std::string_view name : names) {
        const std::size_t d = distance(word.substr(0, 64), name);
        if (d < least) {
            least = d;
            best = name;
        }
    }
    return best;
}

std::string ConfigurationError::to_string(std::string_view file) const {
    std::string out = line == 0 ? fmt::format("{}: ", file) : fmt::format("{}:{}: ", file, line);
    if (!key.empty()) out += fmt::format("{}: ", key);
    return out + text;
}

namespace detail {

std::uint32_t line_of(const toml::node& node) { return node.source().begin.line; }

std::optional<std::string> text_of(const toml::node& node) {
    const auto* const value = node.as_string();
    return value == nullptr ? std::nullopt : std::optional(value->get());
}

TomlTable::~TomlTable() {
    for (const auto& [key, node] : table_) {
        const std::string_view name = key.str();
        if (std::ranges::find(known_, name) != known_.end()) continue;
        const std::string_view meant = nearest(name, known_);
        errors_.push_back(
            {key.source().begin.line, path_of(name),
             meant.empty() ? "there is no such key" : fmt::format("there is no such key; is it '{}'?", meant)});
    }
}

std::string TomlTable::path_of(std::string_view key) const {
    return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

void TomlTable::report(const toml::node* node, std::string_view key, std::string text) {
    errors_.push_back({node == nullptr ? line_of(table_) : line_of(*node), path_of(key), std::move(text)});
}

const toml::node* TomlTable::find(std::string_view key) {
    known_.push_back(key);
    return table_.get(key);
}

void TomlTable::text(std::string_view key, std::string& into) {
    const toml::node* const node = find(key);
    if (node == nullptr) return;
    if (auto value = text_of(*node))
        into = std::move(*value);
    else
        report(node, key, "a text is expected, in quotes");
}

void TomlTable::flag(std::string_view key, bool& into) {
    const toml::node* const node = find(key);
    if (node == nullptr) return;
    if (const auto* const value = node->as_boolean())
        into = value->get();
    else
        report(node, key, "true or false is expected");
}

void TomlTable::duration(std::string_view key, Duration& into, Duration least) {
    const toml::node* const node = find(key);
    if (node == nullptr) return;
    const auto text = text_of(*node);
    const auto value = text ? parse_duration(*text) : std::nullopt;
    if (!value)
        report(node, key, "a duration is expected, such as \"500ms\", \"5s\", \"2min\" or \"24h\"");
    else if (*value < least)
        report(node, key, fmt::format("at least {} ms are expected", to_ms(least)));
    else
        into = *value;
}

void TomlTable::size(std::string_view key, std::uint64_t& into) {
    const toml::node* const node = find(key);
    if (node == nullptr) return;
    std::optional<std::uint64_t> value;
    if (const auto text = text_of(*node))
        value = parse_size(*text);
    else if (const auto* const number = node->as_integer(); number != nullptr && number->get() >= 0)
        value = static_cast<std::uint64_t>(number->get());
    if (value)
        into = *value;
    else
        report(node, key, "a size in bytes is expected, such as 4096, \"64 KiB\" or \"4 MiB\"");
}

void TomlTable::number(std::string_view key, double& into, double least, double most) {
    const toml::node* const node = find(key);
    if (node == nullptr) return;
    const auto value = node->value<double>();
    if (value && *value >= least && *value <= most)
        into = *value;
    else
        report(node, key, fmt::format("a number from {} to {} is expected", least, most));
}

std::optional<std::int64_t> TomlTable::integer_in(std::string_view key, std::int64_t least, std::int64_t most) {
    const toml::node* const node = find(key);
    if (node == nullptr) return std::nullopt;
    const auto* const value = node->as_integer();
    if (value != nullptr && value->get() >= least && value->get() <= most) return value->get();
    report(node, key, fmt::format("a whole number from {} to {} is expected", least, most));
    return std::nullopt;
}

std::vector<std::pair<std::string, std::uint32_t>> TomlTable::texts(std::string_view key) {
    std::vector<std::pair<std::string, std::uint32_t>> out;
    const toml::node* const node = find(key);
    if (node == nullptr) return out;
    if (auto one = text_of(*node)) {
        out.emplace_back(std::move(*one), line_of(*node));
        return out;
    }
    const auto* const list = node->as_array();
    if (list == nullptr) {
        report(node, key, "a text or a list of texts is expected");
        return out;
    }
    for (const toml::node& member : *list) {
        if (auto text = text_of(member))
            out.emplace_back(std::move(*text), line_of(member));
        else
            report(&member, key, "a text is expected, in quotes");
    }
    return out;
}

std::optional<std::size_t> TomlTable::word(std::string_view key, const std::vector<std::string_view>& words) {
    const toml::node* const node = find(key);
    if (node == nullptr) return std::nullopt;
    const auto text = text_of(*node);
    const auto found = std::ranges::find(words, text.value_or(""));
    if (text && found != words.end()) return static_cast<std::size_t>(found - words.begin());
    const std::string_view meant = text ? nearest(*text, words) : "";
    report(node, key,
           fmt::format("one of \"{}\" is expected{}", fmt::join(words, "\", \""),
                       meant.empty() ? "" : fmt::format("; is it \"{}\"?", meant)));
    return std::nullopt;
}

void TomlTable::pairs(std::string_view key, std::vector<std::pair<std::string, std::string>>& into) {
    const toml::node* const node = find(key);
    if (node == nullptr) return;
    const auto* const table = node->as_table();
    if (table == nullptr)
        return report(node, key, "a table of header fields is expected, such as { \"X-Name\" = \"value\" }");
    for (const auto& [name, value] : *table) {
        const auto text = text_of(value);
        const std::string_view field = name.str();
        if (!text || !http::is_field_value(*text))
            report(&value, fmt::format("{}.{}", key, field), "a text is expected that can be a field's value");
        else if (!http::is_token(field) || http::equals_ignoring_case(field, "Content-Length") ||
                 http::equals_ignoring_case(field, "Transfer-Encoding") ||
                 http::equals_ignoring_case(field, "Connection"))
            report(&value, fmt::format("{}.{}", key, field), "no header field that can be set here");
        else
            into.emplace_back(field, *text);
    }
}

}  // namespace detail

}  // namespace hourglass::proxy
