#pragma once

#include <string_view>

#include "hourglass/base/address.h"
#include "hourglass/base/siphash.h"

namespace hourglass::runtime {

/// A secret that stays the same from one start to the next on this machine, different for each `purpose`: a keyed hash
/// of machine-id(5), which it does not give away. Where there is none, the secret is random.
[[nodiscard]] SipKey stable_secret(std::string_view purpose);

/// A locally administered address (IEEE 802-2014, 8.4) for our end of the device `name`, the same at each start.
[[nodiscard]] MacAddress stable_mac(std::string_view name);

}  // namespace hourglass::runtime
