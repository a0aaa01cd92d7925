#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/get_body.h"
#include "cli/get_exit.h"
#include "cli/get_options.h"
#include "cli/get_report.h"
#include "cli/response_output.h"
#include "hourglass/http/client_world.h"
#include "hourglass/http/user_agent.h"
#include "hourglass/runtime/tls.h"

namespace hourglass::cli {

/// The URLs of a command line, one after the other over one user agent.
class GetRun {
  public:
    /// Called once, when the connections have been closed as well, with the first code that is not zero.
    using Done = std::function<void(GetExit)>;

    /// Reads what the options name: files, cookies, certificates. Throws when that can't be had.
    GetRun(asio::io_context& context, const GetOptions& options, Done done);
    GetRun(const GetRun&) = delete;
    GetRun& operator=(const GetRun&) = delete;

    void start(std::unique_ptr<http::ClientWorld> world);
    [[nodiscard]] bool started() const { return agent_.has_value(); }

  private:
    struct Target {
        http::Url url;
        std::string output;
    };

    [[nodiscard]] std::vector<Target> make_targets() const;
    [[nodiscard]] http::UserAgentSettings settings() const;
    [[nodiscard]] http::AgentRequest make_request_to(const Target& target, const ResponseOutput& output) const;
    void load_cookies();
    [[nodiscard]] bool save_cookies();
    void next();
    void ended(GetExit code, const std::string& message);
    void tell_times();
    void leave();

    asio::io_context& context_;
    std::unique_ptr<http::ClientWorld> world_;
    const GetOptions& options_;
    Done done_;
    GetBody body_;
    http::Request request_;
    std::vector<Target> targets_;
    http::UserAgentSettings settings_;
    std::size_t at_ = 0;
    http::CookieJar jar_;
    bool keeps_cookies_ = false;
    std::unique_ptr<runtime::TlsClient> tls_;
    std::optional<http::UserAgent> agent_;
    std::shared_ptr<GetReport> report_;
    std::vector<http::Hop> hops_;
    GetExit result_ = GetExit::done;
    asio::steady_timer timer_;
    Instant patience_{};
};

}  // namespace hourglass::cli
