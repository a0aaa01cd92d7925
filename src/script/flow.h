#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "hourglass/base/address.h"
#include "hourglass/wire/protocol.h"

namespace hourglass::script {

/// What the runner knows of a socket that packets of the script are about, and how the script's numbers stand to those
/// on the wire. As tcpdump does, a script counts sequence numbers from the SYN except in segments with SYN.
struct Flow {
    /// How far the connection is, as far as the script has told.
    enum class Stage : std::uint8_t {
        fresh,       ///< A socket.
        listening,   ///< A child appears with the first packet.
        arrived,     ///< The first packet came from the peer.
        answered,    ///< Our SYN-ACK was seen.
        connecting,  ///< After connect(): the SYN tells our port.
        syn_sent,    ///< Our SYN was seen.
        connected,   ///< The peer's SYN came.
    };
    Stage stage = Stage::fresh;
    wire::IpProtocol protocol = wire::IpProtocol::tcp;
    SocketAddress local{};
    SocketAddress remote{};
    int descriptor = -1;  ///< Of the script; -1 before accept().

    std::uint32_t remote_isn = 0;        ///< The script chooses it.
    std::uint32_t syn_data = 0;          ///< Octets in that SYN: its answer may acknowledge them (RFC 7413).
    std::uint32_t local_isn = 0;         ///< The stack's.
    std::uint32_t script_local_isn = 0;  ///< What the script calls it.

    std::optional<std::uint32_t> reopened_by;  ///< The number of a SYN that came to the connection that was.
    std::uint32_t reopened_data = 0;           ///< Octets in it.

    std::map<std::uint32_t, std::uint32_t> timestamps;  ///< From the script's TS val to the stack's.
    bool timestamps_known = false;
    std::uint32_t first_script_timestamp = 0;
    std::uint32_t first_timestamp = 0;

    std::optional<std::uint32_t> script_flow_label;
    std::uint32_t flow_label = 0;

    std::uint64_t sent = 0;      ///< Octets that the program has written: they follow a pattern.
    std::uint64_t received = 0;  ///< Octets that it has read.
    bool untracked = false;      ///< Other octets than the pattern's may come or go: data is not compared.

    /// Whether a SYN-ACK that acknowledges up to `ack` answers the SYN `isn` with `data` octets, or a part of it.
    [[nodiscard]] static bool answers(std::uint32_t ack, std::uint32_t isn, std::uint32_t data) {
        return ack - 1 - isn <= data;
    }
    /// What is added to a number of the script to get the number on the wire.
    [[nodiscard]] std::uint32_t remote_offset(bool syn) const { return syn ? 0 : remote_isn; }
    [[nodiscard]] std::uint32_t local_offset(bool syn) const { return syn ? local_isn - script_local_isn : local_isn; }
};

/// The octet at a place of a stream, either way: what arrives in the wrong order shows.
[[nodiscard]] constexpr std::byte pattern(std::uint64_t place) { return static_cast<std::byte>(place % 251); }

}  // namespace hourglass::script
