#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <unordered_map>
#include <vector>

#include "hourglass/link/link.h"
#include "hourglass/tcp/event.h"
#include "hourglass/trace/pcapng.h"

namespace hourglass::runtime {

/// A link that writes down what passes through another one, each packet with a comment that says what it did to the
/// state of its connection, why it was sent or what became of it, and the clause that decided it:
/// `sent: SYN-ACK that answers a SYN (RFC 9293 3.10.7.2); SYN-RECEIVED`.
///
/// It has to watch the TCP of the host on this link: `host.tcp().set_observer(&capture.observer())`. Checksums that
/// were left to the device are completed in the file; super-segments stay whole.
class ExplainedCapture final : public link::Link, private tcp::Observer {
  public:
    /// `writer` must outlive the capture.
    ExplainedCapture(std::unique_ptr<link::Link> inner, trace::PcapngWriter& writer, std::uint32_t interface);
    /// Writes what is still held.
    ~ExplainedCapture() override;

    [[nodiscard]] tcp::Observer& observer() { return *this; }
    /// Writes the packets that were read and are still held, because they may not have been processed yet.
    void flush();

    std::expected<std::size_t, std::error_code> read(std::vector<Packet>& batch, std::size_t max) override;
    std::expected<std::size_t, std::error_code> write(std::span<Packet> batch) override;
    [[nodiscard]] const link::Properties& properties() const override { return inner_->properties(); }
    [[nodiscard]] int descriptor() const override { return inner_->descriptor(); }

  private:
    struct Arrival {
        Instant time;
        Slice bytes;
        Offload offload;
        std::string comment;
    };
    /// A state that a connection has left, and no packet has told so yet.
    struct Change {
        tcp::FlowKey flow;
        tcp::State before;
        std::string_view trigger;
    };

    void segment_sent(const tcp::SegmentSent& event) override;
    void segment_received(const tcp::SegmentReceived& event) override;
    void state_changed(const tcp::StateChanged& event) override;
    std::string take_change(const tcp::FlowKey& flow, tcp::State after);
    void put(Instant time, std::span<const std::byte> bytes, Offload offload, std::string_view comment,
             trace::CaptureDirection direction);

    std::unique_ptr<link::Link> inner_;
    trace::PcapngWriter& writer_;
    std::uint32_t interface_;
    std::deque<Arrival> arrivals_;
    std::uint64_t first_arrival_ = 1;                            ///< `Packet::id` of `arrivals_.front()`.
    std::unordered_map<std::uint64_t, std::string> departures_;  ///< Comments by `Packet::id`.
    std::vector<Change> changes_;
    std::vector<std::byte> completed_;
};

}  // namespace hourglass::runtime
