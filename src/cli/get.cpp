#include <CLI/CLI.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdio>
#include <fmt/core.h>
#include <memory>
#include <optional>

#include "cli/command.h"
#include "cli/configuration_log.h"
#include "cli/get_declaration.h"
#include "cli/get_options.h"
#include "cli/get_run.h"
#include "cli/name_servers.h"
#include "cli/network.h"
#include "cli/program.h"
#include "hourglass/runtime/os_client_world.h"
#include "hourglass/runtime/os_loop.h"

namespace hourglass::cli {

namespace {

constexpr auto kConfigurationTime = std::chrono::seconds(30);  ///< For an address from the link.

/// Our host's addresses: the one given, and one of the other family; with `--dhcp` they come from the link.
std::vector<Prefix> own_addresses(const GetOptions& options) {
    if (options.network.dhcp) return {};
    std::vector<Prefix> own = {parse_link_address("--address", options.address.empty() ? "10.0.0.2" : options.address)};
    if (own.front().address.is_v6())
        own.push_back(*Prefix::parse("10.0.0.2/24"));
    else if (kernel_speaks_v6())
        own.push_back(*Prefix::parse("fd00:6867::2/64"));
    return own;
}

/// Whether an address that the link has given is of the family that the request needs first.
bool serves(const IpAddress& own, const GetOptions& options, const http::Url& url) {
    const auto literal = IpAddress::parse(url.host);
    const bool wants_v6 = options.only_v6 || (literal && literal->is_v6());
    return own.is_v6() == wants_v6;
}

/// Says that the server's program has ended too early.
void report_end(const GetOptions& options, int code) {
    if (options.program.empty()) return;
    fmt::print(stderr, "hourglass get: '{}' ended with exit code {} before the answer was complete\n",
               options.program.front(), code);
}

int get_over_os(const GetOptions& options) {
    refuse_own_host_options(options.network, options.address.empty() ? std::vector<std::string_view>{}
                                                                     : std::vector<std::string_view>{"--address"});
    asio::io_context context(1);
    runtime::OsLoop loop(context);
    GetExit result = GetExit::receive_failed;
    GetRun run(context, options, [&](GetExit code) {
        result = code;
        context.stop();
    });
    auto world = runtime::client_world(loop, resolver_settings(options.resolver, true), system_hosts());
    Program program(context, options.program, "", runtime::ChildOutput::to_standard_error);
    program.on_end([&](int code) {
        report_end(options, code);
        result = GetExit::not_connected;
        context.stop();
    });
    run.start(std::move(world));
    context.run();
    program.end();
    return static_cast<int>(result);
}

int get_over_own_tcp(const GetOptions& given) {
    GetOptions options = given;
    const http::Url url = parse_url(options.urls.front());

    asio::io_context context(1);
    std::optional<LiveHost> up;  // what runs on it goes first
    GetExit result = GetExit::receive_failed;
    GetRun run(context, options, [&](GetExit code) {
        result = code;
        context.stop();
    });
    const LiveHost& live = up.emplace(bring_up(context, options.network, own_addresses(options)));
    const auto begin = [&] {
        run.start(http::client_world(live.host(), resolver_settings(options.resolver, false), system_hosts(),
                                     [&live] { live.tun_host->loop().wake(); }));
    };
    Program program(context, options.program, live.control->path().native(), runtime::ChildOutput::to_standard_error);
    program.on_end([&](int code) {
        report_end(options, code);
        result = GetExit::not_connected;
        context.stop();
    });
    asio::steady_timer patience(context);
    if (options.network.dhcp) {
        follow_configuration(live, false, [&](const IpAddress& own) {
            if (run.started() || !serves(own, options, url)) return;
            patience.cancel();
            const auto& lease = live.tun_host->dhcp()->lease();
            if (options.resolver.empty() && lease && !lease->name_servers.empty())
                options.resolver = lease->name_servers.front().to_string();
            begin();
        });
        patience.expires_after(kConfigurationTime);
        patience.async_wait([&](std::error_code error) {
            if (error || run.started()) return;
            fmt::print(stderr, "hourglass get: the link of '{}' has given no address in {} s\n",
                       options.network.device(), kConfigurationTime.count());
            result = GetExit::not_connected;
            context.stop();
        });
    } else {
        begin();
    }
    context.run();
    program.end();
    return static_cast<int>(result);
}

int get(const GetOptions& options) {
    return options.network.over_os() ? get_over_os(options) : get_over_own_tcp(options);
}

}  // namespace

Action declare_get(CLI::App& app, const std::vector<std::string>& program) {
    auto options = std::make_shared<GetOptions>();
    options->program = program;
    declare_options(app, *options);
    return [options] { return get(*options); };
}

}  // namespace hourglass::cli
