#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "hourglass/base/buffer.h"
#include "hourglass/link/link.h"

namespace hourglass::link {

/// Which device to attach to, and how.
struct TunSettings {
    std::string name = "hg0";  ///< Of the interface: at most 15 octets. An existing device of the kind, or a new one.
    std::uint32_t mtu = 1500;  ///< What `properties` says; the interface's own is set on the kernel's side.
    bool offload = true;       ///< The kernel leaves checksums and segmentation to whoever receives the packet.
    std::string control_file = "/dev/net/tun";
};

/// Why a device can't be had. `message` is one line that says what is wrong and what to do about it.
struct TunError {
    std::error_code code;
    std::string message;
};

/// Packets that a device could not carry, by reason.
struct TunCounters {
    std::uint64_t unknown_segmentation = 0;  ///< Read: a super-segment of a kind that was not asked for.
    std::uint64_t refused = 0;               ///< Written: the kernel took it for malformed, or the interface is down.
    bool operator==(const TunCounters&) const = default;
};

/// A device of Linux's tun driver: packets to and from the kernel's network stack, each behind a virtio header (OASIS
/// virtio 1.2, section 5.1.6) that carries its `Offload`. One call of the kernel moves one packet or one super-segment
/// of up to 64 KiB. `Tun` and `Tap` are the two kinds. To make a device takes CAP_NET_ADMIN in the network's namespace;
/// to attach to one takes to be its owner. A device made here goes when this object does.
class TunDevice : public Link {
  public:
    /// Payload of the largest super-segment: with its headers it fits a datagram's 16-bit length.
    static constexpr std::uint32_t kMaxGso = 65536 - 128;

    ~TunDevice() override;
    TunDevice(const TunDevice&) = delete;
    TunDevice& operator=(const TunDevice&) = delete;

    std::expected<std::size_t, std::error_code> read(std::vector<Packet>& batch, std::size_t max) override;
    std::expected<std::size_t, std::error_code> write(std::span<Packet> batch) override;
    [[nodiscard]] const Properties& properties() const override { return properties_; }
    [[nodiscard]] int descriptor() const override { return descriptor_; }

    [[nodiscard]] const TunCounters& counters() const { return counters_; }

  protected:
    /// What tells one kind of device from the other.
    struct Kind {
        const char* name;  ///< For people: `TUN`.
        const char* mode;  ///< As ip-tuntap(8) has it: `tun`.
        short flag;        ///< `IFF_TUN` or `IFF_TAP`.
        ip::Medium medium;
        std::size_t link_header;  ///< Octets in front of the datagram.
    };
    /// A descriptor that is attached to the device, which is made if there is none.
    static std::expected<int, TunError> attach(const TunSettings& settings, const Kind& kind);
    TunDevice(int descriptor, const TunSettings& settings, const Kind& kind, BufferPool& pool);

  private:
    Packet take(std::size_t size);

    int descriptor_;
    std::size_t link_header_;
    Properties properties_;
    BufferPool& pool_;
    Packet arrival_;  ///< A large packet that the next one is read into.
    TunCounters counters_;
};

}  // namespace hourglass::link
