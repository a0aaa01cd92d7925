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

namespace hourglass::cli {

namespace {

using namespace std::chrono_literals;

constexpr double kConnectTimeout = 10;      ///< Seconds.
constexpr auto kRetryInterval = 50ms;       ///< Between attempts at a program's port, until it listens.
constexpr auto kClosingTime = 1s;           ///< For the server's part of the close.
constexpr std::size_t kPiece = 256 * 1024;  ///< Bytes read at a time.
constexpr Port kDomain{53};

std::chrono::nanoseconds seconds(double n) { return std::chrono::nanoseconds(static_cast<std::int64_t>(n * 1e9)); }

std::string read_text(const char* path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The servers of the user, or those of the system. On loopback sit servers that only the kernel's stack reaches.
dns::ResolverSettings resolver_settings(const std::string& given) {
    dns::ResolverSettings settings;
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
        if (!server.is_loopback()) settings.servers.push_back({server, kDomain});
    if (system.timeout) settings.timeout = *system.timeout;
    if (system.attempts) settings.attempts = *system.attempts;
    return settings;
}

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

Fetch::Fetch(asio::io_context& context, const LiveHost& live, const GetOptions& options, const http::Url& url,
             http::Request request, Done done)
    : live_(live),
      options_(options),
      url_(url),
      request_(std::move(request)),
      done_(std::move(done)),
      output_(std::make_shared<ResponseOutput>(
          options, [this](GetExit code, const std::string& message) { finish(code, message); })),
      resolver_(live.host(), resolver_settings(options.resolver), dns::HostsFile::parse(read_text("/etc/hosts"))),
      connect_timer_(context),
      retry_timer_(context),
      time_limit_(context) {
    http_.on_change([this] { live_.tun_host->loop().wake(); });
}

Fetch::~Fetch() {
    if (stream_) stream_->set_handler(nullptr);
}

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
    resolver_.resolve(url_.host, families(options_), [this](const dns::ResolveResult& result, Instant) {
        if (!result_) resolved(result);
    });
    live_.tun_host->loop().wake();
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
    auto stream = live_.host().tcp().connect({address_, url_.effective_port()}, {.local = {}, .handler = this});
    if (!stream) return connection_failed(stream.error());
    stream_ = *stream;
    live_.tun_host->loop().wake();
}

void Fetch::connection_failed(tcp::Error error) {
    stream_.reset();
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

void Fetch::on_established(tcp::Stream stream) {
    connect_timer_.cancel();
    connected_ = true;
    stream.set_no_delay(true);
    note(options_, fmt::format("connected to {} from {} in {} us", stream.remote().to_string(),
                               stream.local().to_string(), to_us(runtime::now() - connect_began_)));
    if (options_.verbose) show_request(request_);
    if (http_.send(std::move(request_), nullptr, output_)) return pump();
    finish(GetExit::bad_input, "the request may not be sent");
}

void Fetch::pump() {
    if (!connected_) return;
    send_output();
    take_input();
    send_output();
}

void Fetch::send_output() {
    while (stream_ && !http_.output().empty()) {
        const std::size_t n = stream_->send(http_.output());
        if (n == 0) return;
        http_.consume_output(n);
    }
}

void Fetch::take_input() {
    while (stream_ && http_.wants_input()) {
        const Slice piece = stream_->receive_slice(kPiece);
        if (piece.empty()) break;
        http_.receive(piece.bytes());
    }
    if (stream_ && stream_->at_end() && !std::exchange(heard_end_, true)) http_.peer_closed();
}

void Fetch::on_closed(tcp::Stream, tcp::Error error) {
    stream_.reset();
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
    if (!stream_) return leave();
    const tcp::ConnectionInfo info = stream_->info();
    if (connected_)
        note(options_, fmt::format("round trip {} us, {} retransmissions, window {} bytes", to_us(info.srtt),
                                   info.retransmissions, info.cwnd));
    if (code == GetExit::done)
        stream_->close();
    else
        stream_->abort();
    live_.tun_host->loop().wake();
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
