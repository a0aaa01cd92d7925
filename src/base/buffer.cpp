#include "hourglass/base/buffer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace hourglass {

namespace detail {

/// Shared by the pool object and the blocks in use; the last of them frees it.
struct PoolState {
    Block* free_small = nullptr;
    Block* free_large = nullptr;
    std::size_t in_use = 0;
    std::size_t kept_small = 0;
    std::size_t kept_large = 0;
    bool pool_gone = false;
};

namespace {

// Free blocks kept for reuse; what comes back beyond them returns to the system.
constexpr std::size_t kMaxKeptSmall = 8192;
constexpr std::size_t kMaxKeptLarge = 128;

void free_list(Block* block) noexcept {
    while (block != nullptr) {
        Block* next = block->next_free;
        std::free(block);
        block = next;
    }
}

bool keep(Block* block, Block*& list, std::size_t& kept, std::size_t limit) noexcept {
    if (kept >= limit) return false;
    block->next_free = list;
    list = block;
    ++kept;
    return true;
}

}  // namespace

void recycle(Block* block) noexcept {
    PoolState* pool = block->pool;
    --pool->in_use;
    if (pool->pool_gone) {
        std::free(block);
        if (pool->in_use == 0) delete pool;
        return;
    }
    if (block->capacity == BufferPool::kSmall && keep(block, pool->free_small, pool->kept_small, kMaxKeptSmall)) return;
    if (block->capacity == BufferPool::kLarge && keep(block, pool->free_large, pool->kept_large, kMaxKeptLarge)) return;
    std::free(block);
}

}  // namespace detail

std::size_t Slice::append_in_place(std::span<const std::byte> bytes) noexcept {
    if (block_ == nullptr || block_->references != 1) return 0;
    const std::size_t end = begin_ + size_;
    const std::size_t n = std::min(bytes.size(), block_->capacity - end);
    std::memcpy(block_->data() + end, bytes.data(), n);
    size_ += static_cast<std::uint32_t>(n);
    return n;
}

BufferPool::BufferPool() : state_(new detail::PoolState) {}

BufferPool::~BufferPool() {
    detail::free_list(state_->free_small);
    detail::free_list(state_->free_large);
    state_->pool_gone = true;
    if (state_->in_use == 0) delete state_;
}

detail::Block* BufferPool::take(std::size_t capacity) {
    detail::Block* block = nullptr;
    if (capacity <= kSmall) {
        capacity = kSmall;
        block = state_->free_small;
        if (block != nullptr) {
            state_->free_small = block->next_free;
            --state_->kept_small;
        }
    } else if (capacity <= kLarge) {
        capacity = kLarge;
        block = state_->free_large;
        if (block != nullptr) {
            state_->free_large = block->next_free;
            --state_->kept_large;
        }
    }
    if (block == nullptr) {
        void* memory = std::malloc(sizeof(detail::Block) + capacity);
        if (memory == nullptr) throw std::bad_alloc();
        block = new (memory) detail::Block{0, static_cast<std::uint32_t>(capacity), state_, nullptr};
    }
    block->references = 0;
    ++state_->in_use;
    return block;
}

Packet BufferPool::packet(std::size_t size) {
    detail::Block* block = take(size + Packet::kHeadroom);
    detail::retain(block);
    return {block, Packet::kHeadroom};
}

Packet BufferPool::packet(std::span<const std::byte> bytes) {
    Packet p = packet(bytes.size());
    std::ranges::copy(bytes, p.append(bytes.size()).begin());
    return p;
}

Slice BufferPool::slice(std::span<const std::byte> bytes) {
    Slice s(take(bytes.size()), 0, static_cast<std::uint32_t>(bytes.size()));
    if (!bytes.empty()) std::memcpy(s.block_->data(), bytes.data(), bytes.size());
    return s;
}

std::size_t BufferPool::in_use() const noexcept { return state_->in_use; }

}  // namespace hourglass
