#include "hourglass/wire/ipv6.h"
#include "property.h"

using namespace hourglass::wire;
using namespace hourglass::fuzz;

namespace {

void check_chain(const Ipv6View& view, Ipv6WalkLimits limits) {
    const auto packet = view.packet();
    const auto chain = walk_extensions(view, limits);
    if (!chain) {
        require(chain.error().pointer < packet.size() || chain.error().reason == ParseError::truncated);
        require(chain.error().pointer <= packet.size());
        return;
    }
    require(chain->offset >= Ipv6Header::kSize && chain->offset <= packet.size());
    require(chain->pointer < chain->offset && IpProtocol(packet[chain->pointer]) == chain->protocol);
    if (!chain->fragment) return;
    require(chain->fragment->next_header == chain->protocol);
    require(chain->fragment->more || chain->fragment->offset != 0);
    require(chain->fragment_offset + Ipv6Fragment::kSize == chain->offset);
    require(Ipv6Fragment::parse(emitted(*chain->fragment)) == *chain->fragment);
}

void check(const Ipv6View& view, std::span<const std::byte> bytes) {
    require(inside(view.packet(), bytes) && inside(view.payload(), view.packet()));
    require(same(joined(emitted(view.header()), view.payload()), view.packet()));
    check_chain(view, {});
    check_chain(view, {.headers = 0, .options = 0});
    check_chain(view, {.headers = 10000, .options = 10000});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = as_bytes(data, size);
    const auto whole = Ipv6View::parse(bytes);
    const auto quoted = Ipv6View::parse_quoted(bytes);
    if (whole) {
        check(*whole, bytes);
        require(quoted && quoted->header() == whole->header());
    }
    if (quoted) check(*quoted, bytes);
    return 0;
}
