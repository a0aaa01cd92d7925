#include "hourglass/http/multipart.h"

#include <algorithm>

#include "hourglass/http/body.h"
#include "hourglass/http/parameters.h"
#include "http/head_parser.h"
#include "http/scan.h"

namespace hourglass::http {

namespace {

/// bchars (RFC 2046, section 5.1.1).
bool is_boundary_char(char c) {
    const char lower = detail::to_lower(c);
    return detail::is_digit(c) || (lower >= 'a' && lower <= 'z') ||
           std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
}

Limits header_limits(const MultipartLimits& limits) {
    Limits of_header;
    of_header.field_section = limits.header;
    of_header.fields = limits.fields;
    return of_header;
}

constexpr std::size_t kLineEnd = 2;
constexpr std::uint32_t kPadding = 64;  ///< transport padding behind a boundary

}  // namespace

std::string_view to_string(MultipartError error) noexcept {
    switch (error) {
        case MultipartError::too_many_parts:
            return "more parts than the limit";
        case MultipartError::header_too_large:
            return "the header of a part is larger than the limit";
        case MultipartError::invalid_header:
            return "the header of a part is malformed";
        case MultipartError::invalid_delimiter:
            return "a boundary is followed by neither a line end nor two hyphens";
        case MultipartError::preamble_too_large:
            return "what stands before the first part is larger than the limit";
        case MultipartError::part_too_large:
            return "a part is larger than the limit";
        case MultipartError::incomplete:
            return "the body ends before the last boundary";
    }
    return "malformed multipart body";
}

std::optional<std::string> MultipartReader::boundary(std::string_view content_type) {
    const auto parsed = Parameterised::parse(content_type);
    if (!parsed || !equals_ignoring_case(parsed->value.substr(0, 10), "multipart/")) return std::nullopt;
    const auto text = parsed->get("boundary");
    if (!text || text->empty() || text->size() > 70 || text->ends_with(' ')) return std::nullopt;
    if (!std::ranges::all_of(*text, is_boundary_char)) return std::nullopt;
    return std::string(*text);
}

MultipartReader::MultipartReader(std::string_view boundary, const MultipartLimits& limits)
    : limits_(limits),
      delimiter_("\r\n--" + std::string(boundary)),
      buffer_("\r\n"),  // so that the first boundary is found as all others are
      header_(std::make_unique<detail::HeadParser>(detail::HeadParser::Kind::trailers, header_limits(limits))) {}
MultipartReader::~MultipartReader() = default;
MultipartReader::MultipartReader(MultipartReader&&) noexcept = default;
MultipartReader& MultipartReader::operator=(MultipartReader&&) noexcept = default;

void MultipartReader::feed(std::span<const std::byte> bytes) {
    if (state_ == State::ended) return;
    buffer_.erase(0, at_);
    at_ = 0;
    buffer_.append(as_text(bytes));
}

std::expected<MultipartReader::Event, MultipartError> MultipartReader::next() {
    switch (state_) {
        case State::preamble:
        case State::content:
            return next_content();
        case State::delimiter:
            return next_delimiter();
        case State::header:
            return next_header();
        case State::ended:
            break;
    }
    return Event{Kind::need_more, {}};
}

/// A preamble is content that nobody gets.
MultipartReader::Step MultipartReader::next_content() {
    const bool preamble = state_ == State::preamble;
    if (delimited_) {
        delimited_ = false;
        at_ += delimiter_.size();
        state_ = State::delimiter;
        if (preamble) return next_delimiter();
        return Event{Kind::part_end, {}};
    }
    const std::string_view text = unread();
    const std::size_t found = text.find(delimiter_);
    delimited_ = found != std::string_view::npos;
    const std::size_t n = delimited_ ? found : text.size() - std::min(text.size(), delimiter_.size() - 1);
    size_ += n;
    if (size_ > (preamble ? limits_.preamble : limits_.part))
        return std::unexpected(preamble ? MultipartError::preamble_too_large : MultipartError::part_too_large);
    at_ += n;
    const std::size_t skipped = std::min(skip_, n);
    skip_ = delimited_ ? 0 : skip_ - skipped;
    if (n > skipped && !preamble) return Event{Kind::data, as_bytes(text.substr(skipped, n - skipped))};
    return delimited_ ? next_content() : Event{Kind::need_more, {}};
}

/// What follows a boundary: "--" for the last one, else padding and CRLF.
MultipartReader::Step MultipartReader::next_delimiter() {
    const std::string_view text = unread();
    if (text.starts_with("--")) {
        state_ = State::ended;
        buffer_.clear();
        at_ = 0;
        return Event{Kind::end, {}};
    }
    std::size_t padding = 0;
    while (padding < text.size() && detail::is_blank(text[padding])) ++padding;
    const std::string_view rest = text.substr(padding);
    if (padding > kPadding) return std::unexpected(MultipartError::invalid_delimiter);
    if (rest.size() < 2) {
        const bool may_be = rest.empty() || rest == "\r" || (rest == "-" && padding == 0);
        if (!may_be) return std::unexpected(MultipartError::invalid_delimiter);
        return Event{Kind::need_more, {}};
    }
    if (!rest.starts_with("\r\n")) return std::unexpected(MultipartError::invalid_delimiter);
    if (++parts_ > limits_.parts) return std::unexpected(MultipartError::too_many_parts);
    at_ += padding + 2;
    header_->reset();
    state_ = State::header;
    return next_header();
}

MultipartReader::Step MultipartReader::next_header() {
    const auto result = header_->feed(unread());
    if (!result) {
        const bool large = result.error() == Error::field_section_too_large || result.error() == Error::too_many_fields;
        return std::unexpected(large ? MultipartError::header_too_large : MultipartError::invalid_header);
    }
    at_ += result->consumed;
    if (!result->complete) return Event{Kind::need_more, {}};
    // The line end before a boundary belongs to it (RFC 2046, section 5.1.1). In a part without content it is the one
    // that ends the header, so that is looked at again and then skipped.
    if (at_ < kLineEnd) {
        buffer_.insert(0, kLineEnd - at_, ' ');
        at_ = kLineEnd;
    }
    at_ -= kLineEnd;
    buffer_.replace(at_, kLineEnd, "\r\n");
    skip_ = kLineEnd;
    size_ = 0;
    take_disposition();
    state_ = State::content;
    return Event{Kind::part, {}};
}

void MultipartReader::take_disposition() {
    name_.clear();
    file_name_.reset();
    const auto field = header_->fields().get("Content-Disposition");
    const auto disposition = field ? Parameterised::parse(*field) : std::nullopt;
    if (!disposition || !equals_ignoring_case(disposition->value, "form-data")) return;
    name_ = disposition->get("name").value_or(std::string_view());
    if (const auto file = disposition->get("filename")) file_name_ = std::string(*file);
}

std::expected<void, MultipartError> MultipartReader::finish() const {
    if (state_ != State::ended) return std::unexpected(MultipartError::incomplete);
    return {};
}

const Fields& MultipartReader::fields() const noexcept { return header_->fields(); }

std::string_view MultipartReader::content_type() const noexcept {
    return header_->fields().get("Content-Type").value_or("text/plain");
}

}  // namespace hourglass::http
