// RFC 9293, section 3.10.7.4: LAST-ACK STATE. The peer closed first; only the ACK of our FIN is missing.

#include "tcp/engine.h"
#include "tcp/steps.h"

namespace hourglass::tcp::states {

Disposition last_ack(Arrival& a) {
    if (auto end = check_synchronized(a)) return *end;
    if (a.connection->fin_acked()) a.engine.finish(*a.connection, Error::none, "ACK of FIN received");
    return {Verdict::accepted, "RFC 9293 3.10.7.4 fifth"};
}

}  // namespace hourglass::tcp::states
