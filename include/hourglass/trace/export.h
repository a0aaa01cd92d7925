#pragma once

#include <cstdint>
#include <string>

#include "hourglass/trace/pcapng.h"
#include "hourglass/trace/recorder.h"

namespace hourglass::trace {

/// What of a recording goes into a capture file.
struct CaptureOptions {
    /// Where on the first link of its way a packet is captured. At the sender the capture holds every packet once, in
    /// an order in which no answer precedes what it answers; at the receiver it holds what arrived.
    enum class Side : std::uint8_t { sender, receiver };
    Side side = Side::sender;
    /// Also those that were lost on the way, as a capture at the sender really shows them. Without them a reader of the
    /// file sees gaps.
    bool lost_packets = true;
};

/// Writes the packets of a recording, one interface a link. Each packet's comment says why it was sent, what it did to
/// the state of both ends, and the clauses that decided it.
void write_pcapng(const Recorder& recorder, PcapngWriter& writer, const CaptureOptions& options = {});

/// The comment of one packet: `sent: SYN of a connect() (RFC 9293 3.10.1); CLOSED -> SYN-SENT | at server: LISTEN ->
/// SYN-RECEIVED (RFC 9293 3.10.7.2)`. Empty when there is nothing to say.
[[nodiscard]] std::string comment_on(const PacketTrip& trip);

/// The recording as JSON (RFC 8259): `{"connections": [...], "links": [...], "steps": [...]}`, times in nanoseconds of
/// the world's clock, sequence numbers both as they stand in the segment and relative to the SYN.
[[nodiscard]] std::string to_json(const Recorder& recorder);

}  // namespace hourglass::trace
