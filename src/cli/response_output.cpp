#include "cli/response_output.h"

#include <cerrno>
#include <fmt/core.h>
#include <system_error>
#include <utility>

#include "cli/command.h"
#include "cli/terminal.h"
#include "hourglass/http/status.h"

namespace hourglass::cli {

namespace {

std::string status_line(const http::Response& response) {
    const std::string_view reason =
        response.reason.empty() ? http::reason_phrase(response.status) : std::string_view(response.reason);
    return fmt::format("HTTP/{}.{} {} {}", response.version.major, response.version.minor,
                       http::to_number(response.status), reason);
}

}  // namespace

ResponseOutput::ResponseOutput(const GetOptions& options, Done done) : options_(options), done_(std::move(done)) {
    if (options.output.empty() || options.output == "-") return;
    name_ = fmt::format("'{}'", options.output);
    file_.reset(std::fopen(options.output.c_str(), "wb"));
    if (!file_)
        throw Failure{kBadInput, fmt::format("-o {}: the file cannot be written: {}", options.output,
                                             std::generic_category().message(errno))};
}

void ResponseOutput::on_interim(const http::Response& interim) { show_head(interim); }

void ResponseOutput::on_head(http::Response response) {
    status_ = http::to_number(response.status);
    discards_ = options_.fail_on_error && http::is_error(response.status);
    show_head(response);
}

void ResponseOutput::show_head(const http::Response& response) {
    if (options_.verbose) {
        const bool colour = shows_colour(stderr);
        fmt::print(stderr, "{} {}\n", paint("<", Colour::blue, colour), printable(status_line(response)));
        for (const http::Field field : response.fields)
            fmt::print(stderr, "{} {}: {}\n", paint("<", Colour::blue, colour), printable(field.name),
                       printable(field.value));
        fmt::print(stderr, "{}\n", paint("<", Colour::blue, colour));
    }
    if (discards_ || !(options_.include_head || options_.head_only)) return;
    write(status_line(response) + "\r\n");
    for (const http::Field field : response.fields) write(fmt::format("{}: {}\r\n", field.name, field.value));
    write("\r\n");
}

void ResponseOutput::on_body(std::span<const std::byte> bytes) {
    if (!discards_) write(http::as_text(bytes));
}

void ResponseOutput::on_end(const http::Fields&) {
    if (discards_) return finish(GetExit::status_is_error, fmt::format("the server answered {}", status_));
    finish(GetExit::done, {});
}

void ResponseOutput::on_error(const http::ClientError& error) {
    const bool late = error.kind == http::ClientError::Kind::timed_out;
    finish(late ? GetExit::timed_out : GetExit::receive_failed, error.text);
}

void ResponseOutput::write(std::string_view text) {
    std::FILE* file = file_ ? file_.get() : stdout;
    if (!write_failed_ && std::fwrite(text.data(), 1, text.size(), file) != text.size()) write_failed_ = true;
}

void ResponseOutput::finish(GetExit code, std::string message) {
    if (std::fflush(file_ ? file_.get() : stdout) != 0) write_failed_ = true;
    if (write_failed_) {
        code = GetExit::not_written;
        message = fmt::format("{} takes no more: {}", name_, std::generic_category().message(errno));
    }
    if (done_) std::exchange(done_, nullptr)(code, std::move(message));
}

}  // namespace hourglass::cli
