#include "cli/response_output.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "cli/command.h"
#include "hourglass/http/resume.h"
#include "hourglass/http/status.h"

namespace hourglass::cli {

namespace {

/// Where the validator of a file that is not complete is kept: with the file.
constexpr const char* kValidator = "user.hourglass.validator";

std::string status_line(const http::Response& response) {
    const std::string_view reason =
        response.reason.empty() ? http::reason_phrase(response.status) : std::string_view(response.reason);
    return fmt::format("HTTP/{}.{} {} {}", response.version.major, response.version.minor,
                       http::to_number(response.status), reason);
}

}  // namespace

GetExit exit_code_of(const http::ClientError& error) {
    using Kind = http::ClientError::Kind;
    switch (error.kind) {
        case Kind::timed_out:
            return GetExit::timed_out;
        case Kind::not_resolved:
            return GetExit::not_resolved;
        case Kind::not_connected:
            return GetExit::not_connected;
        case Kind::not_secured:
            return GetExit::not_secured;
        case Kind::certificate_refused:
            return GetExit::certificate_refused;
        case Kind::redirect_refused:
            return GetExit::redirect_refused;
        case Kind::content_undecodable:
            return GetExit::not_decoded;
        case Kind::invalid_request:
            return GetExit::bad_input;
        case Kind::body_failed:
            return GetExit::not_read;
        case Kind::malformed_response:
        case Kind::connection_closed:
        case Kind::response_too_large:
        case Kind::connection_failed:
            break;
    }
    return GetExit::receive_failed;
}

ResponseOutput::ResponseOutput(const GetOptions& options, const std::string& output, Done done)
    : options_(options), done_(std::move(done)) {
    if (!output.empty() && output != "-")
        open_file(output);
    else if (!options.continue_at.empty())
        throw Failure{kBadInput, "-C goes on with a file: name it with -o"};
    discards_ = options.json && output.empty();
}

void ResponseOutput::open_file(const std::string& output) {
    name_ = fmt::format("'{}'", output);
    const bool goes_on = !options_.continue_at.empty();
    errno = 0;
    file_.reset(std::fopen(output.c_str(), goes_on ? "ab" : "wb"));
    if (!file_)
        throw Failure{kBadInput, fmt::format("-o {}: the file cannot be written: {}", output,
                                             std::generic_category().message(errno))};
    if (!goes_on) return;
    struct stat status {};
    if (::fstat(::fileno(file_.get()), &status) == 0) have_ = static_cast<std::uint64_t>(status.st_size);
    if (options_.continue_at == "-") return;
    const std::string& text = options_.continue_at;
    std::uint64_t offset = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), offset);
    if (failure != std::errc() || end != text.data() + text.size() || offset > have_)
        throw Failure{kBadInput, fmt::format("-C {}: give an offset of at most {}, the size of {}, or - for just that",
                                             text, have_, name_)};
    if (::ftruncate(::fileno(file_.get()), static_cast<off_t>(offset)) != 0) write_failed_ = true;
    have_ = offset;
}

std::string ResponseOutput::validator() const {
    std::array<char, 1024> value{};
    const ssize_t size = file_ ? ::fgetxattr(::fileno(file_.get()), kValidator, value.data(), value.size()) : -1;
    return size > 0 ? std::string(value.data(), static_cast<std::size_t>(size)) : std::string();
}

void ResponseOutput::on_interim(const http::Response& interim) { show_head(interim); }

void ResponseOutput::on_head(http::Response response) {
    if (options_.fail_on_error && http::is_error(response.status)) {
        discards_ = true;
        result_ = GetExit::status_is_error;
        message_ = fmt::format("the server answered {}", http::to_number(response.status));
    }
    if (have_ > 0) take_up(response);
    if (file_ && !discards_) keep_validator(response);
    show_head(response);
}

/// The answer to a request for the rest of the file.
void ResponseOutput::take_up(const http::Response& response) {
    switch (http::resumption(response, have_)) {
        case http::Resumption::rest:
            return;
        case http::Resumption::whole:
            if (::ftruncate(::fileno(file_.get()), 0) != 0) write_failed_ = true;
            return;
        case http::Resumption::complete:
            discards_ = true;
            result_ = GetExit::done;
            message_.clear();
            return;
        case http::Resumption::refused:
        case http::Resumption::other:
            discards_ = true;
            if (result_ != GetExit::done) return;
            result_ = GetExit::not_resumed;
            message_ = fmt::format("the server does not send the rest of {}: it answered {}", name_,
                                   http::to_number(response.status));
            return;
    }
}

void ResponseOutput::keep_validator(const http::Response& response) {
    const int file = ::fileno(file_.get());
    const std::string validator = http::strong_validator(response.fields);
    // A file system without extended attributes keeps none: `-C` then asks without If-Range.
    if (validator.empty())
        ::fremovexattr(file, kValidator);
    else
        ::fsetxattr(file, kValidator, validator.data(), validator.size(), 0);
}

void ResponseOutput::show_head(const http::Response& response) {
    if (discards_ || !(options_.include_head || options_.head_only)) return;
    write(status_line(response) + "\r\n");
    for (const http::Field field : response.fields) write(fmt::format("{}: {}\r\n", field.name, field.value));
    write("\r\n");
}

void ResponseOutput::on_body(std::span<const std::byte> bytes) {
    if (!discards_) write(http::as_text(bytes));
}

void ResponseOutput::on_end(const http::Fields&) {
    if (file_ && result_ == GetExit::done) ::fremovexattr(::fileno(file_.get()), kValidator);
    finish(result_, std::move(message_));
}

void ResponseOutput::on_error(const http::ClientError& error) { finish(exit_code_of(error), error.text); }

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
