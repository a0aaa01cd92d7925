// Words and fields of a master file: RFC 1035, section 5.1.

#include "dns/master_file.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace hourglass::dns {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

template <typename T>
std::optional<T> parse_number(std::string_view text) {
    T value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::unexpected<std::string> wrong(std::string_view text, std::string_view wanted) {
    return std::unexpected(fmt::format("'{}' is not {}", text, wanted));
}

std::unexpected<std::string> wrong_count(std::string_view wanted) {
    return std::unexpected(fmt::format("the record needs {}, and no more", wanted));
}

using Origin = std::optional<Name>;
using Tokens = std::span<const Token>;

std::expected<RData, std::string> parse_address(Type type, Tokens tokens) {
    const bool v4 = type == Type::a;
    if (tokens.size() != 1) return wrong_count(v4 ? "an IPv4 address" : "an IPv6 address");
    const auto address = IpAddress::parse(tokens[0].text);
    const bool has_colon = tokens[0].text.find(':') != std::string::npos;
    if (!address || has_colon == v4) return wrong(tokens[0].text, v4 ? "an IPv4 address" : "an IPv6 address");
    return *address;
}

std::expected<RData, std::string> parse_mx(Tokens tokens, const Origin& origin) {
    if (tokens.size() != 2) return wrong_count("a preference and a host name");
    const auto preference = parse_number<std::uint16_t>(tokens[0].text);
    if (!preference) return wrong(tokens[0].text, "a preference (0 to 65535)");
    auto exchange = parse_zone_name(tokens[1], origin);
    if (!exchange) return std::unexpected(exchange.error());
    return Mx{*preference, std::move(*exchange)};
}

std::expected<RData, std::string> parse_soa(Tokens tokens, const Origin& origin) {
    if (tokens.size() != 7)
        return wrong_count("primary, mailbox, serial, refresh, retry, expire and minimum (are the parentheses right?)");
    Soa soa;
    auto primary = parse_zone_name(tokens[0], origin);
    if (!primary) return std::unexpected(primary.error());
    auto mailbox = parse_zone_name(tokens[1], origin);
    if (!mailbox) return std::unexpected(mailbox.error());
    soa.primary = std::move(*primary);
    soa.mailbox = std::move(*mailbox);
    const auto serial = parse_number<std::uint32_t>(tokens[2].text);
    if (!serial) return wrong(tokens[2].text, "a serial (0 to 4294967295)");
    soa.serial = *serial;
    std::size_t i = 3;
    for (auto* field : {&soa.refresh, &soa.retry, &soa.expire, &soa.minimum}) {
        const auto seconds = parse_ttl(tokens[i].text);
        if (!seconds) return wrong(tokens[i].text, "a time (seconds, or such as 1h30m)");
        *field = *seconds;
        ++i;
    }
    return soa;
}

std::expected<RData, std::string> parse_txt(Tokens tokens) {
    if (tokens.empty()) return std::unexpected("the record needs one string or more");
    Txt txt;
    std::size_t total = 0;
    for (const Token& token : tokens) {
        auto string = token.quoted ? token.text : unescape(token.text);
        if (!string) return std::unexpected(string.error());
        if (string->size() > 255) return std::unexpected("a string is longer than 255 octets; write it as several");
        total += 1 + string->size();
        txt.strings.push_back(std::move(*string));
    }
    if (total > 65535) return std::unexpected("the strings are together longer than 65535 octets");
    return txt;
}

/// RFC 3597, section 5: `\# length hexadecimal`.
std::expected<RData, std::string> parse_opaque(Tokens tokens) {
    if (tokens.size() < 2 || tokens[0].text != "\\#" || tokens[0].quoted)
        return std::unexpected("data of this type is written as \\# LENGTH HEXADECIMAL");
    const auto length = parse_number<std::uint16_t>(tokens[1].text);
    if (!length) return wrong(tokens[1].text, "a length (0 to 65535)");
    std::string digits;
    for (const Token& token : tokens.subspan(2)) digits += token.text;
    if (digits.size() != 2u * *length)
        return std::unexpected(fmt::format("{} hexadecimal digits do not make {} octets", digits.size(), *length));
    Opaque opaque;
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        unsigned value = 0;
        const char* end = digits.data() + i + 2;
        if (std::from_chars(digits.data() + i, end, value, 16).ptr != end)
            return wrong(std::string_view(digits).substr(i, 2), "a hexadecimal octet");
        opaque.bytes.push_back(static_cast<std::byte>(value));
    }
    return opaque;
}

}  // namespace

