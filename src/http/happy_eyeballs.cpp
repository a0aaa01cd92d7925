#include "hourglass/http/happy_eyeballs.h"

#include <algorithm>

namespace hourglass::http {

HappyEyeballs::HappyEyeballs(dns::Families families, const HappyEyeballsSettings& settings) : settings_(settings) {
    v6_.answered = families == dns::Families::v4;
    v4_.answered = families == dns::Families::v6;
}

void HappyEyeballs::resolved(bool v6, std::span<const IpAddress> addresses, Instant now) {
    Family& family = v6 ? v6_ : v4_;
    family.answered = true;
    family.addresses.insert(family.addresses.end(), addresses.begin(), addresses.end());
    if (!addresses.empty()) first_answer_ = std::min(first_answer_, now);
}

void HappyEyeballs::failed(const IpAddress& address) {
    if (under_way_ > 0) --under_way_;
    // RFC 8305, section 5: a failure is not waited out.
    if (latest_ == address || under_way_ == 0) next_ = Instant::min();
}

std::optional<IpAddress> HappyEyeballs::next_attempt(Instant now) {
    if (next_deadline() > now) return std::nullopt;
    Family& preferred = v4_is_next_ ? v4_ : v6_;
    Family& other = v4_is_next_ ? v6_ : v4_;
    Family& chosen = preferred.addresses.empty() ? other : preferred;
    const IpAddress address = chosen.addresses.front();
    chosen.addresses.pop_front();
    v4_is_next_ = &chosen == &v6_;  // RFC 8305, section 4: the families alternate
    latest_ = address;
    next_ = now + settings_.attempt_delay;
    ++begun_;
    ++under_way_;
    return address;
}

Instant HappyEyeballs::next_deadline() const {
    if ((v6_.addresses.empty() && v4_.addresses.empty()) || begun_ >= settings_.attempts) return kNever;
    if (begun_ > 0) return next_;
    // RFC 8305, section 3: IPv4 addresses wait a moment for those of IPv6.
    return v6_.answered ? Instant::min() : first_answer_ + settings_.resolution_delay;
}

bool HappyEyeballs::exhausted() const {
    const bool none_left = (v6_.addresses.empty() && v4_.addresses.empty()) || begun_ >= settings_.attempts;
    return under_way_ == 0 && none_left && (!resolving() || begun_ >= settings_.attempts);
}

}  // namespace hourglass::http
