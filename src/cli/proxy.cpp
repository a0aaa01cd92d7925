#include "hourglass/proxy/proxy.h"

#include <CLI/CLI.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/core.h>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <random>

#include "cli/command.h"
#include "cli/network.h"
#include "cli/program.h"
#include "cli/proxy_front.h"
#include "cli/server_names.h"
#include "cli/serving.h"
#include "hourglass/http/middleware.h"
#include "hourglass/proxy/configuration_reader.h"
#include "hourglass/runtime/clock.h"
#include "hourglass/runtime/os_connector.h"
#include "hourglass/runtime/tls.h"
#include "runtime/deadline_timer.h"

namespace hourglass::cli {

namespace {

constexpr std::size_t kLargestFile = 16 * 1024 * 1024;

struct ProxyOptions {
    std::string config;
    bool check = false;
    NetworkOptions network;
    bool quiet = false;
    std::vector<std::string> program;
};

void complain(std::string_view line) { fmt::print(stderr, "hourglass proxy: {}\n", line); }

/// The configuration in the file; nothing after its errors have been told.
std::optional<proxy::Configuration> load(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!file.is_open() || file.bad()) {
        complain(fmt::format("{}: {}", path, std::strerror(errno)));
        return std::nullopt;
    }
    if (text.size() > kLargestFile) {
        complain(fmt::format("{}: larger than {} MiB", path, kLargestFile >> 20));
        return std::nullopt;
    }
    auto read = proxy::read_configuration(text);
    if (read) return std::move(*read);
    for (const proxy::ConfigurationError& error : read.error()) complain(error.to_string(path));
    return std::nullopt;
}

http::LogFormat to_http(proxy::AccessLogFormat format) {
    switch (format) {
        case proxy::AccessLogFormat::common:
            return http::LogFormat::common;
        case proxy::AccessLogFormat::json:
            return http::LogFormat::json;
        case proxy::AccessLogFormat::none:
        case proxy::AccessLogFormat::combined:
            break;
    }
    return http::LogFormat::combined;
}

/// A proxy that runs: its front over either TCP, its servers over the system's.
class ProxyRun {
  public:
    ProxyRun(const ProxyOptions& options, proxy::Configuration configuration)
        : options_(options),
          loop_(context_),
          resolver_(system_resolver(loop_)),
          timer_(context_, [this] { return poll(); }) {
        if (options.program.empty()) raise_descriptor_limit();  // a program would inherit it
        resolve_servers(resolver_, std::move(configuration),
                        [this](proxy::Configuration c, auto failures) { start(std::move(c), failures); });
    }

    int run() {
        Program program(context_, options_.program, "", runtime::ChildOutput::inherited, Program::Hangup::ignored);
        program.on_end([this](int code) {
            exit_code_ = code;
            context_.stop();
        });
        asio::signal_set hangup(context_, SIGHUP);
        await_hangup(hangup);
        context_.run();
        if (failure_) throw Failure{kBadInput, *failure_};
        hangup.cancel();
        if (options_.program.empty() && front_ != nullptr) {
            front_->close();
            await_connections(context_, [this] { return front_->connections(); });
        }
        return exit_code_;
    }

  private:
    Instant poll() {
        if (proxy_ == nullptr) return kNever;
        proxy_->poll(runtime::now());
        if (front_ != nullptr) front_->wake();
        return proxy_->deadline();
    }

    void start(proxy::Configuration configuration, const std::vector<std::string>& failures) {
        if (!failures.empty()) {
            for (const std::string& failure : failures) complain(failure);
            failure_ = fmt::format("{}: a server's name has no address", options_.config);
            return context_.stop();
        }
        try {
            bring_up(std::move(configuration));
        } catch (const Failure& failure) {
            failure_ = failure.message;
            context_.stop();
        }
    }

    void bring_up(proxy::Configuration configuration) {
        proxy::Environment environment;
        environment.now = [] { return runtime::now(); };
        environment.wall_clock = [] {
            return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        };
        environment.log = [](const std::string& line) { complain(line); };
        environment.secure_client = [](const std::string& ca_file) -> std::unique_ptr<http::SecureClient> {
            auto tls = runtime::TlsClient::make({.ca_file = ca_file});
            if (tls) return std::move(*tls);
            complain(tls.error().message);
            return nullptr;
        };
        environment.random = [random = std::mt19937_64(std::random_device()())]() mutable { return random(); };
        environment.on_sooner = [this] {
            if (proxy_ != nullptr) timer_.set(proxy_->deadline());
        };
        front_ = open_front(context_, loop_, options_.network, configuration, options_.quiet);
        connector_ = waking(runtime::connect_over(loop_), [this] { front_->wake(); });
        access_log_ = configuration.access_log;
        proxy_ = std::make_unique<proxy::ReverseProxy>(*connector_, configuration, environment);
        applications_ = {with_log(proxy_->application("http")), with_log(proxy_->application("https"))};
        front_->serve(applications_, proxy::server_settings(configuration, environment), configuration);
        timer_.set(proxy_->deadline());
    }

