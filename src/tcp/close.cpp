#include "tcp/close.h"

#include "tcp/emit.h"
#include "tcp/engine.h"
#include "tcp/timers.h"

namespace hourglass::tcp {

void begin_close(Engine& e, Connection& c, Literal trigger) {
    c.fin_queued = true;
    if (c.state == State::established)
        e.change_state(c, State::fin_wait_1, trigger);
    else if (c.state == State::close_wait)
        e.change_state(c, State::last_ack, trigger);
    e.want_output(c);
}

void enter_fin_wait_2(Engine& e, Connection& c) {
    e.change_state(c, State::fin_wait_2, "ACK of FIN received");
    if (c.released) set_idle_timer(e, c);
}

Step reset_if_data_after_close(Arrival& a) {
    Connection& c = *a.connection;
    if (!c.released || a.segment.data_size == 0) return std::nullopt;
    emit_reset_in_reply(a.engine, a.segment, SendReason::reset_data_after_close);
    a.engine.finish(c, Error::reset, "data received after the application closed");
    return Disposition{Verdict::reset_sent, "RFC 9293 3.6.1"};
}

}  // namespace hourglass::tcp
