#include "hourglass/runtime/message_link.h"

#include <utility>

#include "hourglass/ip/interface.h"
#include "hourglass/runtime/clock.h"
#include "hourglass/trace/message_notes.h"

namespace hourglass::runtime {

std::string MessageLink::message_in(const Packet& packet) const {
    return trace::message_in(packet.bytes(), properties().medium);
}

std::expected<std::size_t, std::error_code> MessageLink::read(std::vector<Packet>& batch, std::size_t max) {
    const auto count = inner_->read(batch, max);
    if (!count) return count;
    for (const Packet& packet : std::span(std::as_const(batch)).last(*count))
        if (std::string text = message_in(packet); !text.empty()) told_({now(), false, std::move(text)});
    return count;
}

std::expected<std::size_t, std::error_code> MessageLink::write(std::span<Packet> batch) {
    // The link empties what it takes, and only it knows how much that is.
    std::vector<std::pair<std::size_t, std::string>> messages;
    for (std::size_t i = 0; i < batch.size(); ++i)
        if (std::string text = message_in(batch[i]); !text.empty()) messages.emplace_back(i, std::move(text));
    const auto count = inner_->write(batch);
    if (!count) return count;
    for (auto& [place, text] : messages)
        if (place < *count) told_({now(), true, std::move(text)});
    return count;
}

}  // namespace hourglass::runtime
