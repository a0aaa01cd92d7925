#pragma once

#include <memory>

#include "hourglass/base/buffer.h"
#include "hourglass/link/tun.h"
#include "kernel_flow.h"

namespace hourglass::bench {

/// Two networks of the kernel's with a TUN in each: the emulated link goes between them. The constructor takes this
/// process into the sender's network, for good; the receiver's sockets are made before. Throws std::runtime_error with
/// what is missing.
class Ground {
  public:
    Ground();

    [[nodiscard]] link::Link& sender_end() { return *sender_; }
    [[nodiscard]] link::Link& receiver_end() { return *receiver_; }
    [[nodiscard]] int listener() const { return listener_->descriptor(); }
    [[nodiscard]] int datagram_socket() const { return datagrams_->descriptor(); }

  private:
    BufferPool pool_;
    std::unique_ptr<link::Tun> receiver_;
    std::unique_ptr<Socket> listener_;
    std::unique_ptr<Socket> datagrams_;
    std::unique_ptr<link::Tun> sender_;
};

}  // namespace hourglass::bench
