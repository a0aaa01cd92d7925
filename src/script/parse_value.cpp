// System calls and the values in them.

#include <fmt/format.h>

#include "script/parser.h"

namespace hourglass::script {

/// `[...time] name(values) = value [ERRNO (words)] [(words)]`
CallSpec Parser::call() {
    CallSpec spec;
    if (peek().kind == Token::Kind::ellipsis) {
        take();
        spec.end = time("the time at which the call returns");
    }
    spec.name = expect(Token::Kind::word, "the name of a system call").text;
    expect('(', "and the arguments of the call");
    spec.arguments = expressions(')');
    expect('=', "and the result of the call");
    spec.result = expression();
    if (peek().kind == Token::Kind::word) {
        spec.error = take().text;
        if (!peek().is('(')) fail(fmt::format("'(' and what {} means, as strace prints it", spec.error));
    }
    if (peek().is('(')) note();
    return spec;
}

/// `(Resource temporarily unavailable)`: for people. Any words and punctuation.
void Parser::note() {
    expect('(', "and a note");
    while (!peek().is(')')) {
        if (peek().kind == Token::Kind::end) fail("')' behind the note");
        take();
    }
    take();
}

std::vector<Expression> Parser::expressions(char close) {
    std::vector<Expression> result;
    if (accept(close)) return result;
    do result.push_back(expression());
    while (accept(','));
    expect(close, "or ',' behind this value");
    return result;
}

Expression Parser::expression() {
    if (++depth_ > options_.max_depth) fail(fmt::format("values nested at most {} deep", options_.max_depth));
    Expression first = primary();
    if (peek().is('|')) {
        Union all;
        const Position begin = first.position;
        all.operands.push_back(std::move(first));
        while (accept('|')) all.operands.push_back(primary());
        first = {begin, std::move(all)};
    }
    --depth_;
    return first;
}

Expression Parser::primary() {
    const Position at = peek().position;
    switch (peek().kind) {
        case Token::Kind::ellipsis:
            take();
            return {at, Ellipsis{}};
        case Token::Kind::integer:
        case Token::Kind::hex:
            return {at, Integer{take().number}};
        case Token::Kind::string: {
            Text text;
            while (peek().kind == Token::Kind::string) text.value += take().text;
            if (peek().kind == Token::Kind::ellipsis) take();
            return {at, std::move(text)};
        }
        case Token::Kind::word: {
            std::string name = take().text;
            if (accept('(')) return {at, Application{std::move(name), expressions(')')}};
            if (peek().is('=')) {  // a netlink attribute: NAME=value
                take();
                Structure one;
                one.fields.push_back({std::move(name), {}, expression()});
                return {at, std::move(one)};
            }
            return {at, Word{std::move(name)}};
        }
        default:
            break;
    }
    if (peek().is('[')) {
        take();
        return {at, List{expressions(']')}};
    }
    if (peek().is('{')) return structure();
    fail("a value: a number, a name, \"text\", ..., [a list] or {a structure}");
}

Expression Parser::structure() {
    const Position at = peek().position;
    Structure result;
    expect('{', "and a structure");
    if (accept('}')) return {at, std::move(result)};
    do result.fields.push_back(field());
    while (accept(','));
    expect('}', "or ',' behind this field");
    return {at, std::move(result)};
}

Field Parser::field() {
    Field result;
    if (peek().kind != Token::Kind::word || !(peek_second().is('=') || peek_second().is('('))) {
        result.value = expression();
        return result;
    }
    const Position at = peek().position;
    result.name = take().text;
    if (accept('(')) {
        std::vector<Expression> inside = expressions(')');
        if (!peek().is('=')) {  // a function after all
            result.value = {at, Application{std::move(result.name), std::move(inside)}};
            result.name.clear();
            return result;
        }
        if (inside.size() != 1) fail_at(at, fmt::format("one count in {}()", result.name), "another number of values");
        result.count = std::move(inside);
    }
    expect('=', fmt::format("and the value of {}", result.name));
    result.value = expression();
    return result;
}

}  // namespace hourglass::script
