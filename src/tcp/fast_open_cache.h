#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "hourglass/tcp/event.h"
#include "tcp/index_list.h"

namespace hourglass::tcp {

/// What a client remembers of servers (RFC 7413, section 4.1.3): for a pair of addresses the cookie and the MSS, and
/// for a port there until when fast open is not tried (section 4.1.3.1). At the limit what was used longest ago goes.
class FastOpenCache {
  public:
    struct Known {
        wire::FastOpenCookie cookie{};
        std::uint16_t mss = 0;  ///< As the server announced it, at most what Ethernet carries.
    };

    explicit FastOpenCache(std::uint32_t limit) : slab_(limit) {}

    /// The cookie for the server of `flow`; null when none is known. It counts as used.
    const Known* use(const FlowKey& flow);
    /// The same without counting.
    [[nodiscard]] const Known* find(const FlowKey& flow) const;
    /// The server has sent a cookie: fast open works there.
    void learn(const FlowKey& flow, const wire::FastOpenCookie& cookie, std::uint16_t mss);
    /// The server has announced another MSS.
    void learn_mss(const FlowKey& flow, std::uint16_t mss);

    void refuse(const FlowKey& flow, Instant until);
    [[nodiscard]] bool is_refused(const FlowKey& flow, Instant now) const;

    [[nodiscard]] std::uint32_t size() const { return slab_.size(); }

    template <typename Image>
    static void exchange(auto& self, Image& image) {
        Slab<Entry>::exchange(self.slab_, image, [&](std::uint32_t i, auto& entry) {
            image(entry);
            if constexpr (Image::kReads) image.require(self.by_key_.emplace(entry.key, i).second);
        });
        std::vector<bool> seen(self.slab_.end());
        IndexList<Entry>::exchange(self.by_use_, image, self.slab_, seen);
        image.require(std::ranges::count(seen, true) == self.slab_.size());
    }

  private:
    using Key = std::tuple<IpAddress, IpAddress, Port>;  ///< Cookies: port zero.
    struct Entry {
        Key key;
        Known known;
        Instant refused_until{};
        std::uint32_t prev, next;

        /// Its place in the list apart.
        static void exchange(auto& self, auto& image) {
            image(std::get<0>(self.key), std::get<1>(self.key), std::get<2>(self.key));
            image.up_to(self.known.cookie.size, 16);
            image(self.known.cookie.octets, self.known.mss, self.refused_until);
        }
    };
    /// The entry, made when there is none; null with a limit of zero.
    Entry* entry_for(const Key& key);
    void erase(const Key& key);

    Slab<Entry> slab_;
    IndexList<Entry> by_use_;
    std::map<Key, std::uint32_t> by_key_;
};

}  // namespace hourglass::tcp
