#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/http/server.h"

namespace hourglass::http {

/// What answers requests whose body is received as it comes. It is called with the head; the sink gets the body, if
/// there is one, and its end.
using StreamHandler = std::function<std::unique_ptr<BodySink>(const Request&, Responder)>;

/// Finds the handler for a request by method and path. HEAD goes to the handler of GET, and OPTIONS is answered with
/// the methods that a path has (RFC 9110, section 9.3). No path: 404. A path without the method: 405 with Allow. A
/// method that no route has: 501.
class Router {
  public:
    /// The handler for exactly this path, percent-decoded.
    Router& route(Method method, std::string path, Handler handler);
    /// The same for bodies that are received as they come.
    Router& stream(Method method, std::string path, StreamHandler handler);
    /// The handler for `prefix` and everything below it, with any method. Exact routes come first, then the longest
    /// prefix.
    Router& mount(std::string prefix, Handler handler);

    /// Answers or passes on.
    void operator()(const Request& request, Responder responder) const;
    /// The application for a server connection. The router must outlive it.
    [[nodiscard]] Application application() const;

  private:
    struct Route {
        Method method;
        std::string path;
        Handler handler;
        StreamHandler stream;
    };
    struct Mount {
        std::string prefix;
        Handler handler;
    };
    struct Match {
        const Route* route = nullptr;
        const Mount* mount = nullptr;
        std::string allow;  ///< the path's methods, when the request's is not among them
    };
    [[nodiscard]] Match find(const Method& method, std::string_view path) const;
    [[nodiscard]] bool knows(const Method& method) const;
    [[nodiscard]] std::unique_ptr<BodySink> on_head(const Request& request, const Responder& responder) const;

    std::vector<Route> routes_;
    std::vector<Mount> mounts_;
};

/// Answers with the request's own body and media type.
[[nodiscard]] Handler echo_handler();

/// The same while the body is still coming, with at most `buffer` bytes held: a client that does not read what it gets
/// is not read from either.
[[nodiscard]] StreamHandler echo_stream(std::size_t buffer = 256 * 1024);

}  // namespace hourglass::http
