#include "http/framing.h"

#include <algorithm>
#include <charconv>

#include "hourglass/http/url.h"
#include "http/scan.h"

namespace hourglass::http::detail {

namespace {

/// The fields that decide where a message ends and whom it is for, found in one pass.
struct FramingFields {
    std::size_t hosts = 0, lengths = 0, codings = 0;
    std::string_view host, length;
};

FramingFields find_framing_fields(const Fields& fields) {
    FramingFields found;
    for (const Field f : fields) {
        switch (f.name.size()) {
            case 4:
                if (!equals_ignoring_case(f.name, "Host")) break;
                ++found.hosts;
                found.host = f.value;
                break;
            case 14:
                if (!equals_ignoring_case(f.name, "Content-Length")) break;
                ++found.lengths;
                found.length = f.value;
                break;
            case 17:
                if (equals_ignoring_case(f.name, "Transfer-Encoding")) ++found.codings;
                break;
            default:
                break;
        }
    }
    return found;
}

/// A host name in its usual letters, or an IPv4 address, perhaps with a port: no further look is needed.
bool is_plain_host(std::string_view text) {
    const auto is_of_host = [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '.' || c == '-'; };
    std::size_t end = 0;
    while (end < text.size() && is_of_host(text[end])) ++end;
    if (end == 0 || end == text.size()) return end > 0;
    const std::string_view port = text.substr(end + 1);
    constexpr std::string_view highest = "65535";
    const bool in_range = port.size() < highest.size() || (port.size() == highest.size() && port <= highest);
    return text[end] == ':' && in_range && std::ranges::all_of(port, is_digit);
}

std::optional<Error> check_host(const Request& request, const FramingFields& found) {
    if (found.hosts > 1) return Error::duplicate_host;
    if (found.hosts == 0) return request.version >= kHttp11 ? std::optional(Error::missing_host) : std::nullopt;
    if (!is_plain_host(found.host) && !Authority::parse(found.host)) return Error::invalid_host;
    return std::nullopt;
}

/// Section 6.3, item 5, lets a list of equal numbers pass as one. Recipients differ in that, which is what smuggling
/// lives on, so here a second one is an error.
std::expected<BodyFraming, Error> from_content_length(const FramingFields& found) {
    if (found.lengths > 1) return std::unexpected(Error::duplicate_content_length);
    if (found.length.empty()) return std::unexpected(Error::invalid_content_length);
    for (const char c : found.length)
        if (!is_digit(c)) return std::unexpected(Error::invalid_content_length);
    std::uint64_t length = 0;
    const char* const end = found.length.data() + found.length.size();
    if (std::from_chars(found.length.data(), end, length).ec != std::errc())
        return std::unexpected(Error::content_too_large);
    return BodyFraming::of_length(length);
}

/// What Transfer-Encoding says: nothing when the body is in chunks and the codings are ones that are known here.
std::optional<Error> check_codings(Version version, const Fields& fields, const FramingFields& found) {
    if (version < kHttp11) return Error::transfer_encoding_in_http_1_0;
    if (found.lengths > 0) return Error::transfer_encoding_with_content_length;
    const std::string value = fields.combined("Transfer-Encoding");
    const auto codings = split_list(value);
    std::size_t chunked = 0;
    for (const std::string_view coding : codings)
        if (equals_ignoring_case(coding, "chunked")) ++chunked;
    if (chunked != 1 || !equals_ignoring_case(codings.back(), "chunked")) return Error::chunked_not_final;
    if (codings.size() > 1) return Error::unknown_transfer_coding;
    return std::nullopt;
}

}  // namespace

std::expected<BodyFraming, Error> request_framing(const Request& request) {
    const FramingFields found = find_framing_fields(request.fields);
    if (const auto wrong = check_host(request, found)) return std::unexpected(*wrong);
    if (found.codings > 0) {
        if (const auto wrong = check_codings(request.version, request.fields, found)) return std::unexpected(*wrong);
        return BodyFraming::chunked();
    }
    if (found.lengths > 0) return from_content_length(found);
    return BodyFraming::none();
}

std::expected<BodyFraming, Error> response_framing(const Response& response, const Method& method) {
    const Status status = response.status;
    if (status == Status::switching_protocols) return BodyFraming{BodyFraming::Kind::tunnel, 0};
    if (method.known() == Method::head || is_informational(status) || status == Status::no_content ||
        status == Status::not_modified)
        return BodyFraming::none();
    if (method.known() == Method::connect && is_success(status)) return BodyFraming{BodyFraming::Kind::tunnel, 0};

    const FramingFields found = find_framing_fields(response.fields);
    if (found.codings > 0) {
        if (const auto wrong = check_codings(response.version, response.fields, found)) return std::unexpected(*wrong);
        return BodyFraming::chunked();
    }
    if (found.lengths > 0) return from_content_length(found);
    return BodyFraming::until_close();
}

bool is_forbidden_trailer(std::string_view name) noexcept {
    return equals_ignoring_case(name, "Transfer-Encoding") || equals_ignoring_case(name, "Content-Length") ||
           equals_ignoring_case(name, "Host");
}

}  // namespace hourglass::http::detail
