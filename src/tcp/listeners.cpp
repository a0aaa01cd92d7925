#include "tcp/listeners.h"

#include <algorithm>

namespace hourglass::tcp {

std::uint32_t ListenerTable::find_exact(const SocketAddress& local) const {
    const auto at = std::lower_bound(by_address_.begin(), by_address_.end(), local,
                                     [&](std::uint32_t i, const SocketAddress& a) { return slab[i].local < a; });
    return at != by_address_.end() && slab[*at].local == local ? *at : Slab<ListenEntry>::kNone;
}

std::uint32_t ListenerTable::find(const SocketAddress& local) const {
    const std::uint32_t exact = find_exact(local);
    if (exact != Slab<ListenEntry>::kNone) return exact;
    return find_exact({local.address.is_v4() ? IpAddress::v4(0) : IpAddress(), local.port});
}

void ListenerTable::insert(std::uint32_t index) {
    const auto at = std::lower_bound(by_address_.begin(), by_address_.end(), slab[index].local,
                                     [&](std::uint32_t i, const SocketAddress& a) { return slab[i].local < a; });
    by_address_.insert(at, index);
}

void ListenerTable::erase(std::uint32_t index) { std::erase(by_address_, index); }

}  // namespace hourglass::tcp
