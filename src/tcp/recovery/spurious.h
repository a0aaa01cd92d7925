#pragma once

#include <cstdint>

#include "hourglass/tcp/sequence.h"

namespace hourglass::tcp {

/// Finds out that a retransmission was for nothing, so that the window can be what it was before (RFC 4015): the
/// acknowledgement echoes the original's timestamp (Eifel, RFC 3522), or the peer reports each of our retransmissions
/// as a duplicate (RFC 2883, with RFC 3708's caution).
class SpuriousRetransmission {
  public:
    /// Recovery begins, or the retransmission timer ran out, with [snd_una, snd_nxt) in flight.
    void begin(Seq snd_una, Seq snd_nxt) {
        *this = {};
        armed_ = true;
        begin_ = snd_una;
        end_ = snd_nxt;
    }
    /// `octets` from `begin` on are sent again, with this timestamp on the clock that echoes are compared with. Only of
    /// the segment at SND.UNA does the next acknowledgement that moves SND.UNA tell; in front of another one there is
    /// a gap still from before, and what fills it brings an older timestamp.
    void on_retransmitted(Seq begin, std::uint32_t octets, std::uint32_t timestamp) {
        if (!armed_) return;
        if (retransmitted_ == 0) {
            first_timestamp_ = timestamp;
            echo_seen_ = begin != begin_;
        }
        retransmitted_ += octets;
    }
    /// RFC 3522, section 3.2: SND.UNA has moved for the first time since; `echo` is TSecr. True when it was the
    /// original that arrived.
    bool is_spurious_by_echo(bool has_echo, std::uint32_t echo) {
        if (!armed_ || retransmitted_ == 0 || echo_seen_) return false;
        echo_seen_ = true;
        return has_echo && static_cast<std::int32_t>(echo - first_timestamp_) < 0;
    }
    /// The peer had [left, right) already. True when by now all that was sent again was there before.
    bool is_spurious_by_duplicate(Seq left, Seq right) {
        if (!armed_ || left < begin_ || right > end_) return false;
        reported_ += static_cast<std::uint32_t>(right - left);
        return retransmitted_ > 0 && reported_ >= retransmitted_;
    }
    /// It is decided, one way or the other.
    void end() { armed_ = false; }
    [[nodiscard]] bool armed() const { return armed_; }

    static void exchange(auto& self, auto& image) {
        image(self.begin_, self.end_, self.retransmitted_, self.reported_, self.first_timestamp_, self.armed_,
              self.echo_seen_);
    }

  private:
    Seq begin_, end_;
    std::uint32_t retransmitted_ = 0;
    std::uint32_t reported_ = 0;
    std::uint32_t first_timestamp_ = 0;
    bool armed_ = false;
    bool echo_seen_ = false;  ///< What the echo could tell is known, or it can tell nothing.
};

/// Forward RTO-recovery (RFC 5682): after a timeout and its one retransmission, new data is sent instead of more old,
/// and what the next acknowledgement covers shows whether the rest was lost at all.
class ForwardRto {
  public:
    enum class Verdict : std::uint8_t {
        none,
        spurious,  ///< Data that was never sent again has been delivered.
        genuine,   ///< The loss was one: the usual recovery.
    };

    /// Step 1. Not for a timeout in a recovery that is under way.
    void begin() { step_ = Step::first_ack; }
    void cancel() { step_ = Step::off; }
    /// Steps 2 and 3. `originals`: the acknowledgement delivers what was in flight at the timeout and was not sent
    /// again.
    Verdict on_ack(bool advances, bool covers_all, bool originals) {
        switch (step_) {
            case Step::off:
                return Verdict::none;
            case Step::first_ack:
                // Step 2a: a duplicate, or all at once; neither tells.
                if (!advances || covers_all) return end(Verdict::genuine);
                step_ = Step::new_data;
                return Verdict::none;
            case Step::new_data:
                return end(originals && advances ? Verdict::spurious : Verdict::genuine);
            case Step::second_ack:
                return end(originals ? Verdict::spurious : Verdict::genuine);
        }
        return Verdict::none;
    }
    /// Step 2b: up to two segments of new data are to be sent now, before anything else is sent again.
    [[nodiscard]] bool wants_new_data() const { return step_ == Step::new_data; }
    [[nodiscard]] bool waits_for_second_ack() const { return step_ == Step::second_ack; }
    /// New data was sent, or there was none that might be: then the usual recovery follows.
    void on_new_data(bool sent) {
        if (step_ == Step::new_data) step_ = sent ? Step::second_ack : Step::off;
    }

    static void exchange(auto& self, auto& image) { image.up_to(self.step_, Step::second_ack); }

  private:
    enum class Step : std::uint8_t { off, first_ack, new_data, second_ack };
    Verdict end(Verdict v) {
        step_ = Step::off;
        return v;
    }
    Step step_ = Step::off;
};

}  // namespace hourglass::tcp
