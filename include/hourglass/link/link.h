#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "hourglass/base/buffer.h"

namespace hourglass::ip {
enum class Medium : std::uint8_t;
}

namespace hourglass::link {

/// What a link is and what it does for its user. The fields have the meaning that they have in
/// `ip::InterfaceSettings`, so that an interface can be set up from them.
struct Properties {
    std::string name{};
    ip::Medium medium{};            ///< Bare IP datagrams by default.
    std::uint32_t mtu = 1500;       ///< Largest IP datagram, in octets.
    std::uint32_t max_gso = 0;      ///< Payload of the largest TCP super-segment that the link cuts; 0: it cuts none.
    bool checksum_offload = false;  ///< The link completes TCP and UDP checksums (`Offload::Checksum::partial`).
};

/// A wire as the machine sees it: batches of packets in, batches of packets out, and no call that waits. Packets are
/// moved through, with their `Offload`; where they come from the link's own pool.
class Link {
  public:
    virtual ~Link() = default;

    /// Appends at most `max` packets that have arrived to `batch`, oldest first, and returns how many: zero when there
    /// is none now. The error is that of a device that has gone or failed.
    virtual std::expected<std::size_t, std::error_code> read(std::vector<Packet>& batch, std::size_t max) = 0;

    /// Sends from the front of `batch` what the link has room for now and returns how many that was; those packets are
    /// left empty, the others are untouched and the caller's to send again later or to drop.
    virtual std::expected<std::size_t, std::error_code> write(std::span<Packet> batch) = 0;

    [[nodiscard]] virtual const Properties& properties() const = 0;

    /// A file descriptor that polls as readable while `read` has something; -1 for a link without one.
    [[nodiscard]] virtual int descriptor() const { return -1; }
};

}  // namespace hourglass::link
