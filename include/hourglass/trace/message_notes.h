#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "hourglass/base/time.h"
#include "hourglass/ip/interface.h"
#include "hourglass/sim/observer.h"

namespace hourglass::trace {

/// The DNS message, or the first line of the HTTP message, that a packet begins: `dns: query A www.example.com.`,
/// `http: GET / HTTP/1.1`; empty when it begins none. Quick where it can't.
[[nodiscard]] std::string message_in(std::span<const std::byte> packet, ip::Medium medium);

/// Reads what passes a simulated network and tells of the messages above TCP, as `message_in` gives them. For an event
/// log or a flight record, which know headers of segments only.
class MessageNotes final : public sim::NetworkObserver {
  public:
    using Note = std::function<void(Instant time, std::string_view host, std::string_view text)>;

    explicit MessageNotes(Note note) : note_(std::move(note)) {}

    std::uint64_t packet_sent(Instant time, const sim::Hop& hop, std::uint64_t id,
                              std::span<const std::byte> bytes) override;

  private:
    Note note_;
    std::unordered_set<std::uint64_t> told_;  // packets that have been told of: they pass several links
};

}  // namespace hourglass::trace
