#include "hourglass/http/cookie_jar.h"

#include <algorithm>
#include <utility>

#include "hourglass/http/public_suffix.h"
#include "http/scan.h"
#include "http/set_cookie.h"

namespace hourglass::http {

namespace {

using std::chrono::sys_seconds;

constexpr auto kLongest = std::chrono::hours(24 * 400);  // RFC 6265bis, section 5.6.1

bool is_address(std::string_view host) { return IpAddress::parse(host).has_value(); }

/// Section 5.1.4: the directory of the request.
std::string default_path(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos || slash == 0 ? "/" : std::string(path.substr(0, slash));
}

/// Section 5.7, steps 8 to 12: whom the cookie is for. False when it may not be set from there.
bool set_scope(StoredCookie& cookie, const SetCookie& asked, const Url& url) {
    cookie.path = asked.path.empty() ? default_path(url.path) : asked.path;
    cookie.domain = url.host;
    const bool suffix = !asked.domain.empty() && is_public_suffix(asked.domain);
    cookie.host_only = asked.domain.empty() || (suffix && asked.domain == url.host);
    if (cookie.host_only) return true;
    if (suffix || !domain_matches(url.host, asked.domain)) return false;
    cookie.domain = asked.domain;
    return true;
}

bool is_over(const StoredCookie& cookie, sys_seconds now) { return cookie.expires && *cookie.expires <= now; }

bool goes_to(const StoredCookie& cookie, const Url& url, const CookieContext& context) {
    if (cookie.host_only ? cookie.domain != url.host : !domain_matches(url.host, cookie.domain)) return false;
    if (!path_matches(url.path, cookie.path) || (cookie.secure && url.scheme != "https")) return false;
    if (context.same_site || cookie.same_site == SetCookie::SameSite::none) return true;
    return cookie.same_site != SetCookie::SameSite::strict && context.top_level_navigation;
}

}  // namespace

bool domain_matches(std::string_view host, std::string_view domain) {
    if (host == domain) return true;
    return host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.' &&
           !is_address(host);
}

bool path_matches(std::string_view path, std::string_view cookie_path) {
    if (!path.starts_with(cookie_path)) return false;
    return path.size() == cookie_path.size() || cookie_path.ends_with('/') || path[cookie_path.size()] == '/';
}

bool CookieJar::set(const Url& url, std::string_view field, sys_seconds now) {
    const auto asked = detail::parse_set_cookie(field, limits_.octets);
    if (!asked) return false;
    StoredCookie cookie{.name = asked->name,
                        .value = asked->value,
                        .secure = asked->secure,
                        .http_only = asked->http_only,
                        .same_site = asked->same_site};
    if (!set_scope(cookie, *asked, url)) return false;
    // No request has such a path, and the columns of a cookie file have tabs between them.
    if (cookie.path.find('\t') != std::string::npos || cookie.name.find('\t') != std::string::npos) return false;
    const bool is_secure = url.scheme == "https";
    if (cookie.secure && !is_secure) return false;
    if (cookie.same_site == SetCookie::SameSite::none && !cookie.secure) return false;
    // A nameless cookie is sent as its value, which must not look like a name with a prefix.
    const std::string_view called = cookie.name.empty() ? cookie.value : cookie.name;
    if (!detail::prefix_holds(called, cookie.secure && !cookie.name.empty(), cookie.host_only, cookie.path))
        return false;
    // Section 5.7, step 15: who can write to a plain connection can't shadow a secure cookie.
    const auto is_shadowed = [&](const StoredCookie& other) {
        return other.secure && other.name == cookie.name && path_matches(cookie.path, other.path) &&
               (domain_matches(other.domain, cookie.domain) || domain_matches(cookie.domain, other.domain));
    };
    if (!is_secure && std::ranges::any_of(cookies_, is_shadowed)) return false;
    if (asked->max_age)
        cookie.expires = asked->max_age->count() > 0 ? now + *asked->max_age : sys_seconds();
    else if (asked->expires)
        cookie.expires = std::min<sys_seconds>(*asked->expires, now + kLongest);
    add(std::move(cookie));
    expire(now);
    return true;
}

void CookieJar::take(const Url& url, const Fields& fields, sys_seconds now) {
    for (const Field field : fields)
        if (equals_ignoring_case(field.name, "Set-Cookie")) set(url, field.value, now);
}

void CookieJar::add(StoredCookie cookie) {
    cookie.created = cookie.used = ++order_;
    const auto old = std::ranges::find_if(cookies_, [&](const StoredCookie& other) {
        return other.name == cookie.name && other.domain == cookie.domain && other.path == cookie.path &&
               other.host_only == cookie.host_only;
    });
    if (old != cookies_.end()) {
        cookie.created = old->created;  // section 5.7, step 23
        *old = std::move(cookie);
        return;
    }
    make_room(cookie.domain);
    cookies_.push_back(std::move(cookie));
}

std::string CookieJar::field_for(const Url& url, sys_seconds now, const CookieContext& context) {
    expire(now);
    std::vector<StoredCookie*> chosen;
    for (StoredCookie& cookie : cookies_)
        if (goes_to(cookie, url, context)) chosen.push_back(&cookie);
    std::ranges::sort(chosen, [](const StoredCookie* a, const StoredCookie* b) {
        return a->path.size() != b->path.size() ? a->path.size() > b->path.size() : a->created < b->created;
    });
    std::string field;
    for (StoredCookie* cookie : chosen) {
        cookie->used = ++order_;
        if (!field.empty()) field += "; ";
        field += cookie->name.empty() ? cookie->value : cookie->name + "=" + cookie->value;
    }
    return field;
}

void CookieJar::end_session() {
    std::erase_if(cookies_, [](const StoredCookie& cookie) { return !cookie.expires; });
}

void CookieJar::expire(sys_seconds now) {
    std::erase_if(cookies_, [&](const StoredCookie& cookie) { return is_over(cookie, now); });
}

void CookieJar::make_room(const std::string& domain) {
    const auto less_used = [](const StoredCookie& a, const StoredCookie& b) { return a.used < b.used; };
    const auto of_domain = [&](const StoredCookie& cookie) { return cookie.domain == domain; };
    if (static_cast<std::size_t>(std::ranges::count_if(cookies_, of_domain)) >= limits_.per_domain) {
        auto oldest = cookies_.end();
        for (auto at = cookies_.begin(); at != cookies_.end(); ++at)
            if (of_domain(*at) && (oldest == cookies_.end() || less_used(*at, *oldest))) oldest = at;
        if (oldest != cookies_.end()) cookies_.erase(oldest);
    }
    if (!cookies_.empty() && cookies_.size() >= limits_.total)
        cookies_.erase(std::ranges::min_element(cookies_, less_used));
}

}  // namespace hourglass::http
