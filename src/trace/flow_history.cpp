#include "trace/flow_history.h"

#include <algorithm>
#include <unordered_set>
namespace hourglass::trace {

namespace {

constexpr double kMostSilence = 0.4;  // of the whole

/// Sequence numbers as distances from the first, which grow beyond 2^32.
class Unwrapped {
  public:
    explicit Unwrapped(std::optional<tcp::Seq> initial) : initial_(initial) {}
    std::int64_t operator()(tcp::Seq seq) {
        if (!initial_) initial_ = seq;
        const auto raw = static_cast<std::uint32_t>((seq - initial_->raw()).raw());
        const auto step = static_cast<std::int32_t>(raw - static_cast<std::uint32_t>(last_));
        return last_ += step;
    }

  private:
    std::optional<tcp::Seq> initial_;
    std::int64_t last_ = 0;
};

/// Reads the events of one end.
class Reader {
  public:
    Reader(const EventLog& log, EndIndex end, Instant from, Instant until)
        : log_(log), end_(end), from_(from), until_(until), offset_(log.connections()[end].iss) {}

    [[nodiscard]] FlowHistory read();

  private:
    void find_fates();
    void find_late_arrivals();
    void take(const Event& event);
    void sent(const Event& event, const SegmentSent& segment);
    void received(const Event& event, const SegmentReceived& segment);
    void blocked(double time, tcp::SendLimit limit, bool buffer);
    void recovery(double time, tcp::RecoveryState state);
    void leave_out_silence();

