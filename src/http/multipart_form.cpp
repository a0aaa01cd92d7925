#include "hourglass/http/multipart_form.h"

#include <deque>
#include <fmt/format.h>
#include <numeric>
#include <optional>

namespace hourglass::http {

namespace {

/// Sources one behind another.
class JoinedBody final : public BodySource {
  public:
    explicit JoinedBody(std::deque<std::unique_ptr<BodySource>> sources) : sources_(std::move(sources)) {
        size_ = std::accumulate(sources_.begin(), sources_.end(), std::optional<std::uint64_t>(0),
                                [](std::optional<std::uint64_t> sum, const auto& source) {
                                    const auto more = source->size();
                                    return sum && more ? std::optional(*sum + *more) : std::nullopt;
                                });
    }
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }
    Read read(std::span<std::byte> into) override {
        while (!sources_.empty()) {
            const Read read = sources_.front()->read(into);
            if (read.state != State::end) return read;
            sources_.pop_front();
        }
        return {State::end, 0};
    }
    void on_ready(std::function<void()> wake) override {
        for (const auto& source : sources_) source->on_ready(wake);
    }

  private:
    std::deque<std::unique_ptr<BodySource>> sources_;
    std::optional<std::uint64_t> size_;
};

/// A name as browsers write it (HTML, section 4.10.21.8): what would end the quotes or the line is percent-encoded.
std::string quoted_name(std::string_view name) {
    std::string text = "\"";
    for (const char c : name) {
        if (c == '"')
            text += "%22";
        else if (c == '\r')
            text += "%0D";
        else if (c == '\n')
            text += "%0A";
        else
            text += c;
    }
    return text + '"';
}

std::string with_type(std::string header, std::string_view media_type) {
    if (!media_type.empty()) header += fmt::format("Content-Type: {}\r\n", media_type);
    return header + "\r\n";
}

}  // namespace

void MultipartForm::add_field(std::string_view name, std::string value, std::string_view media_type) {
    parts_.push_back(
        {with_type(fmt::format("Content-Disposition: form-data; name={}\r\n", quoted_name(name)), media_type),
         [value = std::move(value)] { return std::make_unique<StringBody>(value); }});
}

void MultipartForm::add_file(std::string_view name, std::string_view file_name, std::string_view media_type,
                             Open open) {
    parts_.push_back({with_type(fmt::format("Content-Disposition: form-data; name={}; filename={}\r\n",
                                            quoted_name(name), quoted_name(file_name)),
                                media_type),
                      std::move(open)});
}

std::unique_ptr<BodySource> MultipartForm::body() const {
    std::deque<std::unique_ptr<BodySource>> sources;
    std::string between = fmt::format("--{}\r\n", boundary_);
    for (const Part& part : parts_) {
        sources.push_back(std::make_unique<StringBody>(between + part.header));
        sources.push_back(part.content());
        between = fmt::format("\r\n--{}\r\n", boundary_);
    }
    sources.push_back(std::make_unique<StringBody>(parts_.empty() ? fmt::format("--{}--\r\n", boundary_)
                                                                  : fmt::format("\r\n--{}--\r\n", boundary_)));
    return std::make_unique<JoinedBody>(std::move(sources));
}

}  // namespace hourglass::http
