#include "hourglass/runtime/clock.h"

#include <chrono>
#include <random>
#include <sys/random.h>

namespace hourglass::runtime {

Instant now() noexcept { return Instant(std::chrono::steady_clock::now().time_since_epoch()); }

SipKey random_secret() {
    SipKey key;
    static_assert(sizeof key <= 256, "getrandom(2): up to 256 bytes come whole");
    if (::getrandom(&key, sizeof key, 0) == sizeof key) return key;
    std::random_device device;  // a kernel without the call, or one that forbids it
    const auto word = [&device] { return static_cast<std::uint64_t>(device()) << 32 | device(); };
    return {word(), word()};
}

}  // namespace hourglass::runtime
