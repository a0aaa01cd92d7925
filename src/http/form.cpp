#include "hourglass/http/form.h"

#include <algorithm>

#include "hourglass/http/body.h"
#include "hourglass/http/parameters.h"
#include "hourglass/http/url.h"

namespace hourglass::http {

namespace {

constexpr std::string_view kUrlencoded = "application/x-www-form-urlencoded";
constexpr std::string_view kMultipart = "multipart/form-data";

std::unexpected<Response> refuse(Status status, std::string_view detail) {
    return std::unexpected(Response::error(status, detail));
}

std::expected<Form, Response> read_urlencoded(const Request& request, const FormLimits& limits) {
    // Counted before anything is allocated for them.
    if (std::ranges::count(request.body, '&') >= std::ptrdiff_t{limits.fields})
        return refuse(Status::content_too_large, "The form has too many fields.");
    Form form;
    for (auto& [name, value] : parse_query(request.body))
        form.fields.push_back({std::move(name), std::move(value), std::nullopt, {}});
    return form;
}

Status status_of(MultipartError error) {
    switch (error) {
        case MultipartError::too_many_parts:
        case MultipartError::header_too_large:
        case MultipartError::preamble_too_large:
        case MultipartError::part_too_large:
            return Status::content_too_large;
        case MultipartError::invalid_header:
        case MultipartError::invalid_delimiter:
        case MultipartError::incomplete:
            break;
    }
    return Status::bad_request;
}

std::expected<Form, Response> read_multipart(const Request& request, std::string_view type, const FormLimits& limits) {
    const auto boundary = MultipartReader::boundary(type);
    if (!boundary) return refuse(Status::bad_request, "multipart/form-data without a valid boundary.");
    MultipartLimits of_parts = limits.multipart;
    of_parts.parts = std::min(of_parts.parts, limits.fields);
    MultipartReader reader(*boundary, of_parts);
    reader.feed(as_bytes(request.body));
    Form form;
    for (;;) {
        const auto event = reader.next();
        if (!event) return refuse(status_of(event.error()), to_string(event.error()));
        switch (event->kind) {
            case MultipartReader::Kind::need_more:
                return refuse(Status::bad_request, to_string(MultipartError::incomplete));
            case MultipartReader::Kind::part:
                if (reader.name().empty()) return refuse(Status::bad_request, "A part of the form has no name.");
                form.fields.push_back({reader.name(), {}, reader.file_name(), std::string(reader.content_type())});
                break;
            case MultipartReader::Kind::data:
                form.fields.back().value += as_text(event->data);
                break;
            case MultipartReader::Kind::part_end:
                break;
            case MultipartReader::Kind::end:
                return form;
        }
    }
}

std::string encode(std::string_view text) {
    std::string encoded = percent_encode(text, " ");
    std::ranges::replace(encoded, ' ', '+');
    return encoded;
}

}  // namespace

const FormField* Form::find(std::string_view name) const noexcept {
    const auto found = std::ranges::find(fields, name, &FormField::name);
    return found == fields.end() ? nullptr : &*found;
}

std::optional<std::string_view> Form::get(std::string_view name) const noexcept {
    const FormField* const field = find(name);
    return field == nullptr ? std::nullopt : std::optional<std::string_view>(field->value);
}

std::expected<Form, Response> read_form(const Request& request, const FormLimits& limits) {
    const std::string_view field = request.fields.get("Content-Type").value_or(std::string_view());
    const std::string_view type = field.substr(0, field.find_first_of("; \t"));
    if (equals_ignoring_case(type, kUrlencoded)) return read_urlencoded(request, limits);
    if (equals_ignoring_case(type, kMultipart)) return read_multipart(request, field, limits);
    // RFC 9110, section 15.5.16: Accept says what would have been understood.
    Response response = Response::error(Status::unsupported_media_type, "This is no form.");
    response.fields.add("Accept", std::string(kUrlencoded) + ", " + std::string(kMultipart));
    return std::unexpected(std::move(response));
}

std::string write_query(const std::vector<std::pair<std::string, std::string>>& pairs) {
    std::string text;
    for (const auto& [name, value] : pairs) {
        if (!text.empty()) text += '&';
        text.append(encode(name)).append("=").append(encode(value));
    }
    return text;
}

}  // namespace hourglass::http
