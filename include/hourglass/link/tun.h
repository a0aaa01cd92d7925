#pragma once

#include <expected>
#include <memory>

#include "hourglass/link/tun_device.h"

namespace hourglass::link {

/// A TUN device: bare IP datagrams.
class Tun final : public TunDevice {
  public:
    /// Attaches to the device called `settings.name`, and makes it first when there is none; `pool` must outlive it.
    static std::expected<std::unique_ptr<Tun>, TunError> open(const TunSettings& settings, BufferPool& pool);

  private:
    using TunDevice::TunDevice;
};

}  // namespace hourglass::link
