#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hourglass/proxy/configuration_reader.h"

namespace hourglass::proxy {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kWhole = R"(
listen = [":8080", "[::1]:8443"]
listen_tls = ":8443"
tls = { certificate = "c.pem", key = "k.pem" }
name = "edge"
access_log = "json"

[clients]
idle = "10s"
requests = 50

[cache]
size = "8 MiB"
stale_if_error = "5min"

[upstream.app]
servers = ["10.0.0.1:80", { address = "app.internal:8080", weight = 3, backup = true }]
balance = "hash"
hash = "header:X-User"
retry_status = [502, 503]
check = { path = "/health", interval = "1s", status = [200, 204] }

[upstream.python]
protocol = "uwsgi"
servers = ["[2001:db8::1]:3031"]

[[route]]
host = ["example.com", "*.example.com"]
path = "/api"
upstream = "app"
strip_path = true
rate_limit = { rate = 0.5, burst = 3 }
response_headers = { "X-Frame-Options" = "DENY" }

[[route]]
upstream = "python"
cache = true
max_body = "1 GiB"
)";

/// The errors of a configuration, a line each.
std::string errors(std::string_view text) {
    const auto read = read_configuration(text);
    std::string out;
    if (read) return "none";
    for (const ConfigurationError& error : read.error()) out += error.to_string("f.toml") + "\n";
    return out;
}

TEST(ProxyConfiguration, IsReadInWhole) {
    EXPECT_EQ(errors(kWhole), "none");
    const Configuration c = *read_configuration(kWhole);
    EXPECT_EQ(c.listen, (std::vector<std::string>{":8080", "[::1]:8443"}));
    EXPECT_EQ(c.listen_tls, std::vector<std::string>{":8443"});
    EXPECT_EQ(c.certificate, "c.pem");
    EXPECT_EQ(c.key, "k.pem");
    EXPECT_EQ(c.name, "edge");
    EXPECT_EQ(c.access_log, AccessLogFormat::json);
    EXPECT_EQ(c.clients.idle, Duration(10s));
    EXPECT_EQ(c.client_requests, 50U);
    EXPECT_EQ(c.cache->size, 8U << 20);
    EXPECT_EQ(c.cache->stale_if_error, Duration(5min));
    ASSERT_EQ(c.upstreams.size(), 2U);
    const UpstreamConfiguration& app = c.upstreams[0];
    EXPECT_EQ(app.servers[0].address.to_string(), "10.0.0.1:80");
    EXPECT_EQ(app.servers[1].name, "app.internal:8080");
    EXPECT_TRUE(app.servers[1].address.address.is_unspecified());
    EXPECT_EQ(app.servers[1].weight, 3U);
    EXPECT_TRUE(app.servers[1].backup);
    EXPECT_EQ(app.balance, Balance::hash);
    EXPECT_EQ(app.hash_key, (HashKey{HashKey::Kind::header, "X-User"}));
    EXPECT_EQ(app.retry_status, (std::vector<std::uint16_t>{502, 503}));
    EXPECT_EQ(app.check->path, "/health");
    EXPECT_EQ(app.check->highest_good, 204);
    EXPECT_EQ(c.upstreams[1].protocol, Protocol::uwsgi);
    ASSERT_EQ(c.routes.size(), 2U);
    EXPECT_EQ(c.routes[0].hosts.size(), 2U);
    EXPECT_EQ(c.routes[0].rate_limit->rate, 0.5);
    EXPECT_EQ(c.routes[0].response_headers[0].second, "DENY");
    EXPECT_TRUE(c.routes[1].cache);
    EXPECT_EQ(c.routes[1].max_body, 1U << 30);
}

TEST(ProxyConfiguration, ErrorsNameLineKeyAndWhatIsExpected) {
    EXPECT_EQ(errors("listen = [\":99999\"]\n\n[upstream.a]\nservers = []\nresponse_time = 5\n"
                     "[[route]]\nupstream = \"b\"\npath = \"x\"\n"),
              "f.toml:1: listen: " + SocketAddress::parse(":99999").error() +
                  "; write it like \":8080\" or \"127.0.0.1:8080\"\n"
                  "f.toml:4: upstream.a.servers: a list of at least one server is expected, such as "
                  "[\"10.0.0.1:8080\"]\n"
                  "f.toml:5: upstream.a.response_time: a duration is expected, such as \"500ms\", \"5s\", \"2min\" or "
                  "\"24h\"\n"
                  "f.toml:7: route.upstream: there is no [upstream.b]; is it 'a'?\n"
                  "f.toml:8: route.path: a path is expected that begins with a slash, decoded and without '..' and "
                  "'?'\n");
}

