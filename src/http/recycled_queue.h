#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace hourglass::http::detail {

/// A queue that asks for memory only when it grows longer than it has been since it was empty. References hold until
/// the next `push`.
template <typename T>
requires std::is_nothrow_default_constructible_v<T>
class RecycledQueue {
  public:
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// Precondition of these: the element exists.
    [[nodiscard]] T& operator[](std::size_t i) noexcept { return slots_[(first_ + i) % slots_.size()]; }
    [[nodiscard]] const T& operator[](std::size_t i) const noexcept { return slots_[(first_ + i) % slots_.size()]; }
    [[nodiscard]] T& front() noexcept { return (*this)[0]; }
    [[nodiscard]] const T& front() const noexcept { return (*this)[0]; }
    [[nodiscard]] T& back() noexcept { return (*this)[size_ - 1]; }
    [[nodiscard]] const T& back() const noexcept { return (*this)[size_ - 1]; }

    /// Appends an element as new.
    T& push() {
        if (size_ == slots_.size()) grow();
        ++size_;
        return back();
    }
    void pop() {
        std::destroy_at(&front());
        std::construct_at(&front());
        first_ = (first_ + 1) % slots_.size();
        --size_;
        if (size_ == 0 && slots_.size() > 1) slots_ = std::vector<T>();  // one that is idle keeps no more than it needs
        if (size_ == 0) first_ = 0;
    }
    void clear() {
        while (!empty()) pop();
    }

  private:
    void grow() {
        std::vector<T> larger(slots_.empty() ? 1 : 2 * slots_.size());
        for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move((*this)[i]);
        slots_ = std::move(larger);
        first_ = 0;
    }

    std::vector<T> slots_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

}  // namespace hourglass::http::detail
