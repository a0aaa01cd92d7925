#pragma once

#include <compare>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/buffer.h"
#include "hourglass/base/time.h"
#include "hourglass/ip/counters.h"
#include "hourglass/ip/host.h"
#include "hourglass/wire/protocol.h"

namespace hourglass::ip {

/// One fragment: where it belongs, and where its data lies in its packet.
struct Fragment {
    IpAddress source;
    IpAddress destination;
    wire::IpProtocol protocol{};       ///< IPv6: that of the first fragment counts (RFC 8200, section 4.5).
    std::uint32_t identification = 0;  ///< 16 bits of it over IPv4.
    std::uint32_t offset = 0;          ///< Of its data in the datagram's, in octets.
    bool more = false;
    std::size_t data_begin = 0;  ///< In the packet, which ends with the data.
};

/// Puts fragmented datagrams together (RFC 791, section 3.2; RFC 8200, section 4.5). Fragments that overlap condemn
/// their datagram (RFC 5722 for IPv6; for IPv4 nothing honest sends them either), and so does anything that contradicts
/// what came before; what still comes of a condemned datagram is dropped until its time is up. When memory is short the
/// oldest datagrams go.
class Reassembler {
  public:
    struct Settings {
        std::uint32_t max_bytes = 4 << 20;  ///< Memory held, a fixed sum for each datagram included.
        std::uint32_t max_fragments_per_datagram = 64;
        Duration timeout = std::chrono::seconds(60);
    };
    /// Memory that a datagram counts for besides its fragments' buffers.
    static constexpr std::size_t kOverhead = 512;

    Reassembler(const Settings& settings, BufferPool& pool, Counters& counters)
        : settings_(settings), pool_(pool), counters_(counters) {}

    /// Takes a fragment; returns the datagram, with one header and no fragment header, when this was the last that
    /// was missing. Precondition: the data is not empty, a multiple of 8 octets unless it is the last, and ends within
    /// 65535 octets.
    [[nodiscard]] std::optional<Packet> add(const Fragment& fragment, Packet packet, InterfaceId interface,
                                            Instant now);

    /// A datagram whose time is up, with the packet of its first fragment if that has come (RFC 792: only then is the
    /// sender told).
    struct Expired {
        InterfaceId interface {};
        Slice first;
    };
    /// The next datagram whose time is up; nothing when there is none.
    [[nodiscard]] std::optional<Expired> expire(Instant now);
    [[nodiscard]] Instant next_deadline() const { return datagrams_.empty() ? kNever : datagrams_.front().deadline; }

    [[nodiscard]] std::size_t size() const { return datagrams_.size(); }
    [[nodiscard]] std::size_t held_bytes() const { return bytes_; }

  private:
    struct Key {
        IpAddress source;
        IpAddress destination;
        std::uint32_t identification = 0;
        wire::IpProtocol protocol{};  // Over IPv6 always the same.
        auto operator<=>(const Key&) const = default;
    };
    struct Piece {
        std::uint32_t offset = 0;
        bool more = false;
        Slice data;
        [[nodiscard]] std::uint32_t end() const { return offset + static_cast<std::uint32_t>(data.size()); }
    };
    struct Datagram {
        Key key;
        InterfaceId interface {};
        Instant deadline{};
        std::uint64_t Counters::*condemned = nullptr;  // Why: where its further fragments are counted.
        std::uint8_t ecn_seen = 0;                     // A bit for each code point.
        wire::IpProtocol protocol{};
        std::optional<std::uint32_t> total;  // Known once the last fragment is there.
        std::uint32_t received = 0;
        std::size_t bytes = kOverhead;
        Slice first;                // The whole packet of the first fragment.
        std::vector<Piece> pieces;  // By offset, without overlap.
    };
    using Datagrams = std::list<Datagram>;  // Oldest first, so by deadline.
    enum class Fit : std::uint8_t { fits, duplicate, contradicts };

    Datagrams::iterator find_or_create(const Key& key, InterfaceId interface, Instant now);
    [[nodiscard]] static Fit fit(const Datagram& datagram, const Piece& piece);
    [[nodiscard]] Slice compact(const Packet& packet, const Fragment& fragment);
    void insert(Datagram& datagram, const Fragment& fragment, Piece piece, const Packet& packet);
    void condemn(Datagram& datagram, std::uint64_t Counters::*reason);
    void make_room(Datagram& filling);
    void remove(Datagrams::iterator datagram);
    [[nodiscard]] std::optional<Packet> assemble(const Datagram& datagram);

    Settings settings_;
    BufferPool& pool_;
    Counters& counters_;
    Datagrams datagrams_;
    std::map<Key, Datagrams::iterator> index_;
    std::size_t bytes_ = 0;
};

}  // namespace hourglass::ip
