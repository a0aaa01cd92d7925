#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/connector.h"
#include "cli/get_exit.h"
#include "cli/get_options.h"
#include "cli/response_output.h"
#include "hourglass/http/client.h"

namespace hourglass::cli {

/// The servers of the user, or those of the system.
[[nodiscard]] dns::ResolverSettings resolver_settings(const GetOptions& options);
[[nodiscard]] dns::HostsFile system_hosts();

/// One request: resolve the name, connect to one of its addresses, send, receive, close.
class Fetch final : private runtime::OsStreamHandler {
  public:
    /// Called once, when the connection has been closed as well.
    using Done = std::function<void(GetExit)>;

    Fetch(asio::io_context& context, std::unique_ptr<Connector> connector, const GetOptions& options,
          const http::Url& url, http::Request request, Done done);
    ~Fetch();
    Fetch(const Fetch&) = delete;
    Fetch& operator=(const Fetch&) = delete;

    void start();

  private:
    void resolve();
    void resolved(const dns::ResolveResult& result);
    void connect();
    void connection_failed(tcp::Error error);
    void pump();
    void finish(GetExit code, const std::string& message);
    void leave();

    void on_connected() override;
    void on_ready() override { pump(); }
    void on_closed(tcp::Error error) override;

    std::unique_ptr<Connector> connector_;
    const GetOptions& options_;
    const http::Url& url_;
    http::Request request_;
    Done done_;
    std::shared_ptr<ResponseOutput> output_;
    http::ClientConnection http_;
    std::vector<IpAddress> addresses_;  ///< Still to be tried.
    IpAddress address_;                 ///< Being tried.
    Instant connect_began_{};
    asio::steady_timer connect_timer_;
    asio::steady_timer retry_timer_;
    asio::steady_timer time_limit_;
    bool connected_ = false;
    bool heard_end_ = false;
    bool pumping_ = false;
    std::optional<GetExit> result_;
};

}  // namespace hourglass::cli
