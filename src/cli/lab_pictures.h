#pragma once

#include "cli/pictures.h"
#include "hourglass/lab/scenario.h"

namespace hourglass::cli {

/// Draws what was asked for of each connection that the lesson shows; where it shows none, of the first connection of
/// each network. The second picture of a kind is `FILE-2` before the ending.
void write_pictures(const lab::Lesson& lesson, const PictureFiles& files, bool absolute);

}  // namespace hourglass::cli
