// Events in words.

#include <fmt/format.h>

#include "hourglass/trace/summary.h"
#include "hourglass/trace/why.h"
#include "trace/event_tokens.h"
#include "trace/ladder_label.h"
#include "trace/text.h"

namespace hourglass::trace {

namespace {

std::string change_of(tcp::State before, tcp::State after) {
    return fmt::format("{} -> {}", tcp::to_string(before), tcp::to_string(after));
}

/// Sequence numbers as people count them: from the SYN of their side.
class Numbers {
  public:
    Numbers(const EventLog& log, EndIndex end) {
        if (end == kNoEnd) return;
        iss_ = log.connections()[end].iss;
        irs_ = log.connections()[end].irs;
    }
    [[nodiscard]] std::string own(tcp::Seq seq) const { return text(seq, iss_); }
    [[nodiscard]] std::string other(tcp::Seq seq) const { return text(seq, irs_); }

  private:
    static std::string text(tcp::Seq seq, const std::optional<tcp::Seq>& base) {
        return grouped(base ? (seq - base->raw()).raw() : seq.raw());
    }
    std::optional<tcp::Seq> iss_, irs_;
};

/// "SYN-ACK seq 0, ack 1", "1,460 octets from 1 on, ack 1", "ack 2,921".
std::string segment_text(const SegmentHeader& h, const Numbers& numbers, bool sent) {
    const auto seq = [&](tcp::Seq s) { return sent ? numbers.own(s) : numbers.other(s); };
    const auto ack = [&](tcp::Seq s) { return sent ? numbers.other(s) : numbers.own(s); };
    // What carries data has ACK set, and PSH where the application's data ends: no news.
    constexpr auto kUsual = wire::TcpFlags::kAck | wire::TcpFlags::kPsh;
    const bool plain_data = h.length > 0 && (h.flags.value & ~kUsual) == 0 && h.flags.ack();
    std::string text = plain_data ? "" : flag_text(h.flags);
    if (h.length > 0)
        text += fmt::format("{}{} octets from {} on", plain_data ? "" : ", ", grouped(h.length), seq(h.seq));
    else if (h.flags.syn() || h.flags.fin() || h.flags.rst())
        text += fmt::format(", seq {}", seq(h.seq));
    if (h.flags.ack()) text += fmt::format(", ack {}", ack(h.ack));
    return text;
}

struct Words {
    const EventLog& log;
    const Event& event;
    Numbers numbers;

