#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "hourglass/base/buffer.h"
#include "hourglass/wire/checksum.h"

namespace hourglass::tcp {

/// A queue of bytes made of shared slices: what waits to be sent or acknowledged, or to be read. Bytes enter at the
/// back, leave at the front, and can be copied out from any offset.
class ByteQueue {
  public:
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

    /// Drops everything and keeps the queue's own memory.
    void clear() {
        slices_.clear();
        head_ = size_ = hint_index_ = hint_offset_ = 0;
    }

    /// Appends by reference. Short pieces are copied behind the last one where its block has room, so that a peer that
    /// sends single octets can't pin a block for each.
    void append(Slice slice);
    /// Appends a copy of `bytes`.
    void append(std::span<const std::byte> bytes, BufferPool& pool);
    /// Drops the first `n` bytes. Precondition: `n <= size()`.
    void consume(std::size_t n);
    /// Removes and returns the next piece, at most `max` bytes. Precondition: not empty.
    Slice take(std::size_t max);
    /// Removes bytes into `out`, up to its size; returns how many.
    std::size_t take(std::span<std::byte> out);

    /// Copies `out.size()` bytes from `offset` and returns their sum. Precondition: they are in the queue.
    wire::PartialSum copy_and_sum(std::size_t offset, std::span<std::byte> out) const;
    /// The same without the sum.
    void copy(std::size_t offset, std::span<std::byte> out) const;

    /// How much it holds; the bytes are zeros in what is read.
    template <typename Image>
    static void exchange(auto& self, Image& image) {
        std::size_t size = self.size();
        image.up_to(size, std::size_t{1} << 30);
        if constexpr (Image::kReads) image.zeros(size, [&](const Slice& zeros) { self.append(zeros); });
    }

  private:
    /// Calls `visit(bytes, position)` for each stretch of [offset, offset + size).
    template <typename Visit>
    void visit(std::size_t offset, std::size_t size, Visit&& visit) const;
    void drop_front();

    std::vector<Slice> slices_;  // [head_, end) are in use
    std::size_t head_ = 0;
    std::size_t size_ = 0;
    // Where the last copy ended: sending walks forwards, so the next one begins there.
    mutable std::size_t hint_index_ = 0;
    mutable std::size_t hint_offset_ = 0;
};

}  // namespace hourglass::tcp
