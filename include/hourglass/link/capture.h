#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "hourglass/base/time.h"
#include "hourglass/link/link.h"

namespace hourglass::link {

/// A packet that passes a `Capture`. The bytes are valid during the call.
struct CapturedPacket {
    Instant time;
    bool outbound = false;  ///< Written to the link, not read from it.
    std::uint64_t id = 0;   ///< `Packet::id`.
    Offload offload;        ///< A partial checksum is seen as the device is given it.
    std::span<const std::byte> bytes;
};

/// Where captured packets go; `trace::capture_to` makes one that writes a pcapng file.
using CaptureSink = std::function<void(const CapturedPacket&)>;

/// A link that shows what passes through another one: packets read when they are read, packets written when the link
/// has taken them.
class Capture : public Link {
  public:
    /// `clock` tells the time that packets are stamped with.
    Capture(std::unique_ptr<Link> inner, std::function<Instant()> clock, CaptureSink sink);

    std::expected<std::size_t, std::error_code> read(std::vector<Packet>& batch, std::size_t max) override;
    std::expected<std::size_t, std::error_code> write(std::span<Packet> batch) override;
    [[nodiscard]] const Properties& properties() const override { return inner_->properties(); }
    [[nodiscard]] int descriptor() const override { return inner_->descriptor(); }

  private:
    std::unique_ptr<Link> inner_;
    std::function<Instant()> clock_;
    CaptureSink sink_;
};

}  // namespace hourglass::link
