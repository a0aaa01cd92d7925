#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>

#include "hourglass/base/address.h"
#include "hourglass/tcp/sequence.h"
#include "hourglass/wire/checksum.h"
#include "hourglass/wire/endian.h"
#include "hourglass/wire/parse_error.h"
#include "hourglass/wire/tcp_options.h"

namespace hourglass::wire {

/// The control bits of a segment (RFC 9293, section 3.1; AE is the bit that RFC 3540 called NS and accurate ECN uses).
struct TcpFlags {
    enum Bit : std::uint16_t {
        kFin = 0x001,
        kSyn = 0x002,
        kRst = 0x004,
        kPsh = 0x008,
        kAck = 0x010,
        kUrg = 0x020,
        kEce = 0x040,
        kCwr = 0x080,
        kAe = 0x100,
        kAll = 0x1ff,
    };

    std::uint16_t value = 0;

    constexpr TcpFlags() = default;
    /// From bits: `TcpFlags::kSyn | TcpFlags::kAck`. Others than the nine are dropped.
    constexpr TcpFlags(int bits) noexcept : value(static_cast<std::uint16_t>(bits & kAll)) {}  // NOLINT(*-explicit-*)

    [[nodiscard]] constexpr bool fin() const noexcept { return (value & kFin) != 0; }
    [[nodiscard]] constexpr bool syn() const noexcept { return (value & kSyn) != 0; }
    [[nodiscard]] constexpr bool rst() const noexcept { return (value & kRst) != 0; }
    [[nodiscard]] constexpr bool psh() const noexcept { return (value & kPsh) != 0; }
    [[nodiscard]] constexpr bool ack() const noexcept { return (value & kAck) != 0; }
    [[nodiscard]] constexpr bool urg() const noexcept { return (value & kUrg) != 0; }
    [[nodiscard]] constexpr bool ece() const noexcept { return (value & kEce) != 0; }
    [[nodiscard]] constexpr bool cwr() const noexcept { return (value & kCwr) != 0; }
    [[nodiscard]] constexpr bool ae() const noexcept { return (value & kAe) != 0; }

    constexpr TcpFlags& operator|=(TcpFlags other) noexcept { return *this = TcpFlags(value | other.value); }
    friend constexpr TcpFlags operator|(TcpFlags a, TcpFlags b) noexcept { return {a.value | b.value}; }
    friend constexpr TcpFlags operator&(TcpFlags a, TcpFlags b) noexcept { return {a.value & b.value}; }
    friend constexpr bool operator==(TcpFlags a, TcpFlags b) noexcept { return a.value == b.value; }

    /// `SYN, ACK`; `none`.
    [[nodiscard]] std::string to_string() const;
    /// As tcpdump writes it: `S.`, `P.`, `R`, `none`.
    [[nodiscard]] std::string compact() const;
};

/// The fields of a TCP header (RFC 9293, section 3.1).
struct TcpHeader {
    static constexpr std::size_t kMinSize = 20;
    static constexpr std::size_t kMaxSize = 60;
    static constexpr std::size_t kChecksumOffset = 16;

    Port source_port{};
    Port destination_port{};
    tcp::Seq seq{};
    tcp::Seq ack{};
    TcpFlags flags{};
    std::uint16_t window = 0;  ///< As it stands in the header: not scaled.
    std::uint16_t urgent_pointer = 0;
    TcpOptions options{};

    /// Octets of the header with its options: 20 to 60, a multiple of 4.
    [[nodiscard]] std::size_t size() const noexcept { return kMinSize + options.size(); }
    /// Writes `size()` octets with a checksum field of zero. Precondition: `out.size() >= size()`.
    void emit(std::span<std::byte> out) const noexcept {
        std::byte* p = out.data();
        const std::size_t length = size();
        store_be32(p, static_cast<std::uint32_t>(to_number(source_port)) << 16 | to_number(destination_port));
        store_be32(p + 4, seq.raw());
        store_be32(p + 8, ack.raw());
        store_be32(p + 12,
                   static_cast<std::uint32_t>(length << 26) | static_cast<std::uint32_t>(flags.value) << 16 | window);
        store_be32(p + 16, urgent_pointer);
        if (length > kMinSize) options.emit(out.subspan(kMinSize));
    }
    /// Writes the header with these octets, padded to a multiple of 4 with end-of-list, in place of `options`, and
    /// returns how many it wrote. With `option_bytes()` of a view it keeps unknown options and the sender's order.
    /// Precondition: `raw_options.size() <= TcpOptions::kMaxSize` and `out` has room.
    std::size_t emit_with(std::span<std::byte> out, std::span<const std::byte> raw_options) const noexcept;
    bool operator==(const TcpHeader&) const = default;
};

/// Reads a TCP segment.
class TcpView {
  public:
    /// Errors: `truncated`, `bad_header_length`. Checksum and options are not looked at: see `checksum_is_valid()` and
    /// `TcpOptions::malformed`.
    [[nodiscard]] static std::expected<TcpView, ParseError> parse(std::span<const std::byte> segment) noexcept {
        if (segment.size() < TcpHeader::kMinSize) return std::unexpected(ParseError::truncated);
        const std::size_t header = (load_8(segment.data() + 12) >> 4) * 4u;
        if (header < TcpHeader::kMinSize || header > segment.size())
            return std::unexpected(ParseError::bad_header_length);
        return TcpView(segment, header);
    }

