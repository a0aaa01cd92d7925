#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "hourglass/base/address.h"
#include "hourglass/base/time.h"
#include "hourglass/tcp/network.h"

namespace hourglass::ip {

/// What is known of the MTU of paths (RFC 8201, section 5.2): routers have reported it, or TCP has found it out by
/// probes (RFC 4821, section 5.2). An entry is forgotten after ten minutes, so that a larger MTU is found again (RFC
/// 1191, section 6.3; RFC 8201, section 5.3). A full table gives up the entry that ends first.
class PathMtuCache {
  public:
    static constexpr Duration kLifetime = std::chrono::minutes(10);
    explicit PathMtuCache(std::size_t limit) : limit_(limit) {}

    /// The network reports `mtu` octets for the path to `destination`. A larger value than the one known is ignored.
    void report(const IpAddress& destination, std::uint32_t mtu, Instant now) {
        const auto known = learned(destination, now);
        if (known && known->mtu <= mtu) return;
        learn(destination, {.mtu = mtu, .ceiling = mtu}, now);
    }
    /// A transport knows what passes, better than this table does: a larger MTU is believed too.
    void learn(const IpAddress& destination, tcp::PathMtu found, Instant now) {
        if (const auto known = entries_.find(destination); known != entries_.end()) {
            erase(known);
        } else if (entries_.size() >= limit_) {
            if (by_end_.empty()) return;
            erase(entries_.find(by_end_.begin()->second));
        }
        found.until = now + kLifetime;
        entries_.emplace(destination, Entry{found, by_end_.emplace(found.until, destination)});
    }
    /// Nothing when nothing was heard of that path within the lifetime.
    [[nodiscard]] std::optional<tcp::PathMtu> learned(const IpAddress& destination, Instant now) const {
        return entries_.empty() ? std::nullopt : search(destination, now);
    }
    [[nodiscard]] std::optional<std::uint32_t> find(const IpAddress& destination, Instant now) const {
        const auto known = learned(destination, now);
        return known ? std::optional(known->mtu) : std::nullopt;
    }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

  private:
    [[gnu::noinline]] [[nodiscard]] std::optional<tcp::PathMtu> search(const IpAddress& destination,
                                                                       Instant now) const {
        const auto known = entries_.find(destination);
        if (known == entries_.end() || known->second.found.until <= now) return std::nullopt;
        return known->second.found;
    }

    using Ends = std::multimap<Instant, IpAddress>;
    struct Entry {
        tcp::PathMtu found;
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
