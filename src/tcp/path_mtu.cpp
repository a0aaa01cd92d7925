// What the network tells of a path's MTU (RFC 1191, RFC 8201), and how long that is believed.

#include "tcp/path_mtu.h"

#include <algorithm>

#include "tcp/engine.h"
#include "tcp/handshake.h"
#include "tcp/mtu_probing.h"

namespace hourglass::tcp {

std::uint32_t link_mtu(const Engine& e, const Connection& c) {
    if (!c.mtu_reduced) return c.path_mtu;
    const auto path = e.path_to(c.flow.remote, c.flow.local);
    return path ? std::min<std::uint32_t>(path->mtu, 65535) : c.path_mtu;
}

std::uint32_t smallest_mtu(const Connection& c) { return c.flow.remote.is_v4() ? 68 : 1280; }

std::uint32_t datagram_overhead(const Connection& c) { return header_space(c) + (c.timestamps ? kTimestampSpace : 0); }

std::uint32_t search_limit(const Engine& e, const Connection& c) {
    const std::uint32_t agreed = std::min(c.peer_mss, e.tuning(c).mss_limit) + header_space(c);
    return std::min(link_mtu(e, c), agreed);
}

void begin_path_mtu(const Engine& e, Connection& c, const Path& path) {
    if (path.learned->mtu >= c.path_mtu) return;
    c.path_mtu = static_cast<std::uint16_t>(std::max(path.learned->mtu, smallest_mtu(c)));
    c.mtu_reduced = c.path_mtu < path.mtu;
    c.mtu_probing = path.learned->searched && e.tuning(c).mtu_probing != MtuProbing::off;
}

void use_path_mtu(const Engine& e, Connection& c, std::uint32_t mtu) {
    const std::uint32_t link = link_mtu(e, c);
    c.path_mtu = static_cast<std::uint16_t>(std::min(mtu, link));
    c.mtu_reduced = c.path_mtu < link;
    if (!is_synchronized(c.state) && !c.fast_open_pending) return;
    update_segment_size(e, c);
    if (c.congestion.cwnd() < c.snd_mss) c.congestion.set_cwnd(c.snd_mss);
}

bool heed_path_mtu(Engine& e, Connection& c, Seq seq, std::uint32_t told) {
    if (!c.is_in_flight(seq)) return false;
    const std::uint32_t mtu = std::max(told, smallest_mtu(c));
    if (mtu >= c.path_mtu) return refuse_mtu_probe(e, c, seq, mtu);
    const std::uint16_t before = c.snd_mss;
    use_path_mtu(e, c, mtu);
    e.network.learn_path_mtu(c.flow.remote, {.mtu = mtu, .ceiling = mtu, .searched = c.mtu_probing});
    if (!c.outbox || c.snd_mss == before) return true;
    c.outbox->mtu = {.review_at = e.now + e.settings.mtu_raise_interval, .high = c.path_mtu, .used = true};
    c.outbox->recovery.on_too_large(c.outstanding());
    e.want_output(c);
    return true;
}

void review_path_mtu(Engine& e, Connection& c) {
    MtuSearch& s = c.outbox->mtu;
    if (e.now < s.review_at) return;
    const auto path = e.path_to(c.flow.remote, c.flow.local);
    if (!path) return;
    const bool first = !s.used;
    if (path->learned && (first || !c.mtu_probing)) {
        resume_mtu_search(e, c, *path->learned);
    } else if (c.mtu_probing) {
        begin_mtu_search(e, c);
    } else {
        use_path_mtu(e, c, path->mtu);
    }
}

}  // namespace hourglass::tcp
