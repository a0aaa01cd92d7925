// RFC 9293, section 3.10.7.4: FIN-WAIT-1 STATE. Our FIN is queued or sent, and not acknowledged.

#include "tcp/close.h"
#include "tcp/engine.h"
#include "tcp/receiver.h"
#include "tcp/steps.h"
#include "tcp/urgent.h"

namespace hourglass::tcp::states {

Disposition fin_wait_1(Arrival& a) {
    if (auto end = check_synchronized(a)) return *end;
    return fin_wait_1_after_ack(a);
}

Disposition fin_wait_1_after_ack(Arrival& a) {
    Engine& e = a.engine;
    Connection& c = *a.connection;
    if (auto end = reset_if_data_after_close(a)) return *end;
    take_urgent_pointer(e, c, a.segment);
    take_text(e, c, a.segment);
    const bool fin = take_fin(e, c, a.segment);
    if (c.fin_acked()) {
        // A FIN with the ACK of ours goes straight to TIME-WAIT.
        if (fin)
            enter_time_wait(e, c, "FIN and ACK of FIN received");
        else
            enter_fin_wait_2(e, c);
    } else if (fin) {
        e.change_state(c, State::closing, "FIN received");
    }
    return {Verdict::accepted, "RFC 9293 3.10.7.4 fifth"};
}

}  // namespace hourglass::tcp::states
