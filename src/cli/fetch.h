#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/get_exit.h"
#include "cli/get_options.h"
#include "cli/network.h"
#include "cli/response_output.h"
#include "hourglass/dns/over_host.h"
#include "hourglass/http/client.h"

namespace hourglass::cli {

/// One request over our own stack: resolve the name, connect to one of its addresses, send, receive, close.
class Fetch : private tcp::ConnectionHandler {
  public:
    /// Called once, when the connection has been closed as well.
    using Done = std::function<void(GetExit)>;

    Fetch(asio::io_context& context, const LiveHost& live, const GetOptions& options, const http::Url& url,
          http::Request request, Done done);
    ~Fetch() override;

    void start();

  private:
    void resolve();
    void resolved(const dns::ResolveResult& result);
    void connect();
    void connection_failed(tcp::Error error);
    void pump();
    void take_input();
    void send_output();
    void finish(GetExit code, const std::string& message);
    void leave();

    void on_established(tcp::Stream stream) override;
    void on_readable(tcp::Stream) override { pump(); }
    void on_writable(tcp::Stream) override { pump(); }
    void on_closed(tcp::Stream stream, tcp::Error error) override;

    const LiveHost& live_;
    const GetOptions& options_;
    const http::Url& url_;
    http::Request request_;
    Done done_;
    std::shared_ptr<ResponseOutput> output_;
    dns::HostResolver resolver_;
    http::ClientConnection http_;
    std::vector<IpAddress> addresses_;  ///< Still to be tried.
    IpAddress address_;                 ///< Being tried.
    std::optional<tcp::Stream> stream_;
    Instant connect_began_{};
    asio::steady_timer connect_timer_;
    asio::steady_timer retry_timer_;
    asio::steady_timer time_limit_;
    bool connected_ = false;
    bool heard_end_ = false;
    std::optional<GetExit> result_;
};

}  // namespace hourglass::cli
