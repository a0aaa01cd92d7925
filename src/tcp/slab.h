#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace hourglass::tcp {

/// Objects with stable addresses and small numbers, in chunks: made and given back in constant time, with a limit.
template <typename T>
class Slab {
  public:
    static constexpr std::uint32_t kNone = UINT32_MAX;

    explicit Slab(std::uint32_t limit) : limit_(limit) {}
    Slab(const Slab&) = delete;
    Slab& operator=(const Slab&) = delete;
    ~Slab() {
        for (std::uint32_t i = 0; i < end_; ++i)
            if (used(i)) at(i).~T();
    }

    /// The number of a fresh object, made of `arguments`; `kNone` at the limit.
    template <typename... Arguments>
    std::uint32_t make(Arguments&&... arguments) {
        std::uint32_t index = free_;
        if (index != kNone) {
            free_ = cell(index).next_free;
        } else {
            if (end_ >= limit_) return kNone;
            index = end_++;
            if (index / kChunk == chunks_.size()) add_chunk();
        }
        new (cell(index).storage) T(std::forward<Arguments>(arguments)...);
        cell(index).used = true;
        ++size_;
        return index;
    }
    void give_back(std::uint32_t index) {
        at(index).~T();
        cell(index).used = false;
        cell(index).next_free = free_;
        free_ = index;
        --size_;
    }

    T& operator[](std::uint32_t index) noexcept { return at(index); }
    const T& operator[](std::uint32_t index) const noexcept { return const_cast<Slab*>(this)->at(index); }
    /// True when `index` names an object.
    [[nodiscard]] bool used(std::uint32_t index) const noexcept {
        return index < end_ && const_cast<Slab*>(this)->cell(index).used;
    }
    [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
    /// One more than the largest number in use since the beginning: for walking all of them.
    [[nodiscard]] std::uint32_t end() const noexcept { return end_; }
    [[nodiscard]] bool full() const noexcept { return size_ >= limit_; }

    /// The objects, each by `each(number, object)`, and the order in which free numbers will be given out. One that
    /// reads must be fresh.
    template <typename Image, typename Each>
    static void exchange(auto& self, Image& image, Each&& each) {
        const std::size_t end = image.count(self.end_);
        image.require(end <= self.limit_);
        for (std::uint32_t i = 0; i < end && !image.failed(); ++i) {
            const bool used = image.value(self.used(i));
            if constexpr (Image::kReads) self.append(used);
            if (used) each(i, self[i]);
        }
        std::vector<std::uint32_t> free;
        if constexpr (!Image::kReads) free = self.free_numbers();
        image(free);
        if constexpr (Image::kReads) image.require(self.set_free_numbers(free));
    }

  private:
    static constexpr std::uint32_t kChunk = 256;
    struct Cell {
        alignas(T) std::byte storage[sizeof(T)];
        std::uint32_t next_free;
        bool used = false;
    };
    /// One more cell at the end, with an object or without.
    void append(bool used) {
        if (end_ / kChunk == chunks_.size()) add_chunk();
        cell(end_).used = used;
        if (used) new (cell(end_).storage) T(), ++size_;
        ++end_;
    }
    /// In the order in which they will be given out.
    [[nodiscard]] std::vector<std::uint32_t> free_numbers() const {
        std::vector<std::uint32_t> numbers;
        for (std::uint32_t i = free_; i != kNone; i = chunks_[i / kChunk][i % kChunk].next_free) numbers.push_back(i);
        return numbers;
    }
    /// False unless these are the numbers of all cells without an object, each once.
    bool set_free_numbers(const std::vector<std::uint32_t>& numbers) {
        std::vector<bool> seen(end_);
        for (const std::uint32_t i : numbers) {
            if (i >= end_ || used(i) || seen[i]) return false;
            seen[i] = true;
        }
        if (numbers.size() != end_ - size_) return false;
        free_ = kNone;
        for (auto i = numbers.rbegin(); i != numbers.rend(); ++i) cell(*i).next_free = std::exchange(free_, *i);
        return true;
    }
    [[gnu::cold]] void add_chunk() { chunks_.push_back(std::make_unique<Cell[]>(kChunk)); }
    Cell& cell(std::uint32_t index) noexcept { return chunks_[index / kChunk][index % kChunk]; }
    T& at(std::uint32_t index) noexcept { return *std::launder(reinterpret_cast<T*>(cell(index).storage)); }

    std::vector<std::unique_ptr<Cell[]>> chunks_;
    std::uint32_t limit_;
    std::uint32_t free_ = kNone;
    std::uint32_t end_ = 0;
    std::uint32_t size_ = 0;
};

}  // namespace hourglass::tcp
