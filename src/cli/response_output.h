#pragma once

#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "cli/get_exit.h"
#include "cli/get_options.h"
#include "hourglass/http/client.h"

namespace hourglass::cli {

/// Writes a response to a file or to standard output as it comes.
class ResponseOutput final : public http::ResponseReceiver {
  public:
    /// Called once, with a line for the user when there is something wrong.
    using Done = std::function<void(GetExit, std::string)>;

    /// Opens the output file, if the options name one.
    ResponseOutput(const GetOptions& options, Done done);

    void on_interim(const http::Response& interim) override;
    void on_head(http::Response response) override;
    void on_body(std::span<const std::byte> bytes) override;
    void on_end(const http::Fields& trailers) override;
    void on_error(const http::ClientError& error) override;

  private:
    void show_head(const http::Response& response);
    void write(std::string_view text);
    void finish(GetExit code, std::string message);

    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    const GetOptions& options_;
    Done done_;
    std::string name_ = "standard output";
    std::unique_ptr<std::FILE, Close> file_;
    bool discards_ = false;
    bool write_failed_ = false;
    int status_ = 0;
};

}  // namespace hourglass::cli
