#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "stack_pair.h"

namespace hourglass::bench {

/// What a pair of our hosts may be told.
struct PairSettings {
    std::uint32_t window = 128 * 1024;  ///< Send and receive buffer of each connection, in bytes.
    bool timestamps = false;            ///< RFC 7323; off, as Debian's lwIP was built without.
    bool recorded = false;  ///< A flight recorder writes down what enters both hosts; what it writes is thrown away.
};

/// The two ends of connections on two of our hosts, in one thread, joined by an interface of MTU 1500 in memory, with
/// checksums and without segmentation offload. Time is virtual: each round of the two hosts takes five microseconds,
/// and when both are silent it goes on to the next timer.
class HourglassPair {
  public:
    explicit HourglassPair(const PairSettings& settings = {});
    ~HourglassPair();
    HourglassPair(const HourglassPair&) = delete;
    HourglassPair& operator=(const HourglassPair&) = delete;

    /// Sends `bytes` over the bulk connection, opened by the first call, and returns when all have been read.
    Transfer transfer(std::uint64_t bytes, Reading reading, bool verify = false);
    /// Opens connections until `count` are established and idle.
    void hold_idle(std::size_t count);
    /// Opens, accepts and closes `count` connections, `at_a_time` of them side by side; the client closes first.
    /// TIME-WAIT runs out in virtual time, with an MSL of one millisecond. Returns how many reached the end on both
    /// sides.
    std::size_t churn(std::size_t count, std::size_t at_a_time);
    /// Bytes of the record; what has not been handed on yet is not in it.
    [[nodiscard]] std::uint64_t recorded_bytes() const;

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace hourglass::bench
