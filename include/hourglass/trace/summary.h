#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/ip/host.h"
#include "hourglass/tcp/sequence.h"
#include "hourglass/wire/tcp.h"

namespace hourglass::trace {

/// What a reader wants to know of a TCP segment.
struct TcpSummary {
    wire::TcpFlags flags;
    tcp::Seq seq;
    tcp::Seq ack;
    std::uint16_t window = 0;  ///< As it stands in the header: not scaled.
    std::uint32_t length = 0;  ///< Octets of data.
    wire::TcpOptions options;
};

/// A packet in brief.
struct PacketSummary {
    std::string protocol;  ///< `TCP`, `UDP`, `DNS`, `ICMP`, `ICMPv6`, `ARP`, or what the packet is marked as.
    SocketAddress source;  ///< With port zero where the protocol has none.
    SocketAddress destination;
    std::size_t size = 0;  ///< Octets as the link carries them.
    std::optional<TcpSummary> tcp;
    std::string text;        ///< One line for people, without the addresses: `echo request 1`, `query A example.com.`
    std::string start_line;  ///< The first line of an HTTP message that begins in this segment.
};

/// Reads a packet as far as it goes; what can't be read is said in `text`.
[[nodiscard]] PacketSummary summarize(std::span<const std::byte> packet, ip::Medium medium);

/// The options one by one, those that matter most to a reader first: `mss 1460`, `ws 7`, `sack ok`, `ts 5 ecr 3`.
/// SACK blocks are told relative to `sack_base`.
[[nodiscard]] std::vector<std::string> option_texts(const wire::TcpOptions& options, tcp::Seq sack_base = tcp::Seq(0));

/// `SYN-ACK`, `ACK`, `PSH ACK`, `FIN ACK`, as people say it; `no flags` when none is set.
[[nodiscard]] std::string flag_text(wire::TcpFlags flags);

}  // namespace hourglass::trace
