#include "script/parser.h"

#include <charconv>
#include <fmt/format.h>

namespace hourglass::script {

Parser::Parser(std::string_view text, const ParseOptions& options) : lexer_(text, options.defines), options_(options) {
    take();
    take();
}

Token Parser::take() {
    auto next = lexer_.next();
    if (!next) throw ParseFailure{next.error()};
    Token taken = std::move(current_);
    current_ = std::move(second_);
    second_ = std::move(*next);
    return taken;
}

bool Parser::accept(char symbol) {
    if (!peek().is(symbol)) return false;
    take();
    return true;
}

void Parser::expect(char symbol, std::string_view context) {
    if (!accept(symbol)) fail(fmt::format("'{}' {}", symbol, context));
}

Token Parser::expect(Token::Kind kind, std::string_view what) {
    if (peek().kind != kind) fail(what);
    return take();
}

void Parser::expect_word(std::string_view word) {
    if (!peek().is(word)) fail(fmt::format("'{}'", word));
    take();
}

void Parser::fail(std::string_view expected) const {
    fail_at(peek().position, std::string(expected), peek().describe());
}

void Parser::fail_at(Position position, std::string expected, std::string found) {
    throw ParseFailure{{position, std::move(expected), std::move(found)}};
}

std::uint32_t Parser::number(std::string_view what, std::uint64_t max) {
    const Token t = peek();
    if (t.kind != Token::Kind::integer && t.kind != Token::Kind::hex) fail(what);
    if (t.number < 0 || static_cast<std::uint64_t>(t.number) > max)
        fail_at(t.position, fmt::format("{} from 0 to {}", what, max), t.describe());
    take();
    return static_cast<std::uint32_t>(t.number);
}

// --- the script

Script Parser::script() {
    while (peek().kind == Token::Kind::option) {
        Token option = take();
        script_.options.push_back({option.text, option.value, option.position});
    }
    while (peek().kind == Token::Kind::command) {
        const Token command = take();
        script_.initial.push_back({command.text, command.position});
    }
    while (peek().kind != Token::Kind::end && peek().kind != Token::Kind::command) {
        if (script_.events.size() >= options_.max_events) fail(fmt::format("at most {} events", options_.max_events));
        event();
    }
    while (peek().kind == Token::Kind::command) {
        const Token command = take();
        script_.final.push_back({command.text, command.position});
    }
    if (peek().kind != Token::Kind::end) fail("the end of the file behind the last commands");
    if (script_.events.empty()) fail("an event");
    return std::move(script_);
}

void Parser::event() {
    Event event;
    event.position = peek().position;
    event.time = event_time();
    const Token& t = peek();
    if (t.is('<') || t.is('>')) {
        event.action = packet();
    } else if (t.kind == Token::Kind::command) {
        event.action = CommandSpec{take().text};
    } else if (t.kind == Token::Kind::code) {
        event.action = CodeSpec{take().text};
    } else if (t.kind == Token::Kind::word || t.kind == Token::Kind::ellipsis) {
        event.action = call();
    } else {
        fail("a packet ('<' or '>'), a system call, `a command` or %{ code }%");
    }
    check_time(event);
    script_.events.push_back(std::move(event));
}

bool Parser::at_time() const { return peek().kind == Token::Kind::integer || peek().kind == Token::Kind::decimal; }

/// Seconds with a fraction, exact to the nanosecond.
Duration Parser::time(std::string_view what) {
    if (!at_time()) fail(what);
    const Token t = take();
    if (t.text.starts_with('-')) fail_at(t.position, "a time that is not negative", t.describe());
    const std::size_t point = std::min(t.text.find('.'), t.text.size());
    std::int64_t seconds = 0;
    std::from_chars(t.text.data(), t.text.data() + point, seconds);
    if (point > 10 || seconds > 1'000'000'000) fail_at(t.position, "a time below 10^9 s", t.describe());
    std::int64_t fraction = 0, unit = 100'000'000;
    for (std::size_t i = point + 1; i < t.text.size(); ++i, unit /= 10) fraction += (t.text[i] - '0') * unit;
    return std::chrono::seconds(seconds) + std::chrono::nanoseconds(fraction);
}

EventTime Parser::event_time() {
    using Kind = EventTime::Kind;
    constexpr std::string_view what = "the time of an event: 1.5, +.1, *, 1~2 or +1~+2";
    if (accept('*')) return {Kind::any};
    const Position begin = peek().position;
    EventTime result;
    const bool relative = accept('+');
    result.kind = relative ? Kind::relative : Kind::absolute;
    result.at = result.until = time(relative ? std::string_view("a time behind '+'") : what);
    if (!accept('~')) return result;
    if (relative) accept('+');
    result.kind = relative ? Kind::relative_range : Kind::absolute_range;
    result.until = time("the end of the range of times");
    if (result.until < result.at) fail_at(begin, "a range of times that goes forward", "one that goes backward");
    return result;
}

void Parser::check_time(const Event& event) const {
    using Kind = EventTime::Kind;
    if (event.time.kind == Kind::absolute || event.time.kind == Kind::relative) return;
    const auto* packet = std::get_if<PacketSpec>(&event.action);
    if (packet == nullptr || packet->inbound)
        fail_at(event.position, "one time: only a packet to be sent may come at any time or in a range",
                event.time.kind == Kind::any ? "'*'" : "a range");
}

std::expected<Script, SyntaxError> parse(std::string_view text, const ParseOptions& options) {
    try {
        return Parser(text, options).script();
    } catch (ParseFailure& failure) {
        return std::unexpected(std::move(failure.error));
    }
}

}  // namespace hourglass::script
