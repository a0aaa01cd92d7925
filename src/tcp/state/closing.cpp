// RFC 9293, section 3.10.7.4: CLOSING STATE. Both FINs have crossed; ours is not acknowledged.

#include "tcp/engine.h"
#include "tcp/steps.h"

namespace hourglass::tcp::states {

Disposition closing(Arrival& a) {
    if (auto end = check_synchronized(a)) return *end;
    if (a.connection->fin_acked()) enter_time_wait(a.engine, *a.connection, "ACK of FIN received");
    return {Verdict::accepted, "RFC 9293 3.10.7.4 fifth"};
}

}  // namespace hourglass::tcp::states
