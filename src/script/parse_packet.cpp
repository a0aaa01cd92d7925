// Packets: `< [ect0] 1234>80 S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK>`

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "hourglass/wire/endian.h"
#include "hourglass/wire/tcp.h"
#include "script/parser.h"

namespace hourglass::script {

namespace {

constexpr std::uint64_t kMax8 = 0xff, kMax16 = 0xffff, kMax20 = 0xfffff, kMax24 = 0xffffff, kMax32 = 0xffffffff;

void append(std::vector<std::byte>& bytes, std::uint32_t value, unsigned octets) {
    while (octets-- > 0) bytes.push_back(static_cast<std::byte>(value >> (8 * octets)));
}

OptionSpec option(wire::TcpOptionKind kind, std::uint32_t value = 0, unsigned octets = 0) {
    OptionSpec result{static_cast<std::uint8_t>(kind), {}};
    append(result.data, value, octets);
    return result;
}

}  // namespace

PacketSpec Parser::packet() {
    PacketSpec result;
    result.inbound = take().is('<');
    while (encapsulation()) {
    }
    const Position marks = peek().position;
    result.ip = ip_marks();
    if (result.inbound && result.ip.check == IpMarks::Check::ect01)
        fail_at(marks, "one mark: [ect01] means either, which only a packet to be sent can be", "'ect01'");
    result.ports = ports();
    if (peek().is("udp")) {
        take();
        if (!result.ports) result.ports = ports();
        result.body = udp();
    } else if (peek().is("icmp")) {
        take();
        result.body = icmp();
    } else {
        result.body = tcp(result.inbound);
    }
    return result;
}

/// `ipv4 1.1.1.1 > 2.2.2.2:`, `gre ...:`, `mpls ...:`: passed over and noted.
bool Parser::encapsulation() {
    const Token begin = peek();
    if (!begin.is("ipv4") && !begin.is("ipv6") && !begin.is("gre") && !begin.is("GREv0") && !begin.is("mpls"))
        return false;
    script_.unsupported.push_back({begin.position, fmt::format("a packet inside {}", begin.text)});
    while (!peek().is(':')) {
        if (peek().kind == Token::Kind::end) fail(fmt::format("':' behind the {} header", begin.text));
        take();
    }
    take();
    return true;
}

IpMarks Parser::ip_marks() {
    IpMarks marks;
    const char close = peek().is('[') ? ']' : peek().is('(') ? ')' : '\0';
    if (close == '\0') return marks;
    take();
    do ip_mark(marks);
    while (accept(','));
    expect(close, "behind the marks of the IP header");
    return marks;
}

void Parser::ip_mark(IpMarks& marks) {
    using Check = IpMarks::Check;
    struct Mark {
        std::string_view name;
        Check check;
        std::uint8_t bits;
    };
    static constexpr Mark kMarks[] = {{"noecn", Check::ecn, 0},
                                      {"ect1", Check::ecn, 1},
                                      {"ect0", Check::ecn, 2},
                                      {"ce", Check::ecn, 3},
                                      {"ect01", Check::ect01, 0}};
    const Token t = peek();
    for (const Mark& mark : kMarks) {
        if (!t.is(mark.name)) continue;
        take();
        marks.check = mark.check;
        marks.tos = mark.bits;
        return;
    }
    if (t.is("tos")) {
        take();
        marks.check = Check::tos;
        marks.tos = static_cast<std::uint8_t>(number("the octet of the type of service", kMax8));
    } else if (t.is("ttl")) {
        take();
        marks.ttl = static_cast<std::uint8_t>(number("a time to live", kMax8));
    } else if (t.is("flowlabel")) {
        take();
        marks.flow_label = number("a flow label", kMax20);
    } else {
        fail("noecn, ect0, ect1, ect01, ce, tos, ttl or flowlabel");
    }
}

/// `1234>80`
std::optional<Ports> Parser::ports() {
    if (peek().kind != Token::Kind::integer || !peek_second().is('>')) return std::nullopt;
    Ports result;
    result.source = static_cast<std::uint16_t>(number("a port", kMax16));
    take();
    result.destination = static_cast<std::uint16_t>(number("a port", kMax16));
    return result;
}

// --- TCP

TcpSpec Parser::tcp(bool inbound) {
    TcpSpec spec;
    flags(spec);
    sequence(spec.seq, spec.length);
    if (peek().is("ack")) {
        take();
        spec.any_ack = !inbound && accept('*');
        if (!spec.any_ack) spec.ack = number("an acknowledgement number", kMax32);
    }
    if (peek().is("win")) {
        take();
        if (inbound || !accept('*')) spec.win = static_cast<std::uint16_t>(number("a window", kMax16));
    } else if (inbound) {
        fail("'win' and the window that the packet offers");
    }
    if (peek().is("urg")) {
        take();
        spec.urgent_pointer = static_cast<std::uint16_t>(number("an urgent pointer", kMax16));
    }
    tcp_options(spec, inbound);
    if (peek().is('{')) {
        script_.unsupported.push_back({peek().position, "packets that are spoilt on purpose ({mut ...})"});
        while (!accept('}')) {
            if (peek().kind == Token::Kind::end) fail("'}'");
            take();
        }
    }
    return spec;
}

/// `S.`, `FP.`, `.`, `-` for none, `SEWA`, `P.5` where 5 is the counter ACE.
void Parser::flags(TcpSpec& spec) {
    constexpr std::string_view what = "the flags of a TCP segment (letters of FSRPEWAU, '.' for ACK, or '-' for none)";
    if (accept('-')) return;
    bool any = false;
    if (peek().kind == Token::Kind::word) {
        const Token t = take();
        for (const char c : t.text) flag(spec, c, t);
        any = true;
    }
    if (peek().is('.')) {
        take();
        spec.flags |= wire::TcpFlags::kAck;
        any = true;
    } else if (peek().kind == Token::Kind::decimal && peek().text.size() == 2 && peek().text[0] == '.') {
        const Token t = take();
        spec.flags |= wire::TcpFlags::kAck;
        flag(spec, t.text[1], t);
        any = true;
    }
    if (!any) fail(what);
}

void Parser::flag(TcpSpec& spec, char c, const Token& token) const {
    using wire::TcpFlags;
    static constexpr std::string_view kLetters = "FSRPUEWA";
    static constexpr std::uint16_t kBits[] = {TcpFlags::kFin, TcpFlags::kSyn, TcpFlags::kRst, TcpFlags::kPsh,
                                              TcpFlags::kUrg, TcpFlags::kEce, TcpFlags::kCwr, TcpFlags::kAe};
    constexpr std::uint16_t kEcn = TcpFlags::kEce | TcpFlags::kCwr | TcpFlags::kAe;
    const std::size_t letter = kLetters.find(c);
    const bool ecn = letter != std::string_view::npos && (kBits[letter] & kEcn) != 0;
    const bool digit = c >= '0' && c <= '7';
    if (letter == std::string_view::npos && !digit)
        fail_at(token.position, "the flags of a TCP segment: letters of FSRPUEWA or a digit of 0 to 7",
                token.describe());
    if ((ecn || digit) && spec.ace)
        fail_at(token.position, "ECN flags as letters or as one digit, not both", token.describe());
    if (digit && (spec.flags & kEcn) != 0)
        fail_at(token.position, "ECN flags as letters or as one digit, not both", token.describe());
    if (!digit) {
        spec.flags |= kBits[letter];
        return;
    }
    const unsigned ace = static_cast<unsigned>(c - '0');
    spec.ace = static_cast<std::uint8_t>(ace);
    spec.flags =
        static_cast<std::uint16_t>(spec.flags | ((ace & 1) != 0 ? TcpFlags::kEce : 0) |
                                   ((ace & 2) != 0 ? TcpFlags::kCwr : 0) | ((ace & 4) != 0 ? TcpFlags::kAe : 0));
}

/// `1:1001(1000)`
void Parser::sequence(std::uint32_t& seq, std::uint32_t& length) {
    const Position begin = peek().position;
    seq = number("the sequence numbers of a segment, as in 1:1001(1000),", kMax32);
    expect(':', "and the sequence number behind the segment");
    const std::uint32_t end = number("the sequence number behind the segment", kMax32);
    expect('(', "and the number of octets");
    length = number("the number of octets of a segment", kMax16);
    expect(')', "behind the number of octets");
    if (end != seq + length)
        fail_at(begin, fmt::format("{}:{}({}): the end is the beginning and the octets", seq, seq + length, length),
                fmt::format("'{}:{}({})'", seq, end, length));
}

void Parser::tcp_options(TcpSpec& spec, bool inbound) {
    const Position begin = peek().position;
    if (!accept('<')) return;
    if (peek().kind == Token::Kind::ellipsis) {
        if (inbound) fail("options: a packet that comes has certain ones");
        take();
        spec.any_options = true;
    } else {
        do spec.options.push_back(tcp_option());
        while (accept(','));
    }
    expect('>', "or ',' behind this TCP option");
    std::size_t size = 0;
    for (const OptionSpec& o : spec.options) size += o.kind <= 1 ? 1 : 2 + o.data.size();
    if (size > wire::TcpOptions::kMaxSize || (size & 3) != 0)
        fail_at(begin, "options of a multiple of 4 octets and at most 40: nop or eol fill up",
                fmt::format("{} octets", size));
}

OptionSpec Parser::tcp_option() {
    using Kind = wire::TcpOptionKind;
    const Token t = peek();
    if (t.kind != Token::Kind::word) fail("a TCP option");
    const std::string_view name = t.text;
    constexpr std::string_view kNames[] = {"nop", "eol", "mss", "wscale", "sackOK", "sack",
                                           "TS",  "md5", "FO",  "FOEXP",  "ECN",    "kind"};
    if (std::ranges::find(kNames, name) == std::end(kNames))
        fail("a TCP option: mss, wscale, sackOK, sack, TS, FO, FOEXP, md5, ECN, kind, nop or eol");
    take();
    if (name == "nop") return option(Kind::no_operation);
    if (name == "eol") return option(Kind::end_of_list);
    if (name == "mss") return option(Kind::mss, number("a segment size", kMax16), 2);
    if (name == "wscale") return option(Kind::window_scale, number("a shift", kMax8), 1);
    if (name == "sackOK") return option(Kind::sack_permitted);
    if (name == "sack") return sack_blocks();
    if (name == "md5") return cookie(static_cast<std::uint8_t>(Kind::md5), "", 16);
    if (name == "FO") return cookie(static_cast<std::uint8_t>(Kind::fast_open), "", 38);
    if (name == "FOEXP") return cookie(254, "f989", 34);  // RFC 6994; the experiment number of fast open
    if (name == "ECN") return accurate_ecn();
    if (name == "kind") return cookie(static_cast<std::uint8_t>(number("the kind of an option", kMax8)), "", 38);
    OptionSpec result = option(Kind::timestamps);
    expect_word("val");
    append(result.data, number("a timestamp", kMax32), 4);
    expect_word("ecr");
    append(result.data, number("a timestamp", kMax32), 4);
    return result;
}

/// Octets in hexadecimal; there may be none.
OptionSpec Parser::cookie(std::uint8_t kind, std::string_view prefix, std::size_t max) {
    OptionSpec result{kind, {}};
    std::string digits(prefix);
    const Token t = peek();
    if (t.kind == Token::Kind::word || t.kind == Token::Kind::integer) digits += take().text;
    if (digits.size() % 2 != 0 || digits.size() / 2 > max + prefix.size() / 2)
        fail_at(t.position, fmt::format("at most {} octets, each of two hexadecimal digits", max), t.describe());
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        unsigned value = 0;
        const auto [end, fault] = std::from_chars(digits.data() + i, digits.data() + i + 2, value, 16);
        if (end != digits.data() + i + 2) fail_at(t.position, "octets of two hexadecimal digits", t.describe());
        append(result.data, value, 1);
    }
    return result;
}

