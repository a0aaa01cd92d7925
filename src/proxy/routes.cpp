#include "hourglass/proxy/routes.h"

#include <algorithm>
#include <tuple>

#include "hourglass/http/url.h"

namespace hourglass::proxy {

namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

bool is_encoded_slash(std::string_view text) {
    return text.size() >= 3 && text[0] == '%' && text[1] == '2' && (text[2] == 'F' || text[2] == 'f');
}

}  // namespace

bool is_below(std::string_view path, std::string_view prefix) noexcept {
    if (!path.starts_with(prefix)) return false;
    return prefix.ends_with('/') || path.size() == prefix.size() || path[prefix.size()] == '/';
}

std::string comparable_path(std::string_view path) {
    std::string kept;
    for (std::size_t at = 0; at < path.size();) {
        const std::string_view rest = path.substr(at);
        std::optional<std::string> decoded;
        if (rest.size() >= 3 && rest[0] == '%' && !is_encoded_slash(rest))
            decoded = http::percent_decode(rest.substr(0, 3));
        kept += decoded ? *decoded : std::string(1, rest[0]);
        at += decoded ? 3 : 1;
    }
    return http::remove_dot_segments(kept);
}

Routes::Routes(const std::vector<RouteConfiguration>& routes) {
    for (std::size_t i = 0; i < routes.size(); ++i) {
        const RouteConfiguration& route = routes[i];
        for (const std::string& host : route.hosts) {
            const bool wildcard = host.starts_with("*.");
            entries_.push_back({lower(wildcard ? host.substr(1) : host), wildcard, route.path, i});
        }
        if (route.hosts.empty()) entries_.push_back({"", false, route.path, i});
    }
    const auto rank = [](const Entry& e) {
        const int kind = e.host.empty() ? 2 : e.wildcard ? 1 : 0;
        return std::tuple(kind, ~e.host.size(), ~e.path.size(), e.route);
    };
    std::ranges::stable_sort(entries_, std::less<>(), rank);
}

std::optional<std::size_t> Routes::find(std::string_view authority, std::string_view path) const {
    const auto parsed = http::Authority::parse(authority);
    std::string host = lower(parsed ? parsed->host : authority);
    if (host.ends_with('.')) host.pop_back();  // the name with its root label is the same name
    const std::string asked = path == "*" ? "/" : comparable_path(path);
    const auto found = std::ranges::find_if(entries_, [&](const Entry& e) {
        const bool here = e.host.empty() || (e.wildcard ? host.ends_with(e.host) : host == e.host);
        return here && is_below(asked, e.path);
    });
    return found == entries_.end() ? std::nullopt : std::optional(found->route);
}

}  // namespace hourglass::proxy
