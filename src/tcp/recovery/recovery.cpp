#include "tcp/recovery/recovery.h"

#include <algorithm>

#include "tcp/clock.h"

namespace hourglass::tcp {

/// What one acknowledgement, or one timer, does to the ranges: for the algorithms that go by it.
class Recovery::Reading final : public Scoreboard::Visitor {
  public:
    Reading(Rack& rack, const AckInput* in, const PathTimes& path, Watcher* watcher, Seq recover)
        : rack_(rack), in_(in), path_(path), watcher_(watcher), recover_(recover) {}

    void delivered(const SentRange& piece) override {
        delivered_ += piece.size();
        if (watcher_ != nullptr) watcher_->delivered(piece);
        const bool echoes_original = in_->has_echo && piece.was_retransmitted() &&
                                     static_cast<std::int32_t>(in_->echo - milliseconds(piece.sent.sent_at)) < 0;
        if (rack_.on_delivered(piece, path_.now, path_.min_rtt, echoes_original)) reordering_ = true;
        if (piece.was_retransmitted()) {
            retransmission_ = true;
            resent_at_ = piece.sent.sent_at;
            return;
        }
        if (piece.end <= recover_) original_ = true;
        oldest_ = std::min(oldest_, piece.sent.sent_at);
        newest_ = std::max(newest_, piece.sent.sent_at);
    }
    void lost(const SentRange& piece) override {
        if (watcher_ != nullptr) watcher_->lost(piece);
        lost_begin_ = lost_ == 0 ? piece.begin : min(lost_begin_, piece.begin);
        lost_end_ = lost_ == 0 ? piece.end : max(lost_end_, piece.end);
        lost_ += piece.size();
        if (piece.resent) ++lost_again_;
    }

    /// RFC 6298, section 3, Karn's algorithm: nothing that was sent twice may be in it.
    void finish(RecoveryOutcome& out) const {
        out.delivered = delivered_;
        out.lost = lost_;
        out.lost_begin = lost_begin_;
        out.lost_end = lost_end_;
        out.lost_again = lost_again_;
        out.reordering = reordering_;
        if (oldest_ == kNever || retransmission_) return;
        out.rtt = path_.now - oldest_;
        out.least_rtt = path_.now - newest_;
    }
    [[nodiscard]] std::uint32_t delivered_octets() const { return delivered_; }
    [[nodiscard]] std::uint32_t lost_octets() const { return lost_; }
    /// Something that was in flight at the timeout and was not sent again has arrived.
    [[nodiscard]] bool has_original() const { return original_; }
    [[nodiscard]] bool shows_reordering() const { return reordering_; }
    /// `front` is the rest of a retransmission of which a part has arrived.
    [[nodiscard]] bool is_rest(const SentRange& front) const {
        return retransmission_ && front.was_retransmitted() && front.sent.sent_at == resent_at_;
    }

