// RFC 9293, section 3.10.7.4: CLOSE-WAIT STATE. The peer has closed its direction; ours goes on.

#include "tcp/engine.h"
#include "tcp/steps.h"

namespace hourglass::tcp::states {

Disposition close_wait(Arrival& a) {
    if (auto end = check_synchronized(a)) return *end;
    // Seventh: "This should not occur since a FIN has been received from the remote side. Ignore the segment text."
    return {Verdict::accepted, "RFC 9293 3.10.7.4 fifth"};
}

}  // namespace hourglass::tcp::states
