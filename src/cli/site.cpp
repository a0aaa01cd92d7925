#include "cli/site.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fmt/core.h>

#include "cli/command.h"
#include "hourglass/http/websocket.h"

namespace hourglass::cli {

namespace {

http::LogFormat parse_log_format(const std::string& name) {
    if (name == "common") return http::LogFormat::common;
    if (name == "json") return http::LogFormat::json;
    return http::LogFormat::combined;
}

void check_path(std::string_view option, const std::string& path) {
    const bool plain = path.find_first_of("{}") == std::string::npos;
    if (path.empty() || (path.starts_with('/') && plain)) return;
    throw Failure{kBadInput, fmt::format("{} {}: a path begins with a slash{}", option, path,
                                         plain ? "" : " and has no braces in it")};
}

}  // namespace

void declare(CLI::App& app, SiteOptions& options) {
    app.add_option("--echo", options.echo,
                   "POST to this path gets its body back, a WebSocket its messages; '' for none (default: /echo)")
        ->type_name("PATH");
    app.add_flag("--listing,!--no-listing", options.listing, "List folders that have no index.html (default: off)");
    app.add_flag("--hidden", options.hidden, "Serve names that begin with a dot, too");
    app.add_option("--cache-control", options.cache_control, "The Cache-Control field of files, as 'max-age=3600'")
        ->type_name("VALUE");
    app.add_option("--cors", options.cors,
                   "Let pages of this origin read the answers, as https://example.com; '*' is every origin")
        ->type_name("ORIGIN");
    app.add_option("--metrics", options.metrics, "Answer with counters for Prometheus at this path, as /metrics")
        ->type_name("PATH");
    app.add_option("--log-format", options.log_format,
                   "Log each request: common, combined or json (-v logs in the combined format)")
        ->check(CLI::IsMember({"common", "combined", "json"}))
        ->type_name("FORMAT");
    app.add_option("--log", options.log_file, "Append the log of requests to this file (default: standard error)")
        ->type_name("FILE");
    app.add_option("--rate-limit", options.rate,
                   "Requests a second that one client may make, twice as many at once; others get 429")
        ->check(CLI::PositiveNumber)
        ->type_name("N");
    app.add_option("--client-connections", options.connections_per_client,
                   "Connections that one client may have at once; further ones are refused")
        ->check(CLI::PositiveNumber)
        ->type_name("N");
    app.add_option("--idle-timeout", options.idle, "Close a connection without a request after this time (default: 75)")
        ->check(CLI::PositiveNumber)
        ->type_name("SECONDS");
}

Site::Site(const SiteOptions& options, const http::FileStore& files, http::Metrics& metrics,
           std::function<Instant()> now)
    : metrics_(metrics) {
    check_path("--echo", options.echo);
    check_path("--metrics", options.metrics);
    if (!options.metrics.empty() && options.metrics == options.echo)
        throw Failure{kBadInput, fmt::format("--metrics {}: that is the path of --echo", options.metrics)};
    add_middlewares(options, std::move(now));
    add_routes(options, files);
    application_ = router_.application();
    add_log(options);
}

void Site::add_middlewares(const SiteOptions& options, std::function<Instant()> now) {
    if (options.rate) {
        proxy::RateLimitConfiguration limit;
        limit.rate = *options.rate;
        limit.burst = static_cast<std::uint32_t>(std::clamp(2 * *options.rate, 1.0, 1e6));
        limiter_ = std::make_unique<proxy::RateLimiter>(limit);
        router_.use(http::limit_rate([this, now = std::move(now)](const SocketAddress& client) {
            return limiter_->take(client.address, now());
        }));
    }
    if (!options.cors.empty()) router_.use(http::cors({.origins = options.cors}));
}

void Site::add_routes(const SiteOptions& options, const http::FileStore& files) {
    if (!options.echo.empty()) {
        router_.stream(http::Method::post, options.echo, http::echo_stream());
        http::WebSocketSettings everyone;
        everyone.origins = {"*"};  // an echo has nothing to hide
        router_.get(options.echo, http::websocket(http::websocket_echo(), everyone));
    }
    if (!options.metrics.empty()) router_.get(options.metrics, metrics_.handler());
    http::FileSettings settings;
    settings.listing = options.listing;
    settings.hidden = options.hidden;
    settings.cache_control = options.cache_control;
    router_.mount("/", http::serve_files(files, settings));
}

void Site::add_log(const SiteOptions& options) {
    const bool log = options.verbose || !options.log_format.empty() || !options.log_file.empty();
    if (!log && options.metrics.empty()) return;
    if (!options.log_file.empty()) {
        log_file_.reset(std::fopen(options.log_file.c_str(), "ae"));
        if (log_file_ == nullptr)
            throw Failure{kBadInput, fmt::format("--log {}: {}", options.log_file, std::strerror(errno))};
        std::setvbuf(log_file_.get(), nullptr, _IOLBF, 0);  // a line is whole for whoever follows the file
    }
    std::FILE* const out = log_file_ ? log_file_.get() : stderr;
    const auto clock = [] { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); };
    const auto record = [this, log, out, format = parse_log_format(options.log_format)](const http::AccessRecord& r) {
        metrics_.add(r);
        if (log) fmt::print(out, "{}\n", http::format_access(r, format));
    };
    application_ = http::with_access_log(std::move(application_), clock, record);
}

http::TcpServerSettings tcp_server_settings(const SiteOptions& options) {
    http::TcpServerSettings settings;
    settings.connections_per_client = options.connections_per_client;
    if (options.idle)
        settings.idle = std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>(*options.idle));
    return settings;
}

}  // namespace hourglass::cli
