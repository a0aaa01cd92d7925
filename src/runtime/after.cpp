#include "hourglass/runtime/after.h"

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <utility>

namespace hourglass::runtime {

std::function<void(Duration, std::function<void()>)> after(asio::io_context& context) {
    return [&context](Duration time, std::function<void()> call) {
        auto timer = std::make_shared<asio::steady_timer>(context);
        timer->expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(time));
        timer->async_wait([timer, call = std::move(call)](std::error_code error) {
            if (!error) call();
        });
    };
}

}  // namespace hourglass::runtime
