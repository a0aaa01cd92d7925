// RFC 9293, section 3.10.7.2: LISTEN STATE.

#include "tcp/emit.h"
#include "tcp/engine.h"
#include "tcp/passive_open.h"
#include "tcp/steps.h"

namespace hourglass::tcp::states {

Disposition listen(Engine& e, std::uint32_t listener, const Segment& seg) {
    // First: "An incoming RST segment could not be valid [...] should be ignored."
    if (seg.flags.rst()) {
        ++e.counters.dropped_no_connection;
        return {Verdict::dropped_rst, "RFC 9293 3.10.7.2 first"};
    }
    // Second: "Any acknowledgment is bad if it arrives on a connection still in the LISTEN state."
    if (seg.flags.ack()) {
        ++e.counters.dropped_no_connection;
        emit_reset_in_reply(e, seg, SendReason::reset_no_connection);
        return {Verdict::reset_sent, "RFC 9293 3.10.7.2 second"};
    }
    // Third: a SYN begins a handshake. Its data, if any, is not taken: the peer sends it again when we have not
    // acknowledged it, and until the third segment nobody knows that the SYN is not an old duplicate.
    if (seg.flags.syn()) return open_half(e, listener, seg);
    // Fourth: anything else is discarded.
    return {Verdict::dropped_no_ack, "RFC 9293 3.10.7.2 fourth"};
}

}  // namespace hourglass::tcp::states
