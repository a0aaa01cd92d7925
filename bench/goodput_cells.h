#pragma once

#include <string_view>

#include "bulk_flows.h"

namespace hourglass::bench {

/// A row of the goodput table.
struct GoodputCell {
    std::string_view name;
    BulkPath path;
};

inline constexpr GoodputCell kGoodputCells[] = {
    {"100 Mbit/s 20 ms", {}},
    {"100 Mbit/s 20 ms, loss 0.1 %", {.loss = 0.001}},
    {"100 Mbit/s 20 ms, loss 1 %", {.loss = 0.01}},
    {"100 Mbit/s 20 ms, loss 3 %", {.loss = 0.03}},
    {"100 Mbit/s 20 ms, 5 % late by 0 to 4 ms", {.reorder = 0.05, .reorder_delay = std::chrono::milliseconds(4)}},
    {"50 Mbit/s 100 ms", {.rate = 50'000'000, .round_trip = std::chrono::milliseconds(100)}},
    {"50 Mbit/s 100 ms, loss 1 %", {.rate = 50'000'000, .round_trip = std::chrono::milliseconds(100), .loss = 0.01}},
};

}  // namespace hourglass::bench
