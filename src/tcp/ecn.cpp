#include "tcp/ecn.h"

#include "tcp/engine.h"
#include "tcp/receiver.h"

namespace hourglass::tcp {

namespace {

using wire::Ecn;
using wire::TcpFlags;

constexpr int kEcnBits = TcpFlags::kAe | TcpFlags::kCwr | TcpFlags::kEce;

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

/// RFC 9768, section 3.2.2.5: the count has three bits. A receiver tells of marks before there are eight new ones, so
/// that only lost acknowledgements could hide a whole turn; what is told by the next one is congestion all the same.
std::uint32_t marks_since(std::uint32_t told, std::uint32_t ace) { return (ace + 8 - told) & 7; }

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
    if (syn.flags.ack())
        read_syn_ack(c, syn.flags);
    else
        answer_syn(e, c, syn.flags);
}

void learn_ecn_from_third_segment(Connection& c, const Segment& seg) {
    if (c.ecn_mode != EcnMode::accurate) return;
    begin_accurate(c, false, c.syn_ecn);
    const std::uint32_t ace = ace_of(seg.flags);
    // Table 4: zero means that somebody clears the field, so that nothing sent as ECN-capable could be told of.
    if (ace == 0)
        c.ecn_mode = EcnMode::none;
    else if (ace == 0b110)
        c.told_ce = 6;
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
    return c.ecn_mode != EcnMode::none && new_data && is_synchronized(c.state) ? Ecn::ect0 : Ecn::not_ect;
}

void take_mark(Engine& e, Connection& c, const Segment& seg) {
    if (c.ecn_mode == EcnMode::none) return;
    const bool ce = Ecn(seg.packet->ecn & 3) == Ecn::ce;
    if (c.ecn_mode == EcnMode::accurate) {
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

EcnEcho read_echo(Connection& c, const Segment& seg) {
    const TcpFlags flags = seg.view.flags();
    if (c.ecn_mode == EcnMode::classic) return {.congestion = flags.ece()};
    if (c.ecn_mode != EcnMode::accurate || flags.syn()) return {};
    const std::uint32_t ace = ace_of(flags);
    const std::uint32_t marks = marks_since(c.told_ce, ace);
    c.told_ce = ace & 7;
    return {.congestion = marks > 0, .ce_segments = marks};
}

}  // namespace hourglass::tcp
