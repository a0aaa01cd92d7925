#include "tcp/timer_queue.h"

#include <algorithm>

#include "tcp/connection.h"

namespace hourglass::tcp {

namespace {
constexpr std::size_t kChildren = 4;
}

bool TimerQueue::comes_before(const Node& a, const Node& b) {
    if (a.deadline != b.deadline) [[likely]]
        return a.deadline < b.deadline;
    return a.connection->generation < b.connection->generation;
}

void TimerQueue::place(std::size_t at, const Node& node) {
    heap_[at] = node;
    node.connection->heap_position = static_cast<std::uint32_t>(at);
}

void TimerQueue::sift_up(std::size_t at, Node node) {
    while (at > 0) {
        const std::size_t parent = (at - 1) / kChildren;
        if (!comes_before(node, heap_[parent])) break;
        place(at, heap_[parent]);
        at = parent;
    }
    place(at, node);
}

void TimerQueue::sift_down(std::size_t at, Node node) {
    for (;;) {
        const std::size_t first = at * kChildren + 1;
        if (first >= heap_.size()) break;
        const auto begin = heap_.begin() + static_cast<std::ptrdiff_t>(first);
        const auto end = heap_.begin() + static_cast<std::ptrdiff_t>(std::min(first + kChildren, heap_.size()));
        const auto least = std::min_element(begin, end, comes_before);
        if (!comes_before(*least, node)) break;
        const auto child = static_cast<std::size_t>(least - heap_.begin());
        place(at, *least);
        at = child;
    }
    place(at, node);
}

void TimerQueue::update(Connection& c) {
    const Instant deadline = c.next_timer();
    if (c.heap_position == Connection::kNotInHeap) {
        if (deadline == kNever) return;
        heap_.emplace_back();
        sift_up(heap_.size() - 1, {deadline, &c});
    } else if (deadline < heap_[c.heap_position].deadline) {
        sift_up(c.heap_position, {deadline, &c});
    }
}

void TimerQueue::remove(Connection& c) {
    if (c.heap_position == Connection::kNotInHeap) return;
    const std::size_t at = c.heap_position;
    c.heap_position = Connection::kNotInHeap;
    const Node last = heap_.back();
    heap_.pop_back();
    if (at == heap_.size()) return;
    if (at > 0 && comes_before(last, heap_[(at - 1) / kChildren]))
        sift_up(at, last);
    else
        sift_down(at, last);
}

Instant TimerQueue::next_deadline() {
    while (!heap_.empty()) {
        Connection& c = *heap_.front().connection;
        const Instant deadline = c.next_timer();
        if (deadline == heap_.front().deadline) return deadline;
        if (deadline == kNever)
            remove(c);
        else
            sift_down(0, {deadline, &c});
    }
    return kNever;
}

}  // namespace hourglass::tcp
