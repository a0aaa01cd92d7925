#include "hourglass/wire/icmpv6.h"
#include "hourglass/wire/ipv6.h"
#include "hourglass/wire/neighbor_discovery.h"
#include "property.h"

using namespace hourglass;
using namespace hourglass::wire;
using namespace hourglass::fuzz;

namespace {

constexpr IpAddress kSource = IpAddress::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
constexpr IpAddress kDestination = IpAddress::v6({0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});

template <class Message>
void check_discovery(const Icmpv6View& view) {
    const auto message = Message::parse(view);
    if (!message) return;
    std::vector<std::byte> bytes(message->size());
    message->emit(bytes, kSource, kDestination);
    const auto again = Icmpv6View::parse(bytes);
    require(again && again->checksum_is_valid(kSource, kDestination));
    require(Message::parse(*again) == message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = as_bytes(data, size);
    const auto view = Icmpv6View::parse(bytes);
    if (!view) return 0;
    std::vector<std::byte> message(bytes.size());
    view->header().emit_message(message, view->body(), kSource, kDestination);
    const auto again = Icmpv6View::parse(message);
    require(again && again->header() == view->header() && same(again->body(), view->body()));
    require(again->checksum_is_valid(kSource, kDestination));
    if (view->is_error()) {
        require(inside(view->quoted(), view->body()));
        if (const auto quoted = Ipv6View::parse_quoted(view->quoted())) (void)walk_extensions(*quoted);
    }
    check_discovery<NeighborSolicitation>(*view);
    check_discovery<NeighborAdvertisement>(*view);
    check_discovery<RouterSolicitation>(*view);
    check_discovery<RouterAdvertisement>(*view);
    return 0;
}
