#pragma once

#include <cstdint>

#include "tcp/connection.h"

namespace hourglass::tcp {

class Engine;

/// What spacing asks of the emissions of one output pass.
struct Pace {
    double rate = 0;                     ///< Octets a second; zero: no pacing.
    std::uint32_t quantum = UINT32_MAX;  ///< Octets that may leave at once.
};

[[nodiscard]] Pace pace_of(const Engine& e, const Connection& c);
/// True when the next emission may leave now.
[[nodiscard]] bool pacing_allows(const Engine& e, const Connection& c, const Pace& pace);
/// `size` octets have left.
void after_emission(const Engine& e, Connection& c, const Pace& pace, std::uint32_t size);

}  // namespace hourglass::tcp
