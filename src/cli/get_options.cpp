#include "cli/get_options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fmt/core.h>
#include <optional>

#include "cli/command.h"
#include "hourglass/http/credentials.h"

namespace hourglass::cli {

namespace {

constexpr double kConnectTimeout = 10;

Duration seconds(double n) { return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(n)); }

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// `Name: value` replaces or adds a field, `Name:` takes one out, `Name;` adds one without a value.
void apply_field(http::Fields& fields, const std::string& text) {
    const auto end = text.find_first_of(":;");
    const std::string_view name = std::string_view(text).substr(0, end);
    const std::string_view value = end == std::string::npos ? "" : trimmed(std::string_view(text).substr(end + 1));
    if (end == std::string::npos || !http::is_token(name) || (!value.empty() && !http::is_field_value(value)))
        throw Failure{kBadInput, fmt::format("-H '{}': not a header field; write it like 'Name: value'", text)};
    if (text[end] == ';')
        fields.add(name, "");
    else if (value.empty())
        fields.remove(name);
    else if (http::equals_ignoring_case(name, "Cookie") || !fields.contains(name))
        fields.add(name, value);
    else
        fields.set(name, value);
}

bool has_data(const GetOptions& options) {
    return !options.data.empty() || !options.binary_data.empty() || !options.encoded_data.empty();
}

/// What makes no sense together.
void refuse_contradictions(const GetOptions& options) {
    const int bodies = (has_data(options) && !options.data_in_query) + !options.form.empty() + !options.upload.empty();
    if (bodies > 1) throw Failure{kBadInput, "-d, -F and -T each give the body: give one of them"};
    if (options.head_only && bodies > 0)
        throw Failure{kBadInput, "-I asks for the head only and -d, -F and -T send a body: give one of them"};
    if (!options.continue_at.empty() && bodies > 0)
        throw Failure{kBadInput, "-C goes on with a download, and -d, -F and -T send a body: give one of them"};
    if (options.data_in_query && !has_data(options))
        throw Failure{kBadInput, "-G puts the data of -d into the query: give it -d"};
}

http::Method method_of(const GetOptions& options) {
    if (!options.method.empty()) {
        if (!http::is_token(options.method))
            throw Failure{kBadInput, fmt::format("-X '{}': not a method; write it like PUT", options.method)};
        return http::Method(options.method);
    }
    if (options.head_only) return http::Method::head;
    if (!options.upload.empty()) return http::Method::put;
    const bool sends = (has_data(options) && !options.data_in_query) || !options.form.empty();
    return sends ? http::Method::post : http::Method::get;
}

}  // namespace

http::Url parse_url(const std::string& text) {
    const auto url = http::Url::parse(text.find("://") == std::string::npos ? "http://" + text : text);
    if (!url)
        throw Failure{kBadInput, fmt::format("'{}' is not a URL: {}; write it like http://10.0.0.1/", text,
                                             http::to_string(url.error()))};
    return *url;
}

http::Request make_request(const GetOptions& options) {
    refuse_contradictions(options);
    http::Request request;
    request.method = method_of(options);
    const std::string& name = options.agent_name;
    if (!name.empty() && !http::is_field_value(name))
        throw Failure{kBadInput, fmt::format("-A '{}': not a name that can be sent", name)};
    request.fields = {{"User-Agent", name.empty() ? "hourglass/" HOURGLASS_VERSION : std::string_view(name)},
                      {"Accept", "*/*"}};
    if (has_data(options) && !options.data_in_query)
        request.fields.add("Content-Type", "application/x-www-form-urlencoded");
    if (!options.user.empty()) {
        const std::size_t colon = options.user.find(':');
        if (colon == std::string::npos)
            throw Failure{kBadInput, fmt::format("-u '{}': write it like name:password", options.user)};
        if (!options.digest)
            request.fields.add("Authorization",
                               http::basic_credentials(std::string_view(options.user).substr(0, colon),
                                                       std::string_view(options.user).substr(colon + 1)));
    }
    for (const std::string& cookie : options.cookies) {
        if (cookie.find('=') == std::string::npos) continue;  // a file
        if (!http::is_field_value(cookie))
            throw Failure{kBadInput, fmt::format("-b '{}': not a cookie; write it like name=value", cookie)};
        request.fields.add("Cookie", cookie);
    }
    for (const std::string& text : options.fields) apply_field(request.fields, text);
    return request;
}

http::PhaseLimits phase_limits(const GetOptions& options) {
    http::PhaseLimits limits;
    const Duration connect = seconds(options.connect_timeout > 0 ? options.connect_timeout : kConnectTimeout);
    limits.connect = limits.secure = connect;
    // As long as the server is there, there is no hurry, unless the user says so.
    limits.response = limits.stalled = Duration::max();
    if (options.max_time > 0) limits.total = seconds(options.max_time);
    const std::array<std::pair<std::string_view, Duration*>, 5> phases = {{{"resolve", &limits.resolve},
                                                                           {"connect", &limits.connect},
                                                                           {"tls", &limits.secure},
                                                                           {"response", &limits.response},
                                                                           {"stalled", &limits.stalled}}};
    for (const std::string& text : options.limits) {
        const std::size_t equals = std::min(text.find('='), text.size());
        const std::string_view name = std::string_view(text).substr(0, equals);
        const auto* const phase = std::ranges::find(phases, name, &std::pair<std::string_view, Duration*>::first);
        double number = 0;
        const char* const begin = text.data() + std::min(equals + 1, text.size());
        const auto [end, failure] = std::from_chars(begin, text.data() + text.size(), number);
        if (phase == phases.end() || failure != std::errc() || end != text.data() + text.size() || number <= 0 ||
            number > 1e9)
            throw Failure{kBadInput, fmt::format("--limit {}: write it like connect=2.5; the phases are resolve, "
                                                 "connect, tls, response and stalled",
                                                 text)};
        *phase->second = seconds(number);
    }
    return limits;
}

http::ProxyRules proxy_rules(const GetOptions& options) {
    http::ProxyRules rules;
    if (!options.proxy.empty()) {
        const auto proxy = http::parse_proxy(options.proxy);
        if (!proxy) throw Failure{kBadInput, fmt::format("-x {}; write it like http://10.0.0.1:3128", proxy.error())};
        rules.http = rules.https = *proxy;
    } else if (options.network.over_os()) {
        auto found = http::proxy_rules_of_environment([](const std::string& name) -> std::optional<std::string> {
            const char* const value = std::getenv(name.c_str());
            return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
        });
        if (!found)
            throw Failure{kBadInput, fmt::format("the environment's {}; --noproxy '*' uses none", found.error())};
        rules = std::move(*found);
    }
    if (!options.proxy_user.empty()) {
        const std::string& user = options.proxy_user;
        const std::size_t colon = user.find(':');
        if (colon == std::string::npos)
            throw Failure{kBadInput, fmt::format("-U '{}': write it like name:password", user)};
        for (auto* proxy : {&rules.http, &rules.https})
            if (*proxy)
                (*proxy)->user_information = http::percent_encode(std::string_view(user).substr(0, colon)) + ":" +
                                             http::percent_encode(std::string_view(user).substr(colon + 1));
    }
    if (!options.no_proxy.empty()) rules.direct = http::parse_direct_list(options.no_proxy);
    return rules;
}

}  // namespace hourglass::cli
