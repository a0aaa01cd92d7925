#include "hourglass/http/writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <iterator>

#include "http/framing.h"
#include "http/scan.h"

namespace hourglass::http {

namespace {

using Written = std::expected<void, WriteError>;

void append_number(std::string& out, std::uint64_t number, int base = 10) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
    out.append(digits.data(), end);
}

/// Writes where there is room enough.
class Pen {
  public:
    explicit Pen(char* at) : at_(at) {}
    void text(std::string_view text) { at_ += text.copy(at_, text.size()); }
    void number(std::uint64_t number) { at_ = std::to_chars(at_, at_ + kDigits, number).ptr; }
    void version(Version version) {
        text("HTTP/");
        digit(version.major);
        text(".");
        digit(version.minor);
    }
    [[nodiscard]] const char* at() const { return at_; }
    static constexpr std::size_t kDigits = 20;

  private:
    void digit(unsigned number) { *at_++ = static_cast<char>('0' + number % 10); }

    char* at_;
};

Written put_field(Pen& pen, const Field& field) {
    if (!detail::is_token_text(field.name)) return std::unexpected(WriteError::invalid_field_name);
    if (!detail::is_value_text(field.value)) return std::unexpected(WriteError::invalid_field_value);
    pen.text(field.name);
    pen.text(": ");
    pen.text(field.value);
    pen.text("\r\n");
    return {};
}

/// Has `write` put at most `most` bytes behind what `out` holds.
template <typename Write>
Written extend(std::string& out, std::size_t most, Write write) {
    const std::size_t before = out.size();
    bool done = false;
    WriteError error{};
    out.resize_and_overwrite(before + most, [&](char* data, std::size_t) {
        Pen pen(data + before);
        const Written written = write(pen);
        done = written.has_value();
        if (!done) error = written.error();
        return static_cast<std::size_t>(pen.at() - data);
    });
    return done ? Written() : std::unexpected(error);
}

/// A Content-Length that the application gave: one that contradicts the body is never sent.
Written check_content_length(std::string_view value, BodyFraming framing, bool may_stand_alone) {
    std::uint64_t length = 0;
    const char* const end = value.data() + value.size();
    const auto [stop, failure] = std::from_chars(value.data(), end, length);
    const bool is_number = failure == std::errc() && stop == end;
    const bool agrees = framing.kind == BodyFraming::Kind::length && length == framing.length;
    const bool alone = framing.kind == BodyFraming::Kind::none && (may_stand_alone || length == 0);
    if (!is_number || !(agrees || alone)) return std::unexpected(WriteError::content_length);
    return {};
}

/// The header section with its empty line. `length_may_stand_alone`: Content-Length is allowed without a body.
Written put_section(Pen& pen, const Fields& fields, BodyFraming framing, bool length_may_stand_alone) {
    bool length_written = false;
    for (const Field f : fields) {
        if (equals_ignoring_case(f.name, "Transfer-Encoding")) return std::unexpected(WriteError::transfer_encoding);
        if (equals_ignoring_case(f.name, "Content-Length")) {
            if (length_written) return std::unexpected(WriteError::content_length);
            if (const Written ok = check_content_length(f.value, framing, length_may_stand_alone); !ok) return ok;
            length_written = true;
        }
        if (const Written ok = put_field(pen, f); !ok) return ok;
    }
    if (framing.kind == BodyFraming::Kind::length && !length_written) {
        pen.text("Content-Length: ");
        pen.number(framing.length);
        pen.text("\r\n");
    } else if (framing.kind == BodyFraming::Kind::chunked) {
        pen.text("Transfer-Encoding: chunked\r\n");
    }
    pen.text("\r\n");
    return {};
}

/// Bytes that `put_section` writes at most.
std::size_t most_of_section(const Fields& fields) {
    constexpr std::string_view length = "Content-Length: \r\n\r\n";
    constexpr std::string_view coding = "Transfer-Encoding: chunked\r\n\r\n";
    return fields.wire_size() + std::max(length.size() + Pen::kDigits, coding.size());
}

Written append_request(std::string& out, const Request& request, BodyFraming framing) {
    if (!is_token(request.method.name())) return std::unexpected(WriteError::invalid_method);
    if (!Target::parse(request.method, request.target)) return std::unexpected(WriteError::invalid_target);
    const std::string_view method = request.method.name();
    constexpr std::string_view around = "  HTTP/1.1\r\n";
    const std::size_t line = method.size() + request.target.size() + around.size();
    return extend(out, line + most_of_section(request.fields), [&](Pen& pen) {
        pen.text(method);
        pen.text(" ");
        pen.text(request.target);
        pen.text(" ");
        pen.version(request.version);
        pen.text("\r\n");
        return put_section(pen, request.fields, framing, false);
    });
}

Written append_response(std::string& out, const Response& response, BodyFraming framing) {
    const auto number = to_number(response.status);
    if (number < 100 || number > 599) return std::unexpected(WriteError::invalid_status);
    const std::string_view reason = response.reason.empty() ? reason_phrase(response.status) : response.reason;
    if (!is_field_value(reason)) return std::unexpected(WriteError::invalid_reason);
    const bool never_framed = is_informational(response.status) || response.status == Status::no_content;
    if (never_framed && response.fields.contains("Content-Length")) return std::unexpected(WriteError::content_length);
    constexpr std::string_view around = "HTTP/1.1 200 \r\n";
    return extend(out, around.size() + reason.size() + most_of_section(response.fields), [&](Pen& pen) {
        pen.version(response.version);
        pen.text(" ");
        pen.number(number);
        pen.text(" ");
        pen.text(reason);
        pen.text("\r\n");
        return put_section(pen, response.fields, never_framed ? BodyFraming::none() : framing, true);
    });
}

/// Runs `append` and takes back what it wrote when it fails.
template <typename Append>
Written all_or_nothing(std::string& out, Append append) {
    const std::size_t before = out.size();
    Written written = append();
    if (!written) out.resize(before);
    return written;
}

}  // namespace