    std::string operator()(const ConnectionStarted& e) const {
        const tcp::FlowKey& flow = log.connections()[event.end].flow;
        return fmt::format("a connection {} {}", e.active ? "to" : "from",
                           SocketAddress{flow.remote, flow.remote_port}.to_string());
    }
    std::string operator()(const ParametersSet& e) const {
        return fmt::format("both ends agree: MSS {}, {}window scaling, {}timestamps, {}SACK", e.snd_mss,
                           e.window_scaling ? "" : "no ", e.timestamps ? "" : "no ", e.sack ? "" : "no ");
    }
    std::string operator()(const StateUpdated& e) const {
        return fmt::format("{}: {}", change_of(e.before, e.after), e.trigger);
    }
    std::string operator()(const ConnectionEnded& e) const {
        return e.error == tcp::Error::none
                   ? fmt::format("the connection is over: {}", e.trigger)
                   : fmt::format("the connection has failed: {} ({})", tcp::to_string(e.error), e.trigger);
    }
    std::string operator()(const QueueUpdated& e) const {
        return fmt::format("{} queue: {}, {} of {}", tcp::to_string(e.queue), tcp::to_string(e.change), e.length,
                           e.limit);
    }
    std::string operator()(const SegmentSent& e) const {
        return fmt::format("sends segment {}{}: {}", e.number, e.retransmission ? " again" : "",
                           segment_text(e.header, numbers, true));
    }
    std::string operator()(const SegmentReceived& e) const {
        std::string text = fmt::format("receives segment {}: {}; {}", e.number, segment_text(e.header, numbers, false),
                                       tcp::to_string(e.verdict));
        if (e.before != e.after) text += fmt::format("; {}", change_of(e.before, e.after));
        return text;
    }
    std::string operator()(const SegmentDropped& e) const {
        return fmt::format("drops segment {}: {}", e.number, tcp::to_string(e.verdict));
    }
    std::string operator()(const BlockedUpdated& e) const {
        std::string text;
        if (e.after == tcp::SendLimit::application)
            text = "all that the application gave has been sent";
        else if (e.after == tcp::SendLimit::none)
            text = "nothing holds the sender";
        else
            text = fmt::format("{} holds the sender", tcp::to_string(e.after));
        if (e.send_buffer_full) text += "; the send buffer is full";
        return text;
    }
    std::string operator()(const TimerUpdated& e) const {
        switch (e.change) {
            case TimerUpdated::Change::set:
                return fmt::format("the {} timer is set: {} from now", e.timer, duration_text(e.at - event.time));
            case TimerUpdated::Change::cancelled:
                return fmt::format("the {} timer is stopped", e.timer);
            case TimerUpdated::Change::expired:
                return e.count > 1 ? fmt::format("the {} timer runs out, {} times in a row", e.timer, e.count)
                                   : fmt::format("the {} timer runs out", e.timer);
        }
        return "";
    }
    std::string operator()(const MetricsUpdated& e) const {
        return fmt::format("cwnd {}, in the network {}, peer's window {}", grouped(e.cwnd), grouped(e.pipe),
                           grouped(e.snd_wnd));
    }
    std::string operator()(const RecoveryUpdated& e) const {
        return fmt::format("loss recovery: {} -> {}", tcp::to_string(e.before), tcp::to_string(e.after));
    }
    std::string operator()(const RangeLost& e) const {
        return fmt::format("{} octets between {} and {} are taken for lost: {}", grouped(e.octets),
                           numbers.own(e.begin), numbers.own(e.end), tcp::to_string(e.rule));
    }
    std::string operator()(const LossSpurious& e) const {
        return fmt::format("nothing was lost: {}; the {} is undone", tcp::to_string(e.proof),
                           e.timeout ? "timeout" : "fast recovery");
    }
    std::string operator()(const SocketCalled& e) const {
        switch (e.call) {
            case tcp::Call::send:
                return e.done == e.asked ? fmt::format("the application sends {} octets", grouped(e.done))
                                         : fmt::format("the application sends {} octets; the buffer takes {}",
                                                       grouped(e.asked), grouped(e.done));
            case tcp::Call::receive:
                return fmt::format("the application reads {} octets", grouped(e.done));
            default:
                return fmt::format("the application calls {}", tcp::to_string(e.call));
        }
    }
    std::string operator()(const ApplicationTold& e) const {
        return fmt::format("the application is told: {}", tcp::to_string(e.notice));
    }
    std::string operator()(const PacketFate& e) const {
        const std::string what = e.number != 0 ? fmt::format("segment {}", e.number) : "a packet";
        switch (e.fate) {
            case PacketFate::Fate::lost:
                return fmt::format("the network loses {} on its way to {}: {}", what, e.to, sim::to_string(e.reason));
            case PacketFate::Fate::duplicated:
                return fmt::format("the network delivers {} to {} twice", what, e.to);
            case PacketFate::Fate::corrupted:
                return fmt::format("the network flips bits of {} on its way to {}", what, e.to);
        }
        return "";
    }
    std::string operator()(const Remarked& e) const { return e.text; }
};

}  // namespace

std::string segment_in_words(const EventLog& log, const Event& event) {
    const Numbers numbers(log, event.end);
    if (const auto* sent = event.as<SegmentSent>()) return segment_text(sent->header, numbers, true);
    if (const auto* received = event.as<SegmentReceived>()) return segment_text(received->header, numbers, false);
    return {};
}

std::string in_words(const EventLog& log, const Event& event) {
    return printable(std::visit(Words{log, event, Numbers(log, event.end)}, event.data));
}

}  // namespace hourglass::trace
