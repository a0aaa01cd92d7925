#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/dns/zone.h"

namespace hourglass::dns {

/// A word of a master file. A quoted one has its escapes resolved; another keeps them, so that `\.` is not mistaken for
/// the dot between labels.
struct Token {
    std::string text;
    bool quoted = false;
};

/// An entry of a master file: a line, or several that parentheses join.
struct Entry {
    std::size_t line = 0;
    bool begins_blank = false;  ///< The owner is that of the entry before.
    std::vector<Token> tokens;
};

/// Cuts a master file into entries (RFC 1035, section 5.1).
class MasterFile {
  public:
    explicit MasterFile(std::string_view text) : text_(text) {}
    /// The next entry that has tokens; nothing at the end.
    std::expected<std::optional<Entry>, ZoneError> next();

  private:
    std::expected<void, ZoneError> read_entry(Entry& entry);
    std::expected<Token, ZoneError> read_quoted();
    Token read_word();

    std::string_view text_;
    std::size_t line_ = 1;
};

/// Octets of a string, `\X` and `\DDD` resolved. The error says what is wrong.
std::expected<std::string, std::string> unescape(std::string_view text);

/// Reads the RDATA of `type` from `tokens`; names are relative to `origin`. The error says what is wrong.
std::expected<RData, std::string> parse_data(Type type, std::span<const Token> tokens,
                                             const std::optional<Name>& origin);

/// Seconds, plain (`3600`) or with units (`1h30m`, `1w`), at most 2^31 - 1 (RFC 2181, section 8).
std::optional<std::uint32_t> parse_ttl(std::string_view text);

/// A name as it stands in a master file: absolute, relative to `origin`, or `@`. The error says what is wrong.
std::expected<Name, std::string> parse_zone_name(const Token& token, const std::optional<Name>& origin);

}  // namespace hourglass::dns
