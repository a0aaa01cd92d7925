#include "hourglass/link/tun.h"

#include <linux/if_tun.h>

#include "hourglass/ip/interface.h"

namespace hourglass::link {

std::expected<std::unique_ptr<Tun>, TunError> Tun::open(const TunSettings& settings, BufferPool& pool) {
    const Kind kind{.name = "TUN", .mode = "tun", .flag = IFF_TUN, .medium = ip::Medium::ip, .link_header = 0};
    const auto descriptor = attach(settings, kind);
    if (!descriptor) return std::unexpected(descriptor.error());
    return std::unique_ptr<Tun>(new Tun(*descriptor, settings, kind, pool));
}

}  // namespace hourglass::link
