#include "hourglass/link/tap.h"

#include <linux/if_tun.h>

#include "hourglass/ip/interface.h"
#include "hourglass/wire/ethernet.h"

namespace hourglass::link {

std::expected<std::unique_ptr<Tap>, TunError> Tap::open(const TunSettings& settings, BufferPool& pool) {
    const Kind kind{.name = "TAP",
                    .mode = "tap",
                    .flag = IFF_TAP,
                    .medium = ip::Medium::ethernet,
                    .link_header = wire::EthernetHeader::kSize};
    const auto descriptor = attach(settings, kind);
    if (!descriptor) return std::unexpected(descriptor.error());
    return std::unique_ptr<Tap>(new Tap(*descriptor, settings, kind, pool));
}

}  // namespace hourglass::link
