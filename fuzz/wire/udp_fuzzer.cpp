#include "hourglass/wire/udp.h"
#include "property.h"

using namespace hourglass;
using namespace hourglass::wire;
using namespace hourglass::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr IpAddress kSource = IpAddress::v4(10, 0, 0, 1);
    constexpr IpAddress kDestination = IpAddress::v4(10, 0, 0, 2);
    const auto bytes = as_bytes(data, size);
    const auto view = UdpView::parse(bytes);
    if (!view) return 0;
    require(inside(view->payload(), bytes) && view->payload().size() + UdpHeader::kSize == view->length());
    (void)view->checksum_is_valid(kSource, kDestination);

    auto datagram = joined(emitted(view->header()), view->payload());
    const std::uint16_t sum = udp_checksum(kSource, kDestination, datagram);
    require(sum != 0);
    store_be16(datagram.data() + UdpHeader::kChecksumOffset, sum);
    const auto again = UdpView::parse(datagram);
    require(again && again->header() == view->header() && same(again->payload(), view->payload()));
    require(again->checksum_is_valid(kSource, kDestination));
    return 0;
}
