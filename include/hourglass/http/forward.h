#pragma once

#include <expected>
#include <string>

#include "hourglass/base/address.h"
#include "hourglass/http/message.h"

namespace hourglass::http {

/// What a gateway knows besides the message.
struct ForwardContext {
    SocketAddress client;            ///< who sent the request
    std::string scheme = "http";     ///< how it came
    std::string name = "hourglass";  ///< the pseudonym in Via (RFC 9110, section 7.6.3); unique in a chain of proxies
    std::string upstream_host;       ///< the Host for the origin; empty: the client's is kept
    /// Forwarded and X-Forwarded-* that came with the request are kept and added to. Without it they are replaced: a
    /// client can write anything into them.
    bool trust_client = false;
};

/// The request to send to the origin: without the fields that concern the client's connection alone, those that
/// Connection names among them (RFC 9110, section 7.6.1), in origin-form, with Via, Forwarded (RFC 7239) and
/// X-Forwarded-For, -Proto and -Host. Content-Length is left to the writer. The error is the answer to the client
/// instead: a loop (508), no more hops allowed (RFC 9110, section 7.6.2), CONNECT (501).
[[nodiscard]] std::expected<Request, Response> make_forwarded_request(const Request& request,
                                                                      const ForwardContext& context);

/// The response to send to the client: without the fields of the origin's connection and with Via. Content-Length is
/// left to the writer but for answers that have no body, to HEAD and with 304.
[[nodiscard]] Response make_forwarded_response(const Response& response, const Method& method,
                                               const ForwardContext& context);

/// Takes out Connection, the fields that it names, and the others that concern one connection alone (RFC 9110,
/// section 7.6.1).
void remove_hop_by_hop(Fields& fields);

}  // namespace hourglass::http
