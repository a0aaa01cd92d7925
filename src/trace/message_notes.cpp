#include "hourglass/trace/message_notes.h"

#include <fmt/format.h>
#include <string>

#include "hourglass/sim/world.h"
#include "hourglass/trace/summary.h"

namespace hourglass::trace {

namespace {

/// More packets than are under way at once; a packet that is forgotten is told of once more on its next link.
constexpr std::size_t kMaxTold = 1 << 16;

std::string message_in(const PacketSummary& packet) {
    if (packet.protocol == "DNS") return fmt::format("dns: {}", packet.text);
    if (!packet.start_line.empty()) return fmt::format("http: {}", packet.start_line);
    return {};
}

}  // namespace

std::uint64_t MessageNotes::packet_sent(Instant time, const sim::Hop& hop, std::uint64_t id,
                                        std::span<const std::byte> bytes) {
    const std::string text = message_in(summarize(bytes, hop.link.medium()));
    if (text.empty()) return id;
    if (told_.size() >= kMaxTold) told_.clear();
    if (id == 0 || told_.insert(id).second) note_(time, hop.from, text);
    return id;
}

}  // namespace hourglass::trace
