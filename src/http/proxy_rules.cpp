#include "hourglass/http/proxy_rules.h"

#include <algorithm>
#include <fmt/format.h>

#include "hourglass/http/fields.h"

namespace hourglass::http {

namespace {

constexpr Port kProxyPort{1080};

/// `name:port` in its parts; an IPv6 address stays whole.
std::pair<std::string_view, std::optional<Port>> split_port(std::string_view entry) {
    if (IpAddress::parse(entry)) return {entry, std::nullopt};
    const auto authority = Authority::parse(entry);
    return authority ? std::pair(authority->host, authority->port) : std::pair(entry, std::optional<Port>());
}

bool names(std::string_view entry, const Url& url) {
    if (entry == "*") return true;
    const auto address = IpAddress::parse(url.host);
    if (entry.find('/') != std::string_view::npos) {
        const auto prefix = Prefix::parse(entry);
        return prefix && address && prefix->contains(*address);
    }
    auto [host, port] = split_port(entry);
    if (port && *port != url.effective_port()) return false;
    if (address) return IpAddress::parse(host) == address;
    if (host.starts_with('.')) host.remove_prefix(1);
    if (host.empty() || url.host.size() < host.size()) return false;
    const std::string_view tail = std::string_view(url.host).substr(url.host.size() - host.size());
    return equals_ignoring_case(tail, host) &&
           (tail.size() == url.host.size() || url.host[url.host.size() - tail.size() - 1] == '.');
}

}  // namespace

std::optional<Url> ProxyRules::proxy_for(const Url& url) const {
    const std::optional<Url>& proxy = url.scheme == "https" ? https : http;
    if (!proxy || std::ranges::any_of(direct, [&](const std::string& entry) { return names(entry, url); }))
        return std::nullopt;
    return proxy;
}

std::expected<Url, std::string> parse_proxy(std::string_view text) {
    const std::size_t scheme = text.find("://");
    const bool socks = scheme != std::string_view::npos && (equals_ignoring_case(text.substr(0, scheme), "socks5") ||
                                                            equals_ignoring_case(text.substr(0, scheme), "socks5h"));
    const bool has_scheme = scheme != std::string_view::npos && !socks;
    auto url =
        Url::parse(has_scheme ? std::string(text) : fmt::format("http://{}", socks ? text.substr(scheme + 3) : text));
    if (!url) return std::unexpected(fmt::format("'{}' is not a proxy: {}", text, to_string(url.error())));
    if (socks) url->scheme = "socks5";
    if (!url->port) url->port = url->scheme == "https" ? Port{443} : kProxyPort;
    return *url;
}

std::vector<std::string> parse_direct_list(std::string_view text) {
    std::vector<std::string> entries;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(", \t"), text.size());
        if (end > 0) entries.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return entries;
}

std::expected<ProxyRules, std::string> proxy_rules_of_environment(
    const std::function<std::optional<std::string>(const std::string&)>& get) {
    const auto first_of = [&](std::initializer_list<const char*> variables,
                              std::optional<Url>& into) -> std::expected<void, std::string> {
        for (const char* variable : variables) {
            const auto value = get(variable);
            if (!value || value->empty()) continue;
            auto proxy = parse_proxy(*value);
            if (!proxy) return std::unexpected(fmt::format("{}: {}", variable, proxy.error()));
            into = std::move(*proxy);
            return {};
        }
        return {};
    };
    ProxyRules rules;
    if (const auto read = first_of({"http_proxy", "all_proxy", "ALL_PROXY"}, rules.http); !read)
        return std::unexpected(read.error());
    if (const auto read = first_of({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}, rules.https); !read)
        return std::unexpected(read.error());
    auto direct = get("no_proxy");
    if (!direct) direct = get("NO_PROXY");
    if (direct) rules.direct = parse_direct_list(*direct);
    return rules;
}

}  // namespace hourglass::http
