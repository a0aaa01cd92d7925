#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "hourglass/sim/impairments.h"
#include "hourglass/tcp/inputs.h"

namespace hourglass::trace::record {

// What a record consists of, as it is read: one structure a kind, in the order of happening.

struct HostEntry {
    std::string name{};
    tcp::Settings settings{};
    SipKey secret{};
    std::uint64_t next_packet_id = 0;
};
/// The hosts as they are now follow, each with its image: a replay can begin here.
struct GroupEntry {};
/// A piece of a host's image (`tcp::Stack::image`).
struct ImageEntry {
    std::vector<std::byte> octets{};
    bool last = false;
};
struct SegmentEntry {
    Instant time{};
    IpAddress source{}, destination{};
    std::array<std::byte, 60> beginning{};  ///< The header; of a segment that has no whole one what there is of it.
    std::uint8_t beginning_size = 0;
    std::uint32_t size = 0;  ///< Of the whole segment; what follows the beginning was not recorded.
    std::uint8_t ecn = 0;
    Offload offload{};
    std::uint64_t packet_id = 0;
    bool checksum_is_right = true;
};
struct PollEntry {
    Instant time{};
};
struct AdvanceEntry {
    Instant time{};
};
struct UnreachableEntry {
    tcp::FlowKey flow{};
    tcp::Seq seq{};
    bool hard = false;
    tcp::Error told{};
};
struct PathMtuEntry {
    tcp::FlowKey flow{};
    tcp::Seq seq{};
    std::uint32_t mtu = 0;
};
struct PathEntry {
    IpAddress destination{}, source{};
    std::optional<tcp::Path> answer{};
};
struct ConnectEntry {
    SocketAddress remote{}, local{};
    bool with_handler = false;
    std::optional<tcp::Tuning> tuning{};
};
struct ListenEntry {
    SocketAddress local{};
    std::uint32_t accept_queue = 0, half_open = 0;
    bool with_handler = false;
    std::optional<tcp::Tuning> tuning{};
};
struct CallEntry {
    tcp::StreamCall call{};
    tcp::HandleId stream{};
    std::uint64_t argument = 0, result = 0;
};
struct TuneEntry {
    tcp::HandleId handle{};
    bool listener = false;
    tcp::Tuning tuning{};
};
struct AcceptEntry {
    tcp::HandleId listener{};
    bool with_handler = false;
};
struct ListenerCloseEntry {
    tcp::HandleId listener{};
};
struct NoticeEntry {
    tcp::Notice notice{};
    tcp::HandleId handle{};
    tcp::Error error{};
};
struct NoticeEndEntry {};

/// What the network did with a packet.
enum class PacketFate : std::uint8_t { sent, arrived, lost, duplicated, corrupted };

struct PacketEntry {
    Instant time{};
    PacketFate fate{};
    std::uint32_t hop = 0;  ///< In the order of their first mention.
    std::uint64_t packet_id = 0;
    std::uint32_t size = 0;    ///< Of what was sent or has arrived.
    sim::LossReason reason{};  ///< Of a loss.
};
struct NoteEntry {
    Instant time{};
    std::string source{}, text{};
};
/// The recorder was closed; without this the record was cut short.
struct EndEntry {
    bool full = false;  ///< It had reached its limit.
};

using RecordWhat =
    std::variant<HostEntry, SegmentEntry, PollEntry, AdvanceEntry, UnreachableEntry, PathMtuEntry, PathEntry,
                 ConnectEntry, ListenEntry, CallEntry, TuneEntry, AcceptEntry, ListenerCloseEntry, NoticeEntry,
                 NoticeEndEntry, PacketEntry, NoteEntry, EndEntry, GroupEntry, ImageEntry>;

struct RecordEntry {
    std::uint32_t host = 0;  ///< In the order of their entries; no meaning for what the network did, notes and the end.
    RecordWhat what{};
};

}  // namespace hourglass::trace::record
