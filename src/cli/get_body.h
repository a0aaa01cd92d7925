#pragma once

#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "cli/get_options.h"
#include "hourglass/http/body.h"

namespace hourglass::cli {

/// What `hourglass get` sends.
struct GetBody {
    std::function<std::unique_ptr<http::BodySource>()> open{};  ///< Empty when nothing is sent.
    std::string content_type{};                                 ///< Of a form; else empty.
    std::string query{};                                        ///< What `-G` adds to the URL.
};

/// The body that the options describe. Reads the files that `-d @FILE` names, and looks whether the others are there.
/// `context` must outlive it.
[[nodiscard]] GetBody make_body(asio::io_context& context, const GetOptions& options);

/// All of a file, or of standard input for "-"; `option` is named in the failure.
[[nodiscard]] std::string read_file(const std::string& name, const std::string& option);

}  // namespace hourglass::cli
