#include "tcp/ecn.h"

#include <algorithm>

#include "tcp/accurate_ecn.h"
#include "tcp/emit.h"
#include "tcp/engine.h"
#include "tcp/receiver.h"

namespace hourglass::tcp {

namespace {

using wire::Ecn;
using wire::TcpFlags;

constexpr int kEcnBits = TcpFlags::kAe | TcpFlags::kCwr | TcpFlags::kEce;
constexpr std::uint32_t kCounterMask = (1 << 24) - 1;

/// The three bits as a number: AE, CWR, ECE.
std::uint32_t ace_of(TcpFlags flags) {
    return (flags.ae() ? 4u : 0u) | (flags.cwr() ? 2u : 0u) | (flags.ece() ? 1u : 0u);
}

TcpFlags flags_of_ace(std::uint32_t ace) {
    return ((ace & 4) != 0 ? TcpFlags::kAe : 0) | ((ace & 2) != 0 ? TcpFlags::kCwr : 0) |
           ((ace & 1) != 0 ? TcpFlags::kEce : 0);
}

/// RFC 9768, tables 2 and 3: how a handshake's segment tells the ECN field of the one that it answers.
std::uint32_t handshake_encoding(Ecn field) {
    switch (field) {
        case Ecn::not_ect:
            return 0b010;
        case Ecn::ect1:
            return 0b011;
        case Ecn::ect0:
            return 0b100;
        case Ecn::ce:
            return 0b110;
    }
    return 0b010;
}

void begin_accurate(Connection& c, bool peer_saw_ce, Ecn syn_field) {
    c.ecn_mode = EcnMode::accurate;
    // RFC 9768, section 3.2.1: both counts begin at 5, so that a field of zeros shows; the SYN may add a mark.
    c.told_ce = peer_saw_ce ? 6 : 5;
    c.received_ce = syn_field == Ecn::ce ? 6 : 5;
}

/// At the passive end, or in a simultaneous open: the SYN asks, and the settings grant.
void answer_syn(const Engine& e, Connection& c, TcpFlags flags) {
    c.ecn_mode = EcnMode::none;
    if (e.settings.ecn == EcnUse::off || !flags.ece() || !flags.cwr()) return;
    if (flags.ae() && e.settings.ecn == EcnUse::accurate)
        begin_accurate(c, false, c.syn_ecn);
    else
        c.ecn_mode = EcnMode::classic;
}

/// At the active end: RFC 3168, section 6.1.1, and RFC 9768, section 3.1.2, table 2.
void read_syn_ack(Connection& c, TcpFlags flags) {
    const EcnMode asked = c.ecn_mode;
    c.ecn_mode = EcnMode::none;
    const std::uint32_t ace = ace_of(flags);
    if (asked == EcnMode::none || ace == 0b000 || ace == 0b111) return;
    if (ace == 0b001 || (ace == 0b101 && asked == EcnMode::accurate))
        c.ecn_mode = EcnMode::classic;
    else if (asked == EcnMode::accurate)
        begin_accurate(c, ace == 0b110, c.syn_ecn);
}

bool counts_octets(const Connection& c) { return c.accurate_ecn != Slab<AccurateEcn>::kNone; }

/// Accurate feedback begins.
void begin_counting_octets(Engine& e, Connection& c) {
    if (!counts_octets(c)) c.accurate_ecn = e.accurate_ecn.make();
}

/// RFC 9768, section 3.2.2.5.1: an ACK before more marks have come than the count's three bits can tell.
constexpr std::uint8_t kMaxMarksToTell = 7;

/// An acknowledgement for more than four segments on average, in eighths: the peer or the network thins them out.
constexpr std::uint8_t kFewAcks = 4 * 8;

/// RFC 9768, section 3.2.2.3: what we sent as not ECN-capable came as something else. Somebody changes the field: marks
/// would mean nothing.
bool was_changed_on_the_way(std::uint32_t ace) { return ace == 0b011 || ace == 0b100 || ace == 0b110; }

/// RFC 9768, section 3.2.2.4: a count of zero in the first segment means that somebody clears it, so that nothing sent
/// as ECN-capable could be told of.
void check_first_count(AccurateEcn& a, Connection& c, std::uint32_t ace) {
    if (a.ace_seen) return;
    a.ace_seen = true;
    if (ace == 0) c.ect_off = true;
}

/// What the option tells of newly marked octets. RFC 9768, section 3.2.3.2.4: counters that begin at zero were cleared
/// on the way.
std::optional<std::uint32_t> newly_marked_octets(AccurateEcn& a, const Segment& seg) {
    if (a.option_mangled || seg.options.unknown_count == 0) return std::nullopt;
    const auto told = accurate_ecn_option::read(seg.view.option_list(), a.told);
    if (!told) return std::nullopt;
    if (!a.option_seen && (told->ect0 == 0 || told->ect1 == 0)) {
        a.option_mangled = true;
        return std::nullopt;
    }
    a.option_seen = true;
    const std::uint32_t marked = (told->ce - a.told.ce) & kCounterMask;
    a.told = *told;
    // More than half of the circle: a segment that was overtaken.
    return marked > kCounterMask / 2 ? 0 : marked;
}

/// Payload counts by its field; a change of the field is told at once (RFC 9768, section 3.2.3.3).
void count_octets(Engine& e, Connection& c, const Segment& seg, Ecn field) {
    AccurateEcn& a = e.accurate_ecn[c.accurate_ecn];
    const auto size = static_cast<std::uint32_t>(seg.view.payload().size());
    if (size == 0) return;
    if (field != Ecn::not_ect) {
        std::uint32_t& counter = field == Ecn::ce     ? a.received.ce
                                 : field == Ecn::ect0 ? a.received.ect0
                                                      : a.received.ect1;
        counter = (counter + size) & kCounterMask;
        c.ecn_option_due = true;
    }
    if (a.any_data && field != a.last_field) ack_now(e, c, SendReason::ack_congestion_mark);
    a.any_data = true;
    a.last_field = field;
}

}  // namespace

TcpFlags ecn_flags_of_syn(const Connection& c) {
    if (c.state == State::syn_sent) {
        if (c.ecn_mode == EcnMode::none) return {};
        return c.ecn_mode == EcnMode::accurate ? TcpFlags(kEcnBits) : TcpFlags::kCwr | TcpFlags::kEce;
    }
    switch (c.ecn_mode) {
        case EcnMode::none:
            return {};
        case EcnMode::classic:
            return TcpFlags::kEce;
        case EcnMode::accurate:
            return flags_of_ace(handshake_encoding(c.syn_ecn));
    }
    return {};
}

void ask_for_ecn(const Engine& e, Connection& c, std::uint8_t syns_without_answer) {
    c.ecn_mode = EcnMode::none;
    if (e.settings.ecn == EcnUse::request && syns_without_answer < 1) c.ecn_mode = EcnMode::classic;
    if (e.settings.ecn == EcnUse::accurate && syns_without_answer < 2) c.ecn_mode = EcnMode::accurate;
}

void learn_ecn_from_syn(const Engine& e, Connection& c, const Segment& syn) {
    c.syn_ecn = Ecn(syn.packet->ecn & 3);
    if (c.ecn_mode == EcnMode::none && (syn.flags.value & kEcnBits) == 0) return;
    if (syn.flags.ack())
        read_syn_ack(c, syn.flags);
    else
        answer_syn(e, c, syn.flags);
}

void learn_ecn_from_third_segment(Engine& e, Connection& c, const Segment& seg) {
    if (c.ecn_mode != EcnMode::accurate) return;
    begin_accurate(c, false, c.syn_ecn);
    const std::uint32_t ace = ace_of(seg.flags);
    // Table 4.
    if (ace == 0) {
        c.ecn_mode = EcnMode::none;
        return;
    }
    if (ace == 0b110) c.told_ce = 6;
    begin_counting_octets(e, c);
    if (counts_octets(c)) e.accurate_ecn[c.accurate_ecn].ace_seen = true;
    c.ect_off = was_changed_on_the_way(ace);
    take_mark(e, c, seg);  // the counts have begun only now
}

void learn_ecn_from_syn_ack(Engine& e, Connection& c, const Segment& seg) {
    if (c.ecn_mode != EcnMode::accurate) return;
    c.ecn_answers_syn_ack = true;
    begin_counting_octets(e, c);
    c.ecn_option_due = counts_octets(c);  // the third segment tells where the counters begin
    c.ect_off = was_changed_on_the_way(ace_of(seg.flags));
}

void forget_octet_counters(Engine& e, const Connection& c) {
    if (counts_octets(c)) e.accurate_ecn.give_back(c.accurate_ecn);
}

TcpFlags ecn_flags(Connection& c, bool new_data) {
    TcpFlags flags;
    if (c.ecn_mode == EcnMode::accurate) {
        const bool third_segment = c.ecn_answers_syn_ack;
        c.ecn_answers_syn_ack = false;
        return flags_of_ace(third_segment ? handshake_encoding(c.syn_ecn) : c.received_ce);
    }
    if (c.ecn_mode != EcnMode::classic) return flags;
    if (c.ece_due) flags |= TcpFlags::kEce;
    if (c.cwr_due && new_data) {
        flags |= TcpFlags::kCwr;
        c.cwr_due = false;
    }
    return flags;
}

/// RFC 3168, sections 6.1.4 to 6.1.6: neither pure acknowledgements nor what is sent again nor window probes; and
/// nothing before both ends know what was agreed (RFC 3168, section 6.1.1).
Ecn ecn_field(const Connection& c, bool new_data) {
    if (c.ecn_mode == EcnMode::none || !new_data || !is_synchronized(c.state)) return Ecn::not_ect;
    return c.ect_off ? Ecn::not_ect : Ecn::ect0;
}

void take_mark(Engine& e, Connection& c, const Segment& seg) {
    if (c.ecn_mode == EcnMode::none) return;
    const auto field = Ecn(seg.packet->ecn & 3);
    const bool ce = field == Ecn::ce;
    if (c.ecn_mode == EcnMode::accurate) {
        if (counts_octets(c)) {
            AccurateEcn& a = e.accurate_ecn[c.accurate_ecn];
            if (ce && a.marks_to_tell == kMaxMarksToTell) emit_ack(e, c, SendReason::ack_congestion_mark);
            if (ce) ++a.marks_to_tell;
            count_octets(e, c, seg, field);
        }
        if (!ce) return;
        c.received_ce = (c.received_ce + 1) & 7;
        ack_now(e, c, SendReason::ack_congestion_mark);
        return;
    }
    // RFC 3168, section 6.1.3.
    if (seg.view.flags().cwr()) c.ece_due = false;
    if (!ce) return;
    if (!c.ece_due) ack_now(e, c, SendReason::ack_congestion_mark);
    c.ece_due = true;
}

EcnEcho read_echo(Engine& e, Connection& c, const Segment& seg, bool progress) {
    const TcpFlags flags = seg.view.flags();
    if (c.ecn_mode == EcnMode::classic) return {.congestion = flags.ece()};
    if (c.ecn_mode != EcnMode::accurate || flags.syn()) return {};
    const std::uint32_t ace = ace_of(flags);
    if (counts_octets(c)) check_first_count(e.accurate_ecn[c.accurate_ecn], c, ace);
    if (!progress) return {};
    const std::uint32_t marks = (ace + 8 - c.told_ce) & 7;
    c.told_ce = ace & 7;
    EcnEcho echo{.ce_segments = marks};
    if (counts_octets(c)) echo.octets = newly_marked_octets(e.accurate_ecn[c.accurate_ecn], seg);
    echo.congestion = marks > 0 || echo.octets.value_or(0) > 0;
    return echo;
}

void guard_against_wrap(Engine& e, const Connection& c, EcnEcho& echo, std::uint32_t delivered) {
    if (c.ecn_mode != EcnMode::accurate) return;
    // A network that changes the field is not listened to any more (RFC 9768, section 3.2.2.3).
    if (c.ect_off) {
        echo = {};
        return;
    }
    if (!counts_octets(c)) return;
    AccurateEcn& a = e.accurate_ecn[c.accurate_ecn];
    const std::uint32_t mss = c.snd_mss;
    const std::uint32_t segments = (delivered + mss - 1) / mss;
    const bool few_acks = a.segments_per_ack > kFewAcks;
    a.segments_per_ack = static_cast<std::uint8_t>((7u * a.segments_per_ack + std::min(8 * segments, 255u)) / 8);
    echo.ce_segments = marked_segments(echo.ce_segments, segments, echo.octets, mss, few_acks);
    if (echo.octets) echo.ce_segments = std::max(echo.ce_segments, (*echo.octets + mss - 1) / mss);
    echo.congestion = echo.ce_segments > 0;
}

// --- The option

std::size_t ecn_option_size(const Connection& c, std::size_t used) {
    if (!c.ecn_option_due) return 0;
    return accurate_ecn_option::size_for(wire::TcpOptions::kMaxSize - used);
}

void emit_ecn_option(const Engine& e, Connection& c, std::span<std::byte> out) {
    // A SYN-ACK tells the values that the counters begin at.
    if (!counts_octets(c)) return accurate_ecn_option::emit(out, {}, false);
    const AccurateEcn& a = e.accurate_ecn[c.accurate_ecn];
    accurate_ecn_option::emit(out, a.received, a.received.ect1 != EcnOctets{}.ect1);
    c.ecn_option_due = false;
}

void on_marks_told(Engine& e, const Connection& c) {
    if (counts_octets(c)) e.accurate_ecn[c.accurate_ecn].marks_to_tell = 0;
}

}  // namespace hourglass::tcp
