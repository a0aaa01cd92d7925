#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hourglass/http/files.h"
#include "hourglass/http/middleware.h"
#include "hourglass/http/over_tcp.h"
#include "hourglass/http/router.h"
#include "hourglass/proxy/rate_limiter.h"

namespace hourglass::cli {

/// What `serve` is asked to do with a folder, besides its network.
struct SiteOptions {
    std::string echo = "/echo";
    bool listing = false;
    bool hidden = false;
    std::string cache_control;
    std::vector<std::string> cors;
    std::string metrics;
    bool verbose = false;  ///< an access log on standard error
    std::string log_format;
    std::string log_file;
    std::optional<double> rate;  ///< requests a second of one client
    std::uint32_t connections_per_client = 0;
    std::optional<double> idle;  ///< in seconds
};

void declare(CLI::App& app, SiteOptions& options);

/// The application behind `serve`: files, an echo, a log, metrics, limits.
class Site {
  public:
    /// `files` and `metrics`, which counts requests, must outlive the site; `now` reads the world's clock. Throws
    /// `Failure` for an option that can't be had.
    Site(const SiteOptions& options, const http::FileStore& files, http::Metrics& metrics,
         std::function<Instant()> now);
    Site(const Site&) = delete;
    Site& operator=(const Site&) = delete;

    [[nodiscard]] const http::Application& application() const { return application_; }

  private:
    void add_middlewares(const SiteOptions& options, std::function<Instant()> now);
    void add_routes(const SiteOptions& options, const http::FileStore& files);
    void add_log(const SiteOptions& options);

    struct CloseFile {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    http::Router router_;
    http::Metrics& metrics_;
    std::unique_ptr<proxy::RateLimiter> limiter_;
    std::unique_ptr<std::FILE, CloseFile> log_file_;
    http::Application application_;
};

/// What the options ask of connections.
[[nodiscard]] http::TcpServerSettings tcp_server_settings(const SiteOptions& options);

}  // namespace hourglass::cli
