#pragma once

#include <cstdint>
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

    /// Opens the output file; an empty name or "-" is standard output.
    ResponseOutput(const GetOptions& options, const std::string& output, Done done);

    /// Bytes of the file that are there already, with `-C`; what follows them is to be asked for.
    [[nodiscard]] std::uint64_t have() const { return have_; }
    /// The validator of the answer that these bytes came from; empty when it is not known.
    [[nodiscard]] std::string validator() const;

    void on_interim(const http::Response& interim) override;
    void on_head(http::Response response) override;
    void on_body(std::span<const std::byte> bytes) override;
    void on_end(const http::Fields& trailers) override;
    void on_error(const http::ClientError& error) override;

  private:
    void open_file(const std::string& output);
    void take_up(const http::Response& response);
    void keep_validator(const http::Response& response);
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
    std::uint64_t have_ = 0;
    bool discards_ = false;
    bool write_failed_ = false;
    GetExit result_ = GetExit::done;  ///< of an answer that is complete
    std::string message_;
};

/// What an error of the client means for a command.
[[nodiscard]] GetExit exit_code_of(const http::ClientError& error);

}  // namespace hourglass::cli
