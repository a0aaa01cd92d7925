#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "hourglass/base/time.h"
#include "hourglass/tcp/sequence.h"
#include "hourglass/tcp/stack.h"
#include "tcp/recovery/duplicate_acks.h"
#include "tcp/recovery/mtu_probe.h"
#include "tcp/recovery/prr.h"
#include "tcp/recovery/rack.h"
#include "tcp/recovery/scoreboard.h"
#include "tcp/recovery/spurious.h"
#include "tcp/recovery/tlp.h"

namespace hourglass::tcp {

/// The part of the sequence space that loss recovery looks at, as the connection has it.
struct Outstanding {
    Seq snd_una;
    Seq snd_nxt;
    std::uint32_t mss = 0;
    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(snd_nxt - snd_una); }
};

/// Which rules are in force: what the settings say and the handshake has agreed.
struct RecoveryRules {
    bool sack = false;
    bool rack_tlp = false;
    bool prr = true;
    bool frto = true;
    bool limited_transmit = true;
    std::uint16_t max_ranges = 4096;
};

/// What recovery knows of the path.
struct PathTimes {
    Instant now{};
    Duration srtt{};
    Duration min_rtt{};
    bool reordering_seen = false;
};

/// What an acknowledgement says.
struct AckInput {
    Seq ack;
    std::span<const wire::SackBlock> sack;
    bool duplicate = false;  ///< RFC 5681, section 2.
    bool has_echo = false;   ///< TSecr is there and means something (RFC 7323, section 3.2).
    std::uint32_t echo = 0;  ///< TSecr on the clock of `milliseconds`.
};

/// What recovery concludes from an acknowledgement or a timer. What it says of congestion is for congestion control to
/// act upon, in this order: undone, entered, recovered.
struct RecoveryOutcome {
    std::uint32_t acked = 0;      ///< Octets newly acknowledged cumulatively.
    std::uint32_t delivered = 0;  ///< Octets newly known to have arrived.
    std::uint32_t lost = 0;       ///< Octets newly believed lost.
    std::optional<Duration> rtt;  ///< Of the oldest segment this covers, when none was sent twice (Karn's algorithm).
    std::optional<Duration> least_rtt;  ///< Of the newest.
    std::uint32_t flight = 0;      ///< FlightSize when congestion was found, limited transmit excluded (RFC 5681, 3.2).
    bool entered = false;          ///< A loss was found: the window is to be reduced.
    bool probe_repaired = false;   ///< ... and has been made good already, by a tail loss probe.
    bool recovered = false;        ///< All that was outstanding then has been acknowledged.
    Seq lost_begin{}, lost_end{};  ///< The first and the last of what is newly believed lost.
    bool undone = false;           ///< The last reduction was for nothing.
    SpuriousProof proof = SpuriousProof::none;  ///< ... and how that is known.
    bool after_timeout = false;                 ///< ... and it was a timeout's.
    bool reordering = false;                    ///< Segments have overtaken each other.
    bool reneged = false;                       ///< The peer has thrown away what it had acknowledged selectively.
    bool dsack = false;                         ///< The peer had something twice.
    std::uint16_t bad_blocks = 0;               ///< SACK blocks that can't be true, or find no room.
    std::uint16_t lost_again = 0;               ///< Retransmissions believed lost.
};

/// Loss recovery of one connection, while something is in flight: it keeps the scoreboard, asks each algorithm in its
/// turn, and goes from state to state. It sends nothing and knows no clock: the sender asks what is due and how much is
/// in the network, and tells what it has sent.
class Recovery {
  public:
    /// Told of ranges that are delivered and lost, for delivery rates; may be null.
    using Watcher = Scoreboard::Visitor;

    /// An acknowledgement with SEG.ACK =< SND.NXT; `o` is as it was before.
    RecoveryOutcome on_ack(const AckInput& in, const Outstanding& o, const PathTimes& path, const RecoveryRules& rules,
                           Watcher* watcher);
    /// The reordering timer ran out (RFC 8985, section 6.2, step 5).
    RecoveryOutcome on_reordering_timer(const Outstanding& o, const PathTimes& path, const RecoveryRules& rules,
                                        Watcher* watcher);
    /// The retransmission timer ran out.
    RecoveryOutcome on_timeout(const Outstanding& o, const PathTimes& path, const RecoveryRules& rules,
                               Watcher* watcher);
    /// The peer echoes a congestion mark, and the window is to be reduced (RFC 3168, section 6.1.2); false when a
    /// reduction is under way already.
    bool on_congestion_mark(const Outstanding& o);
    /// What is outstanding is known not to have been taken: a window probe was refused.
    void on_refused(const Outstanding& o);
    /// A router did not pass what is larger than `o.mss` now is: no sign of congestion (RFC 8201, section 5.4).
    void on_too_large(const Outstanding& o);
    /// The same for the probe in flight alone.
    void on_mtu_probe_refused(const Outstanding& o);

    /// The window that a reduction begins with and ends at (RFC 9937); after congestion control was told.
    void begin_reduction(std::uint32_t ssthresh, const RecoveryOutcome& found, const Outstanding& o);
    /// cwnd while a reduction is under way.
    [[nodiscard]] std::uint32_t reduced_cwnd(const RecoveryOutcome& ack, const Outstanding& o);
    [[nodiscard]] bool is_reducing() const { return state_ == RecoveryState::recovery || state_ == RecoveryState::cwr; }

