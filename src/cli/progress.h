#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "hourglass/base/time.h"

namespace hourglass::cli {

/// How far a transfer is, in one line: a bar where the whole is known, and how fast. Time is an argument.
class Progress {
  public:
    explicit Progress(Instant began) : began_(began) {}

    /// `before`: bytes that were there already.
    void expect(std::optional<std::uint64_t> total, std::uint64_t before) {
        total_ = total;
        before_ = before;
    }
    /// The line to show, if it is time for one again.
    [[nodiscard]] std::optional<std::string> moved(std::uint64_t bytes, Instant now);
    /// The line as it is now.
    [[nodiscard]] std::string line(std::uint64_t bytes, Instant now) const;

  private:
    Instant began_;
    Instant shown_ = Instant::min();
    std::optional<std::uint64_t> total_{};
    std::uint64_t before_ = 0;
};

/// A number of bytes for people: "12.3 MiB".
[[nodiscard]] std::string readable_size(std::uint64_t bytes);

}  // namespace hourglass::cli
