#include "script/values.h"

#include <fmt/format.h>

#include "hourglass/socket/constants.h"
#include "hourglass/socket/errno.h"

namespace hourglass::script {

namespace {

struct Named {
    std::string_view name;
    std::int64_t value;
};

/// Names of Linux's headers that the sockets themselves have no use for (include/uapi/linux).
constexpr Named kNames[] = {{"NULL", 0},
                            {"SOCK_RAW", 3},
                            {"IPPROTO_IP", 0},
                            {"IPPROTO_ICMP", 1},
                            {"IPPROTO_ICMPV6", 58},
                            {"INADDR_ANY", 0},
                            {"MSG_CTRUNC", 0x8},
                            {"MSG_DONTROUTE", 0x4},
                            {"MSG_CONFIRM", 0x800},
                            {"SPLICE_F_MOVE", 1},
                            {"SPLICE_F_NONBLOCK", 2},
                            {"SPLICE_F_MORE", 4},
                            {"SO_EE_ORIGIN_NONE", 0},
                            {"SO_EE_ORIGIN_LOCAL", 1},
                            {"SO_EE_ORIGIN_ICMP", 2},
                            {"SO_EE_ORIGIN_ICMP6", 3},
                            {"SO_EE_ORIGIN_ZEROCOPY", 5},
                            {"SO_EE_CODE_ZEROCOPY_COPIED", 1},
                            {"TCP_CM_INQ", 36},
                            {"TCP_INFINITE_SSTHRESH", 0x7fffffff},
                            {"TCP_CA_Open", 0},
                            {"TCP_CA_Disorder", 1},
                            {"TCP_CA_CWR", 2},
                            {"TCP_CA_Recovery", 3},
                            {"TCP_CA_Loss", 4},
                            {"TCPI_OPT_TIMESTAMPS", 1},
                            {"TCPI_OPT_SACK", 2},
                            {"TCPI_OPT_WSCALE", 4},
                            {"TCPI_OPT_ECN", 8},
                            {"TCPI_OPT_ECN_SEEN", 16},
                            {"TCPI_OPT_SYN_DATA", 32}};

[[noreturn]] void wrong(const Expression& e, std::string_view wanted) {
    fail(fmt::format("{} is not {}", to_text(e), wanted));
}

std::string joined(const std::vector<Expression>& items, std::string_view separator) {
    std::string text;
    for (const Expression& item : items) text += (text.empty() ? "" : std::string(separator)) + to_text(item);
    return text;
}

std::string structure_text(const Structure& s) {
    std::string text;
    for (const Field& f : s.fields) {
        if (!text.empty()) text += ", ";
        text += f.name;
        if (!f.count.empty()) text += fmt::format("({})", to_text(f.count[0]));
        if (!f.name.empty()) text += '=';
        text += to_text(f.value);
    }
    return fmt::format("{{{}}}", text);
}

IpAddress address(const Expression& e) {
    const auto* call = std::get_if<Application>(&e.value);
    if (call == nullptr || call->arguments.size() != 1) wrong(e, "inet_addr(\"...\")");
    const auto* text = std::get_if<Text>(&call->arguments[0].value);
    const auto parsed = text == nullptr ? std::nullopt : IpAddress::parse(text->value);
    if (!parsed) {
        if (const auto* word = std::get_if<Word>(&call->arguments[0].value); word && word->text == "INADDR_ANY")
            return IpAddress::v4(0);
        wrong(e, "an IP address");
    }
    return *parsed;
}

}  // namespace

void fail(std::string message, std::string expected, std::string actual) {
    throw Stop{Stop::Kind::failed, std::move(message), std::move(expected), std::move(actual)};
}

void unsupported(std::string what, std::optional<Position> position) {
    throw Stop{Stop::Kind::unsupported, std::move(what), {}, {}, position};
}

std::optional<std::int64_t> constant(std::string_view name) {
    if (const auto value = socket::constant_named(name)) return value;
    if (const auto error = socket::errno_named(name)) return static_cast<std::int64_t>(*error);
    for (const Named& named : kNames)
        if (named.name == name) return named.value;
    return std::nullopt;
}

bool is_ellipsis(const Expression& e) { return std::holds_alternative<Ellipsis>(e.value); }

std::int64_t integer(const Expression& e) {
    if (const auto* value = std::get_if<Integer>(&e.value)) return value->value;
    if (const auto* word = std::get_if<Word>(&e.value)) {
        const auto value = constant(word->text);
        if (!value) unsupported(fmt::format("the name {}", word->text), e.position);
        return *value;
    }
    if (const auto* all = std::get_if<Union>(&e.value)) {
        std::int64_t bits = 0;
        for (const Expression& operand : all->operands) bits |= integer(operand);
        return bits;
    }
    if (const auto* call = std::get_if<Application>(&e.value))
        if ((call->function == "htons" || call->function == "htonl") && call->arguments.size() == 1)
            return integer(call->arguments[0]);
    wrong(e, "a number");
}

int number(const Expression& e) {
    const std::int64_t value = integer(e);
    if (value < INT32_MIN || value > UINT32_MAX) wrong(e, "a number of 32 bits");
    return static_cast<int>(static_cast<std::uint32_t>(value));
}

const std::vector<Expression>& list(const Expression& e) {
    const auto* items = std::get_if<List>(&e.value);
    if (items == nullptr) wrong(e, "a list");
    return items->items;
}

const Structure& structure(const Expression& e) {
    const auto* fields = std::get_if<Structure>(&e.value);
    if (fields == nullptr) wrong(e, "a structure");
    return *fields;
}

const Expression* field(const Structure& s, std::string_view name) {
    for (const Field& f : s.fields)
        if (f.name == name) return &f.value;
    return nullptr;
}

std::int64_t bracketed(const Expression& e) {
    const auto& items = list(e);
    if (items.size() != 1) wrong(e, "one number in brackets");
    return integer(items[0]);
}

SocketAddress socket_address(const Expression& e) {
    const Structure& s = structure(e);
    const Expression* port = field(s, "sin_port");
    const Expression* where = field(s, "sin_addr");
    if (port == nullptr || where == nullptr) wrong(e, "a socket address: {sa_family=, sin_port=, sin_addr=}");
    const std::int64_t value = integer(*port);
    if (value < 0 || value > 65535) wrong(*port, "a port");
    return {address(*where), Port(static_cast<std::uint16_t>(value))};
}

std::string to_text(const Expression& e) {
    struct Writer {
        std::string operator()(const Ellipsis&) const { return "..."; }
        std::string operator()(const Integer& i) const { return std::to_string(i.value); }
        std::string operator()(const Word& w) const { return w.text; }
        std::string operator()(const Text& t) const { return fmt::format("\"{}\"", t.value); }
        std::string operator()(const List& l) const { return fmt::format("[{}]", joined(l.items, ", ")); }
        std::string operator()(const Union& u) const { return joined(u.operands, "|"); }
        std::string operator()(const Application& a) const {
            return fmt::format("{}({})", a.function, joined(a.arguments, ", "));
        }
        std::string operator()(const Structure& s) const { return structure_text(s); }
    };
    return std::visit(Writer{}, e.value);
}

std::string to_text(const CallSpec& call) { return fmt::format("{}({})", call.name, joined(call.arguments, ", ")); }

}  // namespace hourglass::script
