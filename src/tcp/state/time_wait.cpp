// RFC 9293, section 3.10.7.4: TIME-WAIT STATE. `c` is a TIME-WAIT entry, expanded for this segment.

#include "tcp/time_wait.h"

#include "tcp/engine.h"
#include "tcp/receiver.h"
#include "tcp/steps.h"

namespace hourglass::tcp::states {

Disposition time_wait(Arrival& a) {
    Engine& e = a.engine;
    Connection& c = *a.connection;
    if (a.segment.view.flags().fin() && !a.segment.flags.rst() && !a.segment.flags.syn()) {
        // "The only thing that can arrive in this state is a retransmission of the remote FIN. Acknowledge it, and
        // restart the 2 MSL timeout." It lies left of the window, so it must be seen before the first step drops it.
        if (a.segment.seq + a.segment.data_size + 1 == c.rcv_nxt) {
            // Unless it is from an earlier turn, its timestamp is the last one seen (RFC 6191, section 2).
            const auto& stamp = a.segment.options.timestamps;
            if (c.timestamps && stamp && static_cast<std::int32_t>(stamp->value - c.ts_recent) > 0)
                c.ts_recent = stamp->value;
            restart_time_wait(e, e.find(c.flow).index, c.ts_recent);
            ack_now(e, c, SendReason::ack_fin);
            return {Verdict::duplicate, "RFC 9293 3.10.7.4 eighth"};
        }
    }
    // RFC 1337, section 3, (F1): an old RST must not end the quiet time early.
    if (a.segment.flags.rst() && e.settings.time_wait_ignores_reset) return {Verdict::dropped_rst, "RFC 1337 3 F1"};
    if (auto end = check_synchronized(a)) return *end;
    return {Verdict::accepted, "RFC 9293 3.10.7.4 fifth"};
}

}  // namespace hourglass::tcp::states
