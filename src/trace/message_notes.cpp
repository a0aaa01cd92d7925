#include "hourglass/trace/message_notes.h"

#include <algorithm>
#include <fmt/format.h>
#include <string>

#include "hourglass/sim/world.h"
#include "hourglass/trace/summary.h"
#include "hourglass/wire/ethernet.h"
#include "hourglass/wire/protocol.h"

namespace hourglass::trace {

namespace {

/// More packets than are under way at once; a packet that is forgotten is told of once more on its next link.
constexpr std::size_t kMaxTold = 1 << 16;

/// False for nearly all that carries no message, after a look at a few octets.
bool may_begin_message(std::span<const std::byte> packet, ip::Medium medium) {
    if (medium == ip::Medium::ethernet) packet = packet.subspan(std::min(packet.size(), wire::EthernetHeader::kSize));
    const auto octet = [&](std::size_t at) { return at < packet.size() ? std::to_integer<unsigned>(packet[at]) : 0u; };
    const bool is_v4 = octet(0) >> 4 == 4;
    const auto protocol = static_cast<wire::IpProtocol>(is_v4 ? octet(9) : octet(6));
    const std::size_t transport = is_v4 ? (octet(0) & 15) * 4 : 40;
    if (protocol != wire::IpProtocol::tcp) return true;
    const unsigned first = octet(transport + (octet(transport + 12) >> 4) * 4);
    return first >= 'A' && first <= 'Z';  // a method, or HTTP
}

}  // namespace

std::string message_in(std::span<const std::byte> bytes, ip::Medium medium) {
    if (!may_begin_message(bytes, medium)) return {};
    const PacketSummary packet = summarize(bytes, medium);
    if (packet.protocol == "DNS") return fmt::format("dns: {}", packet.text);
    if (!packet.start_line.empty()) return fmt::format("http: {}", packet.start_line);
    return {};
}

std::uint64_t MessageNotes::packet_sent(Instant time, const sim::Hop& hop, std::uint64_t id,
                                        std::span<const std::byte> bytes) {
    const std::string text = message_in(bytes, hop.link.medium());
    if (text.empty()) return id;
    if (told_.size() >= kMaxTold) told_.clear();
    if (id == 0 || told_.insert(id).second) note_(time, hop.from, text);
    return id;
}

}  // namespace hourglass::trace
