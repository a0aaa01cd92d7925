#include "hourglass/udp/sockets.h"

namespace hourglass::udp {

std::string_view to_string(Error error) {
    switch (error) {
        case Error::address_in_use:
            return "address already in use";
        case Error::no_ports:
            return "no free port";
        case Error::limit_reached:
            return "too many sockets";
        case Error::bad_address:
            return "address can't be used here";
        case Error::no_route:
            return "no route to host";
        case Error::too_large:
            return "datagram too large";
        case Error::no_such_socket:
            return "no such socket";
    }
    return "unknown error";
}

}  // namespace hourglass::udp
