#include "cli/get_body.h"

#include <algorithm>
#include <array>
#include <asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstdio>
#include <fmt/core.h>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "cli/command.h"
#include "hourglass/http/media_type.h"
#include "hourglass/http/multipart_form.h"

namespace hourglass::cli {

namespace {

std::string read_all(std::istream& stream) { return {std::istreambuf_iterator<char>(stream), {}}; }

/// A file, read as it is sent.
class FileBody final : public http::BodySource {
  public:
    explicit FileBody(const std::string& name) : file_(std::fopen(name.c_str(), "rb")) {
        struct stat status {};
        if (file_ && ::fstat(::fileno(file_.get()), &status) == 0 && S_ISREG(status.st_mode))
            size_ = static_cast<std::uint64_t>(status.st_size);
    }
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }
    Read read(std::span<std::byte> into) override {
        if (!file_) return {State::failed, 0};
        const std::size_t n = std::fread(into.data(), 1, into.size(), file_.get());
        if (n > 0) return {State::data, n};
        return {std::ferror(file_.get()) != 0 ? State::failed : State::end, 0};
    }

  private:
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    std::unique_ptr<std::FILE, Close> file_;
    std::optional<std::uint64_t> size_;
};

/// Standard input, sent as it comes. Nothing else waits for it.
class InputBody final : public http::BodySource {
  public:
    explicit InputBody(asio::io_context& context) : input_(context) {
        asio::error_code failed;
        input_.assign(::dup(STDIN_FILENO), failed);
        // A regular file can't be waited for, and need not be.
        struct stat status {};
        waits_ = !failed && ::fstat(STDIN_FILENO, &status) == 0 && !S_ISREG(status.st_mode);
    }
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }
    void on_ready(std::function<void()> wake) override { wake_ = std::move(wake); }
    Read read(std::span<std::byte> into) override {
        if (waits_ && !std::exchange(readable_, false)) {
            await();
            return {State::pending, 0};
        }
        const ssize_t n = ::read(STDIN_FILENO, into.data(), into.size());
        if (n < 0) return {State::failed, 0};
        if (n == 0) return {State::end, 0};
        return {State::data, static_cast<std::size_t>(n)};
    }

  private:
    void await() {
        if (std::exchange(awaited_, true)) return;
        input_.async_wait(asio::posix::descriptor_base::wait_read,
                          [this, here = std::weak_ptr(here_)](std::error_code failed) {
                              if (failed || here.expired()) return;
                              awaited_ = false;
                              readable_ = true;
                              if (wake_) wake_();
                          });
    }

    asio::posix::stream_descriptor input_;
    std::function<void()> wake_;
    bool waits_ = false;
    bool readable_ = false;
    bool awaited_ = false;
    std::shared_ptr<bool> here_ = std::make_shared<bool>();
};

/// Standard input once: it can't be read again for a redirection.
std::function<std::unique_ptr<http::BodySource>()> input_once(asio::io_context& context) {
    return [&context, used = std::make_shared<bool>(false)]() -> std::unique_ptr<http::BodySource> {
        if (std::exchange(*used, true)) return std::make_unique<FileBody>("");
        return std::make_unique<InputBody>(context);
    };
}

void check_readable(const std::string& name, const std::string& option) {
    errno = 0;
    std::FILE* const file = std::fopen(name.c_str(), "rb");
    if (file == nullptr)
        throw Failure{kBadInput, fmt::format("{} {}: the file cannot be read: {}", option, name,
                                             std::generic_category().message(errno))};
    std::fclose(file);
}

