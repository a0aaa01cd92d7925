#include "hourglass/http/router.h"

#include <algorithm>
#include <charconv>

#include "hourglass/http/url.h"

namespace hourglass::http {

namespace {

/// True when `path` is `prefix` or lies below it.
bool is_below(std::string_view path, std::string_view prefix) {
    if (!path.starts_with(prefix)) return false;
    return prefix.ends_with('/') || path.size() == prefix.size() || path[prefix.size()] == '/';
}

void add_method(std::string& allow, std::string_view name) {
    if (!allow.empty()) allow += ", ";
    allow += name;
}

Response echo_head(const Request& request) {
    Response response;
    response.fields.add("Content-Type", request.fields.get("Content-Type").value_or("application/octet-stream"));
    return response;
}

}  // namespace

Router& Router::route(Method method, std::string path, Handler handler) {
    routes_.push_back({std::move(method), std::move(path), std::move(handler), nullptr});
    return *this;
}

Router& Router::stream(Method method, std::string path, StreamHandler handler) {
    routes_.push_back({std::move(method), std::move(path), nullptr, std::move(handler)});
    return *this;
}

Router& Router::mount(std::string prefix, Handler handler) {
    mounts_.push_back({std::move(prefix), std::move(handler)});
    std::ranges::stable_sort(mounts_, std::ranges::greater(), [](const Mount& m) { return m.prefix.size(); });
    return *this;
}

Router::Match Router::find(const Method& method, std::string_view path) const {
    Match match;
    bool has_get = false;
    bool has_head = false;
    const Route* for_get = nullptr;
    for (const Route& route : routes_) {
        if (route.path != path) continue;
        if (route.method == method) return {&route, nullptr, {}};
        if (route.method.known() == Method::get) {
            has_get = true;
            for_get = &route;
        }
        has_head = has_head || route.method.known() == Method::head;
        add_method(match.allow, route.method.name());
    }
    if (for_get != nullptr && method.known() == Method::head) return {for_get, nullptr, {}};
    if (!match.allow.empty()) {
        if (has_get && !has_head) add_method(match.allow, "HEAD");
        add_method(match.allow, "OPTIONS");
        return match;
    }
    const auto mount = std::ranges::find_if(mounts_, [&](const Mount& m) { return is_below(path, m.prefix); });
    if (mount != mounts_.end()) match.mount = &*mount;
    return match;
}

bool Router::knows(const Method& method) const {
    if (method.known() != Method::extension) return true;
    return std::ranges::any_of(routes_, [&](const Route& r) { return r.method == method; });
}

void Router::operator()(const Request& request, Responder responder) const {
    const auto path = percent_decode(request.path());
    if (!path) {
        responder.respond(Response::error(Status::bad_request, "The path has a malformed percent sequence."));
        return;
    }
    const Match match = find(request.method, *path);
    if (match.route != nullptr && match.route->stream) {
        if (const auto sink = match.route->stream(request, responder)) {
            if (!request.body.empty()) sink->write(as_bytes(request.body));
            sink->end(request.trailers);
        }
    } else if (match.route != nullptr) {
        match.route->handler(request, std::move(responder));
    } else if (match.mount != nullptr) {
        match.mount->handler(request, std::move(responder));
    } else if (request.method.known() == Method::options && (!match.allow.empty() || *path == "*")) {
        Response response;
        response.status = Status::no_content;
        if (!match.allow.empty()) response.fields.add("Allow", match.allow);
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

std::unique_ptr<BodySink> Router::on_head(const Request& request, const Responder& responder) const {
    const auto path = percent_decode(request.path());
    if (!path) return nullptr;
    const Match match = find(request.method, *path);
    if (match.route != nullptr && match.route->stream) return match.route->stream(request, responder);
    // Nobody will read the body of a request that has no route: it is refused by its head.
    if (match.route == nullptr && match.mount == nullptr) (*this)(request, responder);
    return nullptr;
}

Application Router::application() const {
    return {[this](const Request& request, Responder responder) { (*this)(request, std::move(responder)); },
            [this](const Request& request, const Responder& responder) { return on_head(request, responder); }};
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
