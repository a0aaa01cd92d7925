// Is a packet that was sent the one that the script expects? What the script does not say is not looked at.

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>

#include "hourglass/wire/endian.h"
#include "hourglass/wire/tcp.h"
#include "script/icmp_names.h"
#include "script/packets.h"

namespace hourglass::script {

namespace {

using wire::TcpOptionKind;

std::string differs(std::string_view field, std::uint64_t expected, std::uint64_t actual) {
    return fmt::format("{}: expected {}, got {}", field, expected, actual);
}

std::string match_flow_label(std::uint32_t script, std::uint32_t live, Flow& flow) {
    if (script == 0) return {};
    if (live == 0) return "flow label: expected one, got none";
    const bool same_script = flow.script_flow_label == script;
    const bool same_live = flow.flow_label == live;
    if (flow.script_flow_label && same_script != same_live)
        return same_script ? fmt::format("flow label: expected {:#x} as before, got {:#x}", flow.flow_label, live)
                           : fmt::format("flow label: expected another than {:#x}", live);
    flow.script_flow_label = script;
    flow.flow_label = live;
    return {};
}

std::string match_ip(const IpMarks& expected, const IpMarks& actual, Flow& flow) {
    using Check = IpMarks::Check;
    static constexpr std::string_view kEcn[] = {"noecn", "ect1", "ect0", "ce"};
    const unsigned ecn = actual.tos & 3u;
    if (expected.check == Check::ecn && ecn != expected.tos)
        return fmt::format("ECN: expected {}, got {}", kEcn[expected.tos & 3], kEcn[ecn]);
    if (expected.check == Check::ect01 && ecn != 1 && ecn != 2)
        return fmt::format("ECN: expected ect0 or ect1, got {}", kEcn[ecn]);
    if (expected.check == Check::tos && actual.tos != expected.tos)
        return fmt::format("TOS: expected {:#x}, got {:#x}", expected.tos, actual.tos);
    if (expected.ttl && expected.ttl != actual.ttl) return differs("TTL", *expected.ttl, actual.ttl.value_or(0));
    return match_flow_label(expected.flow_label.value_or(0), actual.flow_label.value_or(0), flow);
}

std::string flags_text(std::uint16_t flags) {
    constexpr std::string_view letters = "FSRP.UEWA";
    std::string text;
    for (std::size_t i = 0; i < letters.size(); ++i)
        if ((flags >> i & 1) != 0) text += letters[i];
    return text.empty() ? "-" : text;
}

std::string match_option(const OptionSpec& expected, const OptionSpec& actual, const Config& config) {
    if (TcpOptionKind(expected.kind) != TcpOptionKind::timestamps)
        return expected.data == actual.data ? "" : "another value";
    if (actual.data.size() != 8) return "another length";
    const auto part = [](const OptionSpec& o, std::size_t at) { return wire::load_be32(o.data.data() + at); };
    const std::uint32_t tick = config.ts_tick_usecs != 0 ? config.ts_tick_usecs : config.strict_timestamps ? 1000 : 0;
    const auto behind = static_cast<std::int32_t>(part(actual, 0) - part(expected, 0));
    if (std::chrono::microseconds(std::int64_t{std::abs(behind)} * tick) > config.tolerance)
        return fmt::format("TS val: expected {}, got {}", part(expected, 0), part(actual, 0));
    if (config.strict_timestamps && part(expected, 4) != part(actual, 4))
        return fmt::format("TS ecr: expected {}, got {}", part(expected, 4), part(actual, 4));
    return {};
}

/// Which order options have and how they are padded is the sender's choice (RFC 9293, section 3.1).
std::vector<OptionSpec> without_order(std::vector<OptionSpec> options) {
    std::erase_if(options, [](const OptionSpec& o) { return o.kind <= 1; });
    std::ranges::stable_sort(options, {}, &OptionSpec::kind);
    return options;
}

std::string match_options(const TcpSpec& expected, const TcpSpec& actual, const Config& config) {
    if (expected.any_options) return {};
    const auto ready = [&](const TcpSpec& spec) {
        return config.strict_options ? spec.options : without_order(spec.options);
    };
    const auto wanted = ready(expected), got = ready(actual);
    if (!std::ranges::equal(wanted, got, {}, &OptionSpec::kind, &OptionSpec::kind)) return "TCP options: other ones";
    for (std::size_t i = 0; i < wanted.size(); ++i)
        if (const std::string fault = match_option(wanted[i], got[i], config); !fault.empty())
            return fmt::format("TCP option of kind {}: {}", wanted[i].kind, fault);
    return {};
}

std::string match_tcp(const TcpSpec& expected, const TcpSpec& actual, const Config& config) {
    if (expected.flags != actual.flags)
        return fmt::format("flags: expected {}, got {}", flags_text(expected.flags), flags_text(actual.flags));
    if (expected.seq != actual.seq) return differs("sequence number", expected.seq, actual.seq);
    if (expected.length != actual.length) return differs("octets of data", expected.length, actual.length);
    if (!expected.any_ack && expected.ack != actual.ack) return differs("acknowledgement", expected.ack, actual.ack);
    if (expected.win && expected.win != actual.win) return differs("window", *expected.win, actual.win.value_or(0));
    if (expected.urgent_pointer != actual.urgent_pointer)
        return differs("urgent pointer", expected.urgent_pointer, actual.urgent_pointer);
    return match_options(expected, actual, config);
}

std::string match_icmp(const IcmpSpec& expected, const IcmpSpec& actual, bool v6) {
    const auto wanted = icmp_numbers(expected.type, expected.code, v6);
    const auto got = icmp_numbers(actual.type, actual.code, v6);
    if (!wanted || wanted != got)
        return fmt::format("ICMP message: expected {} {}, got {}", expected.type, expected.code,
                           got ? icmp_name(*got, v6) : "another");
    if (expected.mtu && expected.mtu != actual.mtu) return differs("MTU", *expected.mtu, actual.mtu.value_or(0));
    if (expected.id && expected.id != actual.id) return differs("identifier", *expected.id, actual.id.value_or(0));
    if (!expected.quotes) return {};
    if (!actual.quotes || expected.echoed != actual.echoed) return "ICMP message: it quotes another protocol";
    if (expected.seq != actual.seq) return differs("sequence number that is quoted", expected.seq, actual.seq);
    if (expected.length != actual.length)
        return differs("octets of the datagram that is quoted", expected.length, actual.length);
    return {};
}

}  // namespace

std::string mismatch(const PacketSpec& expected, const PacketSpec& actual, Flow& flow, const Config& config) {
    if (expected.body.index() != actual.body.index()) return "another protocol";
    if (std::string fault = match_ip(expected.ip, actual.ip, flow); !fault.empty()) return fault;
    if (const auto* tcp = std::get_if<TcpSpec>(&expected.body))
        return match_tcp(*tcp, std::get<TcpSpec>(actual.body), config);
    if (const auto* udp = std::get_if<UdpSpec>(&expected.body)) {
        const std::uint32_t got = std::get<UdpSpec>(actual.body).length;
        return udp->length == got ? "" : differs("octets of data", udp->length, got);
    }
    return match_icmp(std::get<IcmpSpec>(expected.body), std::get<IcmpSpec>(actual.body), config.is_v6());
}

}  // namespace hourglass::script
