#include "http/head_parser.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "http/scan.h"
#include "http/whole_head.h"

namespace hourglass::http::detail {

namespace {

constexpr std::size_t kMostPlaces = 128;

constexpr auto fail(Error error) { return std::unexpected(error); }

}  // namespace

void HeadParser::reset() {
    state_ = kind_ == Kind::request ? State::empty_lines : kind_ == Kind::response ? State::status_line : State::line;
    empty_lines_ = 0;
    at_ = line_ = start_line_ = section_ = 0;
    buffer_.clear();
    fields_.clear();
}

std::expected<HeadParser::Result, Error> HeadParser::feed(std::string_view input) {
    if (input.empty()) return Result{false, 0};
    if (buffer_.empty()) {
        if (kind_ == Kind::request && at_ == 0 && read_whole(input)) return Result{true, at_};
        const Scan complete = scan(input);
        if (!complete) return fail(complete.error());
        if (!*complete) {
            buffer_ = input;
            return Result{false, input.size()};
        }
        fields_.text_.assign(input.data(), at_);
        return Result{true, at_};
    }
    std::size_t consumed = 0;
    while (consumed < input.size()) {
        // Line by line, because where the head ends is not known and nothing behind it may be taken.
        const void* line_feed = std::memchr(input.data() + consumed, '\n', input.size() - consumed);
        const std::size_t piece =
            line_feed == nullptr
                ? input.size() - consumed
                : static_cast<std::size_t>(static_cast<const char*>(line_feed) - input.data()) + 1 - consumed;
        buffer_.append(input.substr(consumed, piece));
        consumed += piece;
        const Scan complete = scan(buffer_);
        if (!complete) return fail(complete.error());
        if (*complete) {
            fields_.text_.swap(buffer_);
            return Result{true, consumed};
        }
    }
    return Result{false, consumed};
}

bool HeadParser::read_whole(std::string_view input) {
    static const bool able = can_read_whole_heads();
    if (!able) return false;
    std::array<FieldPlace, kMostPlaces> places;
    const WholeHead head = read_whole_head(input, limits_, places);
    if (!head) return false;
    first_end_ = head.method_end;
    second_end_ = head.target_end;
    version_ = kHttp11;
    at_ = head.size;
    state_ = State::done;
    fields_.entries_.assign(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(head.fields));
    fields_.text_.assign(input.data(), at_);
    for (const Field field : fields_) fields_.kinds_ |= Fields::kind_of(field.name);
    return true;
}

HeadParser::Scan HeadParser::scan(std::string_view text) {
    for (;;) {
        const State before = state_;
        Scan result = false;
        switch (state_) {
            case State::empty_lines:
                result = scan_empty_lines(text);
                break;
            case State::method:
                result = scan_method(text);
                break;
            case State::target:
                result = scan_target(text);
                break;
            case State::version:
                result = scan_version(text);
                break;
            case State::status_line:
                result = scan_status_line(text);
                break;
            case State::reason:
                result = scan_reason(text);
                break;
            case State::line:
            case State::name:
            case State::value:
                return scan_fields(text);
            case State::done:
                return true;
        }
        if (!result || state_ == before) return result;
    }
}

HeadParser::Scan HeadParser::scan_empty_lines(std::string_view text) {
    while (at_ < text.size()) {
        if (text[at_] != '\r') {
            line_ = start_line_ = at_;
            state_ = State::method;
            return false;
        }
        if (at_ + 1 == text.size()) return false;
        if (text[at_ + 1] != '\n') return fail(Error::bare_carriage_return);
        if (++empty_lines_ > limits_.empty_lines) return fail(Error::too_many_empty_lines);
        at_ += 2;
    }
    return false;
}

HeadParser::Scan HeadParser::scan_method(std::string_view text) {
    const std::size_t window = std::min(text.size(), line_ + limits_.method + 1);
    at_ = static_cast<std::size_t>(find_token_end(text.data() + at_, text.data() + window) - text.data());
    if (at_ == window) {
        if (window - line_ > limits_.method) return fail(Error::method_too_long);
        return false;
    }
    if (at_ == line_ || text[at_] != ' ') return fail(Error::invalid_method);
    first_end_ = at_++;
    state_ = State::target;
    return false;
}

HeadParser::Scan HeadParser::scan_target(std::string_view text) {
    const std::size_t window = std::min(text.size(), line_ + limits_.start_line);
    if (at_ > window) return fail(Error::start_line_too_long);
    at_ = static_cast<std::size_t>(find_visible_end(text.data() + at_, text.data() + window) - text.data());
    if (at_ == window) {
        if (window == line_ + limits_.start_line) return fail(Error::start_line_too_long);
        return false;
    }
    if (at_ == first_end_ + 1) return fail(Error::invalid_target);
    if (text[at_] == '\r' || text[at_] == '\n') return fail(Error::invalid_version);  // HTTP/0.9 had no version
    if (text[at_] != ' ') return fail(Error::invalid_target);
    second_end_ = at_++;
    state_ = State::version;
    return false;
}

HeadParser::Scan HeadParser::scan_version(std::string_view text) {
    constexpr std::string_view pattern = "HTTP/#.#\r\n";  // # is a digit
    const std::size_t begin = second_end_ + 1;
    if (at_ == begin && text.substr(at_).starts_with("HTTP/1.1\r\n")) {  // nearly always
        version_ = kHttp11;
        at_ += pattern.size();
        begin_fields();
        return false;
    }
    for (; at_ - begin < pattern.size(); ++at_) {
        if (at_ == text.size()) return false;
        const char expected = pattern[at_ - begin];
        if (expected == '#' ? is_digit(text[at_]) : text[at_] == expected) continue;
        if (expected == '\r' && text[at_] == '\n') return fail(Error::bare_line_feed);
        return fail(expected == '\n' ? Error::bare_carriage_return : Error::invalid_version);
    }
    version_.major = static_cast<std::uint8_t>(text[begin + 5] - '0');
    version_.minor = static_cast<std::uint8_t>(text[begin + 7] - '0');
    if (version_.major != 1) return fail(Error::unsupported_version);
    begin_fields();
    return false;
}

HeadParser::Scan HeadParser::scan_status_line(std::string_view text) {
    constexpr std::string_view pattern = "HTTP/#.# ###";
    for (; at_ < pattern.size(); ++at_) {
        if (at_ == text.size()) return false;
        if (pattern[at_] == '#' ? is_digit(text[at_]) : text[at_] == pattern[at_]) continue;
        return fail(at_ < 8 ? Error::invalid_version : Error::invalid_status_line);
    }
    version_.major = static_cast<std::uint8_t>(text[5] - '0');
    version_.minor = static_cast<std::uint8_t>(text[7] - '0');
    if (version_.major != 1) return fail(Error::unsupported_version);
    const auto digit = [&](std::size_t i) { return text[i] - '0'; };
    status_ = static_cast<std::uint16_t>(digit(9) * 100 + digit(10) * 10 + digit(11));
    if (status_ < 100 || status_ > 599) return fail(Error::invalid_status_line);  // RFC 9110, section 15
    if (at_ == text.size()) return false;
    // Section 4 wants a space even before an absent reason. Servers that leave both out are common, and nothing
    // depends on it.
    if (text[at_] == ' ')
        ++at_;
    else if (text[at_] != '\r')
        return fail(text[at_] == '\n' ? Error::bare_line_feed : Error::invalid_status_line);
    first_end_ = at_;
    state_ = State::reason;
    return false;
}

HeadParser::Scan HeadParser::scan_reason(std::string_view text) {
    const std::size_t limit = std::max<std::size_t>(limits_.start_line, first_end_);
    const std::size_t window = std::min(text.size(), limit);
    at_ = static_cast<std::size_t>(find_value_end(text.data() + at_, text.data() + window) - text.data());
    if (at_ == window || (text[at_] == '\r' && at_ + 1 == window)) {
        if (window == limit) return fail(Error::start_line_too_long);
        return false;
    }
    if (text[at_] == '\n') return fail(Error::bare_line_feed);
    if (text[at_] != '\r') return fail(Error::invalid_status_line);
    if (text[at_ + 1] != '\n') return fail(Error::bare_carriage_return);
    second_end_ = at_;
    at_ += 2;
    begin_fields();
    return false;
}

void HeadParser::begin_fields() {
    start_line_ = line_;
    section_ = at_;
    state_ = State::line;
}

HeadParser::Scan HeadParser::scan_fields(std::string_view text) {
    const char* const base = text.data();
    const std::size_t limit = section_ + limits_.field_section;
    const std::size_t window = std::min(text.size(), limit);
    const auto out_of_bytes = [&]() -> Scan {
        if (window == limit) return fail(Error::field_section_too_large);
        return false;
    };
    for (;;) {
        if (state_ == State::line) {
            if (at_ == window) return out_of_bytes();
            if (base[at_] == '\r') {
                if (at_ + 1 == window) return out_of_bytes();
                if (base[at_ + 1] != '\n') return fail(Error::bare_carriage_return);
                at_ += 2;
                line_ = start_line_;
                state_ = State::done;
                return true;
            }
            if (base[at_] == '\n') return fail(Error::bare_line_feed);
            if (is_blank(base[at_])) return fail(fields_.empty() ? Error::leading_whitespace : Error::obsolete_fold);
            line_ = at_;
            state_ = State::name;
        }
        if (state_ == State::name) {
            at_ = static_cast<std::size_t>(find_token_end(base + at_, base + window) - base);
            if (at_ == window) return out_of_bytes();
            if (base[at_] != ':' || at_ == line_)
                return fail(is_blank(base[at_]) ? Error::whitespace_before_colon : Error::invalid_field_name);
            colon_ = at_++;
            state_ = State::value;
        }
        at_ = static_cast<std::size_t>(find_value_end(base + at_, base + window) - base);
        if (at_ == window) return out_of_bytes();
        if (base[at_] == '\n') return fail(Error::bare_line_feed);
        if (base[at_] != '\r') return fail(Error::invalid_field_value);
        if (at_ + 1 == window) return out_of_bytes();
        if (base[at_ + 1] != '\n') return fail(Error::bare_carriage_return);
        if (const Scan added = add_field(base, at_); !added) return added;
        at_ += 2;
        state_ = State::line;
    }
}

HeadParser::Scan HeadParser::add_field(const char* base, std::size_t value_end) {
    if (fields_.entries_.size() == limits_.fields) return fail(Error::too_many_fields);
    std::size_t value = colon_ + 1;
    while (value < value_end && is_blank(base[value])) ++value;
    while (value < value_end && is_blank(base[value_end - 1])) --value_end;
    fields_.kinds_ |= Fields::kind_of({base + line_, colon_ - line_});
    fields_.entries_.push_back({static_cast<std::uint32_t>(line_), static_cast<std::uint32_t>(colon_ - line_),
                                static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(value_end - value)});
    return false;
}

}  // namespace hourglass::http::detail
