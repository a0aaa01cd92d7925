#include "hourglass/http/parameters.h"

#include <algorithm>

#include "hourglass/http/fields.h"
#include "http/scan.h"

namespace hourglass::http {

namespace {

void skip_blanks(std::string_view& text) {
    while (!text.empty() && detail::is_blank(text.front())) text.remove_prefix(1);
}

std::string_view take_token(std::string_view& text) {
    const char* const end = detail::find_token_end(text.data(), text.data() + text.size());
    const std::string_view token = text.substr(0, static_cast<std::size_t>(end - text.data()));
    text.remove_prefix(token.size());
    return token;
}

/// `text` stands at the opening quote.
std::optional<std::string> take_quoted(std::string_view& text) {
    std::string value;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') {
            text.remove_prefix(i + 1);
            return value;
        }
        if (text[i] == '\\' && ++i == text.size()) break;
        if (!detail::is_value_char(text[i])) break;
        value += text[i];
    }
    return std::nullopt;
}

}  // namespace

std::optional<Parameterised> Parameterised::parse(std::string_view text) {
    Parameterised result;
    const std::size_t semicolon = std::min(text.find(';'), text.size());
    result.value = text.substr(0, semicolon);
    while (!result.value.empty() && detail::is_blank(result.value.back())) result.value.remove_suffix(1);
    text.remove_prefix(semicolon);
    while (!text.empty()) {
        if (text.front() != ';') return std::nullopt;
        text.remove_prefix(1);
        skip_blanks(text);
        if (text.empty() || text.front() == ';') continue;
        const std::string_view name = take_token(text);
        if (name.empty() || !text.starts_with('=')) return std::nullopt;
        text.remove_prefix(1);
        if (text.starts_with('"')) {
            auto value = take_quoted(text);
            if (!value) return std::nullopt;
            result.parameters.emplace_back(name, std::move(*value));
        } else {
            const std::string_view value = take_token(text);
            if (value.empty()) return std::nullopt;
            result.parameters.emplace_back(name, value);
        }
        skip_blanks(text);
    }
    return result;
}

std::optional<std::string_view> Parameterised::get(std::string_view name) const noexcept {
    for (const auto& parameter : parameters)
        if (equals_ignoring_case(parameter.first, name)) return parameter.second;
    return std::nullopt;
}

std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result + "\"";
}

}  // namespace hourglass::http
