#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace hourglass::tcp {

/// The greatest of what was seen in the last `Slots` units of some count (rounds, probing cycles).
template <typename T, std::size_t Slots>
class MaxFilter {
  public:
    void update(T value) { slots_[0] = std::max(slots_[0], value); }
    /// A unit has passed.
    void advance() {
        std::shift_right(slots_.begin(), slots_.end(), 1);
        slots_[0] = T{};
    }
    /// Over the last `n` units, the one under way included.
    [[nodiscard]] T max(std::size_t n = Slots) const {
        return *std::max_element(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(std::min(n, Slots)));
    }

    static void exchange(auto& self, auto& image) { image(self.slots_); }

  private:
    std::array<T, Slots> slots_{};
};

}  // namespace hourglass::tcp
