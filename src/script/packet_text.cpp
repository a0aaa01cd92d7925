#include <fmt/format.h>

#include "hourglass/wire/endian.h"
#include "hourglass/wire/tcp.h"
#include "script/packets.h"

namespace hourglass::script {

namespace {

using wire::TcpOptionKind;

std::uint32_t read(const OptionSpec& option, std::size_t at, std::size_t octets) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < octets && at + i < option.data.size(); ++i)
        value = value << 8 | std::to_integer<std::uint32_t>(option.data[at + i]);
    return value;
}

std::string hexadecimal(const OptionSpec& option, std::size_t from = 0) {
    std::string text;
    for (std::size_t i = from; i < option.data.size(); ++i)
        text += fmt::format("{:02x}", std::to_integer<unsigned>(option.data[i]));
    return text;
}

std::string sack_text(const OptionSpec& option) {
    std::string text = "sack";
    for (std::size_t i = 0; i + 8 <= option.data.size(); i += 8)
        text += fmt::format(" {}:{}", read(option, i, 4), read(option, i + 4, 4));
    return text;
}

std::string ecn_text(const OptionSpec& option) {
    const bool order1 = TcpOptionKind(option.kind) == TcpOptionKind::accurate_ecn1;
    constexpr std::string_view names[] = {"e0b", "ceb", "e1b"};
    std::string text = "ECN";
    for (std::size_t i = 0; i < 3 && i * 3 + 3 <= option.data.size(); ++i)
        text += fmt::format(" {} {}", names[order1 ? 2 - i : i], read(option, i * 3, 3));
    return text;
}

std::string option_text(const OptionSpec& option) {
    switch (TcpOptionKind(option.kind)) {
        case TcpOptionKind::end_of_list:
            return "eol";
        case TcpOptionKind::no_operation:
            return "nop";
        case TcpOptionKind::mss:
            return fmt::format("mss {}", read(option, 0, 2));
        case TcpOptionKind::window_scale:
            return fmt::format("wscale {}", read(option, 0, 1));
        case TcpOptionKind::sack_permitted:
            return "sackOK";
        case TcpOptionKind::sack:
            return sack_text(option);
        case TcpOptionKind::timestamps:
            return fmt::format("TS val {} ecr {}", read(option, 0, 4), read(option, 4, 4));
        case TcpOptionKind::md5:
            return "md5 " + hexadecimal(option);
        case TcpOptionKind::fast_open:
            return "FO " + hexadecimal(option);
        case TcpOptionKind::accurate_ecn0:
        case TcpOptionKind::accurate_ecn1:
            return ecn_text(option);
        default:
            return fmt::format("kind {} {}", option.kind, hexadecimal(option));
    }
}

std::string flags_text(const TcpSpec& spec) {
    using wire::TcpFlags;
    static constexpr std::pair<std::uint16_t, char> kLetters[] = {
        {TcpFlags::kSyn, 'S'}, {TcpFlags::kFin, 'F'}, {TcpFlags::kRst, 'R'},
        {TcpFlags::kPsh, 'P'}, {TcpFlags::kUrg, 'U'}, {TcpFlags::kEce, 'E'},
        {TcpFlags::kCwr, 'W'}, {TcpFlags::kAe, 'A'},  {TcpFlags::kAck, '.'}};
    std::string text;
    for (const auto& [bit, letter] : kLetters) {
        constexpr std::uint16_t ecn = TcpFlags::kEce | TcpFlags::kCwr | TcpFlags::kAe;
        if ((spec.flags & bit) != 0 && !(spec.ace && (bit & ecn) != 0)) text += letter;
    }
    if (spec.ace) text += static_cast<char>('0' + *spec.ace);
    return text.empty() ? "-" : text;
}

std::string tcp_text(const TcpSpec& spec) {
    std::string text = fmt::format("{} {}:{}({})", flags_text(spec), spec.seq, spec.seq + spec.length, spec.length);
    if (spec.any_ack) text += " ack *";
    if (!spec.any_ack && ((spec.flags & wire::TcpFlags::kAck) != 0 || spec.ack != 0))
        text += fmt::format(" ack {}", spec.ack);
    if (spec.win) text += fmt::format(" win {}", *spec.win);
    if (spec.urgent_pointer != 0) text += fmt::format(" urg {}", spec.urgent_pointer);
    if (spec.any_options) return text + " <...>";
    if (spec.options.empty()) return text;
    std::string options;
    for (const OptionSpec& option : spec.options) options += (options.empty() ? "" : ",") + option_text(option);
    return fmt::format("{} <{}>", text, options);
}

std::string icmp_text(const IcmpSpec& spec) {
    std::string text = "icmp " + spec.type;
    if (!spec.code.empty()) text += " " + spec.code;
    if (spec.mtu) text += fmt::format(" mtu {}", *spec.mtu);
    if (spec.id) text += fmt::format(" id {}", *spec.id);
    if (!spec.quotes) return text;
    switch (spec.echoed) {
        case IcmpSpec::Echoed::tcp:
            return text + fmt::format(" [{}:{}({})]", spec.seq, spec.seq + spec.length, spec.length);
        case IcmpSpec::Echoed::udp:
            return text + fmt::format(" [udp ({})]", spec.length);
        case IcmpSpec::Echoed::raw:
            return text + fmt::format(" [raw ({})]", spec.length);
    }
    return text;
}

std::string marks_text(const IpMarks& marks) {
    using Check = IpMarks::Check;
    static constexpr std::string_view kEcn[] = {"[noecn] ", "[ect1] ", "[ect0] ", "[ce] "};
    if (marks.check == Check::ecn) return std::string(kEcn[marks.tos & 3]);
    if (marks.check == Check::ect01) return "[ect01] ";
    if (marks.check == Check::tos && marks.tos > 3) return fmt::format("[tos {:#x}] ", marks.tos);
    if (marks.check == Check::tos && marks.tos != 0) return std::string(kEcn[marks.tos & 3]);
    return {};
}

}  // namespace

std::string to_text(const PacketSpec& spec) {
    std::string text = fmt::format("{} {}", spec.inbound ? '<' : '>', marks_text(spec.ip));
    if (spec.ports) text += fmt::format("{}>{} ", spec.ports->source, spec.ports->destination);
    if (const auto* tcp = std::get_if<TcpSpec>(&spec.body)) return text + tcp_text(*tcp);
    if (const auto* udp = std::get_if<UdpSpec>(&spec.body)) return text + fmt::format("udp ({})", udp->length);
    return text + icmp_text(std::get<IcmpSpec>(spec.body));
}

}  // namespace hourglass::script
