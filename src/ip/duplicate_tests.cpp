#include "ip/duplicate_tests.h"

#include <algorithm>

namespace hourglass::ip {

namespace {

constexpr Duration kAnnounceInterval = std::chrono::seconds(2);  // RFC 5227, section 1.1.

}  // namespace

bool DuplicateTests::start(InterfaceId interface, const IpAddress& address, const DuplicateTest& test, Instant now) {
    if (entries_.size() >= limit_ || find(interface, address) != entries_.end()) return false;
    entries_.push_back({.interface = interface,
                        .address = address,
                        .test = test,
                        .deadline = now + random_between(Duration::zero(), test.max_delay)});
    return true;
}

void DuplicateTests::cancel(InterfaceId interface, const IpAddress& address) {
    const auto found = find(interface, address);
    if (found != entries_.end()) entries_.erase(found);
}

bool DuplicateTests::is_tentative(InterfaceId interface, const IpAddress& address) const {
    const auto found = find(interface, address);
    return found != entries_.end() && !found->unique;
}

bool DuplicateTests::claimed(InterfaceId interface, const IpAddress& address) {
    if (!is_tentative(interface, address)) return false;
    cancel(interface, address);
    output_.tested(interface, address, false);
    return true;
}

void DuplicateTests::poll(Instant now) {
    const auto is_due = [now](const Entry& entry) { return entry.deadline <= now; };
    for (auto due = std::ranges::find_if(entries_, is_due); due != entries_.end();
         due = std::ranges::find_if(entries_, is_due))
        advance(due, now);
}

Instant DuplicateTests::next_deadline() const {
    Instant first = kNever;
    for (const Entry& entry : entries_) first = std::min(first, entry.deadline);
    return first;
}

void DuplicateTests::advance(Entries::iterator entry, Instant now) {
    if (entry->unique) return announce(entry, now);
    if (entry->probes < entry->test.probes) {
        const bool last = ++entry->probes == entry->test.probes;
        entry->deadline =
            now + (last ? entry->test.wait : random_between(entry->test.min_interval, entry->test.max_interval));
        return output_.probe(entry->interface, entry->address);
    }
    const InterfaceId interface = entry->interface;
    const IpAddress address = entry->address;
    entry->unique = true;
    entry->deadline = now;
    if (entry->test.announcements == 0) entries_.erase(entry);
    output_.tested(interface, address, true);
}

void DuplicateTests::announce(Entries::iterator entry, Instant now) {
    const Entry current = *entry;
    entry->deadline = now + kAnnounceInterval;
    if (--entry->test.announcements == 0) entries_.erase(entry);
    output_.announce(current.interface, current.address);
}

DuplicateTests::Entries::const_iterator DuplicateTests::find(InterfaceId interface, const IpAddress& address) const {
    return std::ranges::find_if(
        entries_, [&](const Entry& entry) { return entry.interface == interface && entry.address == address; });
}

Duration DuplicateTests::random_between(Duration least, Duration most) {
    if (most <= least) return least;
    return least +
           Duration(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>((most - least).count()))));
}

}  // namespace hourglass::ip
