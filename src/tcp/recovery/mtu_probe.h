#pragma once

#include <utility>

#include "hourglass/tcp/sequence.h"
#include "tcp/recovery/scoreboard.h"

namespace hourglass::tcp {

/// The segment in flight that is larger than is known to pass, and what becomes of it (RFC 4821, section 7.6). Its loss
/// alone says something of the path's MTU and nothing of congestion.
class MtuProbe {
  public:
    enum class Fate : std::uint8_t {
        none,          ///< There is no probe.
        in_flight,     ///< Nothing is known of it yet.
        passed,        ///< Acknowledged, and never sent again (section 7.6.1).
        lost,          ///< It is lost and nothing else is (section 7.6.2).
        inconclusive,  ///< It was sent again for another reason (sections 7.6.3 and 7.6.4).
    };

    void on_sent(Seq begin, Seq end) {
        begin_ = begin;
        end_ = end;
        fate_ = Fate::in_flight;
    }
    void on_resent(Seq begin, Seq end) {
        if (fate_ == Fate::in_flight && begin < end_ && begin_ < end) fate_ = Fate::inconclusive;
    }
    void on_ack(Seq ack) {
        if (fate_ == Fate::in_flight && ack >= end_) fate_ = Fate::passed;
    }
    void on_lost() { fate_ = Fate::lost; }

    [[nodiscard]] bool is_in_flight() const { return fate_ == Fate::in_flight; }
    [[nodiscard]] bool contains(const SentRange& r) const {
        return is_in_flight() && begin_ <= r.begin && r.end <= end_;
    }
    /// True when the probe is in flight and all that is believed lost is part of it.
    [[nodiscard]] bool explains_losses(const Scoreboard& board) const {
        if (!is_in_flight()) return false;
        for (const SentRange& r : board)
            if (r.lost && !contains(r)) return false;
        return true;
    }
    [[nodiscard]] Seq begin() const { return begin_; }
    [[nodiscard]] Seq end() const { return end_; }
    /// What has become of it, once.
    Fate take_fate() { return is_in_flight() ? Fate::in_flight : std::exchange(fate_, Fate::none); }

    static void exchange(auto& self, auto& image) {
        image(self.begin_, self.end_);
        image.up_to(self.fate_, Fate::inconclusive);
    }

  private:
    Seq begin_, end_;  ///< Unless there is none.
    Fate fate_ = Fate::none;
};

}  // namespace hourglass::tcp