    const EventLog& log_;
    EndIndex end_;
    Instant from_, until_;
    Unwrapped offset_;
    FlowHistory out_;
    std::unordered_set<SegmentNumber> lost_, late_;
    std::optional<std::int64_t> last_ack_, last_edge_;
    std::int64_t highest_sent_ = 0;
    bool any_ = false;
};

void Reader::find_fates() {
    for (const Event& event : log_.events()) {
        const auto* fate = event.as<PacketFate>();
        if (fate != nullptr && fate->number != 0 && fate->fate != PacketFate::Fate::duplicated)
            lost_.insert(fate->number);
    }
}

/// What came to the other end behind something that had been sent later.
void Reader::find_late_arrivals() {
    const EndIndex peer = log_.connections()[end_].peer;
    if (peer == kNoEnd) return;
    Unwrapped offset(log_.connections()[end_].iss);
    std::int64_t highest = 0;
    for (const Event& event : log_.events()) {
        const auto* segment = event.end == peer ? event.as<SegmentReceived>() : nullptr;
        if (segment == nullptr || segment->header.length == 0) continue;
        const std::int64_t begin = offset(segment->header.seq);
        if (begin < highest) late_.insert(segment->number);
        highest = std::max(highest, begin + segment->header.length);
    }
}

void Reader::sent(const Event& event, const SegmentSent& segment) {
    const SegmentHeader& header = segment.header;
    FlowHistory::Sent one;
    one.time = to_seconds(log_.since_epoch(event.time));
    one.begin = offset_(header.seq);
    one.syn = header.flags.syn();
    one.fin = header.flags.fin();
    one.rst = header.flags.rst();
    one.length = header.length;
    one.end = one.begin + header.length + (one.syn ? 1 : 0) + (one.fin ? 1 : 0);
    one.again = segment.retransmission;
    one.reason = segment.reason;
    one.lost = lost_.contains(segment.number);
    one.out_of_order = !one.again && late_.contains(segment.number);
    highest_sent_ = std::max(highest_sent_, one.end);
    if (segment.reason == tcp::SendReason::tail_loss_probe) out_.probes.push_back({one.time, header.length});
    out_.sent.push_back(one);
}

void Reader::received(const Event& event, const SegmentReceived& segment) {
    const SegmentHeader& header = segment.header;
    const bool counts = segment.verdict == tcp::Verdict::accepted || segment.verdict == tcp::Verdict::duplicate;
    if (!counts || !header.flags.ack() || header.flags.rst()) return;
    const auto& end = log_.connections()[end_];
    FlowHistory::Ack one;
    one.time = to_seconds(log_.since_epoch(event.time));
    one.ack = offset_(header.ack);
    const unsigned scale = header.flags.syn() ? 0 : end.snd_wscale;
    one.window_end = one.ack + (static_cast<std::int64_t>(header.window) << scale);
    one.zero_window = header.window == 0;
    one.duplicate = last_ack_ == one.ack && last_edge_ == one.window_end && header.length == 0 && !header.flags.syn() &&
                    !header.flags.fin() && one.ack < highest_sent_;
    for (const auto& block : header.options.sack_blocks())
        one.sacks.emplace_back(offset_(block.left), offset_(block.right));
    last_ack_ = one.ack;
    last_edge_ = one.window_end;
    out_.acks.push_back(std::move(one));
}

void Reader::blocked(double time, tcp::SendLimit limit, bool buffer) {
    if (!out_.blocked.empty()) out_.blocked.back().end = time;
    out_.blocked.push_back({time, time, limit, buffer});
}

void Reader::recovery(double time, tcp::RecoveryState state) {
    if (!out_.recoveries.empty()) out_.recoveries.back().end = time;
    out_.recoveries.push_back({time, time, state});
}

void Reader::take(const Event& event) {
    const double time = to_seconds(log_.since_epoch(event.time));
    const bool segment = event.as<SegmentSent>() != nullptr || event.as<SegmentReceived>() != nullptr;
    if (segment) {
        if (!any_) out_.first = time;
        any_ = true;
        out_.last = time;
    }
    if (const auto* e = event.as<SegmentSent>()) sent(event, *e);
    if (const auto* e = event.as<SegmentReceived>()) received(event, *e);
    if (const auto* e = event.as<MetricsUpdated>()) out_.metrics.push_back({time, *e});
    if (const auto* e = event.as<BlockedUpdated>())
        blocked(time, e->after, e->send_buffer_full && e->after == tcp::SendLimit::application);
    if (const auto* e = event.as<RecoveryUpdated>()) recovery(time, e->after);
    if (const auto* e = event.as<RangeLost>()) out_.losses.push_back({time, e->octets});
    if (event.as<LossSpurious>() != nullptr) out_.undone.push_back({time, 1});
    if (const auto* e = event.as<TimerUpdated>();
        e != nullptr && e->change == TimerUpdated::Change::expired && e->timer == "retransmission")
        out_.timeouts.push_back({time, e->count});
}

/// Before the first data, and behind the last: a handshake long before, or a FIN long after, would leave a picture of
/// nothing but waiting.
void Reader::leave_out_silence() {
    std::vector<double> times;
    for (const auto& sent : out_.sent) times.push_back(sent.time);
    for (const auto& ack : out_.acks) times.push_back(ack.time);
    std::ranges::sort(times);
    std::optional<double> first, last;
    for (const auto& sent : out_.sent) {
        if (sent.length == 0) continue;
        if (!first) first = sent.time;
        last = sent.time;
    }
    if (!first) return;
    std::int64_t acknowledged = 0;
    for (const auto& ack : out_.acks) {
        if (ack.ack > acknowledged) last = std::max(*last, ack.time);
        acknowledged = std::max(acknowledged, ack.ack);
    }
    const auto before = std::ranges::lower_bound(times, *first);
    if (before != times.begin() && *first - before[-1] > kMostSilence * (out_.last - out_.first)) out_.first = *first;
    for (auto next = std::ranges::upper_bound(times, *last); next != times.end(); ++next)
        if (*next - next[-1] > kMostSilence * (out_.last - out_.first)) {
            out_.last = next[-1];
            break;
        }
}

FlowHistory Reader::read() {
    find_fates();
    find_late_arrivals();
    for (const Event& event : log_.events())
        if (event.end == end_ && event.time >= from_ && event.time < until_) take(event);
    leave_out_silence();
    if (!out_.blocked.empty()) out_.blocked.back().end = out_.last;
    if (!out_.recoveries.empty()) out_.recoveries.back().end = out_.last;
    return std::move(out_);
}

}  // namespace

FlowHistory flow_history(const EventLog& log, EndIndex end, Instant from, Instant until) {
    return Reader(log, end, from, until).read();
}

std::vector<RttSample> rtt_samples(const FlowHistory& history) {
    struct Waiting {
        std::int64_t begin, end;
        double time;
        bool again;
    };
    std::vector<Waiting> waiting;
    std::vector<RttSample> samples;
    const auto cover = [&](std::int64_t begin, std::int64_t end, double time) {
        std::erase_if(waiting, [&](const Waiting& one) {
            if (one.begin < begin || one.end > end) return false;
            if (!one.again) samples.push_back({time, time - one.time});
            return true;
        });
    };
    auto ack = history.acks.begin();
    const auto take_acks = [&](double until) {
        for (; ack != history.acks.end() && ack->time <= until; ++ack) {
            cover(INT64_MIN, ack->ack, ack->time);
            for (const auto& [begin, end] : ack->sacks) cover(begin, end, ack->time);
        }
    };
    for (const FlowHistory::Sent& sent : history.sent) {
        take_acks(sent.time);
        if (sent.end == sent.begin) continue;
        bool again = sent.again;
        for (Waiting& one : waiting)
            if (one.begin < sent.end && sent.begin < one.end) one.again = again = true;
        waiting.push_back({sent.begin, sent.end, sent.time, again});
    }
    if (ack != history.acks.end()) take_acks(history.acks.back().time);
    return samples;
}

}  // namespace hourglass::trace
