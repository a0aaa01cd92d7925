#include "hourglass/sim/impairments.h"

#include "hourglass/wire/ethernet.h"
#include "hourglass/wire/ipv4.h"
#include "hourglass/wire/ipv6.h"

namespace hourglass::sim {

std::string_view to_string(LossReason reason) {
    switch (reason) {
        case LossReason::random:
            return "lost by chance";
        case LossReason::burst:
            return "lost in a burst";
        case LossReason::queue:
            return "queue full";
        case LossReason::mtu:
            return "larger than the link's MTU";
        case LossReason::corrupted:
            return "damaged, dropped by the frame check";
        case LossReason::scripted:
            return "lost by the script";
        case LossReason::down:
            return "link down";
    }
    return "lost";
}

namespace {

std::optional<std::span<const std::byte>> tcp_segment(std::span<const std::byte> datagram) {
    if (const auto v4 = wire::Ipv4View::parse(datagram)) {
        if (v4->protocol() != wire::IpProtocol::tcp || v4->is_fragment()) return std::nullopt;
        return v4->payload();
    }
    if (const auto v6 = wire::Ipv6View::parse(datagram)) {
        const auto chain = wire::walk_extensions(*v6);
        if (!chain || chain->protocol != wire::IpProtocol::tcp || chain->fragment) return std::nullopt;
        return v6->packet().subspan(chain->offset);
    }
    return std::nullopt;
}

}  // namespace

std::optional<wire::TcpView> PacketView::tcp() const {
    std::span<const std::byte> datagram = bytes;
    if (medium == ip::Medium::ethernet) {
        const auto frame = wire::EthernetView::parse(bytes);
        if (!frame) return std::nullopt;
        datagram = frame->payload();
    }
    const auto segment = tcp_segment(datagram);
    if (!segment) return std::nullopt;
    const auto view = wire::TcpView::parse(*segment);
    return view ? std::optional(*view) : std::nullopt;
}

}  // namespace hourglass::sim
