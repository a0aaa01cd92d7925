#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/http/client.h"
#include "hourglass/http/message.h"
#include "hourglass/http/parser.h"
#include "hourglass/http/server.h"

namespace hourglass::http::test {

/// All that a parser reports for an input, in one value.
struct Parsed {
    std::vector<Request> requests;  ///< complete ones, bodies and trailers collected
    std::optional<Error> error;
    bool operator==(const Parsed&) const;
};

/// Reads requests from `input`, given in pieces of `piece` bytes.
Parsed parse_requests(std::string_view input, std::size_t piece = std::string_view::npos, const Limits& limits = {});

/// The only request in `input`; fails the test when there is an error or another number of them.
Request parse_request(std::string_view input);

/// The error that `input` ends in; fails the test when there is none.
std::optional<Error> request_error(std::string_view input, const Limits& limits = {});

/// A response as text with its body, from a parser that was told `method`. Ends with "!name" for an error and with
/// "..." when the message is not complete.
std::string parse_response(std::string_view input, const Method& method = Method::get, bool closed = false);

/// A server connection with an application that is easy to script.
class TestServer {
  public:
    explicit TestServer(Handler handler, ServerSettings settings = plain());
    explicit TestServer(Application application, ServerSettings settings = plain());

    /// Settings without Server and Date, so that responses are short.
    static ServerSettings plain();
    /// Gives bytes to the connection and returns what it has to say.
    std::string exchange(std::string_view input);
    /// Takes all output that there is.
    std::string take_output();

    Application application;
    ServerConnection connection;
};

/// A handler that answers every request with its target as the body.
void answer_target(const Request& request, const Responder& responder);

/// Moves bytes between the two ends until nothing moves any more.
void run(ClientConnection& client, ServerConnection& server);

}  // namespace hourglass::http::test
