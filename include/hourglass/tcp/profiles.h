#pragma once

#include "hourglass/tcp/settings.h"

namespace hourglass::tcp {

/// The choices of a current Linux, where the RFCs leave one or Linux has its own: what programs and test scripts that
/// were written there expect to see. Sources: ip-sysctl.rst and tcp(7).
[[nodiscard]] Settings linux_like_settings();

}  // namespace hourglass::tcp
