#include "script/lexer.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "hourglass/base/address.h"

namespace hourglass::script {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Resolves the escapes of C: \n, \t, \0, \xHH, and a backslash before anything else.
std::string unescape(std::string_view raw) {
    std::string out;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (raw[i] != '\\' || i + 1 == raw.size()) {
            out += raw[i];
            continue;
        }
        const char c = raw[++i];
        unsigned value = 0;
        switch (c) {
            case 'n':
                out += '\n';
                break;
            case 't':
                out += '\t';
                break;
            case 'r':
                out += '\r';
                break;
            case '0':
                out += '\0';
                break;
            case 'x': {
                const std::size_t size = std::min<std::size_t>(2, raw.size() - i - 1);
                const auto [end, fault] = std::from_chars(raw.data() + i + 1, raw.data() + i + 1 + size, value, 16);
                i += static_cast<std::size_t>(end - (raw.data() + i + 1));
                out += static_cast<char>(value);
                break;
            }
            default:
                out += c;
        }
    }
    return out;
}

}  // namespace

std::string SyntaxError::to_string() const {
    return fmt::format("{}:{}: expected {}, found {}", position.line, position.column, expected, found);
}

std::string Token::describe() const {
    switch (kind) {
        case Kind::end:
            return "the end of the file";
        case Kind::string:
            return fmt::format("the string \"{}\"", text);
        case Kind::command:
            return "a command in backticks";
        case Kind::code:
            return "code in %{ }%";
        case Kind::option:
            return fmt::format("the option --{}", text);
        default:
            return fmt::format("'{}'", text);
    }
}

void Lexer::advance(std::size_t count) {
    for (; count > 0 && place_ < text_.size(); --count, ++place_) {
        if (text_[place_] == '\n') {
            ++position_.line;
            position_.column = 1;
        } else {
            ++position_.column;
        }
    }
}

Token Lexer::token(Token::Kind kind) const {
    Token t;
    t.kind = kind;
    t.position = position_;
    return t;
}

std::unexpected<SyntaxError> Lexer::error(std::string expected, std::string found) const {
    return std::unexpected(SyntaxError{position_, std::move(expected), std::move(found)});
}

/// White space and comments.
std::expected<void, SyntaxError> Lexer::skip_blank() {
    while (!done()) {
        if (is_blank(at())) {
            advance(1);
        } else if (at() == '#' || starts_with("//")) {
            advance(std::min(text_.find('\n', place_), text_.size()) - place_);
        } else if (starts_with("/*")) {
            const std::size_t end = text_.find("*/", place_ + 2);
            if (end == std::string_view::npos) return error("'*/' somewhere behind this '/*'", "the end of the file");
            advance(end + 2 - place_);
        } else {
            break;
        }
    }
    return {};
}

std::expected<Token, SyntaxError> Lexer::next() {
    if (const auto blank = skip_blank(); !blank) return std::unexpected(blank.error());
    if (done()) return token(Token::Kind::end);
    if (starts_with("%{")) return enclosed(Token::Kind::code, "%{", "}%", false);
    if (at() == '`') return enclosed(Token::Kind::command, "`", "`", false);
    if (at() == '"') return enclosed(Token::Kind::string, "\"", "\"", true);
    if (starts_with("--") && is_word(at(2))) return option();
    return number_or_word();
}

Lexer::Result Lexer::enclosed(Token::Kind kind, std::string_view open, std::string_view close, bool escapes) {
    Token t = token(kind);
    std::size_t end = place_ + open.size();
    while (end < text_.size() && !text_.substr(end).starts_with(close)) end += escapes && text_[end] == '\\' ? 2 : 1;
    if (end >= text_.size())
        return error(fmt::format("{} somewhere behind this {}", close, open), "the end of the file");
    const std::string_view raw = text_.substr(place_ + open.size(), end - place_ - open.size());
    t.text = escapes ? unescape(raw) : std::string(raw);
    advance(end + close.size() - place_);
    return t;
}

