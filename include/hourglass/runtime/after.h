#pragma once

#include <functional>

#include "hourglass/base/time.h"

namespace asio {
class io_context;
}

namespace hourglass::runtime {

/// A timer of the context, which must outlive it, for `http::sleep_for` and others that are given one: it calls the
/// function after the time. When the context is destroyed before, the function is dropped.
[[nodiscard]] std::function<void(Duration, std::function<void()>)> after(asio::io_context& context);

}  // namespace hourglass::runtime
