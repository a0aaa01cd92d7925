#pragma once

#include <memory>

#include "hourglass/http/connector.h"
#include "hourglass/runtime/os_loop.h"

namespace hourglass::runtime {

/// Over the operating system's TCP. `loop` must outlive the connector and its transports.
[[nodiscard]] std::unique_ptr<http::Connector> connect_over(OsLoop& loop);

}  // namespace hourglass::runtime
