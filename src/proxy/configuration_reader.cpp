#include "hourglass/proxy/configuration_reader.h"

#include <algorithm>
#include <fmt/format.h>

#include "hourglass/http/message.h"
#include "hourglass/http/url.h"
#include "hourglass/proxy/routes.h"
#include "proxy/toml_table.h"

namespace hourglass::proxy {

namespace {

using detail::Errors;
using detail::TomlTable;

constexpr std::int64_t kMany = 1'000'000;
constexpr Duration kSome = std::chrono::milliseconds(1);

/// "host:port" with an address or a name; the address where it is one. Nothing when it is neither.
std::optional<SocketAddress> parse_server(std::string_view text) {
    const auto authority = http::Authority::parse(text);
    if (!authority || authority->host.empty() || !authority->port || *authority->port == Port{}) return std::nullopt;
    if (const auto address = IpAddress::parse(authority->host)) return SocketAddress{*address, *authority->port};
    return SocketAddress{IpAddress(), *authority->port};
}

void read_server(const toml::node& node, const std::string& path, Errors& errors, UpstreamConfiguration& upstream) {
    ServerConfiguration server;
    if (const auto text = detail::text_of(node)) {
        server.name = *text;
    } else if (const auto* const table = node.as_table()) {
        TomlTable keys(*table, path, errors);
        keys.text("address", server.name);
        keys.integer("weight", server.weight, 1, 100);
        keys.flag("backup", server.backup);
    }
    constexpr std::string_view unix_domain = "unix:";
    if (server.name.starts_with("unix:/")) {
        server.path = server.name.substr(unix_domain.size());
        upstream.servers.push_back(std::move(server));
        return;
    }
    const auto address = parse_server(server.name);
    if (!address) {
        errors.push_back(
            {detail::line_of(node), path,
             "a server is expected, such as \"10.0.0.1:8080\", \"app.internal:8080\", \"unix:/run/app.sock\" or "
             "{ address = \"10.0.0.1:8080\", weight = 2 }"});
        return;
    }
    server.address = *address;
    upstream.servers.push_back(std::move(server));
}

void read_check(const toml::table& table, const std::string& path, Errors& errors, UpstreamConfiguration& upstream) {
    TomlTable keys(table, path, errors);
    HealthCheckConfiguration& check = upstream.check.emplace();
    keys.text("path", check.path);
    if (!http::Target::parse(http::Method::get, check.path) || !check.path.starts_with('/'))
        keys.report(table.get("path"), "path", "a path is expected that begins with a slash");
    keys.duration("interval", check.interval, std::chrono::milliseconds(100));
    keys.duration("timeout", check.timeout, kSome);
    keys.integer("rise", check.rise, 1, 100);
    keys.integer("fall", check.fall, 1, 100);
    const toml::node* const status = keys.find("status");
    if (status == nullptr) return;
    const auto* const range = status->as_array();
    const auto lowest = range != nullptr && range->size() == 2 ? range->get(0)->value<std::uint16_t>() : std::nullopt;
    const auto highest = lowest ? range->get(1)->value<std::uint16_t>() : std::nullopt;
    if (!highest || *lowest < 200 || *highest > 599 || *lowest > *highest)
        return keys.report(status, "status",
                           "two statuses are expected, from the lowest good one to the highest: [200, 399]");
    check.lowest_good = *lowest;
    check.highest_good = *highest;
}

void read_balance(TomlTable& keys, UpstreamConfiguration& upstream) {
    constexpr Balance values[] = {Balance::round_robin, Balance::least_connections, Balance::hash};
    if (const auto word = keys.word("balance", {"round-robin", "least-connections", "hash"}))
        upstream.balance = values[*word];
    std::string key;
    keys.text("hash", key);
    constexpr std::string_view header = "header:";
    if (key.empty() || key == "client") {
        upstream.hash_key.kind = HashKey::Kind::client;
    } else if (key == "target") {
        upstream.hash_key.kind = HashKey::Kind::target;
    } else if (key.starts_with(header) && http::is_token(key.substr(header.size()))) {
        upstream.hash_key = {HashKey::Kind::header, key.substr(header.size())};
    } else {
        keys.report(keys.table().get("hash"), "hash", "\"client\", \"target\" or \"header:NAME\" is expected");
    }
}

void read_upstream(const toml::table& table, std::string name, Errors& errors, Configuration& out) {
    UpstreamConfiguration& upstream = out.upstreams.emplace_back();
    TomlTable keys(table, fmt::format("upstream.{}", name), errors);
    upstream.name = std::move(name);
    if (const auto word = keys.word("protocol", {"http", "https", "uwsgi"})) {
        upstream.protocol = *word == 2 ? Protocol::uwsgi : Protocol::http;
        upstream.tls = *word == 1;
    }
    keys.text("ca", upstream.ca);
    keys.text("tls_name", upstream.tls_name);
    for (const std::string_view key : {"ca", "tls_name"})
        if (table.contains(key) && !upstream.tls) keys.report(table.get(key), key, "needs protocol = \"https\"");

    const toml::node* const servers = keys.find("servers");
    const auto* const list = servers == nullptr ? nullptr : servers->as_array();
    if (list == nullptr || list->empty())
        keys.report(servers, "servers", "a list of at least one server is expected, such as [\"10.0.0.1:8080\"]");
    else
        for (const toml::node& server : *list) read_server(server, keys.path_of("servers"), errors, upstream);
    if (!upstream.servers.empty() && std::ranges::all_of(upstream.servers, &ServerConfiguration::backup))
        keys.report(servers, "servers", "at least one server is expected that is no backup");
    read_balance(keys, upstream);
    keys.integer("max_fails", upstream.max_fails, 0, kMany);
    keys.duration("fail_time", upstream.fail_time, kSome);
    keys.integer("connections", upstream.connections, 1, kMany);
    keys.integer("keepalive", upstream.keepalive, 0, kMany);
    keys.duration("keepalive_time", upstream.keepalive_time, kSome);
    keys.integer("queue", upstream.queue, 0, kMany);
    keys.duration("queue_time", upstream.queue_time, kSome);
    keys.duration("connect_time", upstream.connect_time, kSome);
    keys.duration("response_time", upstream.response_time, kSome);
    keys.integer("tries", upstream.tries, 1, 100);
    keys.duration("retry_delay", upstream.retry_delay);
    keys.text("host", upstream.host);
    if (!upstream.host.empty() && !http::Authority::parse(upstream.host))
        keys.report(table.get("host"), "host", "a host is expected, with a port perhaps: \"app.internal:8080\"");
    keys.text("script_name", upstream.script_name);
    if (const toml::node* const retry = keys.find("retry_status")) {
        const auto* const statuses = retry->as_array();
        for (std::size_t i = 0; statuses != nullptr && i < statuses->size(); ++i)
            upstream.retry_status.push_back(statuses->get(i)->value<std::uint16_t>().value_or(0));
        const bool good = statuses != nullptr && std::ranges::all_of(upstream.retry_status, [](std::uint16_t status) {
                              return status >= 400 && status <= 599;
                          });
        if (!good) keys.report(retry, "retry_status", "a list of statuses from 400 to 599 is expected: [502, 503]");
    }
    if (const toml::node* const check = keys.find("check")) {
        if (const auto* const values = check->as_table())
            read_check(*values, keys.path_of("check"), errors, upstream);
        else
            keys.report(check, "check", "a table is expected, such as { path = \"/health\", interval = \"5s\" }");
    }
}

void read_rate_limit(const toml::node& node, TomlTable& route, RouteConfiguration& out) {
    const auto* const table = node.as_table();
    if (table == nullptr)
        return route.report(&node, "rate_limit", "a table is expected, such as { rate = 10, burst = 20 }");
    TomlTable keys(*table, route.path_of("rate_limit"), route.errors());
    RateLimitConfiguration& limit = out.rate_limit.emplace();
    keys.number("rate", limit.rate, 0.001, 1e6);
    keys.integer("burst", limit.burst, 1, kMany);
    keys.integer("clients", limit.clients, 1, 100 * kMany);
}

bool is_host_pattern(std::string_view text) {
    if (text.starts_with("*.")) text.remove_prefix(2);
    const auto authority = http::Authority::parse(text);
    return authority && !authority->host.empty() && !authority->port && text.find('*') == std::string_view::npos;
}

void read_route(const toml::table& table, Errors& errors, Configuration& out) {
    RouteConfiguration& route = out.routes.emplace_back();
    TomlTable keys(table, "route", errors);
    for (auto& [host, line] : keys.texts("host")) {
        if (!is_host_pattern(host))
            errors.push_back({line, "route.host", "a host name without a port is expected, or \"*.example.com\""});
        if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
        route.hosts.push_back(std::move(host));
    }
    keys.text("path", route.path);
    if (comparable_path(route.path) != route.path || !route.path.starts_with('/') ||
        route.path.find('?') != std::string::npos)
        keys.report(table.get("path"), "path",
                    "a path is expected that begins with a slash, decoded and without '..' and '?'");
    keys.text("upstream", route.upstream);
    std::vector<std::string_view> names;
    for (const UpstreamConfiguration& upstream : out.upstreams) names.push_back(upstream.name);
    if (std::ranges::find(names, route.upstream) == names.end()) {
        const std::string_view meant = nearest(route.upstream, names);
        keys.report(table.get("upstream"), "upstream",
                    route.upstream.empty() ? "the name of an upstream is expected"
                                           : fmt::format("there is no [upstream.{}]{}", route.upstream,
                                                         meant.empty() ? "" : fmt::format("; is it '{}'?", meant)));
    }
    keys.flag("strip_path", route.strip_path);
    keys.flag("cache", route.cache);
    if (route.cache && !out.cache) out.cache.emplace();
    if (const toml::node* const limit = keys.find("rate_limit")) read_rate_limit(*limit, keys, route);
    keys.size("request_buffer", route.request_buffer);
    keys.size("response_buffer", route.response_buffer);
    if (route.response_buffer == 0)
        keys.report(table.get("response_buffer"), "response_buffer", "at least one byte is expected");
    keys.size("max_body", route.max_body);
    keys.pairs("request_headers", route.request_headers);
    keys.pairs("response_headers", route.response_headers);
}

void read_clients(const toml::table& table, Errors& errors, Configuration& out) {
    TomlTable keys(table, "clients", errors);
    keys.integer("connections", out.clients.connections, 1, 10 * kMany);
    keys.duration("idle", out.clients.idle, kSome);
    keys.duration("head", out.clients.head, kSome);
    keys.duration("stalled", out.clients.stalled, kSome);
    keys.integer("requests", out.client_requests, 0, 1000 * kMany);
}

void read_cache(const toml::table& table, Errors& errors, Configuration& out) {
    TomlTable keys(table, "cache", errors);
    CacheConfiguration& cache = out.cache.emplace();
    keys.size("size", cache.size);
    keys.size("entry", cache.entry);
    keys.integer("variants", cache.variants, 1, kMany);
    keys.duration("heuristic", cache.heuristic);
    keys.duration("stale_if_error", cache.stale_if_error);
    keys.duration("stale_while_revalidate", cache.stale_while_revalidate);
    keys.duration("collapse", cache.collapse);
}

/// Calls `read` with the table of a key, if it is there.
template <typename Read>
void read_table(TomlTable& keys, std::string_view key, Read read) {
    const toml::node* const node = keys.find(key);
    if (node == nullptr) return;
    if (const auto* const table = node->as_table())
        read(*table);
    else
        keys.report(node, key, fmt::format("a table is expected: [{}]", key));
}

void read_listen(TomlTable& keys, std::string_view key, std::vector<std::string>& into) {
    for (auto& [address, line] : keys.texts(key)) {
        if (const auto parsed = SocketAddress::parse(address); !parsed)
            keys.errors().push_back({line, std::string(key),
                                     fmt::format("{}; write it like \":8080\" or \"127.0.0.1:8080\"", parsed.error())});
        into.push_back(std::move(address));
    }
}

/// TLS needs both files, and somewhere to listen.
void read_tls(TomlTable& keys, const toml::table& table, Configuration& out) {
    TomlTable tls(table, "tls", keys.errors());
    tls.text("certificate", out.certificate);
    tls.text("key", out.key);
    if (out.certificate.empty()) tls.report(table.get("certificate"), "certificate", "a file is expected, in PEM");
    if (out.key.empty()) tls.report(table.get("key"), "key", "a file is expected, in PEM");
    if (out.listen_tls.empty()) keys.report(&table, "tls", "listen_tls is missing: where clients come with TLS");
}

void read_top(const toml::table& table, Errors& errors, Configuration& out) {
    TomlTable keys(table, "", errors);
    read_listen(keys, "listen", out.listen);
    read_listen(keys, "listen_tls", out.listen_tls);
    read_table(keys, "tls", [&](const toml::table& t) { read_tls(keys, t, out); });
    if (!out.listen_tls.empty() && !table.contains("tls"))
        keys.report(table.get("listen_tls"), "listen_tls", "needs a certificate: [tls] with certificate and key");
    keys.text("name", out.name);
    if (!http::is_token(out.name))
        keys.report(table.get("name"), "name", "a name without spaces and separators is expected");
    keys.flag("trust_forwarded", out.trust_forwarded);
    constexpr AccessLogFormat formats[] = {AccessLogFormat::none, AccessLogFormat::common, AccessLogFormat::combined,
                                           AccessLogFormat::json};
    if (const auto word = keys.word("access_log", {"none", "common", "combined", "json"}))
        out.access_log = formats[*word];
    read_table(keys, "clients", [&](const toml::table& t) { read_clients(t, errors, out); });
    read_table(keys, "cache", [&](const toml::table& t) { read_cache(t, errors, out); });
    read_table(keys, "upstream", [&](const toml::table& upstreams) {
        for (const auto& [name, node] : upstreams) {
            if (const auto* const upstream = node.as_table())
                read_upstream(*upstream, std::string(name.str()), errors, out);
            else
                errors.push_back({detail::line_of(node), fmt::format("upstream.{}", name.str()),
                                  fmt::format("a table is expected: [upstream.{}]", name.str())});
        }
    });
    const toml::node* const routes = keys.find("route");
    const auto* const list = routes == nullptr ? nullptr : routes->as_array();
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        if (const auto* const route = list->get(i)->as_table())
            read_route(*route, errors, out);
        else
            keys.report(list->get(i), "route", "a table is expected: [[route]]");
    }
    if (list == nullptr || list->empty())
        errors.push_back({routes == nullptr ? 0 : detail::line_of(*routes), "route",
                          "at least one route is expected: [[route]] with an upstream"});
}

}  // namespace

std::expected<Configuration, std::vector<ConfigurationError>> read_configuration(std::string_view text) {
    const toml::parse_result parsed = toml::parse(text);
    if (!parsed)
        return std::unexpected(Errors{
            {parsed.error().source().begin.line, "", fmt::format("not TOML: {}", parsed.error().description())}});
    Configuration out;
    Errors errors;
    read_top(parsed.table(), errors, out);
    if (errors.empty()) return out;
    std::ranges::stable_sort(errors, {}, &ConfigurationError::line);
    return std::unexpected(std::move(errors));
}

}  // namespace hourglass::proxy
