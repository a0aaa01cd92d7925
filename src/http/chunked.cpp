#include "http/chunked.h"

#include <algorithm>

#include "http/framing.h"
#include "http/scan.h"

namespace hourglass::http::detail {

void ChunkedDecoder::reset() {
    state_ = State::size;
    size_digits_ = extension_bytes_ = 0;
    remaining_ = 0;
    trailers_.reset();
}

std::expected<ChunkedDecoder::Step, Error> ChunkedDecoder::decode(std::string_view input) {
    std::size_t at = 0;
    while (at < input.size()) {
        if (state_ == State::data) {
            const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input.size() - at));
            remaining_ -= n;
            if (remaining_ == 0) state_ = State::data_return;
            return Step{Kind::data, at + n, input.substr(at, n)};
        }
        if (state_ == State::trailers) return decode_trailers(input, at);
        if (state_ == State::end) return Step{Kind::end, at, {}};
        if (const auto taken = take_line_byte(input[at]); !taken) return std::unexpected(taken.error());
        ++at;
    }
    return Step{Kind::need_more, at, {}};
}

std::expected<ChunkedDecoder::Step, Error> ChunkedDecoder::decode_trailers(std::string_view input,
                                                                           std::size_t consumed) {
    const auto result = trailers_.feed(input.substr(consumed));
    if (!result) return std::unexpected(result.error());
    if (!result->complete) return Step{Kind::need_more, input.size(), {}};
    for (const Field f : trailers_.fields())
        if (is_forbidden_trailer(f.name)) return std::unexpected(Error::forbidden_trailer);
    state_ = State::end;
    return Step{Kind::end, consumed + result->consumed, {}};
}

std::expected<void, Error> ChunkedDecoder::take_line_byte(char c) {
    switch (state_) {
        case State::size:
            return take_size_byte(c);
        case State::extension:
            return take_extension_byte(c);
        case State::size_line_feed:
            if (c != '\n') return std::unexpected(Error::bare_carriage_return);
            state_ = remaining_ == 0 ? State::trailers : State::data;
            return {};
        case State::data_return:
            if (c != '\r') return std::unexpected(Error::invalid_chunk_end);
            state_ = State::data_line_feed;
            return {};
        case State::data_line_feed:
            if (c != '\n') return std::unexpected(Error::invalid_chunk_end);
            state_ = State::size;
            size_digits_ = 0;
            return {};
        case State::data:
        case State::trailers:
        case State::end:
            break;
    }
    return {};
}

std::expected<void, Error> ChunkedDecoder::take_size_byte(char c) {
    if (const int digit = hex_value(c); digit >= 0) {
        if (++size_digits_ > 16) return std::unexpected(Error::invalid_chunk_size);
        remaining_ = remaining_ << 4 | static_cast<std::uint64_t>(digit);
        return {};
    }
    if (size_digits_ == 0) return std::unexpected(Error::invalid_chunk_size);
    if (c == '\r') {
        state_ = State::size_line_feed;
        return {};
    }
    if (c == '\n') return std::unexpected(Error::bare_line_feed);
    if (c != ';' && !is_blank(c)) return std::unexpected(Error::invalid_chunk_size);
    state_ = State::extension;
    extension_ = Extension::before_semicolon;
    return take_extension_byte(c);
}

std::expected<void, Error> ChunkedDecoder::take_extension_byte(char c) {
    if (c == '\n') return std::unexpected(Error::bare_line_feed);
    if (c == '\r') {
        if (!extension_may_end()) return std::unexpected(Error::invalid_chunk_extension);
        state_ = State::size_line_feed;
        return {};
    }
    if (++extension_bytes_ > limits_.chunk_extensions) return std::unexpected(Error::chunk_extensions_too_large);
    if (!advance_extension(c)) return std::unexpected(Error::invalid_chunk_extension);
    return {};
}

/// A name, a token or a closed quoted string may end the line; the whitespace after one may not.
bool ChunkedDecoder::extension_may_end() const noexcept {
    return extension_ == Extension::name || extension_ == Extension::token || extension_ == Extension::after_quoted;
}

bool ChunkedDecoder::advance_extension(char c) {
    const auto move_to = [this](Extension next) {
        extension_ = next;
        return true;
    };
    switch (extension_) {
        case Extension::before_semicolon:
            if (is_blank(c)) return true;
            return c == ';' && move_to(Extension::before_name);
        case Extension::before_name:
            if (is_blank(c)) return true;
            return is_token_char(c) && move_to(Extension::name);
        case Extension::name:
            if (is_token_char(c)) return true;
            [[fallthrough]];
        case Extension::after_name:
            if (c == '=') return move_to(Extension::before_value);
            if (c == ';') return move_to(Extension::before_name);
            return is_blank(c) && move_to(Extension::after_name);
        case Extension::before_value:
            if (is_blank(c)) return true;
            if (c == '"') return move_to(Extension::quoted);
            return is_token_char(c) && move_to(Extension::token);
        case Extension::token:
            if (is_token_char(c)) return true;
            [[fallthrough]];
        case Extension::after_quoted:
            if (c == ';') return move_to(Extension::before_name);
            return is_blank(c) && move_to(Extension::before_semicolon);
        case Extension::quoted:
            if (c == '\\') return move_to(Extension::quoted_pair);
            if (c == '"') return move_to(Extension::after_quoted);
            return is_value_char(c);
        case Extension::quoted_pair:
            return is_value_char(c) && move_to(Extension::quoted);
    }
    return false;
}

}  // namespace hourglass::http::detail
