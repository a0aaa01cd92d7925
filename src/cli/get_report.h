#pragma once

#include <optional>
#include <vector>

#include "cli/get_options.h"
#include "cli/progress.h"
#include "hourglass/http/user_agent.h"

namespace hourglass::cli {

/// What `hourglass get` says about an exchange: with `-v` each step, and on a terminal how far it is.
class GetReport final : public http::ExchangeObserver {
  public:
    /// `shows_progress`: a bar on standard error. `have`: bytes that were there already.
    GetReport(const GetOptions& options, bool shows_progress, std::uint64_t have);
    ~GetReport() override;

    [[nodiscard]] const std::vector<http::Hop>& hops() const { return hops_; }

    void on_dial(const http::DialEvent& event) override;
    void on_request(const http::Hop& hop, const http::Request& request) override;
    void on_response(const http::Response& response) override;
    void on_progress(const http::Hop& hop) override;
    void on_hop(const http::Hop& hop) override;
    void on_redirect(const http::Redirection& redirection) override;
    void on_retry(Duration delay, const std::string& why) override;

  private:
    void note(const std::string& text);
    void show_progress(const std::string& line);

    const GetOptions& options_;
    std::vector<http::Hop> hops_;
    std::optional<Progress> progress_;
    std::uint64_t have_;
    Instant tried_{};  ///< when the latest attempt to connect began
    bool line_open_ = false;
};

}  // namespace hourglass::cli
