#include "tcp/byte_queue.h"

#include <algorithm>
#include <cstring>

namespace hourglass::tcp {

namespace {

constexpr std::size_t kCopyBelow = 512;
constexpr std::size_t kPiece = BufferPool::kLarge;

}  // namespace

void ByteQueue::append(Slice slice) {
    if (slice.empty()) return;
    size_ += slice.size();
    if (slice.size() < kCopyBelow && head_ < slices_.size())
        slice.remove_prefix(slices_.back().append_in_place(slice.bytes()));
    if (!slice.empty()) slices_.push_back(std::move(slice));
}

void ByteQueue::append(std::span<const std::byte> bytes, BufferPool& pool) {
    size_ += bytes.size();
    if (head_ < slices_.size()) bytes = bytes.subspan(slices_.back().append_in_place(bytes));
    while (!bytes.empty()) {
        const std::size_t n = std::min(bytes.size(), kPiece);
        slices_.push_back(pool.slice(bytes.first(n)));
        bytes = bytes.subspan(n);
    }
}

void ByteQueue::drop_front() {
    slices_[head_] = Slice();
    ++head_;
    if (head_ == slices_.size()) {
        slices_.clear();
        head_ = 0;
    } else if (head_ >= 32 && head_ * 2 >= slices_.size()) {
        slices_.erase(slices_.begin(), slices_.begin() + static_cast<std::ptrdiff_t>(head_));
        hint_index_ -= std::min(hint_index_, head_);
        head_ = 0;
    }
}

void ByteQueue::consume(std::size_t n) {
    if (n == 0) return;
    size_ -= n;
    hint_offset_ = hint_offset_ >= n ? hint_offset_ - n : 0;
    while (n > 0) {
        Slice& front = slices_[head_];
        if (n < front.size()) {
            front.remove_prefix(n);
            break;
        }
        n -= front.size();
        drop_front();
    }
    if (hint_index_ <= head_ || hint_index_ >= slices_.size()) hint_index_ = head_, hint_offset_ = 0;
}

Slice ByteQueue::take(std::size_t max) {
    const Slice& front = slices_[head_];
    Slice piece = front.sub(0, std::min(max, front.size()));
    consume(piece.size());
    return piece;
}

std::size_t ByteQueue::take(std::span<std::byte> out) {
    const std::size_t n = std::min(out.size(), size_);
    copy(0, out.first(n));
    consume(n);
    return n;
}

template <typename Visit>
void ByteQueue::visit(std::size_t offset, std::size_t size, Visit&& visit) const {
    std::size_t index = hint_index_;
    std::size_t start = hint_offset_;  // offset of slices_[index] in the queue
    if (index < head_ || offset < start) index = head_, start = 0;
    while (offset >= start + slices_[index].size()) start += slices_[index++].size();
    std::size_t done = 0;
    while (done < size) {
        const auto bytes = slices_[index].bytes().subspan(offset + done - start);
        const std::size_t n = std::min(bytes.size(), size - done);
        visit(bytes.first(n), done);
        done += n;
        if (n == bytes.size() && index + 1 < slices_.size()) start += slices_[index++].size();
    }
    hint_index_ = index;
    hint_offset_ = start;
}

wire::PartialSum ByteQueue::copy_and_sum(std::size_t offset, std::span<std::byte> out) const {
    wire::PartialSum sum;
    if (out.empty()) return sum;
    visit(offset, out.size(), [&](std::span<const std::byte> bytes, std::size_t position) {
        const auto part = wire::copy_and_sum(out.subspan(position), bytes);
        sum += position % 2 == 0 ? part : part.at_odd_offset();
    });
    return sum;
}

void ByteQueue::copy(std::size_t offset, std::span<std::byte> out) const {
    if (out.empty()) return;
    visit(offset, out.size(), [&](std::span<const std::byte> bytes, std::size_t position) {
        std::memcpy(out.data() + position, bytes.data(), bytes.size());
    });
}

}  // namespace hourglass::tcp
