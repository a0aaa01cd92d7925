#include "cli/progress.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace hourglass::cli {

namespace {

constexpr auto kInterval = std::chrono::milliseconds(100);
constexpr std::size_t kWidth = 30;

}  // namespace

std::string readable_size(std::uint64_t bytes) {
    constexpr std::array units = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024) return fmt::format("{} B", bytes);
    auto amount = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    for (; amount >= 1024; ++unit) amount /= 1024;
    return fmt::format("{:.1f} {}", amount, units[unit]);
}

std::optional<std::string> Progress::moved(std::uint64_t bytes, Instant now) {
    if (shown_ != Instant::min() && now < shown_ + kInterval) return std::nullopt;
    shown_ = now;
    return line(bytes, now);
}

std::string Progress::line(std::uint64_t bytes, Instant now) const {
    const double took = std::max(to_seconds(now - began_), 0.001);
    const double rate = static_cast<double>(bytes) / took;
    const std::string speed = fmt::format("{}/s", readable_size(static_cast<std::uint64_t>(rate)));
    const std::uint64_t done = before_ + bytes;
    if (!total_ || *total_ == 0) return fmt::format("{}, {}", readable_size(done), speed);
    const double part = std::min(static_cast<double>(done) / static_cast<double>(*total_), 1.0);
    const auto filled = static_cast<std::size_t>(part * static_cast<double>(kWidth));
    std::string text =
        fmt::format("{:3.0f}% [{}{}] {} of {}, {}", part * 100, std::string(filled, '#'),
                    std::string(kWidth - filled, '-'), readable_size(done), readable_size(*total_), speed);
    if (done < *total_ && rate > 0) text += fmt::format(", {:.0f} s left", static_cast<double>(*total_ - done) / rate);
    return text;
}

}  // namespace hourglass::cli
