#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "hourglass/base/address.h"
#include "hourglass/base/time.h"

namespace hourglass::ip {

/// What the network has reported of the MTU of paths (RFC 8201, section 5.2), for datagrams whose transport keeps no
/// such record itself; TCP does. An entry is forgotten after ten minutes, so that a larger MTU is found again (section
/// 5.3). A full table gives up the entry that ends first.
class PathMtuCache {
  public:
    static constexpr Duration kLifetime = std::chrono::minutes(10);
    explicit PathMtuCache(std::size_t limit) : limit_(limit) {}

    /// The network reports `mtu` octets for the path to `destination`. A larger value than the one known is ignored.
    void report(const IpAddress& destination, std::uint32_t mtu, Instant now) {
        const auto known = entries_.find(destination);
        if (known != entries_.end()) {
            if (known->second.until > now && known->second.mtu <= mtu) return;
            erase(known);
        } else if (entries_.size() >= limit_) {
            if (by_end_.empty()) return;
            erase(entries_.find(by_end_.begin()->second));
        }
        const auto end = by_end_.emplace(now + kLifetime, destination);
        entries_.emplace(destination, Entry{mtu, now + kLifetime, end});
    }
    /// Nothing when no router has complained within the lifetime.
    [[nodiscard]] std::optional<std::uint32_t> find(const IpAddress& destination, Instant now) const {
        if (entries_.empty()) return std::nullopt;
        const auto known = entries_.find(destination);
        if (known == entries_.end() || known->second.until <= now) return std::nullopt;
        return known->second.mtu;
    }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

  private:
    using Ends = std::multimap<Instant, IpAddress>;
    struct Entry {
        std::uint32_t mtu = 0;
        Instant until{};
        Ends::iterator end;
    };
    using Entries = std::map<IpAddress, Entry>;

    void erase(Entries::iterator entry) {
        by_end_.erase(entry->second.end);
        entries_.erase(entry);
    }

    std::size_t limit_;
    Entries entries_;
    Ends by_end_;
};

}  // namespace hourglass::ip
