#pragma once

#include <string>
#include <string_view>

#include "hourglass/script/parser.h"
#include "script/lexer.h"

namespace hourglass::script {

/// Ends the parse from wherever it is; `parse` turns it into its value.
struct ParseFailure {
    SyntaxError error;
};

/// A recursive-descent parser with two tokens of foresight: a function for each rule of the grammar.
/// parser.cpp has the script and its events, parse_packet.cpp packets, parse_value.cpp calls and their values.
class Parser {
  public:
    Parser(std::string_view text, const ParseOptions& options);
    Script script();

  private:
    // Tokens.
    [[nodiscard]] const Token& peek() const { return current_; }
    [[nodiscard]] const Token& peek_second() const { return second_; }
    Token take();
    bool accept(char symbol);
    void expect(char symbol, std::string_view context);
    Token expect(Token::Kind kind, std::string_view what);
    void expect_word(std::string_view word);
    [[noreturn]] void fail(std::string_view expected) const;
    [[noreturn]] static void fail_at(Position position, std::string expected, std::string found);
    /// A number from 0 to `max`.
    std::uint32_t number(std::string_view what, std::uint64_t max);

    // parser.cpp
    void event();
    EventTime event_time();
    [[nodiscard]] bool at_time() const;
    Duration time(std::string_view what);
    void check_time(const Event& event) const;

    // parse_packet.cpp
    PacketSpec packet();
    IpMarks ip_marks();
    void ip_mark(IpMarks& marks);
    std::optional<Ports> ports();
    bool encapsulation();
    TcpSpec tcp(bool inbound);
    void flags(TcpSpec& spec);
    void flag(TcpSpec& spec, char c, const Token& token) const;
    void sequence(std::uint32_t& seq, std::uint32_t& length);
    void tcp_options(TcpSpec& spec, bool inbound);
    OptionSpec tcp_option();
    OptionSpec cookie(std::uint8_t kind, std::string_view prefix, std::size_t max);
    OptionSpec sack_blocks();
    OptionSpec accurate_ecn();
    UdpSpec udp();
    IcmpSpec icmp();
    void icmp_echoed(IcmpSpec& spec);

    // parse_value.cpp
    CallSpec call();
    void note();
    Expression expression();
    Expression primary();
    Expression structure();
    Field field();
    std::vector<Expression> expressions(char close);

    Lexer lexer_;
    const ParseOptions& options_;
    Token current_, second_;
    Script script_;
    std::size_t depth_ = 0;
};

}  // namespace hourglass::script
