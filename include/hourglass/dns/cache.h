#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <vector>

#include "hourglass/base/time.h"
#include "hourglass/dns/message.h"
#include "hourglass/dns/resolution.h"

namespace hourglass::dns {

/// What servers said to one question, all aliases followed.
struct Answer {
    std::vector<IpAddress> addresses;      ///< Empty exactly when `negative` is set.
    Name canonical_name;                   ///< The end of the chain of aliases.
    std::optional<ResolveError> negative;  ///< `name_error` or `no_data`.
    std::uint32_t ttl = 0;                 ///< Seconds; 0: not to be kept.
    bool operator==(const Answer&) const = default;
};

/// Answers by question, each until its TTL runs out (RFC 1035, section 7.4; negative ones: RFC 2308, section 5). When
/// it is full, the answer that was used least recently goes.
class Cache {
  public:
    /// An answer with the time at which it ends.
    struct Entry {
        Answer answer;
        Instant expires;
    };

    /// Holds at most `limit` answers; 0 keeps none.
    explicit Cache(std::size_t limit) : limit_(limit) {}

    /// The answer to the question at `now`. An NXDOMAIN for one type answers for all (RFC 2308, section 5). Valid until
    /// the next call of another member.
    [[nodiscard]] const Entry* find(const Name& name, Type type, Instant now);
    /// Keeps `answer` for its TTL from `now` on, in the place of an older one. A TTL of 0 is not kept.
    void insert(const Name& name, Type type, const Answer& answer, Instant now);
    void clear();
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

  private:
    struct Key {
        Name name;
        Type type;
        auto operator<=>(const Key&) const = default;
    };
    struct Slot {
        Key key;
        Entry entry;
    };
    const Entry* find_exact(const Key& key, Instant now);
    void erase(std::map<Key, std::list<Slot>::iterator>::iterator where);

    std::size_t limit_;
    std::list<Slot> by_use_;  ///< Most recently used first.
    std::map<Key, std::list<Slot>::iterator> entries_;
};

}  // namespace hourglass::dns
