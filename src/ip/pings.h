#pragma once

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/time.h"
#include "hourglass/ip/host.h"

namespace hourglass::ip {

/// Echo requests that wait for their answer. The oldest is forgotten when there are too many.
class PingTable {
  public:
    PingTable(std::size_t limit, std::uint16_t identifier) : limit_(limit), identifier_(identifier) {}

    /// Marks this host's echo requests among those of others behind the same address.
    [[nodiscard]] std::uint16_t identifier() const { return identifier_; }

    void add(const IpAddress& destination, std::uint16_t sequence, Instant now, PingHandler handler) {
        if (limit_ == 0) return;
        if (waiting_.size() >= limit_) waiting_.pop_front();
        waiting_.push_back({destination, sequence, now, std::move(handler)});
    }
    /// An echo reply has arrived; false when nothing waits for it. Any member of a group may answer for it, so a ping
    /// to a group goes on waiting.
    bool answered(const IpAddress& from, std::uint16_t identifier, std::uint16_t sequence, Instant now) {
        if (identifier != identifier_) return false;
        for (auto ping = waiting_.begin(); ping != waiting_.end(); ++ping) {
            const bool group = ping->destination.is_multicast();
            if (ping->sequence != sequence || (!group && ping->destination != from)) continue;
            if (answers_.size() >= limit_) return true;
            answers_.push_back({from, sequence, now - ping->sent, ping->handler});
            if (!group) waiting_.erase(ping);
            return true;
        }
        return false;
    }
    [[nodiscard]] bool has_work() const { return !answers_.empty(); }
    /// Calls the handlers of the answers that have come.
    void poll() {
        if (answers_.empty()) return;
        for (const Answer& answer : std::exchange(answers_, {}))
            if (answer.handler) answer.handler(answer.from, answer.sequence, answer.round_trip);
    }

  private:
    struct Waiting {
        IpAddress destination;
        std::uint16_t sequence = 0;
        Instant sent{};
        PingHandler handler;
    };
    struct Answer {
        IpAddress from;
        std::uint16_t sequence = 0;
        Duration round_trip{};
        PingHandler handler;
    };

    std::size_t limit_;
    std::uint16_t identifier_;
    std::deque<Waiting> waiting_;
    std::vector<Answer> answers_;
};

}  // namespace hourglass::ip
