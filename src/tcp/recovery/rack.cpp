#include "tcp/recovery/rack.h"

namespace hourglass::tcp {

namespace {
constexpr std::uint8_t kPersist = 16;  // RFC 8985, section 6.2, step 4
}

bool Rack::on_delivered(const SentRange& piece, Instant now, Duration min_rtt, bool echoes_original) {
    // Step 3.
    const bool overtaken = begun_ && piece.end < fack_before_ && !piece.was_retransmitted();
    if (!begun_) {
        begun_ = true;
        fack_ = fack_before_ = piece.end;
    }
    fack_ = max(fack_, piece.end);
    // Steps 1 and 2: an acknowledgement that came too soon for the retransmission is one of the original.
    const Duration rtt = now - piece.sent.sent_at;
    if (piece.was_retransmitted() && (echoes_original || rtt < min_rtt)) return overtaken;
    const bool newer = piece.sent.sent_at > xmit_at_ || (piece.sent.sent_at == xmit_at_ && piece.end > end_);
    if (newer) {
        xmit_at_ = piece.sent.sent_at;
        end_ = piece.end;
        rtt_ = rtt;
    }
    return overtaken;
}

void Rack::on_dsack(Seq snd_nxt) {
    if (dsack_round_open_) return;
    dsack_round_open_ = true;
    dsack_round_ = snd_nxt;
    if (multiplier_ < UINT8_MAX) ++multiplier_;
    persist_ = kPersist;
}

void Rack::on_recovered() {
    if (persist_ > 0) --persist_;
    if (persist_ == 0) multiplier_ = 1;
}

Duration Rack::reordering_window(const Window& w) const {
    if (!w.reordering_seen && (w.in_recovery || w.dup_thresh)) return Duration::zero();
    return std::min(multiplier_ * w.min_rtt / 4, w.srtt);
}

Duration Rack::detect_losses(Scoreboard& board, Instant now, Duration reo_wnd, Scoreboard::Visitor& visitor) const {
    using Judgement = Scoreboard::Judgement;
    Duration wait = Duration::zero();
    if (!begun_) return wait;
    board.mark_lost_if(
        [&](const SentRange& r) {
            // New data is sent in order: what follows a range that was sent once, and later, was sent later still.
            if (!was_sent_before_newest(r))
                return r.was_retransmitted() ? Judgement::not_lost : Judgement::not_lost_nor_any_behind;
            const Duration remaining = r.sent.sent_at + rtt_ + reo_wnd - now;
            if (remaining <= Duration::zero()) return Judgement::lost;
            wait = std::max(wait, remaining);
            return Judgement::not_lost;
        },
        visitor);
    return wait;
}

void Rack::mark_losses_on_timeout(Scoreboard& board, Instant now, Duration reo_wnd,
                                  Scoreboard::Visitor& visitor) const {
    using Judgement = Scoreboard::Judgement;
    board.mark_lost_if(
        [&](const SentRange& r) {
            return r.sent.sent_at + rtt_ + reo_wnd <= now ? Judgement::lost : Judgement::not_lost;
        },
        visitor);
}

}  // namespace hourglass::tcp
