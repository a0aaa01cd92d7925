#include "tcp/recovery/scoreboard.h"

#include <algorithm>

namespace hourglass::tcp {

namespace {

constexpr std::size_t kKeptCapacity = 256;

bool same_fate(const SentRange& a, const SentRange& b) {
    return a.sacked == b.sacked && a.lost == b.lost && a.resent == b.resent;
}

/// Nothing tells them apart. When what the peer holds was sent does not matter any more.
bool are_alike(const SentRange& a, const SentRange& b) {
    return same_fate(a, b) &&
           (a.sacked || (a.sent.sent_at == b.sent.sent_at && a.sent.retransmission == b.sent.retransmission &&
                         a.sent.delivered == b.sent.delivered));
}

void join(SentRange& a, const SentRange& b) {
    a.end = b.end;
    a.segments += b.segments;
    a.sent = b.sent;
}

}  // namespace

void Scoreboard::clear() {
    if (ranges_.capacity() > kKeptCapacity)
        ranges_ = {};
    else
        ranges_.clear();
    head_ = 0;
    out_ = sacked_ = lost_ = resent_ = {};
}

void Scoreboard::count(const SentRange& r, Sign sign) {
    const auto apply = [&](Tally& t) {
        t.octets += sign == Sign::add ? r.size() : -r.size();
        t.segments += sign == Sign::add ? r.segments : -r.segments;
    };
    apply(out_);
    if (r.sacked) return apply(sacked_);  // what the peer holds is neither lost nor in the network
    if (r.lost) apply(lost_);
    if (r.resent) apply(resent_);
}

template <typename Change>
void Scoreboard::change(SentRange& r, Change&& how) {
    count(r, Sign::take);
    how(r);
    count(r, Sign::add);
}

std::size_t Scoreboard::find(Seq at) const {
    const auto from = ranges_.begin() + static_cast<std::ptrdiff_t>(head_);
    const auto next = std::upper_bound(from, ranges_.end(), at, [](Seq s, const SentRange& r) { return s < r.begin; });
    return static_cast<std::size_t>(next - ranges_.begin()) - 1;
}

std::size_t Scoreboard::split(Seq at, std::uint32_t mss) {
    const std::size_t i = find(at);
    if (ranges_[i].begin == at) return i;
    count(ranges_[i], Sign::take);
    SentRange right = ranges_[i];
    SentRange& left = ranges_[i];
    left.end = right.begin = at;
    left.segments = std::min(segments_in(left.size(), mss), std::max(right.segments, 2u) - 1);
    right.segments = std::max(right.segments, left.segments + 1) - left.segments;
    count(left, Sign::add);
    count(right, Sign::add);
    ranges_.insert(ranges_.begin() + static_cast<std::ptrdiff_t>(i) + 1, right);
    return i + 1;
}

bool Scoreboard::can_split(Seq at, std::size_t i, std::size_t max_ranges) const {
    return ranges_[i].begin == at || size() < max_ranges;
}

bool Scoreboard::join_with_previous(std::size_t i) {
    if (i == head_ || i >= ranges_.size()) return false;
    SentRange& a = ranges_[i - 1];
    const SentRange& b = ranges_[i];
    if (!are_alike(a, b)) return false;
    join(a, b);
    ranges_.erase(ranges_.begin() + static_cast<std::ptrdiff_t>(i));
    return true;
}

void Scoreboard::on_sent(Seq begin, Seq end, std::uint32_t segments, const SendSnapshot& sent, std::size_t max_ranges) {
    if (empty()) due_from_ = begin;
    const SentRange r{.begin = begin, .end = end, .segments = segments, .sent = sent};
    count(r, Sign::add);
    const bool full = size() >= max_ranges;
    if (!empty() && (are_alike(back(), r) || (full && same_fate(back(), r))))
        join(ranges_.back(), r);
    else
        ranges_.push_back(r);
}

void Scoreboard::on_resent(Seq begin, Seq end, std::uint32_t mss, const SendSnapshot& sent) {
    std::size_t i = split(begin, mss);
    if (end < back().end) split(end, mss);
    for (; i < ranges_.size() && ranges_[i].begin < end; ++i) {
        change(ranges_[i], [&](SentRange& r) {
            r.resent = !r.sacked;
            r.sent = sent;
        });
        if (join_with_previous(i)) --i;
    }
}

void Scoreboard::drop_front() {
    ++head_;
    if (head_ == ranges_.size()) {
        ranges_.clear();
        head_ = 0;
    } else if (head_ >= 32 && head_ * 2 >= ranges_.size()) {
        ranges_.erase(ranges_.begin(), ranges_.begin() + static_cast<std::ptrdiff_t>(head_));
        head_ = 0;
    }
}

void Scoreboard::acknowledge(Seq ack, std::uint32_t mss, Visitor& visitor) {
    while (!empty() && front().begin < ack) {
        SentRange& r = ranges_[head_];
        count(r, Sign::take);
        SentRange piece = r;
        const bool whole = r.end <= ack;
        if (!whole) {
            piece.end = r.begin = ack;
            piece.segments = std::min(segments_in(piece.size(), mss), std::max(r.segments, 2u) - 1);
            r.segments = std::max(r.segments, piece.segments + 1) - piece.segments;
            count(r, Sign::add);
        }
        if (!piece.sacked) visitor.delivered(piece);
        if (whole) drop_front();
    }
    due_from_ = max(due_from_, ack);
}

bool Scoreboard::sack(Seq left, Seq right, std::uint32_t mss, std::size_t max_ranges, Visitor& visitor) {
    bool all = true;
    for (std::size_t i = find(left); i < ranges_.size() && ranges_[i].begin < right; ++i) {
        if (ranges_[i].sacked) continue;
        const Seq from = max(left, ranges_[i].begin);
        const Seq to = min(right, ranges_[i].end);
        if (!can_split(from, i, max_ranges) || (to < ranges_[i].end && size() + 1 >= max_ranges)) {
            all = false;
            continue;
        }
        i = split(from, mss);
        if (to < ranges_[i].end) split(to, mss);
        visitor.delivered(ranges_[i]);
        change(ranges_[i], [](SentRange& r) {
            r.sacked = true;
            r.lost = r.resent = false;
        });
        if (join_with_previous(i)) --i;
        join_with_previous(i + 1);
    }
    return all;
}

void Scoreboard::mark_lost(Seq begin, Seq end, std::uint32_t mss, Visitor& visitor) {
    if (empty() || begin >= end) return;
    split(begin, mss);
    if (end < back().end) split(end, mss);
    mark_lost_if(
        [&](const SentRange& r) {
            if (r.begin >= end) return Judgement::not_lost_nor_any_behind;
            return r.begin >= begin ? Judgement::lost : Judgement::not_lost;
        },
        visitor);
}

void Scoreboard::forget_losses() {
    for (std::size_t i = head_; i < ranges_.size(); ++i)
        if (ranges_[i].lost) change(ranges_[i], [](SentRange& r) { r.lost = false; });
}

void Scoreboard::forget_sacks() {
    for (std::size_t i = head_; i < ranges_.size(); ++i)
        if (ranges_[i].sacked) change(ranges_[i], [](SentRange& r) { r.sacked = false; });
}

const SentRange* Scoreboard::first_due() const {
    if (lost_.octets == 0 || empty() || due_from_ >= back().end) return nullptr;
    std::size_t i = due_from_ <= front().begin ? head_ : find(due_from_);
    while (i < ranges_.size() && !ranges_[i].is_due()) ++i;
    due_from_ = i < ranges_.size() ? ranges_[i].begin : back().end;
    return i < ranges_.size() ? &ranges_[i] : nullptr;
}

}  // namespace hourglass::tcp