  private:
    Rack& rack_;
    const AckInput* in_;
    const PathTimes& path_;
    Watcher* watcher_;
    Seq recover_;
    Instant oldest_ = kNever;
    Instant newest_ = Instant::min();
    Instant resent_at_{};
    std::uint32_t delivered_ = 0;
    std::uint32_t lost_ = 0;
    Seq lost_begin_, lost_end_;
    std::uint16_t lost_again_ = 0;
    bool retransmission_ = false;
    bool original_ = false;
    bool reordering_ = false;
};

void Recovery::clear() {
    board_.clear();
    rack_ = {};
    probe_ = {};
    mtu_probe_ = {};
    prr_ = {};
    spurious_ = {};
    forward_rto_ = {};
    duplicates_ = {};
    reordering_at_ = kNever;
    recover_ = {};
    limited_ = 0;
    state_ = RecoveryState::open;
    reason_ = SendReason::fast_retransmit;
    has_recover_ = urgent_ = first_partial_ = false;
}

// --- What was sent

void Recovery::on_sent(Seq begin, Seq end, const Outstanding& o, const SendSnapshot& sent, const RecoveryRules& rules,
                       bool limited) {
    const auto size = static_cast<std::uint32_t>(end - begin);
    board_.on_sent(begin, end, segments_in(size, o.mss), sent, rules.max_ranges);
    if (is_reducing()) prr_.on_sent(size);
    if (limited) limited_ += size;
}

void Recovery::on_resent(Seq begin, Seq end, const Outstanding& o, const SendSnapshot& sent, std::uint32_t timestamp) {
    board_.on_resent(begin, end, o.mss, sent);
    mtu_probe_.on_resent(begin, end);
    const auto size = static_cast<std::uint32_t>(end - begin);
    if (is_reducing()) prr_.on_sent(size);
    spurious_.on_retransmitted(begin, size, timestamp);
    urgent_ = false;
}

std::uint32_t Recovery::pipe(const Outstanding& o) const {
    const std::uint32_t pipe = board_.pipe();
    if (duplicates_.count() == 0 || state_ == RecoveryState::loss) return pipe;
    const std::uint32_t departed = duplicates_.departed(o.size(), o.mss);
    return pipe > departed ? pipe - departed : 0;
}

std::uint32_t Recovery::pipe_for_new_data(const Outstanding& o, const RecoveryRules& rules) const {
    return state_ == RecoveryState::disorder && !rules.limited_transmit ? o.size() : pipe(o);
}

// --- What an acknowledgement says

RecoveryOutcome Recovery::on_ack(const AckInput& in, const Outstanding& o, const PathTimes& path,
                                 const RecoveryRules& rules, Watcher* watcher) {
    RecoveryOutcome out;
    Reading reading(rack_, &in, path, watcher, recover_);
    Outstanding now = o;
    const std::uint32_t departed = duplicates_.departed(o.size(), o.mss);
    rack_.begin_ack();
    if (in.ack > o.snd_una) {
        out.acked = static_cast<std::uint32_t>(in.ack - o.snd_una);
        now.snd_una = in.ack;
        board_.acknowledge(in.ack, o.mss, reading);
        rack_.on_advance(in.ack);
        mtu_probe_.on_ack(in.ack);
    }
    if (rules.sack && !in.sack.empty()) read_sack(in, now, rules, reading, out);
    if (out.acked > 0 && !board_.empty() && board_.front().sacked) {
        // RFC 2018, section 8: it had these octets, and now it asks for them.
        board_.forget_sacks();
        out.reneged = true;
    }
    const bool plain_duplicate = in.duplicate && in.sack.empty();
    const bool dsack_of_probe = out.dsack && probe_.is_answered_by(in.sack.front().right);
    const auto probe = probe_.on_ack(in.ack, dsack_of_probe, plain_duplicate);
    if (out.dsack && !dsack_of_probe) {
        rack_.on_dsack(o.snd_nxt);
        if (spurious_.is_spurious_by_duplicate(in.sack.front().left, in.sack.front().right))
            undo(out, SpuriousProof::dsack);
    }
    if (out.acked > 0 && spurious_.is_spurious_by_echo(in.has_echo, in.echo)) undo(out, SpuriousProof::echo);
    if (state_ == RecoveryState::loss) follow_timeout(in, reading, out);
    end_episode(in, now, rules, out);
    look_for_losses(in, now, path, rules, reading, out);
    if (probe == TailLossProbe::Verdict::repaired_loss && state_ <= RecoveryState::disorder) {
        out.flight = o.size();
        out.probe_repaired = true;
    }
    reading.finish(out);
    if (!rules.sack) {
        // RFC 9937, section 5: a duplicate tells of one segment, which a later acknowledgement covers once more.
        const std::uint32_t all = out.acked + duplicates_.departed(now.size(), o.mss);
        out.delivered = all - std::min(departed, all);
    }
    if (out.rtt) probe_.on_rtt_sample();
    return out;
}

bool Recovery::read_dsack(const AckInput& in, const Outstanding& o, RecoveryOutcome& out) {
    // RFC 2883, section 4: the first block lies below the acknowledgement, or inside the second.
    const wire::SackBlock& first = in.sack[0];
    if (first.left >= first.right) return false;
    const bool below = first.right <= in.ack;
    const bool inside = in.sack.size() > 1 && first.left >= in.sack[1].left && first.right <= in.sack[1].right;
    if (!below && !inside) return false;
    if (first.right > o.snd_nxt) return false;
    out.dsack = true;
    return true;
}

void Recovery::read_sack(const AckInput& in, const Outstanding& o, const RecoveryRules& rules, Reading& reading,
                         RecoveryOutcome& out) {
    const std::size_t skip = read_dsack(in, o, out) ? 1 : 0;
    for (const wire::SackBlock& block : in.sack.subspan(skip)) {
        if (block.right <= o.snd_una && block.left < block.right) continue;  // news of yesterday
        const bool believable = block.left < block.right && block.left > in.ack && block.right <= o.snd_nxt;
        if (!believable || board_.empty()) {
            ++out.bad_blocks;
            continue;
        }
        if (!board_.sack(max(block.left, board_.front().begin), block.right, o.mss, rules.max_ranges, reading))
            ++out.bad_blocks;
    }
}

void Recovery::end_episode(const AckInput& in, const Outstanding& now, const RecoveryRules& rules,
                           RecoveryOutcome& out) {
    if (out.acked == 0) return;
    if (state_ >= RecoveryState::cwr && in.ack >= recover_) {
        out.recovered = is_reducing();
        state_ = RecoveryState::open;
        forward_rto_.cancel();
        rack_.on_recovered();
        duplicates_.reset();
        urgent_ = false;
    } else if (state_ == RecoveryState::recovery && !rules.sack) {
        duplicates_.on_partial_ack(out.acked, now.mss);
    } else if (state_ != RecoveryState::recovery) {
        duplicates_.reset();
    }
    // Further on the comparison would mean something else: sequence numbers wrap.
    if (in.ack > recover_) has_recover_ = false;
}

/// RFC 5682, section 2.1, and section 3.1 with SACK.
void Recovery::follow_timeout(const AckInput& in, const Reading& reading, RecoveryOutcome& out) {
    const bool tells = out.acked > 0 || in.duplicate || reading.delivered_octets() > 0;
    if (!tells) return;
    const bool new_data_is_out = forward_rto_.waits_for_second_ack();
    // Step 2a: an acknowledgement inside what was sent again tells nothing of the rest.
    const bool inside = !board_.empty() && reading.is_rest(board_.front());
    const auto verdict = forward_rto_.on_ack(out.acked > 0 && !inside, in.ack >= recover_, reading.has_original());
    if (verdict == ForwardRto::Verdict::spurious) undo(out, SpuriousProof::frto);
    // Step 3a: cwnd of three segments, two of which are in the network.
    if (verdict == ForwardRto::Verdict::genuine && new_data_is_out) urgent_ = true;
}

// --- What is lost

void Recovery::look_for_losses(const AckInput& in, const Outstanding& now, const PathTimes& path,
                               const RecoveryRules& rules, Reading& reading, RecoveryOutcome& out) {
    reordering_at_ = kNever;
    const bool clean = board_.sacked().octets == 0 && board_.resent().octets == 0 && board_.lost().octets == 0;
    if (!rules.sack)
        find_losses_by_duplicates(in, now, reading, out);
    else if (clean)
        ;  // the fast path: all in order
    else if (rules.rack_tlp)
        find_losses_by_time(path, reading, path.reordering_seen || reading.shows_reordering());
    else
        find_losses_by_count(now, reading);
    if (reading.lost_octets() > 0 && state_ <= RecoveryState::cwr) {
        if (mtu_probe_.explains_losses(board_))
            lose_mtu_probe(now, reading);
        else
            enter(now, out);
    }
    if (state_ > RecoveryState::disorder) return;
    const bool in_doubt = board_.sacked().octets > 0 || duplicates_.count() > 0;
    state_ = in_doubt ? RecoveryState::disorder : RecoveryState::open;
    if (!in_doubt) limited_ = 0;
}

Duration Recovery::reordering_window(const PathTimes& path, bool reordering_seen) const {
    return rack_.reordering_window({.min_rtt = path.min_rtt,
                                    .srtt = path.srtt,
                                    .reordering_seen = reordering_seen,
                                    .in_recovery = state_ >= RecoveryState::recovery,
                                    .dup_thresh = board_.sacked().segments >= DuplicateAcks::kThreshold});
}

void Recovery::find_losses_by_time(const PathTimes& path, Reading& reading, bool reordering_seen) {
    const Duration window = reordering_window(path, reordering_seen);
    const std::uint32_t before = reading.lost_octets();
    const Duration wait = rack_.detect_losses(board_, path.now, window, reading);
    if (wait > Duration::zero()) reordering_at_ = path.now + wait;
    if (reading.lost_octets() == before || state_ >= RecoveryState::recovery) return;
    reason_ = window == Duration::zero() ? SendReason::sack_retransmit : SendReason::rack_retransmit;
}

/// RFC 6675, section 4, IsLost: DupThresh segments, or more than DupThresh - 1 full ones, are held above it.
void Recovery::find_losses_by_count(const Outstanding& now, Reading& reading) {
    std::uint32_t octets = 0;
    std::uint32_t segments = 0;
    const SentRange* r = board_.end();
    while (r != board_.begin() && octets <= (DuplicateAcks::kThreshold - 1) * now.mss &&
           segments < DuplicateAcks::kThreshold) {
        --r;
        if (!r->sacked) continue;
        octets += r->size();
        segments += r->segments;
    }
    if (octets <= (DuplicateAcks::kThreshold - 1) * now.mss && segments < DuplicateAcks::kThreshold) return;
    const Seq edge = r->begin;
    using Judgement = Scoreboard::Judgement;
    board_.mark_lost_if(
        [&](const SentRange& range) {
            if (range.begin >= edge) return Judgement::not_lost_nor_any_behind;
            return range.was_retransmitted() ? Judgement::not_lost : Judgement::lost;
        },
        reading);
    reason_ = SendReason::sack_retransmit;
}

/// RFC 5681, section 3.2, and RFC 6582, section 3.2: the third duplicate, and each partial acknowledgement.
void Recovery::find_losses_by_duplicates(const AckInput& in, const Outstanding& now, Reading& reading,
                                         const RecoveryOutcome& out) {
    const auto lose_first = [&] {
        board_.mark_lost(now.snd_una, min(now.snd_una + now.mss, now.snd_nxt), now.mss, reading);
    };
    if (state_ == RecoveryState::recovery && out.acked > 0) {
        lose_first();
        reason_ = SendReason::partial_ack;
        urgent_ = true;
        return;
    }
    if (!in.duplicate || state_ == RecoveryState::loss) return;
    duplicates_.on_duplicate();
    // RFC 6582, section 3.2, step 2: not again for duplicates of what an earlier recovery sent twice.
    const bool old_news = has_recover_ && in.ack <= recover_;
    if (state_ == RecoveryState::recovery || duplicates_.count() != DuplicateAcks::kThreshold || old_news) return;
    lose_first();
    reason_ = SendReason::fast_retransmit;
}

/// RFC 4821, section 7.6.2: all of it goes again, and congestion control hears nothing.
void Recovery::lose_mtu_probe(const Outstanding& now, Reading& reading) {
    board_.mark_lost(mtu_probe_.begin(), mtu_probe_.end(), now.mss, reading);
    mtu_probe_.on_lost();
    reason_ = SendReason::path_mtu;
}

void Recovery::enter(const Outstanding& now, RecoveryOutcome& out) {
    out.entered = state_ != RecoveryState::cwr;  // one reduction for each window of data
    out.flight = std::max(now.size() - std::min(limited_, now.size()), now.mss);
    state_ = RecoveryState::recovery;
    recover_ = now.snd_nxt;
    has_recover_ = true;
    limited_ = 0;
    urgent_ = true;
    first_partial_ = true;
    spurious_.begin(now.snd_una, now.snd_nxt);
    probe_.cancel();
}

void Recovery::undo(RecoveryOutcome& out, SpuriousProof proof) {
    spurious_.end();
    out.undone = true;
    out.proof = proof;
    forward_rto_.cancel();
    if (state_ < RecoveryState::recovery) return;
    out.after_timeout = state_ == RecoveryState::loss;
    board_.forget_losses();
    state_ = RecoveryState::open;
    urgent_ = false;
    duplicates_.reset();
}

RecoveryOutcome Recovery::on_reordering_timer(const Outstanding& o, const PathTimes& path, const RecoveryRules& rules,
                                              Watcher* watcher) {
    RecoveryOutcome out;
    Reading reading(rack_, nullptr, path, watcher, recover_);
    look_for_losses({.ack = o.snd_una, .sack = {}}, o, path, rules, reading, out);
    reading.finish(out);
    return out;
}

RecoveryOutcome Recovery::on_timeout(const Outstanding& o, const PathTimes& path, const RecoveryRules& rules,
                                     Watcher* watcher) {
    RecoveryOutcome out;
    Reading reading(rack_, nullptr, path, watcher, recover_);
    out.flight = std::max(o.size() - std::min(limited_, o.size()), o.mss);
    const bool under_way = state_ >= RecoveryState::recovery;
    if (!board_.empty() && board_.front().sacked) {
        board_.forget_sacks();
        out.reneged = true;
    }
    // RFC 8985, section 6.3: the first, and what has had its time. Without SACK there is nothing to tell them apart by.
    board_.mark_lost(o.snd_una, rules.rack_tlp ? min(o.snd_una + o.mss, o.snd_nxt) : o.snd_nxt, o.mss, reading);
    if (rules.rack_tlp)
        rack_.mark_losses_on_timeout(board_, path.now, reordering_window(path, path.reordering_seen), reading);
    spurious_.begin(o.snd_una, o.snd_nxt);
    if (rules.frto && !under_way)
        forward_rto_.begin();
    else
        forward_rto_.cancel();
    // RFC 6582, section 4: no fast retransmit until what is outstanding now has been acknowledged.
    state_ = RecoveryState::loss;
    recover_ = o.snd_nxt;
    has_recover_ = true;
    limited_ = 0;
    urgent_ = true;
    duplicates_.reset();
    probe_.cancel();
    reordering_at_ = kNever;
    reading.finish(out);
    return out;
}

bool Recovery::on_congestion_mark(const Outstanding& o) {
    // RFC 3168, section 6.1.2: once for each window of data; what acknowledges just that window still echoes the same
    // mark, for the peer has not seen CWR.
    const bool same_window = has_recover_ && o.snd_una <= recover_;
    if (state_ >= RecoveryState::cwr || same_window) return false;
    state_ = RecoveryState::cwr;
    recover_ = o.snd_nxt;
    has_recover_ = true;
    return true;
}

void Recovery::on_refused(const Outstanding& o) {
    const PathTimes nowhere;
    Reading reading(rack_, nullptr, nowhere, nullptr, recover_);
    board_.mark_lost(o.snd_una, o.snd_nxt, o.mss, reading);
    reason_ = SendReason::window_probe;
}

void Recovery::on_too_large(const Outstanding& o) {
    const PathTimes nowhere;
    Reading reading(rack_, nullptr, nowhere, nullptr, recover_);
    using Judgement = Scoreboard::Judgement;
    board_.mark_lost_if([&](const SentRange& r) { return r.size() > o.mss ? Judgement::lost : Judgement::not_lost; },
                        reading);
    if (mtu_probe_.is_in_flight()) mtu_probe_.on_lost();
    if (state_ != RecoveryState::recovery) reason_ = SendReason::path_mtu;
    probe_.cancel();
}

void Recovery::on_mtu_probe_refused(const Outstanding& o) {
    const PathTimes nowhere;
    Reading reading(rack_, nullptr, nowhere, nullptr, recover_);
    lose_mtu_probe(o, reading);
}

// --- The window in a reduction

void Recovery::begin_reduction(std::uint32_t ssthresh, const RecoveryOutcome& found, const Outstanding& o) {
    // RFC 9937, section 6.1: what was delivered before does not count, what this acknowledgement delivers does.
    const std::uint32_t all = board_.out().octets + found.acked;
    const std::uint32_t known = board_.sacked().octets + duplicates_.departed(o.size(), o.mss);
    const std::uint32_t known_now = found.delivered - std::min(found.acked, found.delivered);
    const std::uint32_t known_before = known - std::min(known_now, known);
    prr_.begin(ssthresh, all - std::min(known_before, all));
}

std::uint32_t Recovery::reduced_cwnd(const RecoveryOutcome& ack, const Outstanding& o) {
    const bool safe = ack.acked > 0 && ack.lost == 0;
    return prr_.on_ack(ack.delivered, pipe(o), safe, o.mss);
}

}  // namespace hourglass::tcp