OptionSpec Parser::sack_blocks() {
    OptionSpec result = option(wire::TcpOptionKind::sack);
    do {
        append(result.data, number("a block, as in 1:1001,", kMax32), 4);
        expect(':', "and the end of the block");
        append(result.data, number("the end of the block", kMax32), 4);
    } while (peek().kind == Token::Kind::integer);
    return result;
}

/// `ECN e0b 1 ceb 0 e1b 1`: the counter that comes first tells which of the two orders it is.
OptionSpec Parser::accurate_ecn() {
    constexpr std::string_view kOrder0[] = {"e0b", "ceb", "e1b"};
    constexpr std::string_view kOrder1[] = {"e1b", "ceb", "e0b"};
    const bool order1 = peek().is("e1b");
    OptionSpec result = option(order1 ? wire::TcpOptionKind::accurate_ecn1 : wire::TcpOptionKind::accurate_ecn0);
    for (const std::string_view name : order1 ? kOrder1 : kOrder0) {
        if (!peek().is(name)) break;
        take();
        append(result.data, number("a counter of 24 bits", kMax24), 3);
    }
    return result;
}

// --- UDP and ICMP

UdpSpec Parser::udp() {
    expect('(', "and the number of octets");
    UdpSpec result{number("the number of octets of a datagram", kMax16)};
    expect(')', "behind the number of octets");
    return result;
}

IcmpSpec Parser::icmp() {
    IcmpSpec spec;
    spec.position = peek().position;
    spec.type = expect(Token::Kind::word, "the type of an ICMP message: unreachable, time_exceeded, type_3 ...").text;
    if (peek().kind == Token::Kind::word && !peek().is("mtu") && !peek().is("id")) spec.code = take().text;
    if (peek().is("mtu")) {
        take();
        spec.mtu = number("an MTU", kMax32);
    }
    if (peek().is("id")) {
        take();
        spec.id = static_cast<std::uint16_t>(number("the identifier of an echo", kMax16));
    }
    if (accept('[')) icmp_echoed(spec);
    return spec;
}

void Parser::icmp_echoed(IcmpSpec& spec) {
    spec.quotes = true;
    if (peek().is("udp") || peek().is("raw")) {
        spec.echoed = take().is("udp") ? IcmpSpec::Echoed::udp : IcmpSpec::Echoed::raw;
        expect('(', "and the number of octets");
        spec.length = number("a number of octets", kMax16);
        expect(')', "behind the number of octets");
    } else {
        sequence(spec.seq, spec.length);
    }
    expect(']', "behind what the ICMP message quotes");
}

}  // namespace hourglass::script
