#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/base/time.h"
#include "hourglass/link/capture.h"

namespace hourglass::trace {

/// What the packets of a capture begin with (the LINKTYPE_ values of draft-ietf-opsawg-pcaplinktype).
enum class LinkType : std::uint16_t {
    ethernet = 1,
    raw = 101,  ///< An IPv4 or IPv6 header, as its version says.
};

/// An interface of a capture file.
struct CaptureInterface {
    std::string name{};
    std::string description{};
    LinkType type = LinkType::raw;
    std::uint32_t snaplen = 262144;  ///< Octets of each packet that are kept.
};

/// Which way a packet passed the interface, as far as that is known.
enum class CaptureDirection : std::uint8_t { unknown = 0, inbound = 1, outbound = 2 };

struct PcapngSettings {
    std::string application = "Hourglass";  ///< Who writes the file.
    Duration unix_time{};                   ///< What the clock's epoch is in Unix time.
};

/// Writes a capture file in the pcapng format (draft-ietf-opsawg-pcapng): one section, little-endian, times in
/// nanoseconds. Each block is complete when the call returns, so a file that is cut off is still readable.
class PcapngWriter {
  public:
    using Sink = std::function<void(std::span<const std::byte>)>;

    explicit PcapngWriter(Sink sink, const PcapngSettings& settings = {});
    /// Writes to a stream, which must outlive the writer; its errors are the caller's to look for.
    explicit PcapngWriter(std::ostream& out, const PcapngSettings& settings = {});

    /// Describes an interface and returns its number for `write`.
    std::uint32_t add_interface(const CaptureInterface& interface);
    /// Writes a packet. The comment is what a reader shows with it; none when empty, cut at 65,535 octets.
    void write(std::uint32_t interface, Instant time, std::span<const std::byte> packet, std::string_view comment = {},
               CaptureDirection direction = CaptureDirection::unknown);
    [[nodiscard]] LinkType link_type(std::uint32_t interface) const { return interfaces_[interface].type; }
    [[nodiscard]] std::uint64_t packets_written() const { return packets_written_; }

  private:
    void begin_section(const std::string& application);
    void begin_block(std::uint32_t type);
    void end_block();
    void put_16(std::uint16_t value);
    void put_32(std::uint32_t value);
    void put_padded(std::span<const std::byte> bytes);
    void put_option(std::uint16_t code, std::span<const std::byte> value);
    void put_option(std::uint16_t code, std::string_view value);

    struct Interface {
        LinkType type;
        std::uint32_t snaplen;
    };

    Sink sink_;
    Duration unix_time_;
    std::vector<Interface> interfaces_;
    std::vector<std::byte> block_;  // under way
    std::uint64_t packets_written_ = 0;
};

/// A sink for `link::Capture` that writes into `interface` of `writer`, which must outlive it. Checksums that were left
/// to the device are completed in the file.
[[nodiscard]] link::CaptureSink capture_to(PcapngWriter& writer, std::uint32_t interface);

}  // namespace hourglass::trace
