#include "hourglass/uwsgi/request.h"

#include <array>
#include <charconv>
#include <fmt/format.h>

#include "hourglass/http/url.h"

namespace hourglass::uwsgi {

namespace {

using http::Fields;
using http::Request;

constexpr std::string_view kPrefix = "HTTP_";

/// `X-Mine` is `HTTP_X_MINE`.
std::string variable_name(std::string_view field) {
    std::string name(kPrefix);
    for (const char c : field) name += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return name;
}

/// `HTTP_X_MINE` is `X-Mine`.
std::string field_name(std::string_view variable) {
    std::string name;
    bool first = true;
    for (const char c : variable.substr(kPrefix.size())) {
        if (c == '_')
            name += '-';
        else
            name += !first && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        first = c == '_';
    }
    return name;
}

bool is_left_out(std::string_view name) {
    constexpr std::array<std::string_view, 5> fields = {"Content-Length", "Content-Type", "Transfer-Encoding",
                                                        "Connection", "Proxy"};
    for (const std::string_view field : fields)
        if (http::equals_ignoring_case(name, field)) return true;
    return name.find('_') != std::string_view::npos;
}

template <typename Number>
std::optional<Number> to_number(std::string_view text) {
    Number number{};
    const char* const end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, number);
    return failure == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

void add_server(Variables& out, const Request& request, const GatewayContext& context) {
    const auto authority = http::Authority::parse(request.authority());
    out.emplace_back("SERVER_NAME", authority ? std::string(authority->host) : "");
    const bool has_port = authority && authority->port;
    out.emplace_back("SERVER_PORT",
                     fmt::format("{}", has_port ? static_cast<std::uint16_t>(*authority->port) : context.port));
    out.emplace_back("SERVER_PROTOCOL", fmt::format("HTTP/{}.{}", request.version.major, request.version.minor));
    out.emplace_back("REQUEST_SCHEME", context.scheme);
    if (context.scheme == "https") out.emplace_back("HTTPS", "on");
    out.emplace_back("REMOTE_ADDR", context.client.address.to_string());
    out.emplace_back("REMOTE_PORT", fmt::format("{}", static_cast<std::uint16_t>(context.client.port)));
    if (!context.document_root.empty()) out.emplace_back("DOCUMENT_ROOT", context.document_root);
}

void add_fields(Variables& out, const Fields& fields) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const std::string_view name = fields[i].name;
        if (is_left_out(name)) continue;
        std::string variable = variable_name(name);
        if (find(out, variable)) continue;
        // RFC 3875, section 4.1.18: several lines are one variable. Cookies have a separator of their own (RFC 6265,
        // section 5.4).
        std::string value = fields.combined(name);
        if (http::equals_ignoring_case(name, "Cookie") && fields.count(name) > 1) {
            value.clear();
            for (const http::Field field : fields)
                if (http::equals_ignoring_case(field.name, name))
                    value.append(value.empty() ? "" : "; ").append(field.value);
        }
        out.emplace_back(std::move(variable), std::move(value));
    }
}

/// What a request has once: two readers could take different ones.
std::expected<std::optional<std::string_view>, Error> find_single(const Variables& variables, std::string_view name) {
    std::optional<std::string_view> value;
    for (const auto& [other, text] : variables) {
        if (other != name) continue;
        if (value) return std::unexpected(Error::duplicate_variable);
        value = text;
    }
    return value;
}

/// The target in origin-form: REQUEST_URI, or else made of the path and the query.
std::string target_of(std::optional<std::string_view> uri, std::optional<std::string_view> path,
                      std::optional<std::string_view> query) {
    if (uri && !uri->empty()) return std::string(*uri);
    std::string target = path ? http::percent_encode(*path, "/:@!$&'()*+,;=") : "";
    if (!target.starts_with('/')) target.insert(target.begin(), '/');
    if (query && !query->empty()) target.append("?").append(*query);
    return target;
}

