#include "runtime/serving_turn.h"

#include <algorithm>
#include <span>

#include "hourglass/runtime/clock.h"

namespace hourglass::runtime {

void ServingTurn::add(OsSession& session) {
    const auto room = std::span(room_.get(), kRoom).subspan(used_);
    if (room.size() < OsStream::kReadSize) return session.pump();
    used_ += session.read_ahead(room.first(OsStream::kReadSize));
    if (sessions_.empty()) loop_.later(*this);
    sessions_.push_back(&session);
}

void ServingTurn::on_later() {
    std::size_t answered = 0;
    Instant since = now();
    // By index: what one session is told can be the end of another one.
    for (std::size_t i = 0; i < sessions_.size(); ++i) {
        if (sessions_[i] != nullptr) sessions_[i]->take();
        const Instant time = now();
        const bool last = i + 1 == sessions_.size() || i + 1 - answered == kAtOnce || time - since >= kPatience;
        if (!last) continue;
        for (; answered <= i; ++answered)
            if (sessions_[answered] != nullptr) sessions_[answered]->pump();
        since = time;
    }
    sessions_.clear();
    used_ = 0;
}

void ServingTurn::forget(const OsSession& session) { std::ranges::replace(sessions_, &session, nullptr); }

}  // namespace hourglass::runtime
