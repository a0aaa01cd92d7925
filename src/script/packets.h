#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hourglass/base/time.h"
#include "hourglass/script/ast.h"
#include "hourglass/script/config.h"
#include "hourglass/wire/protocol.h"
#include "script/flow.h"

namespace hourglass::script {

/// A datagram that the stack has sent.
struct LivePacket {
    Instant sent;
    std::vector<std::byte> bytes;
    IpAddress source{};
    IpAddress destination{};
    wire::IpProtocol protocol{};
    std::uint8_t tos = 0;
    std::uint8_t ttl = 0;
    std::uint32_t flow_label = 0;
    std::size_t transport = 0;  ///< Where the transport header starts.

    [[nodiscard]] std::span<const std::byte> segment() const { return std::span(bytes).subspan(transport); }
    /// Source and destination; zero for ICMP.
    [[nodiscard]] Ports ports() const;
};

/// Reads what the stack has sent; the error says what is malformed about it, checksums included.
[[nodiscard]] std::expected<LivePacket, std::string> read_packet(std::span<const std::byte> bytes, Instant sent);

/// packet_build.cpp: the datagram that the script lets arrive, with the numbers of the wire. The error is a name that
/// ICMP has not.
[[nodiscard]] std::expected<std::vector<std::byte>, std::string> build_packet(const PacketSpec& spec, const Flow& flow);

/// packet_read.cpp: what was sent, with the numbers of the script. `shape` is what the script expects: its first
/// timestamp sets the scale.
[[nodiscard]] PacketSpec describe(const LivePacket& packet, Flow& flow, const PacketSpec* shape);
/// False when the data of a TCP segment is not what the program has written there.
[[nodiscard]] bool payload_is_right(const LivePacket& packet, const Flow& flow);

/// packet_match.cpp: what is not as expected, in words; empty when all is.
[[nodiscard]] std::string mismatch(const PacketSpec& expected, const PacketSpec& actual, Flow& flow,
                                   const Config& config);

/// packet_text.cpp: as a script writes it: "> S. 0:0(0) ack 1 win 65535 <mss 1460>".
[[nodiscard]] std::string to_text(const PacketSpec& spec);

}  // namespace hourglass::script
