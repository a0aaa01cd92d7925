#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "hourglass/http/user_agent.h"

namespace hourglass::cli {

/// One phase of a hop.
struct Phase {
    std::string name{};  ///< "resolve", "connect", "tls", "send", "wait", "receive"
    Instant from{};
    Instant to{};
};

/// The phases that a hop went through, in their order. What a connection that was there already did before is none.
[[nodiscard]] std::vector<Phase> phases_of(const http::Hop& hop);

/// A waterfall of the phases of all hops on one scale, `width` columns wide, for people.
[[nodiscard]] std::string waterfall(const std::vector<http::Hop>& hops, std::size_t width = 40);

/// The same and what else is known of the hops, for programs. Times are in microseconds, from the begin of the first.
[[nodiscard]] nlohmann::json to_json(const std::vector<http::Hop>& hops);

}  // namespace hourglass::cli
