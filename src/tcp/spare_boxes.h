#pragma once

#include <cstddef>
#include <memory>

namespace hourglass::tcp {

/// Boxes that no connection needs now, kept with the memory of their queues for the next one: a connection that wakes
/// up for one request costs no allocation. `Box` has `clear()`, a pointer `home` to the pool that it goes back to, and
/// a pointer `next_spare`.
template <typename Box>
class SpareBoxes {
  public:
    struct GoHome {
        void operator()(Box* box) const noexcept { box->home->give_back(box); }
    };
    using Pointer = std::unique_ptr<Box, GoHome>;

    SpareBoxes() = default;
    SpareBoxes(const SpareBoxes&) = delete;
    SpareBoxes& operator=(const SpareBoxes&) = delete;
    ~SpareBoxes() {
        while (first_ != nullptr) delete pop();
    }

    Pointer take() { return Pointer(first_ != nullptr ? pop() : make()); }

  private:
    static constexpr std::size_t kMaxKept = 1024;

    [[gnu::cold]] Box* make() {
        auto box = std::make_unique<Box>();
        box->home = this;
        return box.release();
    }
    Box* pop() noexcept {
        Box* const box = first_;
        first_ = box->next_spare;
        --kept_;
        return box;
    }
    [[gnu::noinline]] void give_back(Box* box) noexcept {
        if (kept_ >= kMaxKept) [[unlikely]]
            return discard(box);
        box->clear();
        box->next_spare = first_;
        first_ = box;
        ++kept_;
    }
    [[gnu::cold]] static void discard(Box* box) noexcept { delete box; }

    Box* first_ = nullptr;
    std::size_t kept_ = 0;
};

}  // namespace hourglass::tcp
