#pragma once

#include "tcp/connection.h"
#include "tcp/steps.h"

namespace hourglass::tcp {

class Engine;

/// The application has no more to send: a FIN follows what is queued (RFC 9293, section 3.10.4). From ESTABLISHED to
/// FIN-WAIT-1, from CLOSE-WAIT to LAST-ACK; in SYN-RECEIVED it waits until the handshake is complete.
void begin_close(Engine& e, Connection& c, Literal trigger);

/// Our FIN has been acknowledged and the peer's has not come. An application that has called close() does not wait for
/// ever: the time in this state is then limited.
void enter_fin_wait_2(Engine& e, Connection& c);

/// The application has called close(), and new data has come for it: there is nobody to read it, and the peer is told
/// so with a RST (RFC 9293, section 3.6.1; RFC 2525, section 2.17).
[[nodiscard]] Step reset_if_data_after_close(Arrival& a);

}  // namespace hourglass::tcp