/// The value of an option ends at white space, unless quotes or backticks hold it together.
Lexer::Result Lexer::option() {
    Token t = token(Token::Kind::option);
    std::size_t end = place_ + 2;
    while (end < text_.size() && is_word(text_[end])) ++end;
    t.text = text_.substr(place_ + 2, end - place_ - 2);
    if (end < text_.size() && text_[end] == '=') {
        const std::size_t begin = ++end;
        char quote = '\0';
        for (; end < text_.size() && (quote != '\0' || !is_blank(text_[end])); ++end) {
            if (quote == '\0' && (text_[end] == '"' || text_[end] == '`'))
                quote = text_[end];
            else if (text_[end] == quote)
                quote = '\0';
        }
        if (quote != '\0')
            return error(fmt::format("{} behind the value of --{}", quote, t.text), "the end of the file");
        t.value = text_.substr(begin, end - begin);
    }
    advance(end - place_);
    if (t.text == "define") define(t.value);
    if (t.value.size() >= 2 && t.value.front() == '"' && t.value.back() == '"')
        t.value = t.value.substr(1, t.value.size() - 2);
    return t;
}

void Lexer::define(std::string_view definition) {
    const std::size_t equals = definition.find('=');
    if (equals != std::string_view::npos)
        defines_[std::string(definition.substr(0, equals))] = definition.substr(equals + 1);
}

/// How long the IP address is that begins here; zero when none does. `1:1001` is not one.
std::size_t Lexer::address_length() const {
    std::size_t length = 0, dots = 0, colons = 0;
    bool doubled = false;
    for (char c = at(); is_hex(c) || c == ':' || c == '.'; c = at(++length)) {
        if (c == '.') ++dots;
        if (c == ':') ++colons;
        if (c == ':' && at(length + 1) == ':') doubled = true;
    }
    if (dots != 3 && !doubled && colons != 7) return 0;
    return IpAddress::parse(text_.substr(place_, length)) ? length : 0;
}

/// How long the decimal fraction is that begins here; zero when none does. `0...1` has none.
std::size_t Lexer::decimal_length() const {
    std::size_t length = at() == '-' ? 1 : 0;
    while (is_digit(at(length))) ++length;
    if (at(length) != '.' || !is_digit(at(length + 1))) return 0;
    ++length;
    while (is_digit(at(length))) ++length;
    return length;
}

Lexer::Result Lexer::number_or_word() {
    if (const std::size_t length = address_length()) {
        Token t = token(Token::Kind::address);
        t.text = text_.substr(place_, length);
        advance(length);
        return t;
    }
    if (starts_with("...")) {
        Token t = token(Token::Kind::ellipsis);
        t.text = "...";
        advance(3);
        return t;
    }
    if (const std::size_t length = decimal_length()) {
        Token t = token(Token::Kind::decimal);
        t.text = text_.substr(place_, length);
        advance(length);
        return t;
    }
    std::size_t length = 0;
    while (is_word(at(length))) ++length;
    if (at() == '-' && is_digit(at(1))) {
        for (length = 1; is_digit(at(length));) ++length;
        return integer(length, false);
    }
    if (length == 0) {
        Token t = token(Token::Kind::symbol);
        t.text = at();
        advance(1);
        return t;
    }
    const std::string_view run = text_.substr(place_, length);
    if (run.find_first_not_of("0123456789") == std::string_view::npos) return integer(length, false);
    if (run.size() > 2 && run.starts_with("0x") &&
        run.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string_view::npos)
        return integer(length, true);
    return word(length);
}

Lexer::Result Lexer::integer(std::size_t length, bool hex) {
    Token t = token(hex ? Token::Kind::hex : Token::Kind::integer);
    t.text = text_.substr(place_, length);
    const std::string_view digits = std::string_view(t.text).substr(hex ? 2 : 0);
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), t.number, hex ? 16 : 10);
    if (fault != std::errc{}) return error("a number below 2^63", t.describe());
    advance(length);
    return t;
}

Lexer::Result Lexer::word(std::size_t length) {
    Token t = token(Token::Kind::word);
    t.text = text_.substr(place_, length);
    advance(length);
    const auto defined = defines_.find(t.text);
    if (defined == defines_.end()) return t;
    std::string_view value = defined->second;
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '`') && value.back() == value.front()) {
        t.kind = value.front() == '"' ? Token::Kind::string : Token::Kind::command;
        value = value.substr(1, value.size() - 2);
    }
    t.text = value;
    return t;
}

}  // namespace hourglass::script
