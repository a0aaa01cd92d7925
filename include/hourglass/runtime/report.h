#pragma once

#include <string>
#include <string_view>

#include "hourglass/base/time.h"
#include "hourglass/ip/host.h"
#include "hourglass/link/tun_device.h"

namespace hourglass::runtime {

/// Every connection, half-open and TIME-WAIT entry and listener of a host, as JSON:
/// `{"connections": [{"protocol": "tcp", "receive_queue": 0, "send_queue": 0, "local": "10.0.0.2:80", ...}]}`.
/// Sizes are in bytes, times in seconds.
[[nodiscard]] std::string connections_report(ip::Host& host, Instant now);

/// What a host and its device have counted, as JSON: `{"counters": {"ip": {"packets_in": 1, ...}, "tcp": {...},
/// "tun": {...}}}`.
[[nodiscard]] std::string counters_report(ip::Host& host, const link::TunCounters& tun);

}  // namespace hourglass::runtime