TEST(ProxyConfiguration, UnknownKeysAreErrorsWithTheNearestOne) {
    const std::string said = errors(
        "lisen = \":80\"\n[upstream.a]\nservers = [\"10.0.0.1:80\"]\nkeepalive_tiem = \"5s\"\nzzz = 1\n"
        "[[route]]\nupstream = \"a\"\nrate_limit = { rte = 1 }\n");
    EXPECT_EQ(said,
              "f.toml:1: lisen: there is no such key; is it 'listen'?\n"
              "f.toml:4: upstream.a.keepalive_tiem: there is no such key; is it 'keepalive_time'?\n"
              "f.toml:5: upstream.a.zzz: there is no such key\n"
              "f.toml:8: route.rate_limit.rte: there is no such key; is it 'rate'?\n");
}

TEST(ProxyConfiguration, WordsAreSuggestedToo) {
    EXPECT_THAT(
        errors("[upstream.a]\nservers = [\"10.0.0.1:80\"]\nbalance = \"round_robin\"\n[[route]]\nupstream=\"a\""),
        testing::HasSubstr("f.toml:3: upstream.a.balance: one of \"round-robin\", \"least-connections\", "
                           "\"hash\" is expected; is it \"round-robin\"?"));
}

TEST(ProxyConfiguration, SyntaxErrorsHaveTheirLine) {
    EXPECT_THAT(errors("a = 1\nb = = 2\n"), testing::StartsWith("f.toml:2: not TOML: "));
    EXPECT_THAT(errors("\n[*a]\n"), testing::StartsWith("f.toml:2: not TOML: "));
    EXPECT_EQ(errors(""), "f.toml: route: at least one route is expected: [[route]] with an upstream\n");
}

TEST(ProxyConfiguration, ValuesThatAreNeverRightAreRefused) {
    const std::string start = "[upstream.a]\nservers = [\"10.0.0.1:80\"]\n";
    const std::string end = "\n[[route]]\nupstream = \"a\"\n";
    for (const char* line : {"connections = 0", "tries = 1000", "retry_status = [200]", "hash = \"cookie\"",
                             "check = 5", "check = { status = [300, 200] }", "host = \"a b\"", "connect_time = \"0s\""})
        EXPECT_NE(errors(start + line + end), "none") << line;
    for (const char* line : {"host = \"a:80\"", "host = \"a*b\"", "path = \"/a/../b\"", "rate_limit = { rate = 0 }",
                             "request_headers = { Content-Length = \"5\" }", "max_body = \"much\"", "cache = 1",
                             "request_headers = { \"a b\" = \"5\" }", "request_headers = { a = \"x\\ny\" }"})
        EXPECT_NE(errors(start + end + line), "none") << line;
    for (const char* server : {"10.0.0.1", "10.0.0.1:0", ":80", "a b:80", "10.0.0.1:80/x"})
        EXPECT_NE(errors("[upstream.a]\nservers = [\"" + std::string(server) + "\"]" + end), "none") << server;
}

TEST(ProxyConfiguration, TlsNeedsItsFilesAndAnAddress) {
    const std::string rest = "\n[upstream.a]\nservers = [\"10.0.0.1:80\"]\n[[route]]\nupstream = \"a\"\n";
    EXPECT_EQ(errors("listen_tls = \":1\"" + rest),
              "f.toml:1: listen_tls: needs a certificate: [tls] with certificate and key\n");
    EXPECT_EQ(errors("tls = { certificate = \"c\" }" + rest),
              "f.toml:1: tls.key: a file is expected, in PEM\n"
              "f.toml:1: tls: listen_tls is missing: where clients come with TLS\n");
}

TEST(ProxyConfiguration, DurationsAndSizesHaveUnits) {
    EXPECT_EQ(parse_duration("250ms"), Duration(250ms));
    EXPECT_EQ(parse_duration("2 min"), Duration(2min));
    EXPECT_EQ(parse_duration("7d"), Duration(168h));
    EXPECT_EQ(parse_duration("5"), std::nullopt);
    EXPECT_EQ(parse_duration("-5s"), std::nullopt);
    EXPECT_EQ(parse_duration("99999999999s"), std::nullopt);
    EXPECT_EQ(parse_size("64k"), 65536U);
    EXPECT_EQ(parse_size("2 GiB"), 2ULL << 30);
    EXPECT_EQ(parse_size("99999999999999T"), std::nullopt);
    EXPECT_EQ(parse_size("5x"), std::nullopt);
}

}  // namespace
}  // namespace hourglass::proxy
