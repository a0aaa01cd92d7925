#pragma once

#include <algorithm>
#include <cstdint>

#include "hourglass/base/time.h"
#include "hourglass/tcp/sequence.h"
#include "tcp/recovery/scoreboard.h"

namespace hourglass::tcp {

/// RACK, the loss detector of RFC 8985, section 6: what was sent well before something that has arrived is lost. It
/// goes by time of transmission, so that it finds lost retransmissions too, and waits for as long as segments of this
/// path may overtake each other.
class Rack {
  public:
    /// What the reordering window depends on (section 6.2, step 4).
    struct Window {
        Duration min_rtt{};
        Duration srtt{};
        bool reordering_seen = false;
        bool in_recovery = false;  ///< Fast recovery or recovery from a timeout.
        bool dup_thresh = false;   ///< DupThresh segments are selectively acknowledged.
    };

    /// An acknowledgement begins: overtaking is judged by what was delivered before it.
    void begin_ack() { fack_before_ = fack_; }
    /// Steps 1 to 3 for a piece that an acknowledgement delivers. `echoes_original`: the timestamp says that it was an
    /// earlier transmission that arrived. True when it shows that segments have overtaken each other.
    bool on_delivered(const SentRange& piece, Instant now, Duration min_rtt, bool echoes_original);
    /// Step 4: the acknowledgement has told of a needless retransmission (RFC 2883).
    void on_dsack(Seq snd_nxt);
    /// SND.UNA has moved: a round that saw a D-SACK may be over.
    void on_advance(Seq snd_una) { dsack_round_open_ = dsack_round_open_ && snd_una < dsack_round_; }
    /// Step 4: a recovery has ended.
    void on_recovered();
    [[nodiscard]] Duration reordering_window(const Window& w) const;

    /// Step 5: marks what is lost by `now`. Returns how long to wait until more may be; zero: nothing to wait for.
    Duration detect_losses(Scoreboard& board, Instant now, Duration reo_wnd, Scoreboard::Visitor& visitor) const;
    /// Section 6.3: at a timeout, what was sent a round trip ago or earlier is lost.
    void mark_losses_on_timeout(Scoreboard& board, Instant now, Duration reo_wnd, Scoreboard::Visitor& visitor) const;

    [[nodiscard]] Duration rtt() const { return rtt_; }
    [[nodiscard]] std::uint8_t multiplier() const { return multiplier_; }

    static void exchange(auto& self, auto& image) {
        image.known(self.xmit_at_);
        image(self.rtt_, self.end_, self.fack_, self.fack_before_, self.dsack_round_, self.multiplier_, self.persist_,
              self.dsack_round_open_, self.begun_);
    }

  private:
    /// RACK_sent_after(RACK.xmit_ts, RACK.end_seq, r.xmit_ts, r.end_seq)
    [[nodiscard]] bool was_sent_before_newest(const SentRange& r) const {
        return r.sent.sent_at < xmit_at_ || (r.sent.sent_at == xmit_at_ && r.end < end_);
    }

    Instant xmit_at_{};  ///< RACK.xmit_ts: when the most recently sent of what has arrived was sent.
    Duration rtt_{};     ///< RACK.rtt
    Seq end_;            ///< RACK.end_seq
    Seq fack_;           ///< RACK.fack
    Seq fack_before_;
    Seq dsack_round_;              ///< RACK.dsack_round, while `dsack_round_open_`
    std::uint8_t multiplier_ = 1;  ///< RACK.reo_wnd_mult
    std::uint8_t persist_ = 0;     ///< RACK.reo_wnd_persist
    bool dsack_round_open_ = false;
    bool begun_ = false;
};

}  // namespace hourglass::tcp
