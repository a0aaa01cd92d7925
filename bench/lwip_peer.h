#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "stack_pair.h"

namespace hourglass::bench {

/// The two ends of connections on lwIP, in one thread, joined by two point-to-point interfaces of MTU 1500 in memory.
/// lwIP is one stack a process (its state is global), so both ends live in it; each connection is bound to its
/// interface, and every packet leaves through `netif->output` and comes back through `ip_input`. The link copies
/// headers and passes payload by reference, as cheaply as lwIP's own rules for buffers allow.
class LwipPair {
  public:
    struct State;

    LwipPair();
    ~LwipPair();
    LwipPair(const LwipPair&) = delete;
    LwipPair& operator=(const LwipPair&) = delete;

    /// Sends `bytes` over the bulk connection, opened by the first call, and returns when all have been read.
    Transfer transfer(std::uint64_t bytes, Reading reading, bool verify = false);
    /// Opens connections until `count` are established and idle.
    void hold_idle(std::size_t count);
    /// Opens, accepts and closes `count` connections, `at_a_time` of them side by side; the client closes first. lwIP's
    /// TIME-WAIT entries are freed at once, which spares it the cost of scanning them. Returns how many reached the
    /// end.
    std::size_t churn(std::size_t count, std::size_t at_a_time);

  private:
    std::unique_ptr<State> state_;
};

/// The version of the lwIP that the program was linked with: "2.1.3".
const char* lwip_version();

}  // namespace hourglass::bench
