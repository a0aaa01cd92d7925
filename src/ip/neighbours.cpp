#include "ip/neighbours.h"

#include <utility>

namespace hourglass::ip {

void NeighbourTable::send(InterfaceId interface, const IpAddress& neighbour, Packet packet, Instant now) {
    const Key key{interface, neighbour};
    Entry* entry = find(key);
    if (entry == nullptr) {
        entry = &create(key);
        enqueue(*entry, std::move(packet));
        solicit(*entry, now);
        return;
    }
    if (entry->state == NeighbourState::incomplete) {
        enqueue(*entry, std::move(packet));
        return;
    }
    if (entry->state == NeighbourState::reachable && now >= entry->confirmed + times_of(*entry).reachable)
        entry->state = NeighbourState::stale;
    if (entry->state == NeighbourState::stale) {
        entry->state = NeighbourState::delay;
        set_timer(*entry, now + settings_.delay_first_probe);
    }
    output_.transmit_to(interface, std::move(packet), neighbour, entry->mac);
}

void NeighbourTable::doubt(InterfaceId interface, const IpAddress& neighbour) {
    Entry* entry = find({interface, neighbour});
    if (entry != nullptr && entry->state == NeighbourState::reachable) entry->state = NeighbourState::stale;
}

void NeighbourTable::heard(InterfaceId interface, const IpAddress& neighbour, const MacAddress& mac,
                           bool create_entry) {
    const Key key{interface, neighbour};
    Entry* entry = find(key);
    if (entry == nullptr) {
        if (!create_entry) return;
        entry = &create(key);
    } else if (entry->state != NeighbourState::incomplete && entry->mac == mac) {
        return;
    }
    entry->mac = mac;
    entry->state = NeighbourState::stale;
    set_timer(*entry, kNever);
    flush(*entry);
}

void NeighbourTable::answered(InterfaceId interface, const IpAddress& neighbour, const Answer& answer, Instant now) {
    Entry* entry = find({interface, neighbour});
    if (entry == nullptr) return;
    const bool incomplete = entry->state == NeighbourState::incomplete;
    if (incomplete && !answer.mac) return;
    const bool differs = answer.mac && *answer.mac != entry->mac;
    if (!incomplete && differs && !answer.override_entry) {
        if (entry->state == NeighbourState::reachable) entry->state = NeighbourState::stale;
        return;
    }
    if (answer.mac) entry->mac = *answer.mac;
    if (answer.solicited) {
        entry->state = NeighbourState::reachable;
        entry->confirmed = now;
        set_timer(*entry, kNever);
    } else if (incomplete || differs) {
        entry->state = NeighbourState::stale;
        set_timer(*entry, kNever);
    }
    flush(*entry);
}

void NeighbourTable::set_times_v6(InterfaceId interface, Duration reachable, Duration retransmit) {
    const auto index = static_cast<std::size_t>(interface);
    if (index >= times_v6_.size())
        times_v6_.resize(index + 1, {settings_.reachable_time_v6, settings_.retransmit_time});
    times_v6_[index] = {reachable, retransmit};
}

void NeighbourTable::poll(Instant now) {
    while (next_deadline() <= now) {
        Entry* entry = find(timers_.begin()->second);
        expire(*entry, now);
    }
}

void NeighbourTable::expire(Entry& entry, Instant now) {
    if (entry.state == NeighbourState::delay) {
        entry.state = NeighbourState::probe;
        entry.solicits = 0;
    }
    if (entry.solicits < settings_.max_solicits) {
        solicit(entry, now);
        return;
    }
    ++counters_.neighbours_failed;
    std::vector<Packet> waiting = std::move(entry.waiting);
    const Key key = entry.key;
    remove(key);
    for (Packet& packet : waiting) output_.unresolved(std::move(packet));
    output_.unreachable(key.first, key.second);
}

std::optional<NeighbourState> NeighbourTable::state(InterfaceId interface, const IpAddress& neighbour) const {
    const auto found = index_.find({interface, neighbour});
    if (found == index_.end()) return std::nullopt;
    return found->second->state;
}

NeighbourTable::Entry* NeighbourTable::find(const Key& key) {
    if (!entries_.empty() && entries_.front().key == key) return &entries_.front();
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &entries_.front();
}

NeighbourTable::Entry& NeighbourTable::create(const Key& key) {
    if (entries_.size() >= settings_.max_entries && !entries_.empty()) {
        ++counters_.neighbours_evicted;
        counters_.dropped_unresolved += entries_.back().waiting.size();
        remove(Key(entries_.back().key));
    }
    entries_.push_front(Entry{.key = key, .state = {}, .mac = {}, .confirmed = {}, .waiting = {}});
    index_.emplace(key, entries_.begin());
    return entries_.front();
}

void NeighbourTable::remove(const Key& key) {
    const auto found = index_.find(key);
    set_timer(*found->second, kNever);
    entries_.erase(found->second);
    index_.erase(found);
}

void NeighbourTable::set_timer(Entry& entry, Instant deadline) {
    if (entry.deadline != kNever) timers_.erase({entry.deadline, entry.key});
    entry.deadline = deadline;
    if (deadline != kNever) timers_.emplace(deadline, entry.key);
}

void NeighbourTable::solicit(Entry& entry, Instant now) {
    ++entry.solicits;
    set_timer(entry, now + times_of(entry).retransmit);
    const bool known = entry.state != NeighbourState::incomplete;
    output_.solicit(entry.key.first, entry.key.second, known ? std::optional(entry.mac) : std::nullopt,
                    entry.waiting.empty() ? nullptr : &entry.waiting.front());
}

/// The newest packets are kept (RFC 1122, section 2.3.2.2; RFC 4861, section 7.2.2).
void NeighbourTable::enqueue(Entry& entry, Packet packet) {
    if (!entry.waiting.empty() && entry.waiting.size() >= settings_.packets_per_entry) {
        entry.waiting.erase(entry.waiting.begin());
        ++counters_.dropped_unresolved_overflow;
    }
    entry.waiting.push_back(std::move(packet));
}

void NeighbourTable::flush(Entry& entry) {
    std::vector<Packet> waiting = std::move(entry.waiting);
    entry.waiting.clear();
    for (Packet& packet : waiting) output_.transmit_to(entry.key.first, std::move(packet), entry.key.second, entry.mac);
}

}  // namespace hourglass::ip
