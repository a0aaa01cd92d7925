#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/base/octets.h"
#include "hourglass/sim/observer.h"
#include "trace/record_entry.h"

namespace hourglass::trace::record {

/// The first octet of an entry: the kind, and above it the host, 7 standing for a number that follows.
enum class EntryKind : std::uint8_t {
    end,
    host,
    segment,
    odd_segment,  ///< One without a whole header.
    poll,
    advance,
    unreachable,
    path_mtu,
    path,
    connect,
    listen,
    call,
    tune,
    accept,
    listener_close,
    notice,
    notice_end,
    hop,  ///< Where packets travel: named once, then by number.
    packet,
    note,
    group,
    image,
};
inline constexpr std::uint8_t kEntryKinds = 22;
inline constexpr std::uint32_t kMaxHosts = 256;
inline constexpr std::uint32_t kMaxHops = 4096;
inline constexpr std::size_t kLongestText = 4096;
inline constexpr std::size_t kLargestImagePiece = 1 << 16;
/// What a replay allocates for one call at most; calls of more are recorded as calls of this.
inline constexpr std::uint64_t kLargestCall = 1 << 30;

/// A direction of a link, by names.
struct HopName {
    std::string link{}, from{}, to{};
    sim::Direction direction{};
    bool to_host = false;
};

/// What both sides of the format remember of what was written before, so that only differences need to be.
struct RecordMemory {
    struct Flow {
        bool used = false;
        std::uint32_t host = 0;
        IpAddress source{}, destination{};
        std::uint32_t ports = 0;  ///< As in the header.
        std::uint32_t next_seq = 0, ack = 0, payload = 0;
        std::uint16_t offset_and_flags = 0, window = 0;
        std::array<std::byte, 40> options{};
        std::uint8_t ecn = 0, checksum = 0;
        std::uint64_t packet_id = 0;
    };
    struct PathAnswer {
        bool used = false;
        std::uint32_t host = 0;
        IpAddress destination{}, source{};
        std::optional<tcp::Path> answer{};
    };

    std::array<Flow, 256> flows{};
    std::array<PathAnswer, 64> paths{};
    std::array<tcp::HandleId, kMaxHosts> handles{};
    std::vector<HopName> hops{};
    std::int64_t time = 0;
    std::uint64_t packet_id = 0;  ///< The last one that the network was told of.
};

/// Hash of the field names and of the kinds of entries: what has to be the same where a record is read.
[[nodiscard]] std::uint32_t layout_of_records();

/// What segments that leave amount to: a replay whose sum is another one has gone another way.
class DepartureSum {
  public:
    void add(std::uint32_t host, std::span<const std::byte> header, std::size_t payload) {
        // Each word of the header has an odd factor of its own; it has twenty octets at least, a multiple of four.
        std::uint64_t factor = kFactor, all = (std::uint64_t{host} << 32 | payload) * factor;
        for (std::size_t i = 0; i + 8 <= header.size(); i += 8)
            all += load<std::uint64_t>(header.data() + i) * (factor += 2 * kFactor);
        if (header.size() % 8 != 0)
            all += load<std::uint32_t>(header.data() + header.size() - 4) * (factor += 2 * kFactor);
        sum_ = std::rotl((sum_ ^ all) * kFactor, 29);
        ++segments_;
    }
    [[nodiscard]] std::uint64_t sum() const { return sum_; }
    [[nodiscard]] std::uint64_t segments() const { return segments_; }

  private:
    static constexpr std::uint64_t kFactor = 0x9e3779b97f4a7c15;
    template <typename T>
    static T load(const std::byte* at) {
        T word;
        std::memcpy(&word, at, sizeof word);
        return word;
    }
    std::uint64_t sum_ = 0, segments_ = 0;
};

/// Writes entries behind each other.
class RecordEncoder {
  public:
    OctetWriter out;

