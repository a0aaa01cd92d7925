#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hourglass::bench {

/// How the receiving application takes its bytes.
enum class Reading : std::uint8_t {
    copied,    ///< Into a buffer of its own.
    in_place,  ///< Looked at where they lie, then released.
};

/// What one bulk transfer carried.
struct Transfer {
    std::uint64_t payload = 0;   ///< Bytes read by the receiving application.
    std::uint64_t segments = 0;  ///< Segments with payload.
    std::uint64_t packets = 0;   ///< All of them, acknowledgements too.
    bool intact = true;          ///< The bytes read are the bytes written (looked at only when asked for).
};

/// Payload of a full segment: an MTU of 1500 without IP and TCP options.
inline constexpr std::size_t kSegment = 1460;

/// The stream that the sending application repeats: bytes that tell their place, so that a shift, a loss or a
/// repetition shows.
class Pattern {
  public:
    Pattern() : bytes_(kPeriod * kSegment) {
        for (std::size_t i = 0; i < bytes_.size(); ++i) bytes_[i] = static_cast<std::byte>(i % kPeriod);
    }
    /// At most `max` bytes that follow those taken before.
    [[nodiscard]] std::span<const std::byte> next(std::size_t max) const {
        return std::span(bytes_).subspan(written_, std::min(max, bytes_.size() - written_));
    }
    void wrote(std::size_t n) { written_ = (written_ + n) % bytes_.size(); }
    /// The next bytes to check are the next that will be written.
    void check_from_here() { read_ = written_; }
    /// True when `bytes` go on where the last ones checked ended.
    bool matches(std::span<const std::byte> bytes) {
        bool same = true;
        for (const std::byte b : bytes) {
            same = same && b == bytes_[read_];
            read_ = (read_ + 1) % bytes_.size();
        }
        return same;
    }

  private:
    static constexpr std::size_t kPeriod = 251;  // prime: it has nothing in common with the size of a segment
    std::vector<std::byte> bytes_;
    std::size_t written_ = 0;
    std::size_t read_ = 0;
};

// The idle connections of both stacks have the same addresses. Their client ports lie below the ephemeral ports, which
// are left to the connections that come and go.
inline constexpr std::uint16_t kBulkPort = 5001;
inline constexpr std::uint16_t kChurnPort = 5002;
inline constexpr std::uint16_t kFirstIdlePort = 6000;
inline constexpr std::uint16_t kFirstIdleClientPort = 10000;
inline constexpr std::size_t kIdlePerServerPort = 30000;

}  // namespace hourglass::bench
