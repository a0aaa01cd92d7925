#pragma once

#include <cstdint>

#include "tcp/connection.h"

namespace hourglass::tcp {

class Engine;

/// The handshake is over, and probing is always on: segments begin small (RFC 4821, section 7.2).
[[gnu::cold]] void begin_mtu_probing(const Engine& e, Connection& c);
/// Nothing that passes is larger than what the interface takes, as far as one knows: the search begins, or begins
/// again.
void begin_mtu_search(Engine& e, Connection& c);
/// Goes on where the connection, or another one to the same destination, has stopped.
void resume_mtu_search(const Engine& e, Connection& c, const PathMtu& known);

/// The payload of the probe that is due now; 0 when there is none: the search has ended, or there are losses to repair
/// first, or what is queued, the peer's window or cwnd do not reach (RFC 4821, section 7.4).
[[nodiscard, gnu::cold]] std::uint32_t mtu_probe_due(const Engine& e, const Connection& c, std::uint32_t queued,
                                                     std::uint32_t usable_window);
/// The probe has left: new data from `begin` on.
void on_mtu_probe_sent(Engine& e, Connection& c, Seq begin, std::uint32_t payload);
/// A router says that `mtu` octets fit; true when that is about the probe.
[[gnu::cold]] bool refuse_mtu_probe(Engine& e, Connection& c, Seq seq, std::uint32_t mtu);
/// An acknowledgement, which moves SND.UNA or not, or the reordering timer: what has become of the probe (section 7.6)?
[[gnu::cold]] void follow_mtu_search(Engine& e, Connection& c, bool progress);
/// The retransmission timer has run out on data. What other connections have learned of the path since holds; from the
/// third time on full segments may be too large for a path whose routers keep silent (section 7.7).
[[gnu::cold]] void suspect_black_hole(Engine& e, Connection& c);

}  // namespace hourglass::tcp
