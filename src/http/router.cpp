#include "hourglass/http/router.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <stdexcept>

#include "hourglass/http/url.h"
#include "http/route_tree.h"

namespace hourglass::http {

namespace {

/// True when `path` is `prefix` or lies below it.
bool is_below(std::string_view path, std::string_view prefix) {
    if (!path.starts_with(prefix)) return false;
    return prefix.ends_with('/') || path.size() == prefix.size() || path[prefix.size()] == '/';
}

/// Methods in the order in which they come, each once.
class Methods {
  public:
    void add(const Method& method) {
        if (std::ranges::find(methods_, method) == methods_.end()) methods_.push_back(method);
    }
    /// The value of Allow, with those that come for free; empty when there are none.
    [[nodiscard]] std::string allow() const {
        std::string text;
        for (const Method& method : methods_) text.append(text.empty() ? "" : ", ").append(method.name());
        if (text.empty()) return text;
        if (has(Method::get) && !has(Method::head)) text += ", HEAD";
        if (!has(Method::options)) text += ", OPTIONS";
        return text;
    }

  private:
    [[nodiscard]] bool has(const Method& method) const { return std::ranges::find(methods_, method) != methods_.end(); }
    std::vector<Method> methods_;
};

std::string join(const std::vector<std::string_view>& segments, std::size_t from) {
    std::string text;
    for (std::size_t i = from; i < segments.size(); ++i) text.append(i == from ? "" : "/").append(segments[i]);
    return text;
}

Response echo_head(const Request& request) {
    Response response;
    response.fields.add("Content-Type", request.fields.get("Content-Type").value_or("application/octet-stream"));
    return response;
}

}  // namespace

Handler respond_with(ResponseHandler handler) {
    return [handler = std::move(handler)](const Request& request, const Responder& responder) {
        responder.respond(handler(request));
    };
}

namespace {

Task<void> answer(std::shared_ptr<const TaskHandler> handler, Responder responder) {
    Response response = co_await (*handler)(responder.request());
    responder.respond(std::move(response));
}

}  // namespace

Handler respond_with(TaskHandler handler) {
    return [handler = std::make_shared<const TaskHandler>(std::move(handler))](
               const Request&, const Responder& responder) { start(answer(handler, responder)); };
}

Router::Router() : tree_(std::make_unique<detail::RouteTree>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(Method method, const std::string& pattern, Handler handler, StreamHandler stream) {
    auto added = tree_->add(pattern, routes_.size());
    for (const std::size_t other : added.numbers) {
        if (other == routes_.size() || routes_[other].method != method) continue;
        added.numbers.pop_back();
        throw std::invalid_argument(fmt::format("route '{}': {} is there already", pattern, method.name()));
    }
    routes_.push_back({std::move(method), std::move(added.names), std::move(handler), std::move(stream)});
}

Router& Router::route(Method method, std::string pattern, Handler handler) {
    add(std::move(method), pattern, std::move(handler), nullptr);
    return *this;
}

Router& Router::route(Method method, std::string pattern, ResponseHandler handler) {
    return route(std::move(method), std::move(pattern), respond_with(std::move(handler)));
}

Router& Router::route(Method method, std::string pattern, TaskHandler handler) {
    return route(std::move(method), std::move(pattern), respond_with(std::move(handler)));
}

Router& Router::stream(Method method, std::string pattern, StreamHandler handler) {
    add(std::move(method), pattern, nullptr, std::move(handler));
    return *this;
}

Router& Router::redirect(std::string pattern, std::string location, Status status) {
    const Handler handler =
        respond_with(ResponseHandler([location = std::move(location), status](const Request& request) {
            std::string to = location;
            for (const auto& [name, value] : request.path_parameters) {
                const std::string hole = "{" + name + "}";
                const std::size_t at = to.find(hole);
                if (at != std::string::npos) to.replace(at, hole.size(), percent_encode(value, "/"));
            }
            if (!request.query().empty())
                to.append(to.find('?') == std::string::npos ? "?" : "&").append(request.query());
            return Response::redirect(status, to);
        }));
    return get(pattern, handler).post(pattern, handler);
}

Router& Router::mount(std::string prefix, Handler handler) {
    mounts_.push_back({std::move(prefix), std::move(handler)});
    std::ranges::stable_sort(mounts_, std::ranges::greater(), [](const Mount& m) { return m.prefix.size(); });
    return *this;
}

Router& Router::use(Middleware middleware) { return use("", std::move(middleware)); }

Router& Router::use(std::string prefix, Middleware middleware) {
    layers_.push_back({std::move(prefix), std::move(middleware)});
    return *this;
}

Router::Match Router::find(const Request& request) const {
    Match match;
    const std::string_view encoded = request.path();
    auto path = percent_decode(encoded);
    match.malformed = !path;
    if (match.malformed) return match;
    match.path = std::move(*path);
    // Most requests of a file server are for no route, which is quick to see.
    if (match.path.starts_with('/') && tree_->may_match(encoded)) find_route(request, match);
    if (match.route != nullptr || !match.allow.empty()) return match;
    const auto mount = std::ranges::find_if(mounts_, [&](const Mount& m) { return is_below(match.path, m.prefix); });
    if (mount != mounts_.end()) match.mount = &*mount;
    return match;
}

void Router::find_route(const Request& request, Match& match) const {
    detail::PathSegments segments;
    if (!segments.split(request.path())) return;
    Methods methods;
    tree_->find(segments.get(), [&](const detail::RouteTree::Match& found) {
        const Route* for_get = nullptr;
        for (const std::size_t number : found.numbers) {
            const Route& route = routes_[number];
            if (route.method == request.method) match.route = &route;
            if (route.method.known() == Method::get) for_get = &route;
            methods.add(route.method);
        }
        if (match.route == nullptr && request.method.known() == Method::head) match.route = for_get;
        if (match.route == nullptr) return false;
        for (std::size_t i = 0; i < match.route->names.size(); ++i) {
            const bool is_rest = i == found.values.size();
            match.parameters.emplace_back(match.route->names[i],
                                          is_rest ? join(segments.get(), *found.rest_at) : found.values[i]);
        }
        return true;
    });
    if (match.route == nullptr) match.allow = methods.allow();
}

bool Router::knows(const Method& method) const {
    if (method.known() != Method::extension) return true;
    return std::ranges::any_of(routes_, [&](const Route& r) { return r.method == method; });
}

std::string Router::all_methods() const {
    Methods methods;
    if (!mounts_.empty()) methods.add(Method::get);
    for (const Route& route : routes_) methods.add(route.method);
    return methods.allow();
}

/// What is said to a request that leads nowhere.
void Router::refuse(const Request& request, const Match& match, const Responder& responder) const {
    if (match.malformed) {
        responder.respond(Response::error(Status::bad_request, "The path has a malformed percent sequence."));
        return;
    }
    const bool of_server = match.path == "*";  // RFC 9110, section 9.3.7
    if (request.method.known() == Method::options && (!match.allow.empty() || of_server)) {
        Response response;
        response.status = Status::no_content;
        const std::string allow = of_server ? all_methods() : match.allow;
        if (!allow.empty()) response.fields.add("Allow", allow);
        responder.respond(std::move(response));
    } else if (!knows(request.method)) {
        responder.respond(Response::error(Status::not_implemented));
    } else if (!match.allow.empty()) {
        Response response = Response::error(Status::method_not_allowed);
        response.fields.add("Allow", match.allow);
        responder.respond(std::move(response));
    } else {
        responder.respond(Response::error(Status::not_found));
    }
}

/// Through the middlewares that stand before this path, to `last`.
void Router::pass(const Request& request, const Match& match, const Responder& responder, Handler last) const {
    for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
        if (!layer->prefix.empty() && !is_below(match.path, layer->prefix)) continue;
        last = [&middleware = layer->middleware, next = std::move(last)](const Request& asked, Responder answer) {
            middleware(asked, std::move(answer), next);
        };
    }
    last(request, responder);
}

void Router::operator()(const Request& request, const Responder& responder) const {
    if (layers_.empty()) return answer(request, responder);
    pass(request, match_and_name(request, responder), responder,
         [this](const Request& asked, const Responder& given) { answer(asked, given); });
}

Router::Match Router::match_and_name(const Request& request, const Responder& responder) const {
    Match match = find(request);
    if (!match.parameters.empty()) responder.set_path_parameters(std::move(match.parameters));
    return match;
}

/// Without middlewares.
void Router::answer(const Request& request, const Responder& responder) const {
    const Match match = match_and_name(request, responder);
    if (match.mount != nullptr) return match.mount->handler(request, responder);
    if (match.route == nullptr) return refuse(request, match, responder);
    if (!match.route->stream) return match.route->handler(request, responder);
    if (const auto sink = match.route->stream(request, responder)) {
        if (!request.body.empty()) sink->write(as_bytes(request.body));
        sink->end(request.trailers);
    }
}

std::unique_ptr<BodySink> Router::on_head(const Request& request, const Responder& responder) const {
    const Match match = match_and_name(request, responder);
    if (match.route != nullptr && match.route->stream) return match.route->stream(request, responder);
    // What has a handler is called with the body. What leads nowhere is refused by its head: nobody would read the
    // body.
    if (match.route == nullptr && match.mount == nullptr) refuse(request, match, responder);
    return nullptr;
}

Application Router::application() const {
    return {[this](const Request& request, const Responder& responder) { answer(request, responder); },
            [this](const Request& request, const Responder& responder) { return on_head(request, responder); },
            [this](const Request& request, const Responder& responder, const Handler& next) {
                if (layers_.empty()) return next(request, responder);
                pass(request, match_and_name(request, responder), responder, next);
            }};
}

Handler echo_handler() {
    return [](const Request& request, const Responder& responder) {
        Response response = echo_head(request);
        response.body = request.body;
        responder.respond(std::move(response));
    };
}

StreamHandler echo_stream(std::size_t buffer) {
    return [buffer](const Request& request, const Responder& responder) {
        std::optional<std::uint64_t> size;
        if (const auto field = request.fields.get("Content-Length")) {
            std::uint64_t length = 0;
            if (std::from_chars(field->data(), field->data() + field->size(), length).ec == std::errc()) size = length;
        } else if (!request.fields.contains("Transfer-Encoding")) {
            size = 0;
        }
        BodyPipe pipe = BodyPipe::make(buffer, size);
        responder.respond(echo_head(request), std::move(pipe.source));
        return std::move(pipe.sink);
    };
}

}  // namespace hourglass::http
