// RFC 9293, section 3.10.7.1: CLOSED STATE.

#include "tcp/emit.h"
#include "tcp/engine.h"
#include "tcp/steps.h"

namespace hourglass::tcp::states {

Disposition closed(Engine& e, const Segment& seg) {
    // "All data in the incoming segment is discarded. An incoming segment containing a RST is discarded. An incoming
    // segment not containing a RST causes a RST to be sent in response."
    ++e.counters.dropped_no_connection;
    if (seg.flags.rst()) return {Verdict::dropped_rst, "RFC 9293 3.10.7.1"};
    emit_reset_in_reply(e, seg, SendReason::reset_no_connection);
    return {Verdict::reset_sent, "RFC 9293 3.10.7.1"};
}

}  // namespace hourglass::tcp::states
