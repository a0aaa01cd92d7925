#include "ip/stateless_addresses.h"

#include <algorithm>

#include "ip/interface_identifier.h"
#include "ip/router_discovery.h"

namespace hourglass::ip {

namespace {

constexpr std::uint8_t kIdentifierBits = 64;           // RFC 4291, section 2.5.1.
constexpr std::uint8_t kMaxDuplicates = 3;             // IDGEN_RETRIES: RFC 7217, section 7.
constexpr Duration kTwoHours = std::chrono::hours(2);  // RFC 4862, section 5.5.3 (e).
constexpr Prefix kLinkLocal{IpAddress::v6({0xfe, 0x80}), kIdentifierBits};

}  // namespace

void StatelessAddresses::start() {
    entries_.push_back({.address = kLinkLocal, .test = settings_.duplicate_test});
    if (!try_address(entries_.back())) entries_.pop_back();
}

void StatelessAddresses::offered(const wire::PrefixInformation& information, bool to_group,
                                 std::optional<Duration> retransmit, Instant now) {
    const Prefix& prefix = information.prefix;
    if (!information.autonomous || prefix.address.is_link_local()) return;          // (a), (b)
    if (information.preferred_lifetime > information.valid_lifetime) return;        // (c)
    if (prefix.length != kIdentifierBits || prefix.address.is_multicast()) return;  // (d)
    const Instant preferred = end_of(information.preferred_lifetime, now);
    const Instant valid = end_of(information.valid_lifetime, now);
    const auto known =
        std::ranges::find_if(entries_, [&](const Entry& entry) { return prefix.contains(entry.address.address); });
    if (known != entries_.end()) return renew(*known, preferred, valid, now);
    if (valid <= now || entries_.size() >= settings_.max_addresses) return;

    DuplicateTest test = settings_.duplicate_test;
    if (!to_group) test.max_delay = Duration::zero();
    if (retransmit) test.min_interval = test.max_interval = test.wait = *retransmit;
    entries_.push_back({.address = prefix, .preferred_until = preferred, .valid_until = valid, .test = test});
    if (!try_address(entries_.back())) entries_.pop_back();
}

/// RFC 4862, section 5.5.3 (e): a lifetime that anyone can forge shortens what remains to two hours at most.
void StatelessAddresses::renew(Entry& entry, Instant preferred_until, Instant valid_until, Instant now) {
    const Instant two_hours = now + kTwoHours;
    if (valid_until > two_hours || valid_until > entry.valid_until)
        entry.valid_until = valid_until;
    else if (entry.valid_until > two_hours)
        entry.valid_until = two_hours;
    entry.preferred_until = preferred_until;
    settle(entry, now);
}

bool StatelessAddresses::try_address(Entry& entry) {
    const Prefix network{entry.address.address, kIdentifierBits};
    entry.address.address = form_address(
        network, {.interface = name_, .network = settings_.network, .counter = entry.duplicates}, settings_.secret);
    return output_.begin_test(interface_, entry.address.address, entry.test);
}

StatelessAddresses::TestResult StatelessAddresses::tested(const IpAddress& address, bool unique) {
    const auto entry = std::ranges::find_if(entries_, [&](const Entry& e) { return e.address.address == address; });
    if (entry == entries_.end()) return TestResult::not_ours;
    if (!unique) {
        // IDGEN_DELAY: RFC 7217, section 6.
        entry->test.max_delay = std::chrono::seconds(1);
        if (++entry->duplicates >= kMaxDuplicates || !try_address(*entry)) entries_.erase(entry);
        return TestResult::other;
    }
    entry->state = State::preferred;
    output_.take_address(interface_, entry->address);
    return address.is_link_local() ? TestResult::link_local_ready : TestResult::other;
}

/// Brings the state in line with the lifetimes (RFC 4862, section 5.5.4), but for the end of validity.
void StatelessAddresses::settle(Entry& entry, Instant now) {
    if (entry.state == State::tentative) return;
    const State state = entry.preferred_until <= now ? State::deprecated : State::preferred;
    if (state == entry.state) return;
    entry.state = state;
    output_.set_deprecated(interface_, entry.address, state == State::deprecated);
}

void StatelessAddresses::poll(Instant now) {
    for (Entry& entry : entries_) settle(entry, now);
    std::erase_if(entries_, [&](const Entry& entry) {
        if (entry.valid_until > now) return false;
        if (entry.state == State::tentative)
            output_.cancel_test(interface_, entry.address.address);
        else
            output_.drop_address(interface_, entry.address);
        return true;
    });
}

Instant StatelessAddresses::next_deadline() const {
    Instant first = kNever;
    for (const Entry& entry : entries_) {
        first = std::min(first, entry.valid_until);
        if (entry.state == State::preferred) first = std::min(first, entry.preferred_until);
    }
    return first;
}

}  // namespace hourglass::ip
