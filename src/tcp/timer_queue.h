#pragma once

#include <cstdint>
#include <vector>

#include "hourglass/base/time.h"

namespace hourglass::tcp {

struct Connection;

/// The connections that have a timer running, by their next deadline: a heap of four children a node. A deadline that
/// moves later, as the retransmission timer's does with every acknowledgement, costs nothing: the old place in the
/// heap is kept and looked at again when it comes up. Of two with the same deadline the older connection is first, so
/// that the order does not tell how the heap came about: a record of a run goes the same way.
class TimerQueue {
  public:
    /// The connection's timers have changed.
    void update(Connection& c);
    /// The connection goes away.
    void remove(Connection& c);
    /// The earliest deadline of all; `kNever` when no timer runs.
    [[nodiscard]] Instant next_deadline();
    /// The connection whose deadline that is. Precondition: there is one.
    [[nodiscard]] Connection& first() { return *heap_.front().connection; }
    /// Timers that are running now: exact after `next_deadline()`.
    [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }

  private:
    struct Node {
        Instant deadline;
        Connection* connection;
    };
    [[nodiscard]] static bool comes_before(const Node& a, const Node& b);
    void place(std::size_t at, const Node& node);
    void sift_up(std::size_t at, Node node);
    void sift_down(std::size_t at, Node node);

    std::vector<Node> heap_;
};

}  // namespace hourglass::tcp
