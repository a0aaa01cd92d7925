#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

#include "http/head_parser.h"

namespace hourglass::http::detail {

/// Takes the chunked coding off a body (RFC 9112, section 7.1), trailer section included.
class ChunkedDecoder {
  public:
    enum class Kind : std::uint8_t { need_more, data, end };
    struct Step {
        Kind kind;
        std::size_t consumed;
        std::string_view data;
    };

    explicit ChunkedDecoder(const Limits& limits) : limits_(limits), trailers_(HeadParser::Kind::trailers, limits) {}

    /// Makes ready for the next body.
    void reset();
    [[nodiscard]] std::expected<Step, Error> decode(std::string_view input);
    [[nodiscard]] const Fields& trailers() const noexcept { return trailers_.fields(); }

  private:
    enum class State : std::uint8_t {
        size,
        extension,
        size_line_feed,
        data,
        data_return,
        data_line_feed,
        trailers,
        end
    };
    /// Where in `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )` the next byte stands.
    enum class Extension : std::uint8_t {
        before_semicolon,
        before_name,
        name,
        after_name,
        before_value,
        token,
        quoted,
        quoted_pair,
        after_quoted
    };

    [[nodiscard]] std::expected<void, Error> take_line_byte(char c);
    [[nodiscard]] std::expected<void, Error> take_size_byte(char c);
    [[nodiscard]] std::expected<void, Error> take_extension_byte(char c);
    [[nodiscard]] bool advance_extension(char c);
    [[nodiscard]] bool extension_may_end() const noexcept;
    [[nodiscard]] std::expected<Step, Error> decode_trailers(std::string_view input, std::size_t consumed);

    Limits limits_;
    State state_ = State::size;
    Extension extension_ = Extension::before_semicolon;
    std::uint32_t size_digits_ = 0;
    std::uint32_t extension_bytes_ = 0;  ///< of the whole message
    std::uint64_t remaining_ = 0;        ///< of the current chunk
    HeadParser trailers_;
};

}  // namespace hourglass::http::detail
