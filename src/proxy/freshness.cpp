#include "hourglass/proxy/freshness.h"

#include <algorithm>
#include <array>

#include "hourglass/http/date.h"

namespace hourglass::proxy {

namespace {

using http::Status;
using std::chrono::seconds;

std::optional<WallTime> date_field(const http::Fields& fields, std::string_view name) {
    const auto value = fields.get(name);
    return value ? http::parse_date(*value) : std::nullopt;
}

/// RFC 9110, section 15.1: statuses that may be stored without explicit freshness.
bool is_heuristically_cacheable(Status status) {
    constexpr std::array statuses = {Status::ok,
                                     Status::non_authoritative_information,
                                     Status::no_content,
                                     Status::multiple_choices,
                                     Status::moved_permanently,
                                     Status::permanent_redirect,
                                     Status::not_found,
                                     Status::method_not_allowed,
                                     Status::gone,
                                     Status::uri_too_long,
                                     Status::not_implemented};
    return std::ranges::find(statuses, status) != statuses.end();
}

/// Section 4.2.1, for a shared cache; nothing when the response does not say.
std::optional<seconds> explicit_lifetime(const http::Response& response, const CacheControl& control,
                                         WallTime received) {
    if (control.s_maxage) return control.s_maxage;
    if (control.max_age) return control.max_age;
    if (!response.fields.contains("Expires")) return std::nullopt;
    // An invalid date, "0" most of all, and several of them: already expired (section 5.3).
    const auto expires = date_field(response.fields, "Expires");
    if (!expires || response.fields.count("Expires") > 1) return seconds(0);
    return std::max(seconds(0), *expires - date_field(response.fields, "Date").value_or(received));
}

}  // namespace

Freshness Freshness::of(const http::Response& response, WallTime asked, WallTime received,
                        const CacheConfiguration& cache) {
    Freshness out;
    out.received = received;
    const CacheControl control = CacheControl::parse(response.fields);
    const WallTime date = date_field(response.fields, "Date").value_or(received);
    if (const auto said = explicit_lifetime(response, control, received)) {
        out.lifetime = *said;
    } else if (const auto modified = date_field(response.fields, "Last-Modified");
               modified && (is_heuristically_cacheable(response.status) || control.is_public)) {
        // Section 4.2.2: "a typical setting of this fraction might be 10%".
        out.lifetime =
            std::clamp((date - *modified) / 10, seconds(0), std::chrono::duration_cast<seconds>(cache.heuristic));
        out.heuristic = true;
    }
    const auto age = response.fields.get("Age");
    const seconds age_value = age ? parse_delta_seconds(*age).value_or(seconds(0)) : seconds(0);
    const seconds apparent_age = std::max(seconds(0), received - date);
    out.initial_age = std::max(apparent_age, age_value + std::max(seconds(0), received - asked));
    return out;
}

seconds Freshness::age(WallTime now) const { return initial_age + std::max(seconds(0), now - received); }

CacheControl request_cache_control(const http::Request& request) {
    CacheControl out = CacheControl::parse(request.fields);
    if (!request.fields.contains("Cache-Control") && request.fields.list_contains("Pragma", "no-cache"))
        out.no_cache = true;
    return out;
}

bool may_store(const http::Request& request, const http::Response& response, const CacheConfiguration& cache) {
    const CacheControl control = CacheControl::parse(response.fields);
    // Content of GET alone is stored; a partial response, and one whose meaning depends on the request's conditions,
    // is not put together with others.
    if (request.method.known() != http::Method::get) return false;
    if (http::is_informational(response.status) || response.status == Status::partial_content ||
        response.status == Status::not_modified)
        return false;
    if (control.must_understand ? !is_heuristically_cacheable(response.status) : control.no_store) return false;
    if (request_cache_control(request).no_store || control.is_private) return false;
    if (request.fields.contains("Authorization") && !control.must_revalidate && !control.is_public && !control.s_maxage)
        return false;
    if (response.fields.list_contains("Vary", "*")) return false;
    const bool says = control.is_public || control.max_age || control.s_maxage || response.fields.contains("Expires");
    if (!says && !is_heuristically_cacheable(response.status)) return false;
    // A cookie for one client is no answer for others unless the origin says so in as many words.
    if (response.fields.contains("Set-Cookie") && !control.is_public && !control.s_maxage) return false;
    const Freshness freshness = Freshness::of(response, WallTime(), WallTime(), cache);
    const bool can_be_validated = response.fields.contains("ETag") || response.fields.contains("Last-Modified");
    return freshness.lifetime > seconds(0) || can_be_validated;
}

bool may_use(const CacheControl& request, const CacheControl& response, const Freshness& freshness, WallTime now) {
    if (request.no_cache || response.no_cache) return false;
    const seconds age = freshness.age(now);
    if (request.max_age && age > *request.max_age && !request.max_stale) return false;
    const seconds left = freshness.left(now);
    if (request.min_fresh && left < *request.min_fresh) return false;
    if (left > seconds(0)) return true;
    // Section 5.2.2.10: s-maxage has the meaning of proxy-revalidate.
    if (response.must_revalidate || response.proxy_revalidate || response.s_maxage) return false;
    return request.max_stale && -left <= *request.max_stale;
}

bool may_use_while_revalidating(const CacheControl& request, const CacheControl& response, const Freshness& freshness,
                                WallTime now, const CacheConfiguration& cache) {
    if (response.no_cache || response.must_revalidate || response.proxy_revalidate || response.s_maxage) return false;
    if (request.no_cache || request.min_fresh || (request.max_age && freshness.age(now) > *request.max_age))
        return false;
    const auto own = std::chrono::duration_cast<seconds>(cache.stale_while_revalidate);
    return freshness.left(now) + response.stale_while_revalidate.value_or(own) > seconds(0);
}

bool may_use_on_error(const CacheControl& request, const CacheControl& response, const Freshness& freshness,
                      WallTime now, const CacheConfiguration& cache) {
    if (response.no_cache || response.must_revalidate || response.proxy_revalidate || response.s_maxage) return false;
    if (request.no_cache) return false;
    const auto own = std::chrono::duration_cast<seconds>(cache.stale_if_error);
    const seconds allowed = request.stale_if_error.value_or(response.stale_if_error.value_or(own));
    return freshness.left(now) + allowed > seconds(0);
}

}  // namespace hourglass::proxy
