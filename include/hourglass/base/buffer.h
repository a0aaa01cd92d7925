#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace hourglass {

namespace detail {

struct PoolState;

/// A counted block of memory. The bytes follow the header.
struct Block {
    std::uint32_t references;
    std::uint32_t capacity;
    PoolState* pool;
    Block* next_free;

    std::byte* data() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
};

void recycle(Block* block) noexcept;

inline void retain(Block* block) noexcept {
    if (block != nullptr) ++block->references;
}
inline void release(Block* block) noexcept {
    if (block != nullptr && --block->references == 0) recycle(block);
}

}  // namespace detail

class Packet;

/// A range of bytes in a reference-counted buffer. Copying a slice shares the bytes; nothing is copied. The count is
/// not atomic: a slice stays in the shard (thread) of its pool.
class Slice {
  public:
    Slice() = default;
    Slice(const Slice& other) noexcept : block_(other.block_), begin_(other.begin_), size_(other.size_) {
        detail::retain(block_);
    }
    Slice(Slice&& other) noexcept
        : block_(std::exchange(other.block_, nullptr)), begin_(other.begin_), size_(std::exchange(other.size_, 0)) {}
    Slice& operator=(Slice other) noexcept {
        swap(other);
        return *this;
    }
    ~Slice() { detail::release(block_); }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
        return block_ == nullptr ? std::span<const std::byte>{}
                                 : std::span<const std::byte>(block_->data() + begin_, size_);
    }
    /// Drops the first `n` bytes. Precondition: `n <= size()`.
    void remove_prefix(std::size_t n) noexcept {
        begin_ += static_cast<std::uint32_t>(n);
        size_ -= static_cast<std::uint32_t>(n);
    }
    /// Keeps the first `n` bytes. Precondition: `n <= size()`.
    void truncate(std::size_t n) noexcept { size_ = static_cast<std::uint32_t>(n); }
    /// The `n` bytes from `offset`, shared. Precondition: they are inside this slice.
    [[nodiscard]] Slice sub(std::size_t offset, std::size_t n) const noexcept {
        Slice s = *this;
        s.remove_prefix(offset);
        s.truncate(n);
        return s;
    }
    /// Bytes of memory that this slice keeps alive (the whole block's capacity).
    [[nodiscard]] std::size_t held_memory() const noexcept { return block_ == nullptr ? 0 : block_->capacity; }

    /// Appends as much of `bytes` as fits behind this slice in its own block and returns how much that was: zero
    /// unless this slice is the block's only user and its end is free. Lets small writes share one buffer.
    std::size_t append_in_place(std::span<const std::byte> bytes) noexcept;

    void swap(Slice& other) noexcept {
        std::swap(block_, other.block_);
        std::swap(begin_, other.begin_);
        std::swap(size_, other.size_);
    }

  private:
    friend class Packet;
    friend class BufferPool;
    Slice(detail::Block* block, std::uint32_t begin, std::uint32_t size) noexcept
        : block_(block), begin_(begin), size_(size) {
        detail::retain(block_);
    }

    detail::Block* block_ = nullptr;
    std::uint32_t begin_ = 0;
    std::uint32_t size_ = 0;
};

/// What a device has done, or is to do, with a packet's checksum and segmentation (the virtio header's meaning).
struct Offload {
    enum class Checksum : std::uint8_t {
        complete,  ///< Received: to be verified. To send: already in place.
        partial,   ///< The transport checksum field holds the pseudo-header's sum; the device completes it. On receipt:
                   ///< the sender was on this machine and nothing needs to be verified.
        verified,  ///< Received: the device has verified it.
    };
    Checksum checksum = Checksum::complete;
    /// Payload bytes a segment when the packet is a super-segment that the device is to cut; 0 when it is not.
    std::uint16_t gso_size = 0;
};

/// What is known of a packet beside its bytes.
struct PacketMarks {
    Offload offload;
    std::uint8_t traffic_class = 0;  ///< To send: IPv4's TOS or IPv6's traffic class.
    std::uint8_t hop_limit = 0;      ///< To send: TTL or hop limit; 0: the host's default.
    /// The two bits of the ECN field (RFC 3168, section 5) as the transport sees them: what the datagram that brought
    /// this segment had, or what the one that takes it away is to have.
    std::uint8_t ecn = 0;
    /// Names the packet to whoever watches (the simulator numbers what it carries); it is not on the wire.
    std::uint64_t id = 0;
};

