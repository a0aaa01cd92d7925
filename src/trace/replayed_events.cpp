#include "hourglass/trace/replayed_events.h"

#include <string>
#include <utility>

namespace hourglass::trace {

ReplayedEvents::ReplayedEvents(const EventLogSettings& settings)
    : settings_(settings), log_(std::make_unique<EventLog>(settings)) {}

void ReplayedEvents::count_from_begin(const Replay& replay) {
    settings_.epoch = replay.began().value_or(Instant{});
    log_->count_from(settings_.epoch);
}

void ReplayedEvents::begins() { log_ = std::make_unique<EventLog>(settings_); }

tcp::Observer* ReplayedEvents::host_added(std::string_view name, tcp::Stack&) { return &log_->observer(name); }

void ReplayedEvents::packet(const ReplayedPacket& packet) {
    PacketFate fate{.from = std::string(packet.from), .to = std::string(packet.to)};
    switch (packet.fate) {
        case ReplayedPacket::Fate::lost:
            fate.fate = PacketFate::Fate::lost;
            fate.reason = packet.reason;
            break;
        case ReplayedPacket::Fate::duplicated:
            fate.fate = PacketFate::Fate::duplicated;
            break;
        case ReplayedPacket::Fate::corrupted:
            fate.fate = PacketFate::Fate::corrupted;
            break;
        default:
            return;
    }
    log_->packet_fate(packet.time, std::move(fate), packet.packet_id);
}

void ReplayedEvents::note(Instant time, std::string_view source, std::string_view text) {
    log_->note(time, source, text);
}

}  // namespace hourglass::trace