std::string_view to_string(WriteError error) noexcept {
    switch (error) {
        case WriteError::invalid_method:
            return "the method is not a token";
        case WriteError::invalid_target:
            return "the request-target is in none of the four forms";
        case WriteError::invalid_status:
            return "the status is outside 100 to 599";
        case WriteError::invalid_reason:
            return "the reason phrase holds a control character";
        case WriteError::invalid_field_name:
            return "a field name is not a token";
        case WriteError::invalid_field_value:
            return "a field value holds a control character or ends in whitespace";
        case WriteError::transfer_encoding:
            return "Transfer-Encoding is set by the writer alone";
        case WriteError::content_length:
            return "Content-Length is not the length of the body";
    }
    return "invalid message";
}

Written write_request_head(std::string& out, const Request& request, BodyFraming framing) {
    return all_or_nothing(out, [&] { return append_request(out, request, framing); });
}

Written write_response_head(std::string& out, const Response& response, BodyFraming framing) {
    return all_or_nothing(out, [&] { return append_response(out, response, framing); });
}

void write_chunk(std::string& out, std::string_view data) {
    if (data.empty()) return;
    append_number(out, data.size(), 16);
    out.append("\r\n").append(data).append("\r\n");
}

Written write_last_chunk(std::string& out, const Fields& trailers) {
    return all_or_nothing(out, [&]() -> Written {
        return extend(out, trailers.wire_size() + 5, [&](Pen& pen) -> Written {
            pen.text("0\r\n");
            for (const Field f : trailers) {
                if (detail::is_forbidden_trailer(f.name)) return std::unexpected(WriteError::invalid_field_name);
                if (const Written ok = put_field(pen, f); !ok) return ok;
            }
            pen.text("\r\n");
            return {};
        });
    });
}

std::expected<std::string, WriteError> to_wire(const Request& request) {
    std::string out;
    const bool framed = !request.body.empty() || request.method.anticipates_content();
    const auto written =
        write_request_head(out, request, framed ? BodyFraming::of_length(request.body.size()) : BodyFraming::none());
    if (!written) return std::unexpected(written.error());
    return out + request.body;
}

std::expected<std::string, WriteError> to_wire(const Response& response) {
    std::string out;
    const auto written = write_response_head(out, response, BodyFraming::of_length(response.body.size()));
    if (!written) return std::unexpected(written.error());
    const bool bodiless = is_informational(response.status) || response.status == Status::no_content ||
                          response.status == Status::not_modified;
    return bodiless ? out : out + response.body;
}

}  // namespace hourglass::http
