#include "tcp/listeners.h"

#include <algorithm>

namespace hourglass::tcp {

namespace {

/// Port first: the listeners that a SYN could mean lie together.
bool comes_before(const SocketAddress& a, const SocketAddress& b) {
    return a.port != b.port ? a.port < b.port : a.address < b.address;
}

/// Calls `visit(index, address)` for the listeners of a port until it returns true.
template <typename Visit>
void visit_port(const std::vector<std::uint32_t>& sorted, const Slab<ListenEntry>& slab, Port port, Visit&& visit) {
    auto at = std::lower_bound(sorted.begin(), sorted.end(), port,
                               [&](std::uint32_t i, Port p) { return slab[i].local.port < p; });
    for (; at != sorted.end() && slab[*at].local.port == port; ++at)
        if (visit(*at, slab[*at].local.address)) return;
}

}  // namespace

std::uint32_t ListenerTable::find_exact(const SocketAddress& local) const {
    std::uint32_t found = Slab<ListenEntry>::kNone;
    visit_port(by_address_, slab, local.port, [&](std::uint32_t index, const IpAddress& address) {
        if (address != local.address) return false;
        found = index;
        return true;
    });
    return found;
}

std::uint32_t ListenerTable::find(const SocketAddress& local) const {
    const IpAddress any = local.address.is_v4() ? IpAddress::v4(0) : IpAddress();
    std::uint32_t found = Slab<ListenEntry>::kNone;
    visit_port(by_address_, slab, local.port, [&](std::uint32_t index, const IpAddress& address) {
        if (address == local.address || address == any) found = index;
        return address == local.address;
    });
    return found;
}

void ListenerTable::insert(std::uint32_t index) {
    const auto at =
        std::lower_bound(by_address_.begin(), by_address_.end(), slab[index].local,
                         [&](std::uint32_t i, const SocketAddress& a) { return comes_before(slab[i].local, a); });
    by_address_.insert(at, index);
}

void ListenerTable::erase(std::uint32_t index) { std::erase(by_address_, index); }

}  // namespace hourglass::tcp
