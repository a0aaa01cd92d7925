#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hourglass/http/middleware.h"
#include "hourglass/http/server.h"
#include "hourglass/http/task.h"

namespace hourglass::http {

namespace detail {
class RouteTree;
}

/// What answers requests by what it returns.
using ResponseHandler = std::function<Response(const Request&)>;

/// What answers requests by a coroutine, which may wait: see `http/coroutine.h`. The request lives as long as the
/// coroutine; what a lambda has captured, as long as the router. An exception is answered with 500.
using TaskHandler = std::function<Task<Response>(const Request&)>;

/// What answers requests whose body is received as it comes. It is called with the head; the sink gets the body, if
/// there is one, and its end.
using StreamHandler = std::function<std::unique_ptr<BodySink>(const Request&, Responder)>;

/// The same as a handler that is given the right to answer.
[[nodiscard]] Handler respond_with(ResponseHandler handler);
[[nodiscard]] Handler respond_with(TaskHandler handler);

/// Finds the handler for a request by method and path. HEAD goes to the handler of GET, and OPTIONS is answered with
/// the methods that a path has (RFC 9110, section 9.3). No path: 404. A path without the method: 405 with Allow. A
/// method that no route has: 501.
///
/// A pattern is a path, decoded, in which a whole segment may be a name: "/users/{id}" matches "/users/7", and
/// `request.parameter("id")` is then "7". A name with dots, at the end, takes all that follows, its segments joined by
/// slashes: "/files/{path...}". Names match neither "." nor "..". Where several patterns match, a literal segment wins
/// over a name, and that over a rest, whatever the order in which they were added. A malformed pattern, or one that is
/// there already for that method, throws `std::invalid_argument`.
class Router {
  public:
    Router();
    ~Router();
    Router(Router&&) noexcept;
    Router& operator=(Router&&) noexcept;

    /// The handler for a method and a pattern.
    Router& route(Method method, std::string pattern, Handler handler);
    Router& route(Method method, std::string pattern, ResponseHandler handler);
    Router& route(Method method, std::string pattern, TaskHandler handler);
    template <typename H>
    Router& get(std::string pattern, H handler) {
        return route(Method::get, std::move(pattern), std::move(handler));
    }
    template <typename H>
    Router& post(std::string pattern, H handler) {
        return route(Method::post, std::move(pattern), std::move(handler));
    }
    template <typename H>
    Router& put(std::string pattern, H handler) {
        return route(Method::put, std::move(pattern), std::move(handler));
    }
    template <typename H>
    Router& patch(std::string pattern, H handler) {
        return route(Method::patch, std::move(pattern), std::move(handler));
    }
    template <typename H>
    Router& delete_(std::string pattern, H handler) {
        return route(Method::delete_, std::move(pattern), std::move(handler));
    }
    /// The same for bodies that are received as they come.
    Router& stream(Method method, std::string pattern, StreamHandler handler);
    /// Redirects GET, HEAD and POST; names in `location` are replaced by what they stand for, encoded, and the query is
    /// kept: `redirect("/old/{page...}", "/new/{page}")`.
    Router& redirect(std::string pattern, std::string location, Status status = Status::permanent_redirect);
    /// The handler for `prefix` and everything below it, with any method. Routes come first, then the longest prefix.
    Router& mount(std::string prefix, Handler handler);
    /// Puts a middleware before everything, answers to what has no route included; the first one added is outermost. It
    /// is called with the head of a request, before the body is read. For a single route there is also `wrap`, which is
    /// called with the body.
    Router& use(Middleware middleware);
    /// The same for `prefix` and everything below it.
    Router& use(std::string prefix, Middleware middleware);

    /// Answers or passes on, through the middlewares: the router as a handler, for one that has its body.
    void operator()(const Request& request, const Responder& responder) const;
    /// The application for a server connection. The router must outlive it.
    [[nodiscard]] Application application() const;

  private:
    struct Route {
        Method method;
        std::vector<std::string> names;
        Handler handler;
        StreamHandler stream;
    };
    struct Mount {
        std::string prefix;
        Handler handler;
    };
    struct Layer {
        std::string prefix;
        Middleware middleware;
    };
    /// What a request leads to.
    struct Match {
        const Route* route = nullptr;
        const Mount* mount = nullptr;
        std::string allow{};  ///< the path's methods, when the request's is not among them
        std::string path{};   ///< decoded
        std::vector<std::pair<std::string, std::string>> parameters{};
        bool malformed = false;
    };
    void add(Method method, const std::string& pattern, Handler handler, StreamHandler stream);
    [[nodiscard]] Match find(const Request& request) const;
    void find_route(const Request& request, Match& match) const;
    [[nodiscard]] bool knows(const Method& method) const;
    [[nodiscard]] std::string all_methods() const;
    void refuse(const Request& request, const Match& match, const Responder& responder) const;
    void pass(const Request& request, const Match& match, const Responder& responder, Handler last) const;
    [[nodiscard]] Match match_and_name(const Request& request, const Responder& responder) const;
    void answer(const Request& request, const Responder& responder) const;
    [[nodiscard]] std::unique_ptr<BodySink> on_head(const Request& request, const Responder& responder) const;

    std::unique_ptr<detail::RouteTree> tree_;
    std::vector<Route> routes_;
    std::vector<Mount> mounts_;
    std::vector<Layer> layers_;
};

/// Answers with the request's own body and media type.
[[nodiscard]] Handler echo_handler();

/// The same while the body is still coming, with at most `buffer` bytes held: a client that does not read what it gets
/// is not read from either.
[[nodiscard]] StreamHandler echo_stream(std::size_t buffer = 256 * 1024);

}  // namespace hourglass::http