    [[nodiscard]] Port source_port() const noexcept { return Port(load_be16(at(0))); }
    [[nodiscard]] Port destination_port() const noexcept { return Port(load_be16(at(2))); }
    [[nodiscard]] tcp::Seq seq() const noexcept { return tcp::Seq(load_be32(at(4))); }
    [[nodiscard]] tcp::Seq ack() const noexcept { return tcp::Seq(load_be32(at(8))); }
    [[nodiscard]] TcpFlags flags() const noexcept { return {load_be16(at(12))}; }
    /// As it stands in the header: not scaled.
    [[nodiscard]] std::uint16_t window() const noexcept { return load_be16(at(14)); }
    [[nodiscard]] std::uint16_t checksum() const noexcept { return load_be16(at(TcpHeader::kChecksumOffset)); }
    [[nodiscard]] std::uint16_t urgent_pointer() const noexcept { return load_be16(at(18)); }
    /// In octets, options included: 20 to 60.
    [[nodiscard]] std::size_t header_size() const noexcept { return header_size_; }
    [[nodiscard]] std::span<const std::byte> option_bytes() const noexcept {
        return segment_.subspan(TcpHeader::kMinSize, header_size_ - TcpHeader::kMinSize);
    }
    /// Every option in its order, unknown kinds included.
    [[nodiscard]] TcpOptionList option_list() const noexcept { return TcpOptionList(option_bytes()); }
    [[nodiscard]] std::span<const std::byte> payload() const noexcept { return segment_.subspan(header_size_); }
    /// Header and payload.
    [[nodiscard]] std::span<const std::byte> segment() const noexcept { return segment_; }
    /// SEG.LEN: octets of data, with SYN and FIN counted (RFC 9293, section 3.4).
    [[nodiscard]] std::uint32_t sequence_length() const noexcept {
        const TcpFlags f = flags();
        return static_cast<std::uint32_t>(segment_.size() - header_size_) + (f.syn() ? 1 : 0) + (f.fin() ? 1 : 0);
    }

    /// The options, decoded. Fast for the two common layouts: none, and timestamps behind two no-operations (RFC 7323,
    /// appendix A).
    [[nodiscard]] TcpOptions options() const noexcept {
        if (header_size_ == TcpHeader::kMinSize) return {};
        if (header_size_ == 32 && load_be32(at(20)) == 0x0101080a)
            return {.timestamps = TcpTimestamps{load_be32(at(24)), load_be32(at(28))}};
        return TcpOptions::parse(option_bytes());
    }
    /// True when the checksum is right for these addresses.
    [[nodiscard]] bool checksum_is_valid(const IpAddress& source, const IpAddress& destination) const noexcept {
        return verify_transport(source, destination, IpProtocol::tcp, segment_);
    }
    [[nodiscard]] TcpHeader header() const noexcept {
        return {.source_port = source_port(),
                .destination_port = destination_port(),
                .seq = seq(),
                .ack = ack(),
                .flags = flags(),
                .window = window(),
                .urgent_pointer = urgent_pointer(),
                .options = options()};
    }

  private:
    TcpView(std::span<const std::byte> segment, std::size_t header_size) noexcept
        : segment_(segment), header_size_(header_size) {}
    [[nodiscard]] const std::byte* at(std::size_t offset) const noexcept { return segment_.data() + offset; }

    std::span<const std::byte> segment_;
    std::size_t header_size_;
};

}  // namespace hourglass::wire
