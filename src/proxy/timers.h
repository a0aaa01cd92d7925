#pragma once

#include <cstdint>
#include <functional>
#include <set>

#include "hourglass/base/time.h"

namespace hourglass::proxy::detail {

class Timers;

/// Who has a deadline that moves all the time.
class Timed {
  public:
    Timed() = default;
    Timed(const Timed&) = delete;
    Timed& operator=(const Timed&) = delete;
    virtual ~Timed() = default;

    /// When `run_out` is to be called, as things stand.
    [[nodiscard]] virtual Instant deadline() const = 0;
    /// That time has come. It may destroy this object.
    virtual void run_out(Instant now) = 0;

  private:
    friend class Timers;
    Instant armed_ = kNever;
    std::uint64_t number_ = 0;  ///< in the order of their coming, which orders timers of one instant
};

/// The deadlines of a proxy. A timer is not moved with every byte: when it fires, it looks whether the time has really
/// come.
class Timers {
  public:
    /// Gives the function to call when the next deadline has come nearer; for a world that does not ask every time.
    void on_sooner(std::function<void()> sooner) { sooner_ = std::move(sooner); }
    /// To be called when the deadline may have come nearer than it was.
    void update(Timed& timed);
    /// To be called before it is destroyed.
    void remove(Timed& timed);
    void poll(Instant now);
    [[nodiscard]] Instant next_deadline() const { return timers_.empty() ? kNever : (*timers_.begin())->armed_; }

  private:
    struct Earlier {
        bool operator()(const Timed* a, const Timed* b) const {
            return a->armed_ != b->armed_ ? a->armed_ < b->armed_ : a->number_ < b->number_;
        }
    };
    std::set<Timed*, Earlier> timers_;
    std::function<void()> sooner_;
    std::uint64_t count_ = 0;
};

}  // namespace hourglass::proxy::detail
