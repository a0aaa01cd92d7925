#include "script/code.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <vector>

namespace hourglass::script {

namespace {

using Kind = CodeFault::Kind;

constexpr int kMaxDepth = 64;

Number number(std::int64_t value) { return {false, value, 0}; }
Number number(double value) { return {true, 0, value}; }
Number truth(bool value) { return number(std::int64_t{value}); }

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// One statement, evaluated while it is read.
class Statement {
  public:
    Statement(std::string_view text, std::map<std::string, Number, std::less<>>& variables,
              const CodeRunner::Lookup& lookup, const CodeRunner::Print& print)
        : text_(text), variables_(variables), lookup_(lookup), print_(print) {}

    void run() {
        const std::string_view first = word_here();
        if (first == "assert") return assertion();
        if (first == "print") return print();
        if (first == "pass") return take_word(first);
        if (first == "import" || first == "from" || first == "def" || first == "for" || first == "while" ||
            first == "if" || first == "class")
            unsupported(fmt::format("Python's '{}'", first));
        if (!first.empty() && assigns(first)) return assignment(first);
        expression();
        end();
    }

  private:
    [[noreturn]] static void failed(std::string message) { throw CodeFault{Kind::failed, 0, std::move(message)}; }
    [[noreturn]] static void unsupported(std::string message) {
        throw CodeFault{Kind::unsupported, 0, std::move(message)};
    }

    // --- tokens
    void blank() {
        while (place_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[place_])) != 0) ++place_;
    }
    [[nodiscard]] std::string_view rest() {
        blank();
        return text_.substr(place_);
    }
    [[nodiscard]] std::string_view word_here() {
        const std::string_view text = rest();
        std::size_t size = 0;
        while (size < text.size() && is_word(text[size])) ++size;
        if (size > 0 && std::isdigit(static_cast<unsigned char>(text[0])) != 0) return {};
        return text.substr(0, size);
    }
    void take_word(std::string_view word) { place_ += word.size(); }
    bool accept_word(std::string_view word) {
        if (word_here() != word) return false;
        take_word(word);
        return true;
    }
    bool accept(std::string_view symbol) {
        if (!rest().starts_with(symbol)) return false;
        place_ += symbol.size();
        return true;
    }
    void expect(std::string_view symbol) {
        if (!accept(symbol)) unsupported(fmt::format("code: expected '{}' before '{}'", symbol, rest()));
    }
    void end() {
        if (!rest().empty()) unsupported(fmt::format("code: '{}'", rest()));
    }
    bool assigns(std::string_view word) {
        const std::size_t begin = place_;
        take_word(word);
        const std::string_view behind = rest();
        place_ = begin;
        blank();
        return behind.starts_with("=") && !behind.starts_with("==");
    }

    // --- statements
    void assertion() {
        take_word("assert");
        blank();
        const std::size_t begin = place_;
        compared_.clear();
        const bool holds = expression().truth();
        std::string claim(text_.substr(begin, place_ - begin));
        while (claim.ends_with(' ')) claim.pop_back();
        std::string message;
        if (accept(",")) message = this->message();
        end();
        if (holds) return;
        failed(fmt::format("assert {}: false{}{}", claim, compared_.empty() ? "" : " with " + compared_,
                           message.empty() ? "" : ": " + message));
    }

    void print() {
        take_word("print");
        std::string line;
        const bool enclosed = accept("(");
        do {
            if (rest().empty() || rest().starts_with(")")) break;
            if (!line.empty()) line += ' ';
            line += message();
        } while (accept(","));
        if (enclosed) expect(")");
        end();
        print_(line);
    }

    void assignment(std::string_view name) {
        take_word(name);
        expect("=");
        variables_[std::string(name)] = expression();
        end();
    }

    /// A string, with % and what it formats, or a number.
    std::string message() {
        if (!rest().starts_with('\'') && !rest().starts_with('"')) return expression().to_string();
        std::string text = string();
        if (!accept("%")) return text;
        std::vector<std::string> values;
        if (accept("(")) {
            do {
                if (rest().starts_with(")")) break;
                values.push_back(message());
            } while (accept(","));
            expect(")");
        } else {
            values.push_back(unary().to_string());
        }
        return formatted(text, values);
    }

    std::string string() {
        const char quote = rest().front();
        const std::size_t close = text_.find(quote, place_ + 1);
        if (close == std::string_view::npos) unsupported("code: a string without an end");
        std::string result(text_.substr(place_ + 1, close - place_ - 1));
        place_ = close + 1;
        return result;
    }

