#include "hourglass/wire/ipv4.h"
#include "property.h"

using namespace hourglass::wire;
using namespace hourglass::fuzz;

namespace {

void check(const Ipv4View& view, std::span<const std::byte> bytes) {
    require(inside(view.packet(), bytes) && inside(view.payload(), view.packet()));
    require(inside(view.option_bytes(), view.packet()));
    require(view.header_size() + view.payload().size() == view.packet().size());
    require(view.is_fragment() == (view.more_fragments() || view.fragment_offset() != 0));
    (void)view.checksum_is_valid();

    const Ipv4Header header = view.header();
    const auto packet = joined(emitted(header), view.payload());
    const auto again = Ipv4View::parse_quoted(packet);
    require(again && again->header() == header && again->checksum_is_valid());
    require(same(again->payload(), view.payload()) && again->option_bytes().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = as_bytes(data, size);
    const auto whole = Ipv4View::parse(bytes);
    const auto quoted = Ipv4View::parse_quoted(bytes);
    if (whole) {
        check(*whole, bytes);
        require(whole->packet().size() == whole->total_length());
        require(quoted && quoted->header() == whole->header());
    }
    if (quoted) check(*quoted, bytes);
    return 0;
}
