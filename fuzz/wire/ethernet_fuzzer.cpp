#include "hourglass/wire/arp.h"
#include "hourglass/wire/ethernet.h"
#include "property.h"

using namespace hourglass::wire;
using namespace hourglass::fuzz;

namespace {

void check_arp(std::span<const std::byte> bytes) {
    const auto packet = ArpPacket::parse(bytes);
    if (!packet) return;
    require(same(emitted(*packet), bytes.first(ArpPacket::kSize)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = as_bytes(data, size);
    check_arp(bytes);
    const auto frame = EthernetView::parse(bytes);
    if (!frame) return 0;
    require(same(joined(emitted(frame->header()), frame->payload()), bytes));
    if (frame->type() == EtherType::arp) check_arp(frame->payload());
    return 0;
}
