#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "hourglass/proxy/configuration.h"

namespace hourglass::proxy {

/// What a balancer is told of a server, each time.
struct Candidate {
    bool usable = false;       ///< it may be chosen now
    std::uint32_t active = 0;  ///< requests under way on it
};

/// Chooses the server of an upstream that takes a request.
class Balancer {
  public:
    /// `servers` as in the configuration; their number is that of the candidates.
    Balancer(Balance balance, std::span<const ServerConfiguration> servers);

    /// One of the usable candidates; nothing when there is none. `key` is the hash of what `Balance::hash` goes by.
    [[nodiscard]] std::optional<std::size_t> choose(std::span<const Candidate> candidates, std::uint64_t key);

  private:
    [[nodiscard]] std::optional<std::size_t> choose_in_turn(std::span<const Candidate> candidates);
    [[nodiscard]] std::optional<std::size_t> choose_least(std::span<const Candidate> candidates);
    [[nodiscard]] std::optional<std::size_t> choose_by_hash(std::span<const Candidate> candidates,
                                                            std::uint64_t key) const;

    Balance balance_;
    std::vector<std::uint32_t> weights_;
    std::vector<std::int64_t> turns_;                            ///< of the smooth weighted round robin
    std::vector<std::pair<std::uint64_t, std::size_t>> ring_{};  ///< points of the hash ring and their servers
};

/// The hash of a key for `Balancer::choose`. The same on every machine and in every run.
[[nodiscard]] std::uint64_t hash_key(std::string_view text) noexcept;

}  // namespace hourglass::proxy