    void host(std::uint32_t host, const HostEntry& entry);
    void segment(std::uint32_t host, const Packet& segment, const IpAddress& source, const IpAddress& destination,
                 Instant now, bool checksum_is_right);
    void poll(std::uint32_t host, Instant now);
    void advance(std::uint32_t host, Instant now);
    void unreachable(std::uint32_t host, const UnreachableEntry& entry);
    void path_mtu(std::uint32_t host, const PathMtuEntry& entry);
    void path(std::uint32_t host, const IpAddress& destination, const IpAddress& source,
              const std::optional<tcp::Path>& answer);
    void connect(std::uint32_t host, const ConnectEntry& entry);
    void listen(std::uint32_t host, const ListenEntry& entry);
    void call(std::uint32_t host, const CallEntry& entry);
    void tune(std::uint32_t host, const TuneEntry& entry);
    void accept(std::uint32_t host, const AcceptEntry& entry);
    void listener_close(std::uint32_t host, tcp::HandleId listener);
    void notice(std::uint32_t host, const NoticeEntry& entry);
    void notice_end(std::uint32_t host);
    /// The number of a hop, which is named first when it is new; nothing when there are too many.
    std::optional<std::uint32_t> hop(const sim::Hop& hop);
    void packet(const PacketEntry& entry);
    void note(const NoteEntry& entry);
    void end(const EndEntry& entry);
    void group();
    /// Precondition: at most kLargestImagePiece octets.
    void image(std::uint32_t host, std::span<const std::byte> piece, bool last);

  private:
    // Those that come with every segment write through a cursor, which they hand on.
    [[nodiscard]] OctetCursor begin_at_cursor(EntryKind kind, std::uint32_t host);
    [[nodiscard]] OctetCursor time(OctetCursor to, Instant t);
    [[nodiscard]] OctetCursor handle(OctetCursor to, std::uint32_t host, tcp::HandleId id);
    void begin(EntryKind kind, std::uint32_t host) { out.set(begin_at_cursor(kind, host)); }
    void time(Instant t) { out.set(time(out.cursor(), t)); }
    void handle(std::uint32_t host, tcp::HandleId id) { out.set(handle(out.cursor(), host, id)); }
    void address(const IpAddress& a);
    void socket_address(const SocketAddress& a);
    void flow(const tcp::FlowKey& f);
    void tuning(const std::optional<tcp::Tuning>& t);
    void odd_segment(std::uint32_t host, const Packet& segment, const IpAddress& source, const IpAddress& destination,
                     Instant now, bool checksum_is_right);

    RecordMemory memory_;
};

inline OctetCursor RecordEncoder::begin_at_cursor(EntryKind kind, std::uint32_t host) {
    out.make_room();
    OctetCursor to = out.cursor();
    const auto number = static_cast<std::uint8_t>(kind);
    to.octet(static_cast<std::uint8_t>(number | std::min(host, 7u) << 5));
    if (host >= 7) [[unlikely]]
        to.number(host);
    return to;
}

inline OctetCursor RecordEncoder::time(OctetCursor to, Instant t) {
    const std::int64_t ns = t.time_since_epoch().count();
    to.difference(ns - memory_.time);
    memory_.time = ns;
    return to;
}

// One octet where it is the one before, which it mostly is.
inline OctetCursor RecordEncoder::handle(OctetCursor to, std::uint32_t host, tcp::HandleId id) {
    tcp::HandleId& last = memory_.handles[host];
    if (id == last) {
        to.octet(0);
        return to;
    }
    to.number(zigzag(static_cast<std::int64_t>(id.index) - last.index) + 1);
    to.difference(static_cast<std::int64_t>(id.generation) - last.generation);
    last = id;
    return to;
}

/// Reads them.
class RecordDecoder {
  public:
    /// The next entry; the error says what can't be.
    [[nodiscard]] std::expected<RecordEntry, std::string> next(OctetReader& in);
    [[nodiscard]] const std::vector<HopName>& hops() const { return memory_.hops; }
    /// The time of the last entry that had one.
    [[nodiscard]] Instant time() const { return Instant(Duration(memory_.time)); }

  private:
    RecordWhat read(EntryKind kind, std::uint32_t host, OctetReader& in);
    HostEntry host(OctetReader& in);
    SegmentEntry segment(std::uint32_t host, OctetReader& in);
    SegmentEntry odd_segment(OctetReader& in);
    PathEntry path(std::uint32_t host, OctetReader& in);
    CallEntry call(std::uint32_t host, OctetReader& in);
    NoticeEntry notice(std::uint32_t host, OctetReader& in);
    PacketEntry packet(OctetReader& in);
    HopName hop(OctetReader& in);
    Instant time(OctetReader& in);
    tcp::HandleId handle(std::uint32_t host, OctetReader& in);

    RecordMemory memory_;
    std::uint32_t hosts_ = 0;
};

}  // namespace hourglass::trace::record
