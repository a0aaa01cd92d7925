#pragma once

#include <cstdint>

#include "hourglass/tcp/tuning.h"
#include "tcp/slab.h"

namespace hourglass::tcp {

/// The tunings of those connections and listeners that have one of their own. They are shared: what a listener has, its
/// connections name by the same number, and a change gives the one that is changed a number of its own.
class TuningTable {
  public:
    static constexpr std::uint32_t kDefaults = UINT32_MAX;

    TuningTable(const Settings& settings, std::uint32_t limit) : defaults_(tuning_of(settings)), slab_(limit) {}

    [[nodiscard]] const Tuning& operator[](std::uint32_t number) const noexcept {
        return number == kDefaults ? defaults_ : own(number);
    }
    [[nodiscard]] const Tuning& defaults() const noexcept { return defaults_; }
    /// One more user of what has this number.
    std::uint32_t share(std::uint32_t number) {
        if (number != kDefaults) ++slab_[number].users;
        return number;
    }
    /// A user of `number` goes, or turns to `values`: returns the number that it has then.
    std::uint32_t change(std::uint32_t number, const Tuning& values) {
        if ((*this)[number] == values) return number;
        if (number != kDefaults && slab_[number].users == 1 && values != defaults_) {
            slab_[number].values = values;
            return number;
        }
        release(number);
        if (values == defaults_) return kDefaults;
        const std::uint32_t fresh = slab_.make();
        if (fresh != kDefaults) slab_[fresh] = {values, 1};
        return fresh;
    }
    void release(std::uint32_t number) {
        if (number != kDefaults && --slab_[number].users == 0) slab_.give_back(number);
    }
    [[nodiscard]] std::uint32_t size() const noexcept { return slab_.size(); }

    /// Of what is read each user is to say that it is one, by `share`; in the end each tuning must have some.
    static void exchange(auto& self, auto& image) {
        Slab<Entry>::exchange(self.slab_, image, [&](std::uint32_t, auto& entry) { image(entry.values); });
    }
    [[nodiscard]] bool has(std::uint32_t number) const noexcept { return number == kDefaults || slab_.used(number); }
    [[nodiscard]] bool all_used() const noexcept {
        for (std::uint32_t i = 0; i < slab_.end(); ++i)
            if (slab_.used(i) && slab_[i].users == 0) return false;
        return true;
    }

  private:
    struct Entry {
        Tuning values{};
        std::uint32_t users = 0;
    };
    [[gnu::cold]] const Tuning& own(std::uint32_t number) const noexcept { return slab_[number].values; }

    Tuning defaults_;
    Slab<Entry> slab_;
};

}  // namespace hourglass::tcp
