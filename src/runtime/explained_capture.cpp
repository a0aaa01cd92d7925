#include "hourglass/runtime/explained_capture.h"

#include <algorithm>
#include <fmt/core.h>
#include <optional>
#include <utility>

#include "hourglass/ip/interface.h"
#include "hourglass/runtime/clock.h"
#include "hourglass/wire/checksum_offload.h"
#include "hourglass/wire/ethernet.h"
#include "hourglass/wire/tcp.h"

namespace hourglass::runtime {

namespace {

/// Comments and changes kept for packets that may never be sent.
constexpr std::size_t kMaxKept = 1 << 16;

std::string in_parentheses(std::string_view clause) { return clause.empty() ? "" : fmt::format(" ({})", clause); }

std::string change_text(tcp::State before, tcp::State after) {
    if (before == after) return std::string(tcp::to_string(after));
    return fmt::format("{} -> {}", tcp::to_string(before), tcp::to_string(after));
}

}  // namespace

ExplainedCapture::ExplainedCapture(std::unique_ptr<link::Link> inner, trace::PcapngWriter& writer,
                                   std::uint32_t interface)
    : inner_(std::move(inner)), writer_(writer), interface_(interface) {}

ExplainedCapture::~ExplainedCapture() { flush(); }

std::expected<std::size_t, std::error_code> ExplainedCapture::read(std::vector<Packet>& batch, std::size_t max) {
    flush();
    const auto count = inner_->read(batch, max);
    if (!count || *count == 0) return count;
    const Instant time = now();
    for (Packet& packet : std::span(batch).last(*count)) {
        packet.id = first_arrival_ + arrivals_.size();
        arrivals_.push_back({time, packet.slice(0, packet.size()), packet.offload, {}});
    }
    return count;
}

std::expected<std::size_t, std::error_code> ExplainedCapture::write(std::span<Packet> batch) {
    flush();
    // The link empties what it takes, and only it knows how much that is: the bytes are held until then.
    std::vector<std::pair<std::uint64_t, Arrival>> held;
    held.reserve(batch.size());
    for (const Packet& packet : batch)
        held.emplace_back(packet.id, Arrival{{}, packet.slice(0, packet.size()), packet.offload, {}});
    const auto count = inner_->write(batch);
    if (!count) return count;
    const Instant time = now();
    for (const auto& [id, packet] : std::span(held).first(*count)) {
        const auto comment = departures_.extract(id);
        put(time, packet.bytes.bytes(), packet.offload, comment ? std::string_view(comment.mapped()) : "",
            trace::CaptureDirection::outbound);
    }
    return count;
}

void ExplainedCapture::flush() {
    for (const Arrival& arrival : arrivals_)
        put(arrival.time, arrival.bytes.bytes(), arrival.offload, arrival.comment, trace::CaptureDirection::inbound);
    first_arrival_ += arrivals_.size();
    arrivals_.clear();
}

void ExplainedCapture::put(Instant time, std::span<const std::byte> bytes, Offload offload, std::string_view comment,
                           trace::CaptureDirection direction) {
    if (offload.checksum == Offload::Checksum::partial) {
        completed_.assign(bytes.begin(), bytes.end());
        const bool framed = properties().medium == ip::Medium::ethernet;
        const std::size_t link_header = framed ? wire::EthernetHeader::kSize : 0;
        if (completed_.size() >= link_header) wire::complete_checksum(std::span(completed_).subspan(link_header));
        bytes = completed_;
    }
    writer_.write(interface_, time, bytes, comment, direction);
}

void ExplainedCapture::segment_sent(const tcp::SegmentSent& event) {
    if (departures_.size() >= kMaxKept) departures_.clear();
    departures_.emplace(
        event.packet_id,
        fmt::format("sent: {}{}{}; {}", event.retransmission ? "again, " : "", tcp::to_string(event.reason),
                    in_parentheses(tcp::clause_of(event.reason)), take_change(event.flow, event.state)));
}

void ExplainedCapture::segment_received(const tcp::SegmentReceived& event) {
    std::erase_if(changes_, [&event](const Change& change) { return change.flow == event.flow; });
    const std::uint64_t place = event.packet_id - first_arrival_;
    if (place >= arrivals_.size()) return;
    arrivals_[place].comment =
        fmt::format("received: {}{}; {}", tcp::to_string(event.disposition.verdict),
                    in_parentheses(event.disposition.clause), change_text(event.before, event.after));
}

void ExplainedCapture::state_changed(const tcp::StateChanged& event) {
    if (changes_.size() >= kMaxKept) changes_.clear();
    changes_.push_back({event.flow, event.before, event.trigger});
}

/// `ESTABLISHED -> FIN-WAIT-1, CLOSE call`: what has happened to the connection since its last packet.
std::string ExplainedCapture::take_change(const tcp::FlowKey& flow, tcp::State after) {
    const auto is_same = [&flow](const Change& change) { return change.flow == flow; };
    const auto change = std::ranges::find_if(changes_, is_same);
    if (change == changes_.end()) return std::string(tcp::to_string(after));
    std::string text = change_text(change->before, after);
    if (!change->trigger.empty()) text += fmt::format(", {}", change->trigger);
    std::erase_if(changes_, is_same);
    return text;
}

}  // namespace hourglass::runtime