std::optional<std::uint32_t> parse_ttl(std::string_view text) {
    constexpr std::uint64_t kMax = 0x7fffffff;
    if (text.empty()) return std::nullopt;
    std::uint64_t total = 0;
    while (!text.empty()) {
        std::uint32_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || !is_digit(text[0])) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        std::uint64_t unit = 1;
        if (!text.empty()) {
            constexpr std::string_view kUnits = "smhdwSMHDW";
            constexpr std::array<std::uint64_t, 5> kSeconds{1, 60, 3600, 86400, 604800};
            const std::size_t i = kUnits.find(text[0]);
            if (i == std::string_view::npos) return std::nullopt;
            unit = kSeconds[i % 5];
            text.remove_prefix(1);
        }
        total += value * unit;
        if (total > kMax) return std::nullopt;
    }
    return static_cast<std::uint32_t>(total);
}

std::expected<std::string, std::string> unescape(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            result += text[i];
            continue;
        }
        if (++i == text.size()) return std::unexpected("a backslash at the end escapes nothing");
        if (!is_digit(text[i])) {
            result += text[i];
            continue;
        }
        const auto digits = text.substr(i, 3);
        const auto value = parse_number<std::uint8_t>(digits);
        if (digits.size() != 3 || !value) return wrong(digits, "an octet in three decimal digits");
        result += static_cast<char>(*value);
        i += 2;
    }
    return result;
}

std::expected<Name, std::string> parse_zone_name(const Token& token, const Origin& origin) {
    if (token.quoted) return std::unexpected(fmt::format("a string in quotes, \"{}\", stands for a name", token.text));
    const bool relative = token.text == "@" || !token.text.ends_with('.');
    if (relative && !origin)
        return std::unexpected(fmt::format("'{}' is relative and there is no $ORIGIN before it", token.text));
    if (token.text == "@") return *origin;
    return Name::parse(token.text, origin.value_or(Name()));
}

std::expected<RData, std::string> parse_data(Type type, Tokens tokens, const Origin& origin) {
    switch (type) {
        case Type::a:
        case Type::aaaa:
            return parse_address(type, tokens);
        case Type::ns:
        case Type::cname:
        case Type::ptr: {
            if (tokens.size() != 1) return wrong_count("a name");
            auto name = parse_zone_name(tokens[0], origin);
            if (!name) return std::unexpected(name.error());
            return std::move(*name);
        }
        case Type::mx:
            return parse_mx(tokens, origin);
        case Type::soa:
            return parse_soa(tokens, origin);
        case Type::txt:
            return parse_txt(tokens);
        case Type::opt:
        case Type::any:
        case Type::axfr:
            return std::unexpected(fmt::format("{} is not a type of record that a zone holds", to_string(type)));
        default:
            return parse_opaque(tokens);
    }
}

std::expected<std::optional<Entry>, ZoneError> MasterFile::next() {
    while (!text_.empty()) {
        Entry entry;
        entry.line = line_;
        entry.begins_blank = is_blank(text_.front());
        if (auto read = read_entry(entry); !read) return std::unexpected(read.error());
        if (!entry.tokens.empty()) return entry;
    }
    return std::nullopt;
}

/// Reads to the end of the line, or of the line that closes the last parenthesis.
std::expected<void, ZoneError> MasterFile::read_entry(Entry& entry) {
    std::size_t open = 0;
    while (!text_.empty()) {
        const char c = text_.front();
        if (c == '"') {
            auto token = read_quoted();
            if (!token) return std::unexpected(token.error());
            entry.tokens.push_back(std::move(*token));
            continue;
        }
        if (c == ';') {
            text_.remove_prefix(std::min(text_.find('\n'), text_.size()));
            continue;
        }
        if (!is_blank(c) && c != '\n' && c != '(' && c != ')') {
            entry.tokens.push_back(read_word());
            continue;
        }
        text_.remove_prefix(1);
        if (c == '(') ++open;
        if (c == ')' && open-- == 0) return std::unexpected(ZoneError{line_, "')' without '('"});
        if (c != '\n') continue;
        ++line_;
        if (open == 0) return {};
    }
    if (open > 0) return std::unexpected(ZoneError{entry.line, "'(' is never closed"});
    return {};
}

std::expected<Token, ZoneError> MasterFile::read_quoted() {
    for (std::size_t end = 1; end < text_.size() && text_[end] != '\n'; ++end) {
        if (text_[end] == '\\' && end + 1 < text_.size() && text_[end + 1] != '\n') {
            ++end;
            continue;
        }
        if (text_[end] != '"') continue;
        auto string = unescape(text_.substr(1, end - 1));
        if (!string) return std::unexpected(ZoneError{line_, string.error()});
        text_.remove_prefix(end + 1);
        return Token{std::move(*string), true};
    }
    return std::unexpected(ZoneError{line_, "a quoted string does not end on its line"});
}

Token MasterFile::read_word() {
    std::size_t end = 0;
    while (end < text_.size() && !is_blank(text_[end]) &&
           std::string_view("\n();\"").find(text_[end]) == std::string_view::npos)
        end += text_[end] == '\\' && end + 1 < text_.size() && text_[end + 1] != '\n' ? 2 : 1;
    Token token{std::string(text_.substr(0, end)), false};
    text_.remove_prefix(token.text.size());
    return token;
}

}  // namespace hourglass::dns
