// RFC 9293, section 3.10.7.4: ESTABLISHED STATE.

#include "tcp/engine.h"
#include "tcp/receiver.h"
#include "tcp/steps.h"
#include "tcp/urgent.h"

namespace hourglass::tcp::states {

Disposition established(Arrival& a) {
    if (auto end = check_synchronized(a)) return *end;
    Connection& c = *a.connection;
    take_urgent_pointer(a.engine, c, a.segment);
    take_text(a.engine, c, a.segment);
    if (take_fin(a.engine, c, a.segment)) a.engine.change_state(c, State::close_wait, "FIN received");
    return {Verdict::accepted, "RFC 9293 3.10.7.4 seventh"};
}

}  // namespace hourglass::tcp::states
