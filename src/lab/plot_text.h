#pragma once

#include <cstddef>
#include <string>

#include "hourglass/lab/scenario.h"

namespace hourglass::lab {

/// A plot drawn with characters, at most `width` columns wide: one curve below the other on the same axes.
[[nodiscard]] std::string plot_text(const Plot& plot, std::size_t width, bool unicode);

}  // namespace hourglass::lab
