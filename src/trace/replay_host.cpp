#include "trace/replay_host.h"

namespace hourglass::trace::record {

ReplayHost::ReplayHost(ReplaySource& source, std::uint32_t index, const HostEntry& entry, BufferPool& pool)
    : source_(source), index_(index), name_(entry.name), stack_(entry.settings, entry.secret, *this, pool) {
    stack_.number_packets_from(entry.next_packet_id);
    stack_.set_input_tap(this);
}

// The engine says afterwards whether it asked for itself, or for somebody who looks at a connection.
std::optional<tcp::Path> ReplayHost::path_to(const IpAddress& destination, const IpAddress& source) {
    const PathEntry* next = source_.next_path(index_);
    auto& latest = answers_[{destination, source}];
    if (next != nullptr && next->destination == destination && next->source == source) latest = next->answer;
    return latest;
}

}  // namespace hourglass::trace::record
