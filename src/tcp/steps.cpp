#include "tcp/steps.h"

#include "tcp/acknowledgement.h"
#include "tcp/ecn.h"
#include "tcp/emit.h"
#include "tcp/engine.h"
#include "tcp/receiver.h"

namespace hourglass::tcp {

namespace {

// RFC 7323, section 5.5: after 24 days without a segment, a timestamp says nothing any more.
constexpr std::uint32_t kTimestampValidMs = 24u * 24 * 3600 * 1000;

bool is_old_timestamp(const Arrival& a) {
    const Connection& c = *a.connection;
    if (!c.timestamps || !a.segment.options.timestamps || a.segment.flags.rst()) return false;
    const auto age = static_cast<std::int32_t>(a.segment.options.timestamps->value - c.ts_recent);
    const auto now_ms = milliseconds(a.engine.now);
    return age < 0 && now_ms - c.ts_recent_ms < kTimestampValidMs;
}

/// RFC 7323, section 3.2: what was agreed upon is expected of every segment. A SYN belongs to no agreement yet, and
/// gets its challenge (RFC 5961, section 4.2) either way.
bool lacks_timestamp(const Arrival& a) {
    const Segment& seg = a.segment;
    return a.engine.settings.require_timestamps && a.connection->timestamps && !seg.options.timestamps &&
           !seg.flags.rst() && !seg.flags.syn();
}

/// The four cases of RFC 9293, section 3.10.7.4 (table 6).
bool is_acceptable(const Connection& c, const Segment& seg) {
    const std::uint32_t wnd = c.rcv_wnd();
    // A RST is judged by its sequence number alone, whatever it carries (RFC 5961, section 3.2).
    const std::uint32_t length = seg.flags.rst() ? 0 : seg.length();
    if (length == 0) return wnd == 0 ? seg.seq == c.rcv_nxt : in_window(seg.seq, c.rcv_nxt, wnd);
    if (wnd == 0) return false;
    return in_window(seg.seq, c.rcv_nxt, wnd) || in_window(seg.seq + (length - 1), c.rcv_nxt, wnd);
}

[[gnu::cold]] Disposition drop_unacceptable(Arrival& a, Verdict verdict, Literal clause) {
    if (a.segment.flags.rst()) return {Verdict::dropped_rst, clause};
    ++a.engine.counters.dropped_out_of_window;
    Connection& c = *a.connection;
    if (a.segment.data_size > 0 && verdict == Verdict::duplicate)
        report_duplicate(a.engine, c, a.segment.seq, min(a.segment.seq + a.segment.data_size, c.rcv_nxt));
    // Data that comes again wants its acknowledgement; anything else may come from an end that disagrees, and answers
    // of answers would never end.
    if (a.segment.data_size > 0 || a.segment.fin || a.engine.may_answer_again(c))
        ack_now(a.engine, c, SendReason::ack_duplicate_data);
    return {verdict, clause};
}

}  // namespace

void keep_timestamp(const Arrival& a) {
    Connection& c = *a.connection;
    if (!c.timestamps || !a.segment.options.timestamps || a.segment.view.seq() > c.last_ack_sent) return;
    c.ts_recent = a.segment.options.timestamps->value;
    c.ts_recent_ms = milliseconds(a.engine.now);
}

Step check_sequence(Arrival& a) {
    Connection& c = *a.connection;
    Segment& seg = a.segment;
    if (lacks_timestamp(a)) {
        ++a.engine.counters.dropped_paws;
        return Disposition{Verdict::dropped_paws, "RFC 7323 3.2"};  // "SHOULD silently drop the segment"
    }
    if (is_old_timestamp(a)) {
        ++a.engine.counters.dropped_paws;
        return drop_unacceptable(a, Verdict::dropped_paws, "RFC 7323 5.3 R1");
    }
    if (!is_acceptable(c, seg)) {
        // "If the RCV.WND is zero, no segments will be acceptable, but special allowance should be made to accept valid
        // ACKs, URGs, and RSTs": a window probe is such a segment; what it carries is cut off.
        if (c.rcv_wnd() != 0 || seg.seq != c.rcv_nxt || seg.flags.syn())
            return drop_unacceptable(a, Verdict::duplicate, "RFC 9293 3.10.7.4 first");
        ++a.engine.counters.dropped_out_of_window;
        seg.trim_back(0);
        ack_now(a.engine, c, SendReason::ack_duplicate_data);
    }
    if (c.has_ecn()) [[unlikely]]
        take_mark(a.engine, c, seg);
    if (seg.seq < c.rcv_nxt) {
        // Old octets in front: the sender has not seen our ACK.
        if (seg.data_size > 0) report_duplicate(a.engine, c, seg.seq, min(seg.seq + seg.data_size, c.rcv_nxt));
        seg.trim_front(static_cast<std::uint32_t>(c.rcv_nxt - seg.seq));
        ack_now(a.engine, c, SendReason::ack_duplicate_data);
    }
    const auto room = static_cast<std::uint32_t>(c.rcv_adv - seg.seq);
    if (seg.data_size > room)
        seg.trim_back(room);
    else if (seg.data_size == room && seg.fin)
        seg.fin = false;
    return std::nullopt;
}

Step check_reset(Arrival& a) {
    if (!a.segment.flags.rst()) return std::nullopt;
    Connection& c = *a.connection;
    if (a.segment.view.seq() != c.rcv_nxt) return challenge(a, "RFC 5961 3.2");
    ++a.engine.counters.resets_in;
    if (c.state == State::established || c.state == State::close_wait) ++a.engine.counters.established_resets;
    // In the last three states both directions were closed already: nothing is lost by it, unless data still waits for
    // its acknowledgement.
    const bool closing = c.state == State::closing || c.state == State::last_ack || c.state == State::time_wait;
    const bool all_acknowledged = c.send_queue_size() == 0;
    Error error = closing && all_acknowledged ? Error::none : Error::reset;
    if (c.state == State::syn_received) {
        // It came from SYN-SENT or was opened by a cookie, or it would have gone back to LISTEN. Only the former has an
        // application that was never told of it.
        ++a.engine.counters.attempt_fails;
        error = c.passive ? Error::reset : Error::refused;
    }
    a.engine.finish(c, error, "RST received");
    return Disposition{Verdict::reset_received, "RFC 9293 3.10.7.4 second"};
}

Step check_syn(Arrival& a) {
    if (!a.segment.view.flags().syn()) return std::nullopt;
    return challenge(a, "RFC 5961 4.2");
}

Step check_ack(Arrival& a) {
    Connection& c = *a.connection;
    Segment& seg = a.segment;
    if (!seg.flags.ack()) return Disposition{Verdict::dropped_no_ack, "RFC 9293 3.10.7.4 fifth"};
    // RFC 5961, section 5.2: (SND.UNA - MAX.SND.WND) =< SEG.ACK =< SND.NXT.
    if (seg.ack > c.snd_nxt || seg.ack < c.snd_una - c.max_snd_wnd) {
        ++a.engine.counters.dropped_bad_ack;
        challenge(a, "RFC 5961 5.2");
        return Disposition{Verdict::dropped_bad_ack, "RFC 5961 5.2"};
    }
    keep_timestamp(a);
    process_acknowledgement(a.engine, c, seg);
    return std::nullopt;
}

Step check_synchronized(Arrival& a) {
    if (auto end = check_sequence(a)) return end;
    if (auto end = check_reset(a)) return end;
    if (auto end = check_syn(a)) return end;
    return check_ack(a);
}

Disposition challenge(Arrival& a, Literal clause) {
    if (a.engine.take_challenge_allowance(*a.connection)) {
        ++a.engine.counters.challenge_acks;
        ack_now(a.engine, *a.connection, SendReason::challenge_ack);
    }
    return {Verdict::challenged, clause};
}

}  // namespace hourglass::tcp
