#pragma once

#include <cstddef>
#include <memory>

#include "hourglass/link/link.h"

namespace hourglass::link {

struct MemoryPairSettings {
    /// Of both ends, the names apart. With `max_gso` and `checksum_offload` the ends pass super-segments and unfinished
    /// checksums on to each other as they are: both are in this memory, where nothing needs to be cut or summed.
    Properties properties{};
    std::size_t queue_packets = 4096;  ///< In each direction; `write` takes no more than there is room for.
};

/// Two links joined back to back: what is written to one is read from the other. Packets are moved, so their bytes stay
/// where they are, and both ends belong to one shard.
class MemoryPair {
  public:
    explicit MemoryPair(const MemoryPairSettings& settings = {});
    ~MemoryPair();
    MemoryPair(const MemoryPair&) = delete;
    MemoryPair& operator=(const MemoryPair&) = delete;

    [[nodiscard]] Link& a();
    [[nodiscard]] Link& b();

  private:
    class End;
    std::unique_ptr<End> a_;
    std::unique_ptr<End> b_;
};

}  // namespace hourglass::link
