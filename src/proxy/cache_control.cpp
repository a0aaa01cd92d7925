#include "hourglass/proxy/cache_control.h"

#include <algorithm>

#include "hourglass/http/parameters.h"

namespace hourglass::proxy {

namespace {

using std::chrono::seconds;

constexpr seconds kMost{0x80000000};  // section 1.2.2: "2147483648 (2^31) or the greatest positive integer"

struct Directive {
    std::string_view name;
    std::optional<std::string> value;
};

/// `name`, `name=token` or `name="quoted"`; recipients take both forms for every directive (section 5.2).
Directive split(std::string_view member) {
    const std::size_t equals = member.find('=');
    if (equals == std::string_view::npos) return {member, std::nullopt};
    std::string_view value = member.substr(equals + 1);
    if (value.size() < 2 || !value.starts_with('"') || !value.ends_with('"'))
        return {member.substr(0, equals), std::string(value)};
    value = value.substr(1, value.size() - 2);
    std::string text;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '\\' && i + 1 < value.size()) ++i;
        text += value[i];
    }
    return {member.substr(0, equals), text};
}

void take_age(std::optional<seconds>& age, const Directive& directive) {
    const seconds said = directive.value ? parse_delta_seconds(*directive.value).value_or(seconds(0)) : seconds(0);
    age = age ? std::min(*age, said) : said;
}

/// `no-cache` and `private` concern the whole response, or the fields that they name.
void take_fields(bool& whole, std::vector<std::string>& fields, const Directive& directive) {
    if (!directive.value) {
        whole = true;
        return;
    }
    for (const std::string_view name : http::split_list(*directive.value)) fields.emplace_back(name);
}

void take(CacheControl& out, const Directive& d) {
    const auto is = [&](std::string_view name) { return http::equals_ignoring_case(d.name, name); };
    if (is("max-age"))
        take_age(out.max_age, d);
    else if (is("s-maxage"))
        take_age(out.s_maxage, d);
    else if (is("min-fresh"))
        take_age(out.min_fresh, d);
    else if (is("stale-if-error"))
        take_age(out.stale_if_error, d);
    else if (is("stale-while-revalidate"))
        take_age(out.stale_while_revalidate, d);
    else if (is("max-stale"))
        out.max_stale = d.value ? parse_delta_seconds(*d.value).value_or(seconds(0)) : kMost;
    else if (is("no-cache"))
        take_fields(out.no_cache, out.no_cache_fields, d);
    else if (is("private"))
        take_fields(out.is_private, out.private_fields, d);
    else if (is("no-store"))
        out.no_store = true;
    else if (is("no-transform"))
        out.no_transform = true;
    else if (is("only-if-cached"))
        out.only_if_cached = true;
    else if (is("public"))
        out.is_public = true;
    else if (is("must-revalidate"))
        out.must_revalidate = true;
    else if (is("proxy-revalidate"))
        out.proxy_revalidate = true;
    else if (is("must-understand"))
        out.must_understand = true;
}

}  // namespace

std::optional<seconds> parse_delta_seconds(std::string_view text) noexcept {
    if (text.empty()) return std::nullopt;
    seconds value{0};
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = std::min(kMost, value * 10 + seconds(c - '0'));
    }
    return value;
}

CacheControl CacheControl::parse(const http::Fields& fields) {
    CacheControl out;
    for (const http::Field field : fields)
        if (http::equals_ignoring_case(field.name, "Cache-Control"))
            for (const std::string_view member : http::split_list(field.value)) take(out, split(member));
    return out;
}

}  // namespace hourglass::proxy
