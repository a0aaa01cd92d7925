#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "hourglass/base/address.h"
#include "hourglass/http/message.h"
#include "hourglass/uwsgi/packet.h"

namespace hourglass::uwsgi {

/// What a gateway tells an application besides the request.
struct GatewayContext {
    SocketAddress client{};         ///< REMOTE_ADDR, REMOTE_PORT
    std::string scheme = "http";    ///< REQUEST_SCHEME; "https" sets HTTPS too
    std::uint16_t port = 80;        ///< SERVER_PORT, where the request names none
    std::string document_root{};    ///< DOCUMENT_ROOT; empty: none
    std::string script_name{};      ///< SCRIPT_NAME: taken off the front of PATH_INFO (RFC 3875, section 4.1.13)
    std::uint64_t body_length = 0;  ///< CONTENT_LENGTH
};

/// The variables of a request as CGI defines them (RFC 3875, section 4.1), with REQUEST_URI as all gateways do. Fields
/// become HTTP_*. Left out are fields that concern one connection, `Proxy`, which programs take for the proxy that they
/// are to use, and names with an underscore, which in HTTP_* could not be told from those with a hyphen.
[[nodiscard]] Variables to_variables(const http::Request& request, const GatewayContext& context);

/// A request that came as variables.
struct GatewayRequest {
    http::Request request;  ///< version 1.0: the message has the connection to itself, and no transfer coding
    std::uint64_t body_length = 0;
    SocketAddress client{};  ///< unspecified when the gateway did not say
};
/// Reads variables as a request; what an HTTP request could not carry is refused.
[[nodiscard]] std::expected<GatewayRequest, Error> to_request(const Variables& variables);

}  // namespace hourglass::uwsgi
