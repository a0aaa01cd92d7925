#include "cli/fetch.h"

#include <algorithm>
#include <cstdio>
#include <fmt/core.h>
#include <fstream>
#include <iterator>
#include <utility>

#include "cli/command.h"
#include "cli/terminal.h"
#include "hourglass/runtime/clock.h"
#include "http/move_bytes.h"

namespace hourglass::cli {

namespace {

using namespace std::chrono_literals;

constexpr double kConnectTimeout = 10;  ///< Seconds.
constexpr auto kRetryInterval = 50ms;   ///< Between attempts at a program's port, until it listens.
constexpr auto kClosingTime = 1s;       ///< For the server's part of the close.
constexpr Port kDomain{53};

std::chrono::nanoseconds seconds(double n) { return std::chrono::nanoseconds(static_cast<std::int64_t>(n * 1e9)); }

std::string read_text(const char* path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

/// On loopback sit servers that only the kernel's stack reaches.
dns::ResolverSettings resolver_settings(const GetOptions& options) {
    dns::ResolverSettings settings;
    const std::string& given = options.resolver;
    if (!given.empty()) {
        const auto address = IpAddress::parse(given);
        const auto endpoint =
            address ? SocketAddress{*address, kDomain} : SocketAddress::parse(given).value_or(SocketAddress{});
        if (endpoint.port == Port{})
            throw Failure{kBadInput, fmt::format("--resolver {}: not an address; write it like 10.0.0.1", given)};
        settings.servers.push_back(endpoint);
        return settings;
    }
    const auto system = dns::ResolvConf::parse(read_text("/etc/resolv.conf"));
    for (const IpAddress& server : system.servers)
        if (options.network.over_os() || !server.is_loopback()) settings.servers.push_back({server, kDomain});
    if (system.timeout) settings.timeout = *system.timeout;
    if (system.attempts) settings.attempts = *system.attempts;
    return settings;
}

dns::HostsFile system_hosts() { return dns::HostsFile::parse(read_text("/etc/hosts")); }

namespace {

dns::Families families(const GetOptions& options) {
    if (options.only_v4) return dns::Families::v4;
    return options.only_v6 ? dns::Families::v6 : dns::Families::both;
}

void note(const GetOptions& options, const std::string& text) {
    if (options.verbose) fmt::print(stderr, "{} {}\n", paint("*", Colour::grey, shows_colour(stderr)), printable(text));
}

void show_request(const http::Request& request) {
    const std::string mark = paint(">", Colour::green, shows_colour(stderr));
    fmt::print(stderr, "{} {} {} HTTP/1.1\n", mark, request.method.name(), printable(request.target));
    for (const http::Field field : request.fields)
        fmt::print(stderr, "{} {}: {}\n", mark, printable(field.name), printable(field.value));
    if (!request.body.empty()) fmt::print(stderr, "{} ({} bytes follow)\n", mark, request.body.size());
    fmt::print(stderr, "{}\n", mark);
}

}  // namespace

Fetch::Fetch(asio::io_context& context, std::unique_ptr<Connector> connector, const GetOptions& options,
             const http::Url& url, http::Request request, Done done)
    : connector_(std::move(connector)),
      options_(options),
      url_(url),
      request_(std::move(request)),
      done_(std::move(done)),
      output_(std::make_shared<ResponseOutput>(
          options, [this](GetExit code, const std::string& message) { finish(code, message); })),
      connect_timer_(context),
      retry_timer_(context),
      time_limit_(context) {
    http_.on_change([this] { connector_->wake(); });
}

Fetch::~Fetch() { connector_->forget(); }

void Fetch::start() {
    if (options_.max_time > 0) {
        time_limit_.expires_after(seconds(options_.max_time));
        time_limit_.async_wait([this](std::error_code error) {
            if (!error) finish(GetExit::timed_out, fmt::format("not done in {} seconds", options_.max_time));
        });
    }
    resolve();
}

void Fetch::resolve() {
    connector_->resolve(url_.host, families(options_), [this](const dns::ResolveResult& result) {
        if (!result_) resolved(result);
    });
}

void Fetch::resolved(const dns::ResolveResult& result) {
    if (!result) {
        const bool no_server = result.error() == dns::ResolveError::no_servers;
        return finish(GetExit::not_resolved,
                      fmt::format("'{}' has no address: {}{}", url_.host, dns::to_string(result.error()),
                                  no_server ? "; name one with --resolver ADDR" : ""));
    }
    addresses_ = result->addresses;
    if (result->source != dns::Source::literal)
        note(options_,
             fmt::format("{} is {} ({})", url_.host, addresses_.front().to_string(), dns::to_string(result->source)));
    std::ranges::reverse(addresses_);
    connect_timer_.expires_after(seconds(options_.connect_timeout > 0 ? options_.connect_timeout : kConnectTimeout));
    connect_timer_.async_wait([this](std::error_code error) {
        if (!error) finish(GetExit::timed_out, fmt::format("no connection to {} in time", url_.authority()));
    });
    address_ = addresses_.back();
    addresses_.pop_back();
    connect();
}

void Fetch::connect() {
    connect_began_ = runtime::now();
    connector_->connect({address_, url_.effective_port()}, *this);
}

void Fetch::connection_failed(tcp::Error error) {
    note(options_,
         fmt::format("{}: {}", SocketAddress{address_, url_.effective_port()}.to_string(), tcp::to_string(error)));
    if (!addresses_.empty()) {
        address_ = addresses_.back();
        addresses_.pop_back();
        return connect();
    }
    // A program that has just been started listens soon.
    if (error == tcp::Error::refused && !options_.program.empty()) {
        retry_timer_.expires_after(kRetryInterval);
        retry_timer_.async_wait([this](std::error_code cancelled) {
            if (!cancelled && !result_) connect();
        });
        return;
    }
    const GetExit code = error == tcp::Error::timed_out ? GetExit::timed_out : GetExit::not_connected;
    finish(code, fmt::format("no connection to {}: {}", url_.authority(), tcp::to_string(error)));
}

void Fetch::on_connected() {
    connect_timer_.cancel();
    connected_ = true;
    note(options_,
         fmt::format("connected to {} from {} in {} us", SocketAddress{address_, url_.effective_port()}.to_string(),
                     connector_->local().to_string(), to_us(runtime::now() - connect_began_)));
    if (options_.verbose) show_request(request_);
    if (http_.send(std::move(request_), nullptr, output_)) return pump();
    finish(GetExit::bad_input, "the request may not be sent");
}

void Fetch::pump() {
    if (!connected_ || std::exchange(pumping_, true)) return;
    for (bool moved = true; moved && connector_->transport() != nullptr;) {
        http::Transport& transport = *connector_->transport();
        moved = http::detail::move_output(http_, transport);
        moved = http::detail::move_input(http_, transport) || moved;
        if (transport.at_end() && !std::exchange(heard_end_, true)) http_.peer_closed();
    }
    pumping_ = false;
}

void Fetch::on_closed(tcp::Error error) {
    if (result_) return leave();
    if (!connected_) return connection_failed(error);
    const bool late = error == tcp::Error::timed_out;
    http_.fail({.kind = late ? http::ClientError::Kind::timed_out : http::ClientError::Kind::connection_failed,
                .reason = {},
                .write_error = {},
                .text = fmt::format("the connection to {} ended: {}", url_.authority(), tcp::to_string(error))});
}

void Fetch::finish(GetExit code, const std::string& message) {
    if (result_) return;
    result_ = code;
    if (!message.empty()) fmt::print(stderr, "hourglass get: {}\n", printable(message));
    connect_timer_.cancel();
    retry_timer_.cancel();
    http::Transport* const transport = connector_->transport();
    if (transport == nullptr || !transport->exists()) return leave();
    if (connected_) note(options_, connector_->measured());
    if (code == GetExit::done)
        transport->close();
    else
        transport->abort();
    connector_->wake();
    time_limit_.expires_after(kClosingTime);
    time_limit_.async_wait([this](std::error_code error) {
        if (!error) leave();
    });
}

void Fetch::leave() {
    time_limit_.cancel();
    if (done_) std::exchange(done_, nullptr)(*result_);
}

}  // namespace hourglass::cli
