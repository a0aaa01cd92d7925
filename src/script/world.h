#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hourglass/base/buffer.h"
#include "hourglass/base/time.h"
#include "hourglass/ip/host.h"
#include "hourglass/script/config.h"
#include "hourglass/socket/sockets.h"
#include "script/packets.h"

namespace hourglass::script {

/// The host under test on a bare IP interface, with its clock and its program's sockets.
class World {
  public:
    /// When the script begins: long enough after zero that timestamps and timers are not at their beginning.
    static constexpr Instant kStart{std::chrono::seconds(1000)};

    World(const ip::HostSettings& settings, const Config& config);

    [[nodiscard]] socket::Sockets& sockets() { return sockets_; }
    [[nodiscard]] Instant now() const { return now_; }
    [[nodiscard]] Duration elapsed() const { return now_ - kStart; }

    /// A datagram arrives.
    void receive(std::span<const std::byte> datagram);
    /// Runs what is due now; what the host sends goes to `sent`. False when nothing was sent.
    bool poll();
    void advance(Instant to) { now_ = std::max(now_, to); }
    [[nodiscard]] Instant next_deadline() { return host_.next_deadline(); }

    std::deque<LivePacket> sent;  ///< What the script has not looked at, oldest first.
    std::string malformed;        ///< What is wrong with a datagram that was sent; empty when all were right.

  private:
    BufferPool pool_;
    ip::Host host_;
    ip::InterfaceId interface_;
    socket::Sockets sockets_;
    Instant now_ = kStart;
    std::vector<Packet> batch_;
};

}  // namespace hourglass::script
