#pragma once

#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "hourglass/base/time.h"
#include "hourglass/runtime/clock.h"

namespace hourglass::runtime {

/// An Asio timer for a deadline that moves all the time. It is set again only for an earlier one: a timer that comes
/// too early finds nothing due, which is cheaper than to move it with every byte.
class DeadlineTimer {
  public:
    /// `due` runs what is due, and returns the next deadline.
    DeadlineTimer(asio::io_context& context, std::function<Instant()> due) : timer_(context), due_(std::move(due)) {}

    void set(Instant deadline) {
        if (deadline >= set_for_) return;
        set_for_ = deadline;
        timer_.expires_at(std::chrono::steady_clock::time_point(
            std::chrono::duration_cast<std::chrono::steady_clock::duration>(deadline.time_since_epoch())));
        timer_.async_wait([this, here = std::weak_ptr(here_)](std::error_code error) {
            if (error || here.expired()) return;
            set_for_ = kNever;
            set(due_());
        });
    }

  private:
    asio::steady_timer timer_;
    std::function<Instant()> due_;
    Instant set_for_ = kNever;
    std::shared_ptr<bool> here_ = std::make_shared<bool>();  ///< A timer that has run out can outlive its owner.
};

}  // namespace hourglass::runtime
