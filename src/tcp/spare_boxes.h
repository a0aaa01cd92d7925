#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace hourglass::tcp {

/// Boxes that no connection needs now, kept with the memory of their queues for the next one: a connection that wakes
/// up for one request costs no allocation. `Box` has `clear()` and a pointer `home` to the pool that it goes back to.
template <typename Box>
class SpareBoxes {
  public:
    struct GoHome {
        void operator()(Box* box) const noexcept { box->home->give_back(box); }
    };
    using Pointer = std::unique_ptr<Box, GoHome>;

    Pointer take() {
        if (spare_.empty()) {
            auto box = std::make_unique<Box>();
            box->home = this;
            return Pointer(box.release());
        }
        Pointer box(spare_.back().release());
        spare_.pop_back();
        return box;
    }

  private:
    static constexpr std::size_t kMaxKept = 1024;

    void give_back(Box* box) noexcept {
        std::unique_ptr<Box> owned(box);
        if (spare_.size() >= kMaxKept) return;
        owned->clear();
        spare_.push_back(std::move(owned));
    }
    std::vector<std::unique_ptr<Box>> spare_;
};

}  // namespace hourglass::tcp
