#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>

#include "hourglass/script/source.h"

namespace hourglass::script {

using Defines = std::map<std::string, std::string, std::less<>>;

struct Token {
    enum class Kind : std::uint8_t {
        end,
        integer,
        hex,  ///< An integer written as 0x...
        decimal,
        word,
        string,
        command,  ///< Text in backticks.
        code,     ///< Text in %{ }%.
        option,   ///< --name=value: `text` and `value`.
        ellipsis,
        address,
        symbol,  ///< One character: `text`.
    };
    Kind kind = Kind::end;
    Position position;
    std::string text;   ///< As written, without quotes.
    std::string value;  ///< Of an option.
    std::int64_t number = 0;

    [[nodiscard]] bool is(char symbol) const { return kind == Kind::symbol && text[0] == symbol; }
    [[nodiscard]] bool is(std::string_view word) const { return kind == Kind::word && text == word; }
    /// For messages: "'foo'", "the end of the file".
    [[nodiscard]] std::string describe() const;
};

/// Cuts a script into tokens. Options that define a word take effect from there on.
class Lexer {
  public:
    Lexer(std::string_view text, Defines defines) : text_(text), defines_(std::move(defines)) {}

    std::expected<Token, SyntaxError> next();

  private:
    using Result = std::expected<Token, SyntaxError>;

    [[nodiscard]] char at(std::size_t ahead = 0) const {
        return place_ + ahead < text_.size() ? text_[place_ + ahead] : '\0';
    }
    [[nodiscard]] bool starts_with(std::string_view what) const { return text_.substr(place_).starts_with(what); }
    [[nodiscard]] bool done() const { return place_ >= text_.size(); }
    void advance(std::size_t count);
    std::expected<void, SyntaxError> skip_blank();
    [[nodiscard]] Token token(Token::Kind kind) const;
    [[nodiscard]] std::unexpected<SyntaxError> error(std::string expected, std::string found) const;

    Result enclosed(Token::Kind kind, std::string_view open, std::string_view close, bool escapes);
    Result option();
    [[nodiscard]] std::size_t address_length() const;
    [[nodiscard]] std::size_t decimal_length() const;
    Result number_or_word();
    Result integer(std::size_t length, bool hex);
    Result word(std::size_t length);
    void define(std::string_view definition);

    std::string_view text_;
    std::size_t place_ = 0;
    Position position_;
    Defines defines_;
};

}  // namespace hourglass::script