    http::Application with_log(http::Application application) {
        const auto clock = [] {
            return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
        };
        return http::with_access_log(std::move(application), clock, [this](const http::AccessRecord& record) {
            if (access_log_ == proxy::AccessLogFormat::none) return;
            fmt::print("{}\n", http::format_access(record, to_http(access_log_)));
            std::fflush(stdout);
        });
    }

    /// SIGHUP: another configuration from the same file. With errors in it the old one stays.
    void await_hangup(asio::signal_set& hangup) {
        hangup.async_wait([this, &hangup](std::error_code error, int) {
            if (error) return;
            await_hangup(hangup);
            if (proxy_ != nullptr) reload();
        });
    }
    void reload() {
        auto configuration = load(options_.config);
        if (!configuration) return complain("the configuration is as it was");
        resolve_servers(resolver_, std::move(*configuration), [this](proxy::Configuration c, auto failures) {
            for (const std::string& failure : failures) complain(failure);
            if (!failures.empty()) return complain("the configuration is as it was");
            if (const auto refused = front_->reload(c)) return complain(*refused);
            access_log_ = c.access_log;
            proxy_->reload(c);
            timer_.set(proxy_->deadline());
            if (!options_.quiet) complain("the configuration has been read again");
        });
    }

    const ProxyOptions& options_;
    asio::io_context context_{1};
    runtime::OsLoop loop_;
    runtime::OsResolver resolver_;
    runtime::DeadlineTimer timer_;
    FrontApplications applications_;
    std::unique_ptr<ProxyFront> front_;  ///< The connections of its server are gone last.
    std::unique_ptr<http::Connector> connector_;
    std::unique_ptr<proxy::ReverseProxy> proxy_;
    proxy::AccessLogFormat access_log_ = proxy::AccessLogFormat::combined;
    std::optional<std::string> failure_;
    int exit_code_ = kSuccess;
};

int run_proxy(const ProxyOptions& options) {
    auto configuration = load(options.config);
    if (!configuration) return kBadInput;
    if (const auto wrong = check_certificate(*configuration)) throw Failure{kBadInput, *wrong};
    if (options.check) {
        fmt::print("ok\n");
        return kSuccess;
    }
    if (options.network.over_os()) refuse_own_host_options(options.network, {});
    ProxyRun run(options, std::move(*configuration));
    return run.run();
}

}  // namespace

Action declare_proxy(CLI::App& app, const std::vector<std::string>& program) {
    auto options = std::make_shared<ProxyOptions>();
    options->program = program;
    app.add_option("-c,--config", options->config, "Configuration, in TOML; see docs/proxy.md")
        ->required()
        ->type_name("FILE");
    app.add_flag("--check", options->check, "Only say what is wrong with the configuration, or 'ok'");
    declare(app, options->network);
    declare_zone(app, options->network);
    app.add_flag("-q,--quiet", options->quiet, "Print faults and the access log only");
    app.footer(
        "Clients are served over the system's TCP, or over our own with --rootless, --tun or --tap; servers are\n"
        "reached over the system's. The access log goes to standard output, faults go to standard error, and each\n"
        "says why. SIGHUP reads the configuration again, without the loss of a request; SIGINT or SIGTERM ends the\n"
        "proxy when the answers under way have been given, a second one at once.\n"
        "\n"
        "A small configuration:\n"
        "  listen = \":8080\"\n"
        "  [upstream.app]\n"
        "  servers = [\"127.0.0.1:3000\", \"127.0.0.1:3001\"]\n"
        "  [[route]]\n"
        "  upstream = \"app\"\n"
        "\n"
        "Examples:\n"
        "  hourglass proxy --config proxy.toml --check\n"
        "  hourglass proxy --config proxy.toml              (then: curl http://localhost:8080/)\n"
        "  kill -HUP PID                                    (after a change of proxy.toml)\n"
        "  hourglass proxy --config proxy.toml --rootless -- curl -s http://10.0.0.2/\n");
    return [options] { return run_proxy(*options); };
}

}  // namespace hourglass::cli
