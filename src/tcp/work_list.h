#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace hourglass::tcp {

/// What is to be done in this round, in the order in which it came up. Its memory is kept for the next one, and how it
/// grows stands away from the many places that add to it.
template <typename T>
class WorkList {
    static_assert(std::is_trivially_copyable_v<T>);

  public:
    void push_back(T item) {
        if (size_ == capacity_) [[unlikely]]
            grow();
        items_[size_++] = item;
    }
    void clear() noexcept { size_ = 0; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    T& operator[](std::size_t i) noexcept { return items_[i]; }
    [[nodiscard]] T* begin() noexcept { return items_.get(); }
    [[nodiscard]] const T* begin() const noexcept { return items_.get(); }
    [[nodiscard]] T* end() noexcept { return items_.get() + size_; }

  private:
    [[gnu::cold]] void grow() {
        auto larger = std::make_unique<T[]>(capacity_ == 0 ? 16 : capacity_ * 2);
        std::copy(begin(), end(), larger.get());
        items_ = std::move(larger);
        capacity_ = capacity_ == 0 ? 16 : capacity_ * 2;
    }

    std::unique_ptr<T[]> items_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace hourglass::tcp
