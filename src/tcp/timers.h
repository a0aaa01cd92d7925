#pragma once

#include "tcp/connection.h"

namespace hourglass::tcp {

class Engine;

/// Runs every timer of the connection that is due.
void expire(Engine& e, Connection& c);

}  // namespace hourglass::tcp
