#include <CLI/CLI.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fmt/core.h>
#include <memory>
#include <optional>
#include <unistd.h>

#include "cli/command.h"
#include "cli/configuration_log.h"
#include "cli/listen_addresses.h"
#include "cli/network.h"
#include "cli/program.h"
#include "cli/reloadable_tls.h"
#include "cli/serving.h"
#include "cli/site.h"
#include "cli/terminal.h"
#include "hourglass/http/files.h"
#include "hourglass/http/over_tcp.h"
#include "hourglass/runtime/clock.h"
#include "hourglass/runtime/os_files.h"
#include "hourglass/runtime/os_http.h"
#include "hourglass/runtime/tls.h"
#include "hourglass/runtime/turn_files.h"
#include "hourglass/uwsgi/layer.h"

namespace hourglass::cli {

namespace {

constexpr std::uint16_t kFastOpenBacklog = 256;
/// Bytes that wait for the system's TCP, which copies them: few enough to be in the processor's cache still.
constexpr std::size_t kOutput = 64 * 1024;

struct ServeOptions {
    std::string folder;
    std::vector<std::string> listen;
    SiteOptions site;
    NetworkOptions network;
    std::string certificate;
    std::string key;
    bool fast_open = false;
    bool uwsgi = false;
    bool quiet = false;
    std::vector<std::string> program;
};

std::unique_ptr<runtime::OsFiles> open_folder(const std::string& folder) {
    std::error_code error;
    const auto status = std::filesystem::status(folder, error);
    if (!std::filesystem::exists(status))
        throw Failure{kBadInput, fmt::format("there is no folder '{}': name one that exists", folder)};
    if (!std::filesystem::is_directory(status))
        throw Failure{kBadInput, fmt::format("'{}' is not a folder: name the folder that it is in", folder)};
    auto files = runtime::OsFiles::open_root(folder);
    if (!files) throw Failure{kBadInput, files.error()};
    return std::move(*files);
}

/// What a folder is served by, until a reload takes another one's place. Requests under way hold it.
struct ServedFolder {
    std::unique_ptr<runtime::OsFiles> files{};
    std::optional<runtime::TurnFiles> open_files{};
    std::optional<Site> site{};
};

/// `loop`: of the system's TCP; null over our own. Throws `Failure`.
std::shared_ptr<const http::Application> serve_folder(const ServeOptions& options, runtime::OsLoop* loop,
                                                      http::Metrics& metrics, std::function<Instant()> now) {
    const auto served = std::make_shared<ServedFolder>();
    served->files = open_folder(options.folder);
    if (loop != nullptr) served->open_files.emplace(*served->files, *loop);
    const http::FileStore& store = served->open_files ? static_cast<http::FileStore&>(*served->open_files)
                                                      : static_cast<http::FileStore&>(*served->files);
    served->site.emplace(options.site, store, metrics, std::move(now));
    return {served, &served->site->application()};
}

/// What the options ask for between TCP and HTTP: TLS, or uwsgi in the place of HTTP.
class Layer {
  public:
    /// Throws `Failure`.
    explicit Layer(const ServeOptions& options) : options_(options) {
        const bool tls = !options.certificate.empty() || !options.key.empty();
        if (tls && options.uwsgi)
            throw Failure{kBadInput, "--uwsgi is spoken without TLS: leave --tls-cert and --tls-key out"};
        if (tls && options.key.empty())
            throw Failure{kBadInput, "--tls-cert needs the key that belongs to it: add --tls-key FILE"};
        if (tls && options.certificate.empty())
            throw Failure{kBadInput, "--tls-key needs the certificate that it belongs to: add --tls-cert FILE"};
        if (tls) tls_.emplace();
        reload();
    }
    /// Reads the certificate again. Throws `Failure`, and it is then as it was.
    void reload() {
        if (!tls_) return;
        if (const auto wrong = tls_->load(options_.certificate, options_.key)) throw Failure{kBadInput, *wrong};
    }
    /// Null for plain HTTP.
    [[nodiscard]] http::SecureServer* get() {
        if (tls_) return &*tls_;
        return options_.uwsgi ? &uwsgi_ : nullptr;
    }

  private:
    const ServeOptions& options_;
    std::optional<ReloadableTls> tls_{};
    uwsgi::ServerLayer uwsgi_{};
};

/// Calls `reload` at each SIGHUP, unless there is a program, which gets the signal. What is wrong is printed.
class Reloads {
  public:
    Reloads(asio::io_context& context, const ServeOptions& options, std::function<void()> reload)
        : options_(options), reload_(std::move(reload)), hangup_(context) {
        if (!options.program.empty()) return;
        hangup_.add(SIGHUP);
        await();
    }
    void end() { hangup_.cancel(); }

