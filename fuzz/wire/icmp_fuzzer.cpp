#include "hourglass/wire/icmp.h"
#include "hourglass/wire/ipv4.h"
#include "property.h"

using namespace hourglass::wire;
using namespace hourglass::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = as_bytes(data, size);
    const auto view = IcmpView::parse(bytes);
    if (!view) return 0;
    std::vector<std::byte> message(bytes.size());
    view->header().emit_message(message, view->body());
    const auto again = IcmpView::parse(message);
    require(again && again->header() == view->header() && same(again->body(), view->body()));
    require(again->checksum_is_valid());
    require(view->checksum_is_valid() == (fold(partial_sum(bytes)) == 0xffff));
    if (view->is_error()) {
        require(inside(view->quoted(), view->body()));
        if (const auto quoted = Ipv4View::parse_quoted(view->quoted()))
            require(inside(quoted->payload(), view->quoted()));
    }
    return 0;
}