/// The fields of the request; Content-Length is the caller's.
std::expected<void, Error> read_fields(const Variables& variables, Fields& fields) {
    const auto add = [&](std::string_view name, std::string_view value) {
        if (!http::is_token(name) || !http::is_field_value(value)) return false;
        fields.add(name, value);
        return true;
    };
    for (const auto& [name, value] : variables) {
        const bool is_field = name.starts_with(kPrefix) && name.size() > kPrefix.size();
        if (name == "CONTENT_TYPE" && !value.empty() && !add("Content-Type", value))
            return std::unexpected(Error::invalid_variable);
        if (!is_field) continue;
        const std::string field = field_name(name);
        if (is_left_out(field) || http::equals_ignoring_case(field, "Expect")) continue;
        if (http::equals_ignoring_case(field, "Host") && fields.contains("Host"))
            return std::unexpected(Error::duplicate_variable);
        if (!add(field, value)) return std::unexpected(Error::invalid_variable);
    }
    return {};
}

}  // namespace

Variables to_variables(const Request& request, const GatewayContext& context) {
    Variables out;
    out.emplace_back("REQUEST_METHOD", std::string(request.method.name()));
    const std::string_view path = request.path();
    std::string decoded = http::percent_decode(path).value_or(std::string(path));
    const std::string& prefix = context.script_name;
    const bool below = !prefix.empty() && decoded.starts_with(prefix) &&
                       (decoded.size() == prefix.size() || decoded[prefix.size()] == '/');
    out.emplace_back("SCRIPT_NAME", below ? prefix : "");
    out.emplace_back("PATH_INFO", below ? decoded.substr(prefix.size()) : std::move(decoded));
    out.emplace_back("QUERY_STRING", std::string(request.query()));
    out.emplace_back("REQUEST_URI", request.target);
    out.emplace_back("CONTENT_TYPE", std::string(request.fields.get("Content-Type").value_or("")));
    const bool has_body = context.body_length > 0 || request.method.anticipates_content();
    out.emplace_back("CONTENT_LENGTH", has_body ? fmt::format("{}", context.body_length) : "");
    add_server(out, request, context);
    add_fields(out, request.fields);
    return out;
}

std::expected<GatewayRequest, Error> to_request(const Variables& variables) {
    constexpr std::array<std::string_view, 5> names = {"REQUEST_METHOD", "REQUEST_URI", "PATH_INFO", "QUERY_STRING",
                                                       "CONTENT_LENGTH"};
    std::array<std::optional<std::string_view>, names.size()> single;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto value = find_single(variables, names[i]);
        if (!value) return std::unexpected(value.error());
        single[i] = *value;
    }
    const auto& [method, uri, path, query, length] = single;
    if (!method || (!uri && !path)) return std::unexpected(Error::missing_variable);
    if (!http::is_token(*method)) return std::unexpected(Error::invalid_variable);

    GatewayRequest out;
    out.request.method = http::Method(*method);
    out.request.target = target_of(uri, path, query);
    out.request.version = http::kHttp10;
    if (!http::Target::parse(out.request.method, out.request.target)) return std::unexpected(Error::invalid_variable);
    if (length && !length->empty()) {
        const auto number = to_number<std::uint64_t>(*length);
        if (!number) return std::unexpected(Error::invalid_variable);
        out.body_length = *number;
    }
    if (const auto read = read_fields(variables, out.request.fields); !read) return std::unexpected(read.error());
    if (!out.request.fields.contains("Host")) {
        const auto name = find(variables, "SERVER_NAME").value_or("");
        if (!http::Authority::parse(name)) return std::unexpected(Error::invalid_variable);
        out.request.fields.add("Host", name);
    }
    if (const auto address = IpAddress::parse(find(variables, "REMOTE_ADDR").value_or(""))) {
        const auto port = to_number<std::uint16_t>(find(variables, "REMOTE_PORT").value_or(""));
        out.client = {*address, Port{port.value_or(0)}};
    }
    return out;
}

}  // namespace hourglass::uwsgi
