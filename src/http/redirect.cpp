#include "hourglass/http/redirect.h"

#include <array>

namespace hourglass::http {

std::string_view to_string(RedirectError error) noexcept {
    switch (error) {
        case RedirectError::several_locations:
            return "the answer redirects to more than one place";
        case RedirectError::invalid_location:
            return "the answer redirects to what is not a URL of http or https";
        case RedirectError::downgrade:
            return "the answer redirects from https to http";
        case RedirectError::too_many:
            return "more redirections than the limit";
    }
    return "invalid redirection";
}

bool same_origin(const Url& a, const Url& b) {
    return a.scheme == b.scheme && a.host == b.host && a.effective_port() == b.effective_port();
}

std::optional<std::expected<Redirection, RedirectError>> redirection(const Url& url, const Method& method,
                                                                     const Response& response) {
    const Status status = response.status;
    const bool rewrites = status == Status::moved_permanently || status == Status::found || status == Status::see_other;
    if (!rewrites && status != Status::temporary_redirect && status != Status::permanent_redirect) return std::nullopt;
    const auto location = response.fields.get("Location");
    if (!location) return std::nullopt;
    for (const Field field : response.fields)
        if (equals_ignoring_case(field.name, "Location") && field.value != *location)
            return std::unexpected(RedirectError::several_locations);
    auto target = url.resolve(*location);
    if (!target) return std::unexpected(RedirectError::invalid_location);
    if (!target->fragment) target->fragment = url.fragment;
    target->user_information.reset();

    Redirection result{.url = std::move(*target), .method = method, .keeps_body = true};
    const bool to_get = status == Status::see_other ? method != Method::head && method != Method::get
                                                    : rewrites && method == Method::post;
    if (to_get) {
        result.method = Method::get;
        result.keeps_body = false;
    }
    result.crosses_origin = !same_origin(url, result.url);
    return result;
}

void apply_redirection(Request& request, const Redirection& redirection) {
    request.method = redirection.method;
    request.target = redirection.url.request_target();
    request.fields.set("Host", redirection.url.authority());
    if (!redirection.keeps_body) {
        request.body.clear();
        request.trailers.clear();
        constexpr std::array about_content = {"Content-Type",     "Content-Length",   "Content-Encoding",
                                              "Content-Language", "Content-Location", "Content-Range",
                                              "Digest",           "Last-Modified",    "Expect"};
        for (const char* name : about_content) request.fields.remove(name);
    }
    if (redirection.crosses_origin)
        for (const char* name : {"Authorization", "Cookie", "Origin"}) request.fields.remove(name);
}

}  // namespace hourglass::http
