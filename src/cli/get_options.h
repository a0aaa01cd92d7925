#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/network.h"
#include "hourglass/http/message.h"
#include "hourglass/http/url.h"

namespace hourglass::cli {

/// What the user wants of `hourglass get`. The letters mean what they mean to curl.
struct GetOptions {
    std::string url{};
    std::string output{};
    bool include_head = false;
    bool head_only = false;
    bool fail_on_error = false;
    bool verbose = false;
    bool only_v4 = false;
    bool only_v6 = false;
    std::string method{};
    std::vector<std::string> data{};
    std::vector<std::string> binary_data{};
    std::vector<std::string> fields{};
    std::string address{};
    std::string resolver{};
    double connect_timeout = 0;  ///< Seconds; 0: ten.
    double max_time = 0;         ///< Seconds; 0: without limit.
    NetworkOptions network{};
    std::vector<std::string> program{};
};

/// The URL, `http://` put in front of one without a scheme.
[[nodiscard]] http::Url parse_url(const std::string& text);

/// The request that the options describe, its body included. Reads the files that `-d @FILE` names.
[[nodiscard]] http::Request make_request(const GetOptions& options, const http::Url& url);

}  // namespace hourglass::cli
