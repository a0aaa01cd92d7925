// RFC 9293, section 3.10.7.4: FIN-WAIT-2 STATE. Our direction is closed; the peer may still send.

#include "tcp/close.h"
#include "tcp/engine.h"
#include "tcp/receiver.h"
#include "tcp/steps.h"
#include "tcp/urgent.h"

namespace hourglass::tcp::states {

Disposition fin_wait_2(Arrival& a) {
    if (auto end = check_synchronized(a)) return *end;
    Connection& c = *a.connection;
    if (auto end = reset_if_data_after_close(a)) return *end;
    take_urgent_pointer(a.engine, c, a.segment);
    take_text(a.engine, c, a.segment);
    if (take_fin(a.engine, c, a.segment)) enter_time_wait(a.engine, c, "FIN received");
    return {Verdict::accepted, "RFC 9293 3.10.7.4 eighth"};
}

}  // namespace hourglass::tcp::states