    /// [begin, end) leaves, for the first time or again; `timestamp` on the clock of `milliseconds`.
    /// `limited`: it is limited transmit's (RFC 3042).
    void on_sent(Seq begin, Seq end, const Outstanding& o, const SendSnapshot& sent, const RecoveryRules& rules,
                 bool limited);
    void on_resent(Seq begin, Seq end, const Outstanding& o, const SendSnapshot& sent, std::uint32_t timestamp);
    /// A tail loss probe leaves: new data, or what was last sent once more.
    void on_probe(Seq snd_nxt, bool retransmission) { probe_.on_sent(snd_nxt, retransmission); }
    /// The probe of the path's MTU, which the sender reports when it has sent one.
    [[nodiscard]] MtuProbe& mtu_probe() { return mtu_probe_; }
    [[nodiscard]] const MtuProbe& mtu_probe() const { return mtu_probe_; }

    /// Octets believed to be in the network (RFC 6675, section 4, pipe).
    [[nodiscard]] std::uint32_t pipe(const Outstanding& o) const;
    /// The same as it limits new data: without limited transmit, duplicates make no room before recovery (RFC 3042).
    [[nodiscard]] std::uint32_t pipe_for_new_data(const Outstanding& o, const RecoveryRules& rules) const;
    /// The first range to be sent again; null when there is none.
    [[nodiscard]] const SentRange* first_due() const { return board_.first_due(); }
    /// True for the segment that does not wait for cwnd: the first of a recovery (RFC 5681, section 3.2, step 3;
    /// RFC 6675, section 5, step 4.3), of a partial ACK (RFC 6582, section 3.2, step 5), of a timeout (RFC 6298, 5.4).
    [[nodiscard]] bool is_urgent() const { return urgent_; }
    /// Forward RTO-recovery wants new data before retransmissions.
    [[nodiscard]] bool wants_new_data() const { return forward_rto_.wants_new_data(); }
    void on_new_data(bool sent) { forward_rto_.on_new_data(sent); }
    /// Why what is due is to be sent again.
    [[nodiscard]] SendReason reason() const {
        return state_ == RecoveryState::loss ? SendReason::retransmit_timeout : reason_;
    }
    /// True once for the first partial acknowledgement of a recovery without SACK: it alone restarts the timer
    /// (RFC 6582, section 3.2, step 5, "Impatient variant").
    bool take_first_partial() { return std::exchange(first_partial_, false); }
    /// True when a tail loss probe may be scheduled (RFC 8985, section 7.2).
    [[nodiscard]] bool may_probe(const RecoveryRules& rules) const {
        return rules.rack_tlp && state_ == RecoveryState::open && board_.sacked().octets == 0 && probe_.may_probe();
    }
    /// When the reordering timer is to run out (RFC 8985, section 6.2, step 5); kNever: it is not needed.
    [[nodiscard]] Instant reordering_at() const { return reordering_at_; }
    [[nodiscard]] RecoveryState state() const { return state_; }
    [[nodiscard]] const Scoreboard& board() const { return board_; }
    void clear();

    static void exchange(auto& self, auto& image) {
        image(self.board_, self.rack_, self.probe_, self.mtu_probe_, self.prr_, self.spurious_, self.forward_rto_,
              self.duplicates_, self.reordering_at_, self.recover_, self.limited_);
        image.up_to(self.state_, RecoveryState::loss);
        image.up_to(self.reason_, SendReason::reset_timeout);
        image(self.has_recover_, self.urgent_, self.first_partial_);
    }

  private:
    class Reading;

    void read_sack(const AckInput& in, const Outstanding& o, const RecoveryRules& rules, Reading& reading,
                   RecoveryOutcome& out);
    bool read_dsack(const AckInput& in, const Outstanding& o, RecoveryOutcome& out);
    void end_episode(const AckInput& in, const Outstanding& now, const RecoveryRules& rules, RecoveryOutcome& out);
    void follow_timeout(const AckInput& in, const Reading& reading, RecoveryOutcome& out);
    void look_for_losses(const AckInput& in, const Outstanding& now, const PathTimes& path, const RecoveryRules& rules,
                         Reading& reading, RecoveryOutcome& out);
    void find_losses_by_time(const PathTimes& path, Reading& reading, bool reordering_seen);
    void find_losses_by_count(const Outstanding& now, Reading& reading);
    void find_losses_by_duplicates(const AckInput& in, const Outstanding& now, Reading& reading,
                                   const RecoveryOutcome& out);
    void lose_mtu_probe(const Outstanding& now, Reading& reading);
    void enter(const Outstanding& now, RecoveryOutcome& out);
    void undo(RecoveryOutcome& out, SpuriousProof proof);
    [[nodiscard]] Duration reordering_window(const PathTimes& path, bool reordering_seen) const;

    Scoreboard board_;
    Rack rack_;
    TailLossProbe probe_;
    MtuProbe mtu_probe_;
    ProportionalRateReduction prr_;
    SpuriousRetransmission spurious_;
    ForwardRto forward_rto_;
    DuplicateAcks duplicates_;
    Instant reordering_at_ = kNever;
    Seq recover_;                ///< snd_nxt when the loss was found (RFC 6582), while `has_recover_`.
    std::uint32_t limited_ = 0;  ///< Octets sent because of duplicates, beyond cwnd (RFC 3042).
    RecoveryState state_ = RecoveryState::open;
    SendReason reason_ = SendReason::fast_retransmit;
    bool has_recover_ = false;
    bool urgent_ = false;
    bool first_partial_ = false;
};

}  // namespace hourglass::tcp
