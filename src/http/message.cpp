#include "hourglass/http/message.h"

#include <fmt/format.h>

#include "hourglass/http/url.h"
#include "http/scan.h"

namespace hourglass::http {

namespace {

/// The target as written by a peer that the parser has accepted, or by the application; malformed text gives the
/// origin-form reading.
Target lenient_target(const Request& request) noexcept {
    if (auto target = Target::parse(request.method, request.target)) return *target;
    Target target;
    const std::string_view text = request.target;
    const std::size_t question = text.find('?');
    target.path = text.substr(0, question);
    if (question != std::string_view::npos) target.query = text.substr(question + 1);
    return target;
}

bool is_scheme(std::string_view text) noexcept {
    if (text.empty() || detail::to_lower(text.front()) < 'a' || detail::to_lower(text.front()) > 'z') return false;
    for (const char c : text) {
        const char lower = detail::to_lower(c);
        if (!(lower >= 'a' && lower <= 'z') && !detail::is_digit(c) && c != '+' && c != '-' && c != '.') return false;
    }
    return true;
}

void split_query(Target& target, std::string_view path_and_query) noexcept {
    const std::size_t question = path_and_query.find('?');
    target.path = path_and_query.substr(0, question);
    if (question != std::string_view::npos) target.query = path_and_query.substr(question + 1);
}

std::optional<Target> parse_absolute(std::string_view text) noexcept {
    Target target;
    target.form = TargetForm::absolute;
    const std::size_t colon = text.find("://");
    if (colon == std::string_view::npos) return std::nullopt;
    target.scheme = text.substr(0, colon);
    const std::string_view rest = text.substr(colon + 3);
    const std::size_t authority_end = rest.find_first_of("/?");
    target.authority = rest.substr(0, authority_end);
    split_query(target, authority_end == std::string_view::npos ? std::string_view() : rest.substr(authority_end));
    if (target.path.empty()) target.path = "/";
    const auto authority = Authority::parse(target.authority);
    if (!is_scheme(target.scheme) || !authority || authority->host.empty()) return std::nullopt;
    return target;
}

}  // namespace

std::optional<Target> Target::parse(const Method& method, std::string_view text) noexcept {
    Target target;
    // Section 3.2 allows no fragment and no byte outside of the visible ASCII characters.
    const char* const end = text.data() + text.size();
    if (detail::find_visible_end(text.data(), end) != end || text.find('#') != std::string_view::npos)
        return std::nullopt;
    if (method.known() == Method::connect) {
        const auto authority = Authority::parse(text);
        if (!authority || authority->host.empty() || !authority->port) return std::nullopt;
        target.form = TargetForm::authority;
        target.authority = text;
        return target;
    }
    if (text.starts_with('/')) {
        split_query(target, text);
        return target;
    }
    if (text == "*") {
        if (method.known() != Method::options) return std::nullopt;
        target.form = TargetForm::asterisk;
        target.path = text;
        return target;
    }
    return parse_absolute(text);
}

std::string_view Request::path() const noexcept {
    const std::string_view text = target;
    // The origin-form, as nearly always.
    if (text.starts_with('/') && method.known() != Method::connect) return text.substr(0, text.find('?'));
    return lenient_target(*this).path;
}

std::string_view Request::query() const noexcept { return lenient_target(*this).query.value_or(std::string_view()); }

std::string_view Request::parameter(std::string_view name) const noexcept {
    for (const auto& [key, value] : path_parameters)
        if (key == name) return value;
    return {};
}

std::optional<std::string> Request::query_parameter(std::string_view name) const {
    for (auto& [key, value] : parse_query(query()))
        if (key == name) return std::move(value);
    return std::nullopt;
}

std::string_view Request::authority() const noexcept {
    const std::string_view from_target = lenient_target(*this).authority;
    return from_target.empty() ? fields.get("Host").value_or(std::string_view()) : from_target;
}

Response Response::text(Status status, std::string body, std::string_view media_type) {
    Response response;
    response.status = status;
    response.fields.add("Content-Type", media_type);
    response.body = std::move(body);
    return response;
}

Response Response::json(std::string text) { return Response::text(Status::ok, std::move(text), "application/json"); }

Response Response::html(std::string text) {
    return Response::text(Status::ok, std::move(text), "text/html; charset=utf-8");
}

Response Response::error(Status status, std::string_view detail) {
    std::string page = fmt::format("{} {}\n", to_number(status), reason_phrase(status));
    if (!detail.empty()) page.append(detail).append("\n");
    return text(status, std::move(page));
}

Response Response::redirect(Status status, std::string_view location) {
    Response response = error(status, location);
    response.fields.add("Location", location);
    return response;
}

bool wants_keep_alive(Version version, const Fields& fields) {
    if (fields.list_contains("Connection", "close")) return false;
    return version >= kHttp11 || fields.list_contains("Connection", "keep-alive");
}

}  // namespace hourglass::http
