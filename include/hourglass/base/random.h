#pragma once

#include <array>
#include <cstdint>

namespace hourglass {

/// Reproducible random numbers: xoshiro256** seeded by SplitMix64. The same seed gives the same numbers on every
/// machine. Not for secrets; those come from the world as keys.
class Random {
  public:
    explicit Random(std::uint64_t seed) noexcept {
        for (auto& word : state_) {
            seed += 0x9e3779b97f4a7c15;
            std::uint64_t z = seed;
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
            z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
            word = z ^ (z >> 31);
        }
    }

    [[nodiscard]] std::uint64_t next() noexcept {
        const std::uint64_t result = rotl(state_[1] * 5, 7) * 9;
        const std::uint64_t t = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= t;
        state_[3] = rotl(state_[3], 45);
        return result;
    }
    /// Uniform in [0, bound). Precondition: `bound > 0`.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) noexcept {
        const std::uint64_t threshold = (0 - bound) % bound;  // reject the part that would favour small values
        for (;;) {
            const std::uint64_t r = next();
            if (r >= threshold) return r % bound;
        }
    }
    /// Uniform in [0, 1).
    [[nodiscard]] double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
    /// True with probability `p`. Draws once whatever `p` is, so that runs with other settings stay comparable.
    [[nodiscard]] bool chance(double p) noexcept { return unit() < p; }

    /// Writes where it is in its sequence to an image, or reads it from one (src/tcp/image.h).
    static void exchange(auto& self, auto& image) { image(self.state_); }

  private:
    static constexpr std::uint64_t rotl(std::uint64_t x, int k) noexcept { return (x << k) | (x >> (64 - k)); }
    std::array<std::uint64_t, 4> state_{};
};

}  // namespace hourglass
