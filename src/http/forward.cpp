#include "hourglass/http/forward.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <vector>

namespace hourglass::http {

namespace {

constexpr std::string_view kHopByHop[] = {"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding",
                                          "TE",         "Trailer",    "Upgrade"};

std::string via(Version received, std::string_view name) {
    return fmt::format("{}.{} {}", received.major, received.minor, name);
}

/// True when a Via entry names this gateway: the message has come round.
bool has_passed_here(const Fields& fields, std::string_view name) {
    const std::string value = fields.combined("Via");
    const auto hops = split_list(value);
    return std::ranges::any_of(hops, [&](std::string_view hop) {
        const std::size_t space = hop.find(' ');
        if (space == std::string_view::npos) return false;
        const std::string_view by = hop.substr(space + 1);
        return equals_ignoring_case(by.substr(0, by.find(' ')), name);
    });
}

/// RFC 7239, section 6: a name or address, quoted where it is not a token.
std::string forwarded_value(std::string_view value) {
    if (is_token(value)) return std::string(value);
    std::string quoted = "\"";
    for (const char c : value) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + "\"";
}

/// Appends `value` to the list in `name`, over all its lines.
void append_to_list(Fields& fields, std::string_view name, std::string_view value) {
    const std::string before = fields.combined(name);
    fields.set(name, before.empty() ? std::string(value) : fmt::format("{}, {}", before, value));
}

/// RFC 9110, section 7.6.2. The answer when the request may go no further.
std::optional<Response> count_down_hops(Request& request) {
    const Method::Known method = request.method.known();
    const auto field = request.fields.get("Max-Forwards");
    if (!field || (method != Method::options && method != Method::trace)) return std::nullopt;
    std::uint32_t hops = 0;
    const char* const end = field->data() + field->size();
    const auto [stop, failure] = std::from_chars(field->data(), end, hops);
    if (failure != std::errc() || stop != end)
        return Response::error(Status::bad_request, "Max-Forwards is no number.");
    if (hops == 0) {
        if (method == Method::trace) return Response::error(Status::not_implemented);
        Response response;
        response.status = Status::no_content;
        return response;
    }
    request.fields.set("Max-Forwards", fmt::format("{}", hops - 1));
    return std::nullopt;
}

/// RFC 9112, section 3.2: origin-form, or the asterisk for OPTIONS on a whole server (section 3.2.4).
std::string forwarded_target(const Request& request) {
    const auto target = Target::parse(request.method, request.target);
    if (!target || target->form != TargetForm::absolute) return request.target;
    const bool has_path = request.target.find('/', target->scheme.size() + 3) != std::string::npos;
    if (request.method.known() == Method::options && !has_path && !target->query) return "*";
    return target->query ? fmt::format("{}?{}", target->path, *target->query) : std::string(target->path);
}

}  // namespace

void remove_hop_by_hop(Fields& fields) {
    const std::string named = fields.combined("Connection");
    for (const std::string_view name : split_list(named)) fields.remove(name);
    for (const std::string_view name : kHopByHop) fields.remove(name);
}

std::expected<Request, Response> make_forwarded_request(const Request& request, const ForwardContext& context) {
    if (request.method.known() == Method::connect)
        return std::unexpected(Response::error(Status::not_implemented, "This gateway makes no tunnels."));
    if (has_passed_here(request.fields, context.name))
        return std::unexpected(Response::error(Status::loop_detected, "The request has passed here before."));

    Request out = request;
    const std::string host(request.authority());
    out.target = forwarded_target(request);
    out.version = kHttp11;
    remove_hop_by_hop(out.fields);
    // The credentials for this hop were for us, and whoever receives the body has answered the expectation.
    for (const std::string_view name : {"Proxy-Authorization", "Expect", "Content-Length", "Host"})
        out.fields.remove(name);
    if (auto answer = count_down_hops(out)) return std::unexpected(std::move(*answer));
    if (!context.trust_client)
        for (const std::string_view name : {"Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"})
            out.fields.remove(name);

    out.fields.add("Host", context.upstream_host.empty() ? host : context.upstream_host);
    append_to_list(out.fields, "Via", via(request.version, context.name));
    const std::string address = context.client.address.to_string();
    const std::string node = context.client.address.is_v6() ? fmt::format("[{}]", address) : address;
    std::string forwarded = fmt::format("for={};proto={}", forwarded_value(node), context.scheme);
    if (!host.empty()) forwarded += fmt::format(";host={}", forwarded_value(host));
    append_to_list(out.fields, "Forwarded", forwarded);
    append_to_list(out.fields, "X-Forwarded-For", address);
    if (!out.fields.contains("X-Forwarded-Proto")) out.fields.add("X-Forwarded-Proto", context.scheme);
    if (!host.empty() && !out.fields.contains("X-Forwarded-Host")) out.fields.add("X-Forwarded-Host", host);
    return out;
}

Response make_forwarded_response(const Response& response, const Method& method, const ForwardContext& context) {
    Response out = response;
    remove_hop_by_hop(out.fields);
    const bool tells_length = method.known() == Method::head || response.status == Status::not_modified;
    if (!tells_length) out.fields.remove("Content-Length");
    append_to_list(out.fields, "Via", via(response.version, context.name));
    out.version = kHttp11;
    return out;
}

}  // namespace hourglass::http