  private:
    void await() {
        hangup_.async_wait([this](std::error_code error, int) {
            if (error) return;
            await();
            try {
                reload_();
                if (!options_.quiet) fmt::print(stderr, "hourglass serve: all files have been read again\n");
            } catch (const Failure& failure) {
                fmt::print(stderr, "hourglass serve: {}; what was read before is served\n", failure.message);
            }
        });
    }

    const ServeOptions& options_;
    std::function<void()> reload_;
    asio::signal_set hangup_;
};

Program start_program(asio::io_context& context, const ServeOptions& options, const std::string& control_path) {
    return {context, options.program, control_path, runtime::ChildOutput::inherited,
            options.program.empty() ? Program::Hangup::ignored : Program::Hangup::ends};
}

void listen(http::TcpServer& server, const std::vector<SocketAddress>& endpoints, http::SecureServer* layer) {
    for (const SocketAddress& endpoint : endpoints)
        if (const auto listening = server.listen(endpoint, layer); !listening)
            throw Failure{kBadInput,
                          fmt::format("--listen {}: {}", endpoint.to_string(), tcp::to_string(listening.error()))};
}

ListenAddresses listen_addresses(const ServeOptions& options) {
    if (options.network.dhcp)
        return parse_listen_ports(options.listen.empty() ? std::vector<std::string>{":80"} : options.listen);
    return parse_listen_addresses(options.listen.empty() ? std::vector<std::string>{"10.0.0.2:80"} : options.listen,
                                  kernel_speaks_v6());
}

const char* scheme_of(const ServeOptions& options) { return options.certificate.empty() ? "http" : "https"; }

/// Says where the server is, and how to get there.
void announce(const ServeOptions& options, const ListenAddresses& addresses, const LiveHost& live) {
    const bool colour = shows_colour(stderr);
    std::string urls;
    for (const SocketAddress& endpoint : addresses.endpoints)
        if (options.network.dhcp)
            urls = fmt::format("port {} of each address that comes", to_number(endpoint.port));
        else
            urls += fmt::format("{}{}://{}/", urls.empty() ? "" : " and ", scheme_of(options), endpoint.to_string());
    fmt::print(stderr, "{} {} at {}\n", paint("serving", Colour::green, colour), options.folder, urls);
    if (options.network.rootless && options.program.empty())
        fmt::print(stderr, "enter its network with: nsenter --preserve-credentials -U -n -t {}\n", ::getpid());
    fmt::print(stderr, "see its connections with: hourglass stat --control {}\n", live.control->path().native());
}

http::ServerSettings server_settings() {
    http::ServerSettings settings;
    settings.wall_clock = [] { return std::chrono::sys_seconds(std::chrono::seconds(std::time(nullptr))); };
    return settings;
}

/// Runs until the program has ended, or a signal has come.
void run_with(asio::io_context& context, Program& program, int& exit_code) {
    program.on_end([&](int code) {
        exit_code = code;
        context.stop();
    });
    context.run();
}

int serve_over_os(const ServeOptions& options) {
    refuse_own_host_options(options.network, options.fast_open ? std::vector<std::string_view>{"--fast-open"}
                                                               : std::vector<std::string_view>{});
    Layer layer(options);
    const auto endpoints = parse_os_listen_addresses(options.listen, kernel_speaks_v6());

    if (options.program.empty()) raise_descriptor_limit();  // a program would inherit it
    asio::io_context context(1);
    runtime::OsLoop loop(context);
    http::Metrics metrics;
    const auto read_folder = [&] { return serve_folder(options, &loop, metrics, [] { return runtime::now(); }); };
    const auto first = read_folder();
    http::ServerSettings settings = server_settings();
    settings.output = kOutput;
    runtime::OsServer server(loop, *first, settings, tcp_server_settings(options.site));
    std::string urls;
    for (const SocketAddress& endpoint : endpoints) {
        const auto listening = server.listen(endpoint, layer.get());
        if (!listening) throw Failure{kBadInput, listening.error().message};
        urls += fmt::format("{}{}://{}/", urls.empty() ? "" : " and ", scheme_of(options), listening->to_string());
    }
    if (!options.quiet && (options.program.empty() || options.site.verbose))
        fmt::print(stderr, "{} {} at {}\n", paint("serving", Colour::green, shows_colour(stderr)), options.folder,
                   urls);

    int exit_code = kSuccess;
    Program program = start_program(context, options, "");
    Reloads reloads(context, options, [&] {
        auto folder = read_folder();
        layer.reload();
        server.reload(std::move(folder));
    });
    run_with(context, program, exit_code);
    reloads.end();
    if (options.program.empty()) {
        server.close();
        await_connections(context, [&] { return server.connections(); });
    }
    return exit_code;
}

int serve_over_own_tcp(const ServeOptions& options) {
    Layer layer(options);
    const ListenAddresses addresses = listen_addresses(options);

    asio::io_context context(1);
    tcp::Settings tcp;
    if (options.fast_open) tcp.fast_open_backlog = kFastOpenBacklog;
    const LiveHost live = bring_up(context, options.network, addresses.own, tcp);
    http::Metrics metrics;
    const auto read_folder = [&] {
        return serve_folder(options, nullptr, metrics, [&live] { return live.host().now(); });
    };
    const auto first = read_folder();
    http::TcpServer server(live.host(), *first, server_settings(), tcp_server_settings(options.site));
    listen(server, addresses.endpoints, layer.get());
    if (!options.quiet && (options.program.empty() || options.site.verbose)) announce(options, addresses, live);
    follow_configuration(live, options.quiet, {});

    int exit_code = kSuccess;
    live.tun_host->loop().on_failure([&](ip::InterfaceId, std::error_code error) {
        fmt::print(stderr, "hourglass serve: the device '{}' has gone: {}\n", options.network.device(),
                   error.message());
        exit_code = kFailure;
        context.stop();
    });
    Program program = start_program(context, options, live.control->path().native());
    Reloads reloads(context, options, [&] {
        auto folder = read_folder();
        layer.reload();
        reload_zone(live, options.network);
        server.reload(std::move(folder));
    });
    run_with(context, program, exit_code);
    reloads.end();
    if (options.program.empty()) {
        server.close();
        live.tun_host->loop().wake();
        await_connections(context, [&] { return server.connections(); });
    }
    return exit_code;
}

int serve(const ServeOptions& options) {
    return options.network.over_os() ? serve_over_os(options) : serve_over_own_tcp(options);
}

}  // namespace

Action declare_serve(CLI::App& app, const std::vector<std::string>& program) {
    auto options = std::make_shared<ServeOptions>();
    options->program = program;
    app.add_option("DIR", options->folder, "Folder to serve")->required()->type_name("");
    app.add_option("--listen", options->listen,
                   "Address with the port; ':8080' is all addresses (default: 127.0.0.1:8080 and [::1]:8080). Over our "
                   "own TCP that of our host (default: 10.0.0.2:80, with --dhcp :80; one of IPv6 is added)")
        ->type_name("ADDR:PORT");
    app.add_option("--tls-cert", options->certificate,
                   "Serve https with this certificate, PEM, those that lead to the root behind it")
        ->type_name("FILE");
    app.add_option("--tls-key", options->key, "The key that belongs to it, PEM without a passphrase")
        ->type_name("FILE");
    declare(app, options->site);
    app.add_flag("--fast-open", options->fast_open,
                 "Take requests in SYNs with a cookie of ours (RFC 7413); a request may then come twice");
    app.add_flag("--uwsgi", options->uwsgi, "Speak uwsgi with a gateway, such as nginx's uwsgi_pass, and not HTTP");
    declare(app, options->network);
    declare_zone(app, options->network);
    app.add_flag("-q,--quiet", options->quiet, "Print errors only");
    app.add_flag("-v,--verbose", options->site.verbose, "Print a line for each request");
    app.footer(
        "With a program behind '--' the server lives as long as the program, and ends with its exit code\n"
        "(128 and the number of the signal that ended it; 127 when it is not there, 126 when it can't be\n"
        "run). Without one it ends with 0 on SIGINT or SIGTERM, when the answers under way have been given; a\n"
        "second signal ends it at once. SIGHUP has it open the folder and the log anew, and read the certificate\n"
        "and the zone again, without the loss of a request.\n"
        "\n"
        "Examples:\n"
        "  hourglass serve .                                (then: curl http://localhost:8080/)\n"
        "  hourglass serve /srv/www --listen :8080 -v       (for everyone who can reach this machine)\n"
        "  hourglass serve site --cors '*' --cache-control max-age=3600 --metrics /metrics --log-format json\n"
        "  hourglass serve site --rate-limit 20 --client-connections 8 --log access.log\n"
        "  hourglass serve . --rootless -- curl -s http://10.0.0.2/\n"
        "  hourglass serve . --rootless --capture session.pcapng -- curl -6 -g 'http://[fd00:6867::2]/'\n"
        "  hourglass serve . --rootless --record session.hgr -- curl -s http://10.0.0.2/\n"
        "  sudo hourglass serve /srv/www --listen 10.0.0.2:80 --tun hg0\n"
        "  sudo hourglass serve /srv/www --tap hg0 --dhcp   (then: ip link set hg0 master br0)\n"
        "  sudo ip tuntap add dev hg0 mode tun user $USER && sudo ip addr add 10.0.0.1/24 dev hg0 &&\n"
        "      sudo ip addr add fd00:6867::1/64 dev hg0 && sudo ip link set hg0 up && hourglass serve . --tun hg0\n");
    return [options] { return serve(*options); };
}

}  // namespace hourglass::cli
