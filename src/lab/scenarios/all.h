#pragma once

#include <vector>

#include "hourglass/lab/scenario.h"

namespace hourglass::lab {

using Scenarios = std::vector<Scenario>;

// One function a file of this folder: adds its scenarios, in the order of teaching.
void add_handshake(Scenarios& all);
void add_lost_handshake(Scenarios& all);
void add_old_syn(Scenarios& all);
void add_floods(Scenarios& all);
void add_close(Scenarios& all);
void add_time_wait(Scenarios& all);
void add_trouble(Scenarios& all);
void add_windows(Scenarios& all);
void add_recovery(Scenarios& all);
void add_congestion(Scenarios& all);
void add_paths(Scenarios& all);
void add_web(Scenarios& all);
void add_web_connections(Scenarios& all);
void add_gateway(Scenarios& all);
void add_names(Scenarios& all);

}  // namespace hourglass::lab
