// Packetization layer path MTU discovery (RFC 4821): where no router tells, the segments themselves find out what
// passes.

#include "tcp/mtu_probing.h"

#include <algorithm>

#include "tcp/emit.h"
#include "tcp/engine.h"
#include "tcp/handshake.h"
#include "tcp/path_mtu.h"

namespace hourglass::tcp {

namespace {

constexpr std::uint32_t kRange = 8;           // a search ends when less is to be gained (RFC 4821, section 7.3)
constexpr std::uint32_t kSegmentsBehind = 4;  // whose acknowledgements show that a probe is lost
constexpr std::uint8_t kMaxInconclusive = 3;  // MAX_PROBES of RFC 8899, section 5.1.2

/// search_low to begin with.
std::uint32_t base_mtu(const Engine& e, const Connection& c) {
    return std::max(e.settings.mtu_probe_base + datagram_overhead(c), smallest_mtu(c));
}

/// The least to which repeated timeouts may lead.
std::uint32_t floor_mtu(const Engine& e, const Connection& c) {
    return std::max(e.settings.mtu_probe_floor + datagram_overhead(c), smallest_mtu(c));
}

/// For other connections, and for this one after a silence (RFC 4821, section 5.2).
void tell_network(Engine& e, const Connection& c) {
    e.network.learn_path_mtu(c.flow.remote, {.mtu = c.path_mtu, .ceiling = c.outbox->mtu.high, .searched = true});
}

/// RFC 4821, section 7.6.2: losses that congestion control does not hear of must be rarer than those that it would
/// cause itself, at the simplest one in as many round trips as cwnd has segments.
Duration pause_after_loss(const Connection& c) {
    return c.rto.srtt() * (c.congestion.cwnd() / std::max<std::uint32_t>(c.snd_mss, 1));
}

void end_probe(Engine& e, Connection& c, MtuSearch& s) {
    s.probe = 0;
    s.inconclusive = 0;
    s.untried = false;
    if (s.high < c.path_mtu + kRange) s.review_at = e.now + e.settings.mtu_raise_interval;
    tell_network(e, c);
}

void on_probe_passed(Engine& e, Connection& c, MtuSearch& s) {
    ++e.counters.mtu_probes_passed;
    use_path_mtu(e, c, s.probe);
    end_probe(e, c, s);
}

void on_probe_lost(Engine& e, Connection& c, MtuSearch& s) {
    ++e.counters.mtu_probes_lost;
    s.high = static_cast<std::uint16_t>(s.probe - 1);
    s.probe_from = e.now + pause_after_loss(c);
    end_probe(e, c, s);
}

/// RFC 4821, sections 7.6.3 and 7.6.4: the same size again, but not for ever.
void on_probe_inconclusive(Engine& e, Connection& c, MtuSearch& s) {
    if (++s.inconclusive >= kMaxInconclusive) return on_probe_lost(e, c, s);
    s.probe = 0;
    s.probe_from = e.now + pause_after_loss(c);
}

}  // namespace

void begin_mtu_probing(const Engine& e, Connection& c) {
    c.mtu_probing = true;
    if (!c.mtu_reduced && base_mtu(e, c) < c.path_mtu) use_path_mtu(e, c, base_mtu(e, c));
}

void begin_mtu_search(Engine& e, Connection& c) {
    MtuSearch& s = c.outbox->mtu;
    s.used = s.untried = true;
    s.high = static_cast<std::uint16_t>(search_limit(e, c));
    s.inconclusive = 0;
    s.review_at = e.now + e.settings.mtu_raise_interval;
}

void resume_mtu_search(const Engine& e, Connection& c, const PathMtu& known) {
    MtuSearch& s = c.outbox->mtu;
    const std::uint32_t limit = search_limit(e, c);
    c.mtu_probing = c.mtu_probing || (known.searched && e.tuning(c).mtu_probing != MtuProbing::off);
    use_path_mtu(e, c, std::max(known.mtu, smallest_mtu(c)));
    s.used = true;
    s.review_at = known.until;
    s.high = static_cast<std::uint16_t>(
        std::clamp<std::uint32_t>(known.ceiling, c.path_mtu, std::max<std::uint32_t>(limit, c.path_mtu)));
    s.untried = known.ceiling >= limit;
}

std::uint32_t mtu_probe_due(const Engine& e, const Connection& c, std::uint32_t queued, std::uint32_t usable_window) {
    const Outbox& o = *c.outbox;
    const MtuSearch& s = o.mtu;
    const bool range_left = s.high > c.path_mtu && (s.untried || s.high >= c.path_mtu + kRange);
    if (!range_left || s.probe != 0 || s.suspected || e.now < s.probe_from) return 0;
    const bool clean = o.recovery.state() == RecoveryState::open && o.recovery.board().lost().octets == 0;
    if (!clean || o.urgent || segment_payload(c) < c.snd_mss) return 0;
    // The first of a search is the largest: most paths carry what their ends do, and one probe shows it.
    const std::uint32_t size = s.untried ? s.high : (s.high + c.path_mtu) / 2u;
    const std::uint32_t payload = size - datagram_overhead(c);
    const std::uint32_t needed = payload + kSegmentsBehind * c.snd_mss;
    const std::uint32_t cwnd = c.congestion.cwnd();
    // The first round trip is not for experiments: what is lost there costs most.
    const bool first_window = cwnd <= initial_window(c.snd_mss, e.settings.initial_window_segments);
    return first_window || std::min({queued, usable_window, cwnd}) < needed ? 0 : payload;
}

void on_mtu_probe_sent(Engine& e, Connection& c, Seq begin, std::uint32_t payload) {
    ++e.counters.mtu_probes;
    c.outbox->mtu.probe = static_cast<std::uint16_t>(payload + datagram_overhead(c));
    c.outbox->recovery.mtu_probe().on_sent(begin, begin + payload);
}

bool refuse_mtu_probe(Engine& e, Connection& c, Seq seq, std::uint32_t mtu) {
    if (!c.outbox) return false;
    MtuSearch& s = c.outbox->mtu;
    const MtuProbe& probe = c.outbox->recovery.mtu_probe();
    if (!probe.is_in_flight() || s.probe <= mtu || seq < probe.begin() || seq >= probe.end()) return false;
    c.outbox->recovery.on_mtu_probe_refused(c.outstanding());
    follow_mtu_search(e, c, false);
    // RFC 4821, section 7.6.2: what the router says is the end of the search, unless it is already there.
    s.high = static_cast<std::uint16_t>(mtu);
    s.untried = mtu > c.path_mtu;
    s.probe_from = Instant::min();
    tell_network(e, c);
    e.want_output(c);
    return true;
}

void follow_mtu_search(Engine& e, Connection& c, bool progress) {
    MtuSearch& s = c.outbox->mtu;
    if (s.suspected && progress) {
        s.suspected = false;
        tell_network(e, c);
    }
    const MtuProbe::Fate fate = c.outbox->recovery.mtu_probe().take_fate();
    if (s.probe == 0) return;  // another size is in use since
    if (fate == MtuProbe::Fate::passed) on_probe_passed(e, c, s);
    if (fate == MtuProbe::Fate::lost) on_probe_lost(e, c, s);
    if (fate == MtuProbe::Fate::inconclusive) on_probe_inconclusive(e, c, s);
}

void suspect_black_hole(Engine& e, Connection& c) {
    const auto path = e.path_to(c.flow.remote, c.flow.local);
    if (path && path->learned && path->learned->mtu < c.path_mtu) resume_mtu_search(e, c, *path->learned);
    Outbox& o = *c.outbox;
    if (o.retries < e.settings.advice_retries || e.tuning(c).mtu_probing == MtuProbing::off) return;
    const std::uint32_t overhead = datagram_overhead(c);
    const std::uint32_t now = c.snd_mss + overhead;
    const std::uint32_t base = base_mtu(e, c);
    // What was never larger than the base is taken to pass.
    if (now <= base && !c.mtu_probing) return;
    const std::uint32_t lower = now > base ? base : std::max(now / 2, floor_mtu(e, c));
    if (lower >= now || c.in_flight() <= lower - overhead) return;  // small segments say nothing of the MTU
    ++e.counters.black_holes;
    c.mtu_probing = true;
    use_path_mtu(e, c, lower);
    begin_mtu_search(e, c);
    o.mtu.suspected = true;
    o.mtu.probe = 0;
}

}  // namespace hourglass::tcp
