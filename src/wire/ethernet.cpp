#include "hourglass/wire/ethernet.h"

namespace hourglass::wire {

MacAddress multicast_mac(const IpAddress& group) noexcept {
    const auto& o = group.octets();
    if (group.is_v4()) return {{0x01, 0x00, 0x5e, static_cast<std::uint8_t>(o[13] & 0x7f), o[14], o[15]}};
    return {{0x33, 0x33, o[12], o[13], o[14], o[15]}};
}

}  // namespace hourglass::wire
