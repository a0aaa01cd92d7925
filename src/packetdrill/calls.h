#pragma once

#include "packetdrill/interface.h"
#include "packetdrill/machine.h"

namespace hourglass::packetdrill {

/// The functions, with `made` as their data pointer; the table's `free` deletes it.
[[nodiscard]] packetdrill_interface table_for(Machine* made);

}  // namespace hourglass::packetdrill
