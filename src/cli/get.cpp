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
#include "cli/fetch.h"
#include "cli/get_options.h"
#include "cli/network.h"
#include "cli/program.h"
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
    const http::Url url = parse_url(options.url);
    asio::io_context context(1);
    runtime::OsLoop loop(context);
    GetExit result = GetExit::receive_failed;
    Fetch fetch(context, connect_over(loop, resolver_settings(options), system_hosts()), options, url,
                make_request(options, url), [&](GetExit code) {
                    result = code;
                    context.stop();
                });
    Program program(context, options.program, "", runtime::ChildOutput::to_standard_error);
    program.on_end([&](int code) {
        report_end(options, code);
        result = GetExit::not_connected;
        context.stop();
    });
    fetch.start();
    context.run();
    program.end();
    return static_cast<int>(result);
}

int get_over_own_tcp(const GetOptions& given) {
    GetOptions options = given;
    const http::Url url = parse_url(options.url);
    http::Request request = make_request(options, url);

    asio::io_context context(1);
    const LiveHost live = bring_up(context, options.network, own_addresses(options));
    GetExit result = GetExit::receive_failed;
    std::optional<Fetch> fetch;
    const auto begin = [&] {
        fetch.emplace(context, connect_over(live, resolver_settings(options), system_hosts()), options, url,
                      std::move(request), [&](GetExit code) {
                          result = code;
                          context.stop();
                      });
        fetch->start();
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
            if (fetch || !serves(own, options, url)) return;
            patience.cancel();
            const auto& lease = live.tun_host->dhcp()->lease();
            if (options.resolver.empty() && lease && !lease->name_servers.empty())
                options.resolver = lease->name_servers.front().to_string();
            begin();
        });
        patience.expires_after(kConfigurationTime);
        patience.async_wait([&](std::error_code error) {
            if (error || fetch) return;
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

void declare_request(CLI::App& app, GetOptions& options) {
    app.add_option("URL", options.url, "What to fetch; http:// may be left out")->required()->type_name("");
    app.add_option("-o,--output", options.output, "Write the body to a file")->type_name("FILE");
    app.add_flag("-i,--include", options.include_head, "Write the head of the response as well");
    app.add_flag("-I,--head", options.head_only, "Ask for the head only, and write it");
    app.add_option("-X,--request", options.method, "Method (default: GET; POST with -d, HEAD with -I)")
        ->type_name("METHOD");
    app.add_option("-d,--data", options.data,
                   "Send a body; @FILE is a file without its line ends, several are joined by &")
        ->type_name("DATA")
        ->expected(1)
        ->take_all();
    app.add_option("--data-binary", options.binary_data, "The same, with files as they are")
        ->type_name("DATA")
        ->expected(1)
        ->take_all();
    app.add_option("-H,--header", options.fields, "Send a header field; 'Name:' leaves one out")
        ->type_name("LINE")
        ->expected(1)
        ->take_all();
    app.add_flag("-f,--fail", options.fail_on_error, "End with 22 when the status is 400 or above, and write no body");
    app.add_flag("-v,--verbose", options.verbose, "Show the connection, the request and the head of the response");
    auto* v4 = app.add_flag("-4,--ipv4", options.only_v4, "Use IPv4 addresses only");
    app.add_flag("-6,--ipv6", options.only_v6, "Use IPv6 addresses only")->excludes(v4);
    app.add_option("--connect-timeout", options.connect_timeout, "Limit for the connection (default: 10)")
        ->type_name("SECONDS")
        ->check(CLI::PositiveNumber.description(""));
    app.add_option("-m,--max-time", options.max_time, "Limit for everything (default: none)")
        ->type_name("SECONDS")
        ->check(CLI::PositiveNumber.description(""));
    app.add_option("--resolver", options.resolver, "Name server to ask (default: those of /etc/resolv.conf)")
        ->type_name("ADDR[:PORT]");
    app.add_option("--address", options.address, "Our own host's address on the device (default: 10.0.0.2/24)")
        ->type_name("ADDR[/LEN]");
}

}  // namespace

Action declare_get(CLI::App& app, const std::vector<std::string>& program) {
    auto options = std::make_shared<GetOptions>();
    options->program = program;
    declare_request(app, *options);
    declare(app, options->network);
    app.footer(
        "A program behind '--' is a server to fetch from: it is started first, and ended at the end. From\n"
        "where our own host is, the kernel's addresses are 10.0.0.1 and fd00:6867::1.\n"
        "\n"
        "Exit codes, as curl's: 0 done, 2 bad input, 6 no address for the name, 7 no connection, 22 status\n"
        "of 400 or above with -f, 23 output can't be written, 28 time is up, 56 the response is broken off.\n"
        "\n"
        "Examples:\n"
        "  hourglass get -v http://example.com/                                  (over the system's TCP)\n"
        "  hourglass get http://10.0.0.1:8000/ --rootless -- python3 -m http.server\n"
        "  hourglass get -v -d @form.txt -H 'Accept: text/html' 10.0.0.1:8080/post --tun hg0\n"
        "  hourglass get http://example.com/ --resolver 1.1.1.1 --tun hg0   (with NAT behind hg0)\n");
    return [options] { return get(*options); };
}

}  // namespace hourglass::cli