    static std::string formatted(std::string_view text, const std::vector<std::string>& values) {
        std::string result;
        std::size_t next = 0;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] != '%' || i + 1 == text.size()) {
                result += text[i];
                continue;
            }
            if (text[++i] == '%') {
                result += '%';
                continue;
            }
            while (i < text.size() && std::isalpha(static_cast<unsigned char>(text[i])) == 0) ++i;
            if (next < values.size()) result += values[next++];
        }
        return result;
    }

    // --- expressions, loosest first
    Number expression() {
        if (++depth_ > kMaxDepth) unsupported("code nested that deep");
        Number left = conjunction();
        while (accept_word("or")) {
            const Number right = conjunction();
            if (!left.truth()) left = right;
        }
        --depth_;
        return left;
    }
    Number conjunction() {
        Number left = negation();
        while (accept_word("and")) {
            const Number right = negation();
            if (left.truth()) left = right;
        }
        return left;
    }
    Number negation() {
        if (!accept_word("not")) return comparison();
        if (++depth_ > kMaxDepth) unsupported("code nested that deep");
        const Number value = negation();
        --depth_;
        return truth(!value.truth());
    }
    Number comparison() {
        Number left = bits_or();
        bool compared = false, holds = true;
        for (;;) {
            if (accept_word("in")) {
                holds = holds && contained(left);
                compared = true;
                break;
            }
            static constexpr std::string_view kOperators[] = {"==", "!=", "<=", ">=", "<", ">"};
            const auto found = std::ranges::find_if(kOperators, [&](std::string_view op) {
                return rest().starts_with(op) && !rest().starts_with("<<") && !rest().starts_with(">>");
            });
            if (found == std::end(kOperators)) break;
            accept(*found);
            const Number right = bits_or();
            holds = compare(left, *found, right) && holds;
            if (!compared_.empty()) compared_ += ", ";
            compared_ += fmt::format("{} {} {}", left.to_string(), *found, right.to_string());
            left = right;
            compared = true;
        }
        return compared ? truth(holds) : left;
    }
    bool contained(const Number& value) {
        const bool bracket = accept("[");
        if (!bracket) expect("(");
        bool found = false;
        do {
            if (rest().starts_with(bracket ? "]" : ")")) break;
            found = compare(value, "==", expression()) || found;
        } while (accept(","));
        expect(bracket ? "]" : ")");
        return found;
    }
    static bool compare(const Number& a, std::string_view op, const Number& b) {
        const auto apply = [op](auto x, auto y) {
            if (op == "==") return x == y;
            if (op == "!=") return x != y;
            if (op == "<=") return x <= y;
            if (op == ">=") return x >= y;
            return op == "<" ? x < y : x > y;
        };
        return a.fraction || b.fraction ? apply(a.value(), b.value()) : apply(a.integer, b.integer);
    }

    static std::int64_t whole(const Number& n) {
        if (n.fraction) failed("a number with a fraction where bits are meant");
        return n.integer;
    }
    Number bits_or() {
        Number left = bits_xor();
        while (rest().starts_with("|") && accept("|")) left = number(whole(left) | whole(bits_xor()));
        return left;
    }
    Number bits_xor() {
        Number left = bits_and();
        while (accept("^")) left = number(whole(left) ^ whole(bits_and()));
        return left;
    }
    Number bits_and() {
        Number left = shift();
        while (accept("&")) left = number(whole(left) & whole(shift()));
        return left;
    }
    Number shift() {
        Number left = sum();
        for (;;) {
            const bool to_left = accept("<<");
            if (!to_left && !accept(">>")) return left;
            const std::int64_t by = whole(sum());
            if (by < 0 || by > 62) failed("a shift by less than 0 or more than 62");
            const auto bits = static_cast<std::uint64_t>(whole(left));
            left = number(to_left ? static_cast<std::int64_t>(bits << by) : whole(left) >> by);
        }
    }
    /// Wraps around where Python's numbers would grow.
    static Number arithmetic(const Number& a, char op, const Number& b) {
        if (a.fraction || b.fraction) {
            const double x = a.value(), y = b.value();
            return number(op == '+' ? x + y : op == '-' ? x - y : x * y);
        }
        const auto x = static_cast<std::uint64_t>(a.integer), y = static_cast<std::uint64_t>(b.integer);
        return number(static_cast<std::int64_t>(op == '+' ? x + y : op == '-' ? x - y : x * y));
    }
    Number sum() {
        Number left = product();
        for (;;) {
            if (accept("+"))
                left = arithmetic(left, '+', product());
            else if (accept("-"))
                left = arithmetic(left, '-', product());
            else
                return left;
        }
    }
    Number product() {
        Number left = unary();
        for (;;) {
            if (accept("//"))
                left = floor_divide(left, unary());
            else if (accept("*"))
                left = arithmetic(left, '*', unary());
            else if (accept("/"))
                left = number(left.value() / divisor(unary()).value());
            else if (accept("%"))
                left = remainder(left, unary());
            else
                return left;
        }
    }
    static Number divisor(const Number& n) {
        if (!n.truth()) failed("a division by zero");
        return n;
    }
    static Number floor_divide(const Number& a, const Number& b) {
        divisor(b);
        if (a.fraction || b.fraction) return number(std::floor(a.value() / b.value()));
        if (b.integer == -1) return arithmetic(number(std::int64_t{0}), '-', a);
        const std::int64_t quotient = a.integer / b.integer;
        const bool down = a.integer % b.integer != 0 && (a.integer < 0) != (b.integer < 0);
        return number(quotient - (down ? 1 : 0));
    }
    static Number remainder(const Number& a, const Number& b) {
        return arithmetic(a, '-', arithmetic(floor_divide(a, b), '*', b));
    }
    Number unary() {
        if (++depth_ > kMaxDepth) unsupported("code nested that deep");
        Number result;
        if (accept("-"))
            result = arithmetic(number(std::int64_t{0}), '-', unary());
        else if (accept("+"))
            result = unary();
        else if (accept("~"))
            result = number(~whole(unary()));
        else
            result = primary();
        --depth_;
        return result;
    }

    Number primary() {
        if (accept("(")) {
            const Number inside = expression();
            expect(")");
            return inside;
        }
        const std::string_view word = word_here();
        if (word.empty()) return literal();
        take_word(word);
        if (rest().starts_with("(")) return function(word);
        if (word == "True" || word == "False") return truth(word == "True");
        if (const auto found = variables_.find(word); found != variables_.end()) return found->second;
        if (const auto value = lookup_(word)) return number(*value);
        if (word.starts_with("tcpi_") || word.starts_with("TCP"))
            unsupported(fmt::format("the name '{}' in code", word));
        failed(fmt::format("the name '{}' is not known", word));
    }

    Number literal() {
        const std::string_view text = rest();
        std::size_t size = 0;
        while (size < text.size() && (is_word(text[size]) || text[size] == '.')) ++size;
        const std::string_view digits = text.substr(0, size);
        place_ += size;
        const auto parse = [](std::string_view part, auto& value, auto... how) {
            const auto [end, fault] = std::from_chars(part.data(), part.data() + part.size(), value, how...);
            return !part.empty() && fault == std::errc{} && end == part.data() + part.size();
        };
        std::int64_t integer = 0;
        double real = 0;
        if (digits.starts_with("0x") && parse(digits.substr(2), integer, 16)) return number(integer);
        if (parse(digits, integer, 10)) return number(integer);
        if (parse(digits, real)) return number(real);
        unsupported(fmt::format("code: '{}'", text));
    }

    Number function(std::string_view name) {
        expect("(");
        std::vector<Number> values;
        do {
            if (rest().starts_with(")")) break;
            values.push_back(expression());
        } while (accept(","));
        expect(")");
        if (values.empty()) unsupported(fmt::format("the function {}() in code", name));
        const auto less = [](const Number& a, const Number& b) { return a.value() < b.value(); };
        if (name == "min") return *std::ranges::min_element(values, less);
        if (name == "max") return *std::ranges::max_element(values, less);
        const Number& n = values[0];
        if (name == "abs") return n.value() < 0 ? arithmetic(number(std::int64_t{0}), '-', n) : n;
        if (name == "float") return number(n.value());
        if (name == "int" || name == "round") {
            const double value = name == "int" ? std::trunc(n.value()) : std::round(n.value());
            if (!(std::abs(value) < 9e18)) failed("a number too large");
            return n.fraction ? number(static_cast<std::int64_t>(value)) : n;
        }
        unsupported(fmt::format("the function {}() in code", name));
    }

    std::string_view text_;
    std::size_t place_ = 0;
    int depth_ = 0;
    std::string compared_;
    std::map<std::string, Number, std::less<>>& variables_;
    const CodeRunner::Lookup& lookup_;
    const CodeRunner::Print& print_;
};

