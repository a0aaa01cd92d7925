#pragma once

#include <cstdint>

#include "tcp/connection.h"

namespace hourglass::tcp {

class Engine;

/// The largest datagram that the interface takes, whatever is known of the path behind it.
[[nodiscard]] std::uint32_t link_mtu(const Engine& e, const Connection& c);
/// The least MTU that a path may have: RFC 791, section 3.2; RFC 8200, section 5.
[[nodiscard]] std::uint32_t smallest_mtu(const Connection& c);
/// Octets of a full datagram that are not payload.
[[nodiscard]] std::uint32_t datagram_overhead(const Connection& c);
/// The largest datagram that is worth a probe: what the interface takes and the peer's MSS allows.
[[nodiscard]] std::uint32_t search_limit(const Engine& e, const Connection& c);

/// A connection begins with what has been learned of its path, rather than with what its interface takes.
[[gnu::cold]] void begin_path_mtu(const Engine& e, Connection& c, const Path& path);
/// From now on datagrams have at most `mtu` octets.
void use_path_mtu(const Engine& e, Connection& c, std::uint32_t mtu);
/// A router says that `told` octets fit, about the datagram whose segment began at `seq`; false when that is not
/// heeded: about nothing in flight, or no news (RFC 5927, section 7).
[[gnu::cold]] bool heed_path_mtu(Engine& e, Connection& c, Seq seq, std::uint32_t told);
/// Before an output pass of a connection whose datagrams are smaller than its interface takes: looks up what is known
/// of the path, and lets what is out of date go (RFC 1191, section 6.3; RFC 8201, section 4).
[[gnu::cold]] void review_path_mtu(Engine& e, Connection& c);

}  // namespace hourglass::tcp
