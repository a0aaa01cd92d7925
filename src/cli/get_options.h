#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/network.h"
#include "hourglass/http/message.h"
#include "hourglass/http/url.h"
#include "hourglass/http/user_agent.h"

namespace hourglass::cli {

/// What the user wants of `hourglass get`. The letters mean what they mean to curl. Times are in seconds.
struct GetOptions {
    std::vector<std::string> urls{};
    std::vector<std::string> outputs{};
    bool remote_name = false;
    bool include_head = false;
    bool head_only = false;
    bool fail_on_error = false;
    bool verbose = false;
    bool silent = false;
    bool timing = false;
    bool json = false;
    bool only_v4 = false;
    bool only_v6 = false;
    std::string method{};
    std::vector<std::string> data{};
    std::vector<std::string> binary_data{};
    std::vector<std::string> encoded_data{};
    std::vector<std::string> form{};
    bool data_in_query = false;
    std::string upload{};
    std::string continue_at{};
    std::vector<std::string> fields{};
    std::string user{};
    std::string agent_name{};
    bool location = false;
    std::uint32_t redirections = 50;
    std::vector<std::string> cookies{};
    std::string cookie_jar{};
    bool compressed = false;
    std::string proxy{};
    std::string no_proxy{};
    bool proxy_tunnel = false;
    std::string proxy_user{};
    bool proxy_digest = false;
    bool insecure = false;
    std::string ca_file{};
    std::string certificate{};
    std::string key{};
    bool digest = false;
    std::uint32_t retries = 0;
    double retry_delay = 0;             ///< 0: one, doubled each time.
    std::vector<std::string> limits{};  ///< `PHASE=SECONDS`
    std::string address{};
    std::string resolver{};
    double connect_timeout = 0;  ///< 0: ten.
    double max_time = 0;         ///< 0: without limit.
    NetworkOptions network{};
    std::vector<std::string> program{};
};

/// The URL, `http://` put in front of one without a scheme.
[[nodiscard]] http::Url parse_url(const std::string& text);

/// The request that the options describe, without its body and what the agent fills in.
[[nodiscard]] http::Request make_request(const GetOptions& options);

/// The limits of the phases.
[[nodiscard]] http::PhaseLimits phase_limits(const GetOptions& options);

/// The proxies: those of `-x`, or with the operating system's TCP those of the environment.
[[nodiscard]] http::ProxyRules proxy_rules(const GetOptions& options);

}  // namespace hourglass::cli
