#pragma once

#include <expected>
#include <memory>

#include "hourglass/link/tun_device.h"

namespace hourglass::link {

/// A TAP device: Ethernet frames, so that the kernel's end can be a port of a bridge.
class Tap final : public TunDevice {
  public:
    /// As `Tun::open`.
    static std::expected<std::unique_ptr<Tap>, TunError> open(const TunSettings& settings, BufferPool& pool);

  private:
    using TunDevice::TunDevice;
};

}  // namespace hourglass::link
