#pragma once

#include "hourglass/ip/host.h"
#include "hourglass/script/config.h"

namespace hourglass::script {

/// What a host of this profile is made with.
[[nodiscard]] ip::HostSettings host_settings(Profile profile);

}  // namespace hourglass::script