/// A packet on its way between a link and the machine: contiguous bytes in a buffer of a pool, with room in front for
/// headers. Owned by one holder; moved, not copied.
class Packet : public PacketMarks {
  public:
    /// Room kept in front of a fresh packet: Ethernet, the larger IP header and a device header, with space left over.
    static constexpr std::size_t kHeadroom = 96;

    Packet() = default;
    Packet(Packet&& other) noexcept
        : PacketMarks(other),
          block_(std::exchange(other.block_, nullptr)),
          begin_(std::exchange(other.begin_, 0)),
          end_(std::exchange(other.end_, 0)) {}
    Packet& operator=(Packet&& other) noexcept {
        Packet moved(std::move(other));
        swap(moved);
        return *this;
    }
    Packet(const Packet&) = delete;
    Packet& operator=(const Packet&) = delete;
    ~Packet() { detail::release(block_); }

    [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
    [[nodiscard]] bool empty() const noexcept { return end_ == begin_; }
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
        return block_ == nullptr ? std::span<const std::byte>{}
                                 : std::span<const std::byte>(block_->data() + begin_, size());
    }
    [[nodiscard]] std::span<std::byte> bytes() noexcept {
        return block_ == nullptr ? std::span<std::byte>{} : std::span<std::byte>(block_->data() + begin_, size());
    }
    [[nodiscard]] std::size_t headroom() const noexcept { return begin_; }
    [[nodiscard]] std::size_t tailroom() const noexcept { return block_ == nullptr ? 0 : block_->capacity - end_; }

    /// Grows the packet by `n` bytes in front and returns them, unset. Precondition: `n <= headroom()`.
    std::span<std::byte> prepend(std::size_t n) noexcept {
        begin_ -= static_cast<std::uint32_t>(n);
        return {block_->data() + begin_, n};
    }
    /// Grows the packet by `n` bytes at its end and returns them, unset. Precondition: `n <= tailroom()`.
    std::span<std::byte> append(std::size_t n) noexcept {
        std::byte* at = block_->data() + end_;
        end_ += static_cast<std::uint32_t>(n);
        return {at, n};
    }
    /// Drops `n` bytes in front (a header that has been read). Precondition: `n <= size()`.
    void remove_prefix(std::size_t n) noexcept { begin_ += static_cast<std::uint32_t>(n); }
    /// Keeps the first `n` bytes (drops link padding). Precondition: `n <= size()`.
    void truncate(std::size_t n) noexcept { end_ = begin_ + static_cast<std::uint32_t>(n); }
    /// Shares `n` bytes from `offset` beyond the packet's life. Precondition: they are inside the packet.
    [[nodiscard]] Slice slice(std::size_t offset, std::size_t n) const noexcept {
        return {block_, begin_ + static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(n)};
    }

    void swap(Packet& other) noexcept {
        std::swap<PacketMarks>(*this, other);
        std::swap(block_, other.block_);
        std::swap(begin_, other.begin_);
        std::swap(end_, other.end_);
    }

  private:
    friend class BufferPool;
    Packet(detail::Block* block, std::uint32_t begin) noexcept : block_(block), begin_(begin), end_(begin) {}

    detail::Block* block_ = nullptr;
    std::uint32_t begin_ = 0;
    std::uint32_t end_ = 0;
};

/// Where a shard's buffers come from and return to. Two sizes are kept for reuse: one for a packet of an ordinary MTU,
/// one for a super-segment of 64 KiB. Not thread-safe; slices and packets may outlive the pool object.
class BufferPool {
  public:
    static constexpr std::size_t kSmall = 2048;       ///< Capacity of a small block, headroom included.
    static constexpr std::size_t kLarge = 66 * 1024;  ///< Capacity of a large block, headroom included.

    BufferPool();
    ~BufferPool();
    BufferPool(const BufferPool&) = delete;
    BufferPool& operator=(const BufferPool&) = delete;

    /// An empty packet with `kHeadroom` bytes in front and room for at least `size` behind.
    [[nodiscard]] Packet packet(std::size_t size);
    /// A packet that holds a copy of `bytes`.
    [[nodiscard]] Packet packet(std::span<const std::byte> bytes);
    /// A slice that holds a copy of `bytes`; small ones get a block with room to grow in place.
    [[nodiscard]] Slice slice(std::span<const std::byte> bytes);

    /// Blocks now in use by packets and slices: zero when nothing leaks.
    [[nodiscard]] std::size_t in_use() const noexcept;

  private:
    detail::Block* take(std::size_t capacity);
    detail::PoolState* state_;
};

}  // namespace hourglass