/// What one `-d` stands for. From files, `-d` leaves out line ends and NUL; `--data-binary` does not.
std::string content_of(const std::string& argument, bool binary) {
    if (!argument.starts_with('@')) return argument;
    std::string content = read_file(argument.substr(1), "-d @");
    if (!binary) std::erase_if(content, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
    return content;
}

/// `content`, `=content`, `name=content`, `@file` or `name@file`: the name stays, the content is encoded.
std::string encoded_content_of(const std::string& argument) {
    const std::size_t mark = argument.find_first_of("=@");
    if (mark == std::string::npos) return http::percent_encode(argument);
    const std::string name = argument.substr(0, mark);
    const std::string rest = argument.substr(mark + 1);
    const std::string content = argument[mark] == '@' ? read_file(rest, "--data-urlencode @") : rest;
    return (name.empty() ? "" : name + "=") + http::percent_encode(content);
}

std::string joined_data(const GetOptions& options) {
    std::string body;
    auto add = [&body, first = true](std::string_view content) mutable {
        if (!first) body += '&';
        body += content;
        first = false;
    };
    for (const std::string& argument : options.data) add(content_of(argument, false));
    for (const std::string& argument : options.binary_data) add(content_of(argument, true));
    for (const std::string& argument : options.encoded_data) add(encoded_content_of(argument));
    return body;
}

std::string random_boundary() {
    constexpr std::string_view letters = "0123456789abcdefghijklmnopqrstuvwxyz";
    std::random_device random;
    std::string boundary = "----hourglass-";
    for (int i = 0; i < 24; ++i) boundary += letters[random() % letters.size()];
    return boundary;
}

/// The value of a form's control, with `;type=` and `;filename=` behind it.
struct FormValue {
    std::string text{};
    std::string media_type{};
    std::optional<std::string> file_name{};

    explicit FormValue(const std::string& argument) {
        std::size_t at = std::min({argument.find(";type="), argument.find(";filename="), argument.size()});
        text = argument.substr(0, at);
        while (at < argument.size()) {
            const std::size_t end = std::min(argument.find(';', at + 1), argument.size());
            const std::string parameter = argument.substr(at + 1, end - at - 1);
            if (parameter.starts_with("type="))
                media_type = parameter.substr(5);
            else if (parameter.starts_with("filename="))
                file_name = parameter.substr(9);
            at = end;
        }
        if (!media_type.empty() && !http::is_field_value(media_type))
            throw Failure{kBadInput, fmt::format("-F '{}': not a media type", argument)};
    }
};

http::MultipartForm make_form(const GetOptions& options) {
    http::MultipartForm form(random_boundary());
    for (const std::string& argument : options.form) {
        const std::size_t equals = argument.find('=');
        if (equals == std::string::npos)
            throw Failure{kBadInput,
                          fmt::format("-F '{}': write it like name=value or name=@file;type=text/plain", argument)};
        const std::string name = argument.substr(0, equals);
        const FormValue value(argument.substr(equals + 1));
        if (value.text.starts_with('<')) {
            form.add_field(name, read_file(value.text.substr(1), "-F <"), value.media_type);
        } else if (value.text.starts_with('@')) {
            const std::string file = value.text.substr(1);
            check_readable(file, "-F @");
            const std::string file_name = value.file_name.value_or(file.substr(file.rfind('/') + 1));
            form.add_file(name, file_name,
                          value.media_type.empty() ? http::media_type(file) : std::string_view(value.media_type),
                          [file] { return std::make_unique<FileBody>(file); });
        } else {
            form.add_field(name, value.text, value.media_type);
        }
    }
    return form;
}

}  // namespace

std::string read_file(const std::string& name, const std::string& option) {
    if (name == "-") return read_all(std::cin);
    errno = 0;
    std::ifstream file(name, std::ios::binary);
    if (!file)
        throw Failure{kBadInput, fmt::format("{}{}: the file cannot be read: {}", option, name,
                                             std::generic_category().message(errno))};
    return read_all(file);
}

GetBody make_body(asio::io_context& context, const GetOptions& options) {
    GetBody body;
    if (!options.upload.empty()) {
        if (options.upload == "-") {
            body.open = input_once(context);
        } else {
            check_readable(options.upload, "-T");
            body.open = [name = options.upload] { return std::make_unique<FileBody>(name); };
        }
    } else if (!options.form.empty()) {
        const auto form = std::make_shared<http::MultipartForm>(make_form(options));
        body.content_type = form->content_type();
        body.open = [form] { return form->body(); };
    } else if (!options.data.empty() || !options.binary_data.empty() || !options.encoded_data.empty()) {
        std::string content = joined_data(options);
        if (options.data_in_query)
            body.query = std::move(content);
        else
            body.open = [content = std::move(content)] { return std::make_unique<http::StringBody>(content); };
    }
    return body;
}

}  // namespace hourglass::cli
