#include "hourglass/link/capture.h"

#include <utility>

namespace hourglass::link {

Capture::Capture(std::unique_ptr<Link> inner, std::function<Instant()> clock, CaptureSink sink)
    : inner_(std::move(inner)), clock_(std::move(clock)), sink_(std::move(sink)) {}

std::expected<std::size_t, std::error_code> Capture::read(std::vector<Packet>& batch, std::size_t max) {
    const auto n = inner_->read(batch, max);
    if (!n || *n == 0) return n;
    const Instant now = clock_();
    for (const Packet& packet : std::span(batch).last(*n))
        sink_({.time = now, .outbound = false, .id = packet.id, .offload = packet.offload, .bytes = packet.bytes()});
    return n;
}

std::expected<std::size_t, std::error_code> Capture::write(std::span<Packet> batch) {
    // The link empties what it takes, and only it knows how much that is: the bytes are held until then.
    struct Held {
        Slice bytes;
        std::uint64_t id;
        Offload offload;
    };
    std::vector<Held> held;
    held.reserve(batch.size());
    for (const Packet& packet : batch) held.push_back({packet.slice(0, packet.size()), packet.id, packet.offload});
    const auto n = inner_->write(batch);
    if (!n) return n;
    const Instant now = clock_();
    for (const Held& one : std::span(held).first(*n))
        sink_({.time = now, .outbound = true, .id = one.id, .offload = one.offload, .bytes = one.bytes.bytes()});
    return n;
}

}  // namespace hourglass::link