/// Cuts code at semicolons and line ends that are not inside a string or parentheses; leaves comments out.
struct Piece {
    std::uint32_t line = 0;
    std::string text;
};

std::vector<Piece> statements(std::string_view code) {
    std::vector<Piece> pieces{{}};
    std::uint32_t line = 0;
    int open = 0;
    char quote = '\0';
    bool comment = false;
    for (const char c : code) {
        if (c == '\n') ++line;
        if (c == '\n' || (c == ';' && quote == '\0' && !comment)) {
            comment = false;
            if (open <= 0 && quote == '\0') {
                pieces.push_back({line, {}});
                continue;
            }
        }
        if (quote != '\0')
            quote = c == quote ? '\0' : quote;
        else if (c == '\'' || c == '"')
            quote = comment ? '\0' : c;
        else if (c == '#')
            comment = true;
        else if (c == '(' || c == '[')
            ++open;
        else if (c == ')' || c == ']')
            --open;
        if (!comment) pieces.back().text += c == '\\' ? ' ' : c;
    }
    std::erase_if(pieces, [](const Piece& p) { return p.text.find_first_not_of(" \t\r\n") == std::string::npos; });
    return pieces;
}

}  // namespace

std::string Number::to_string() const { return fraction ? fmt::format("{}", real) : fmt::format("{}", integer); }

std::expected<void, CodeFault> CodeRunner::run(std::string_view code, const Lookup& lookup, const Print& print) {
    for (const Piece& piece : statements(code)) {
        try {
            Statement(piece.text, variables_, lookup, print).run();
        } catch (CodeFault& fault) {
            fault.line = piece.line;
            return std::unexpected(std::move(fault));
        }
    }
    return {};
}

}  // namespace hourglass::script
