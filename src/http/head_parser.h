#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "hourglass/http/parser.h"

namespace hourglass::http::detail {

/// Reads a start line and a header section, or a trailer section alone, from input in pieces.
///
/// While a head lies whole in one piece it is read where it is and copied once, when it is complete, and a request that
/// has no fault many bytes at a step (whole_head.h). Otherwise the pieces gather in a buffer. Every position is an
/// offset from the head's first byte, so both ways run the same code and resume at the byte where they stopped. A byte
/// is judged by what precedes it and never by what follows, which makes the verdict independent of how the input is
/// split.
class HeadParser {
  public:
    enum class Kind : std::uint8_t { request, response, trailers };
    struct Result {
        bool complete;
        std::size_t consumed;
    };

    HeadParser(Kind kind, const Limits& limits) : kind_(kind), limits_(limits) { reset(); }

    /// Makes ready for the next head; memory of `fields()` is kept.
    void reset();
    [[nodiscard]] std::expected<Result, Error> feed(std::string_view input);
    /// True when a byte of a head has been read; empty lines before it do not count.
    [[nodiscard]] bool begun() const noexcept { return state_ != State::empty_lines && at_ != 0; }

    // Valid when complete.
    [[nodiscard]] Fields& fields() noexcept { return fields_; }
    [[nodiscard]] const Fields& fields() const noexcept { return fields_; }
    /// Gives the fields away, and takes the memory of what was in `into`.
    void move_fields_to(Fields& into) noexcept {
        into.text_.swap(fields_.text_);
        into.entries_.swap(fields_.entries_);
        std::swap(into.kinds_, fields_.kinds_);
    }
    [[nodiscard]] std::string_view method() const noexcept { return part(line_, first_end_); }
    [[nodiscard]] std::string_view target() const noexcept { return part(first_end_ + 1, second_end_); }
    [[nodiscard]] std::string_view reason() const noexcept { return part(first_end_, second_end_); }
    [[nodiscard]] Version version() const noexcept { return version_; }
    [[nodiscard]] Status status() const noexcept { return static_cast<Status>(status_); }

  private:
    enum class State : std::uint8_t {
        empty_lines,
        method,
        target,
        version,
        status_line,
        reason,
        line,
        name,
        value,
        done
    };
    /// Nothing: the bytes given are used up. True: the head is complete.
    using Scan = std::expected<bool, Error>;

    [[nodiscard]] bool read_whole(std::string_view input);
    [[nodiscard]] Scan scan(std::string_view text);
    [[nodiscard]] Scan scan_empty_lines(std::string_view text);
    [[nodiscard]] Scan scan_method(std::string_view text);
    [[nodiscard]] Scan scan_target(std::string_view text);
    [[nodiscard]] Scan scan_version(std::string_view text);
    [[nodiscard]] Scan scan_status_line(std::string_view text);
    [[nodiscard]] Scan scan_reason(std::string_view text);
    [[nodiscard]] Scan scan_fields(std::string_view text);
    [[nodiscard]] Scan add_field(const char* base, std::size_t value_end);
    void begin_fields();
    [[nodiscard]] std::string_view part(std::size_t from, std::size_t to) const noexcept {
        return std::string_view(fields_.text_).substr(from, to - from);
    }

    Kind kind_;
    Limits limits_;
    State state_ = State::empty_lines;
    std::uint32_t empty_lines_ = 0;
    std::size_t at_ = 0;       ///< the next byte to judge
    std::size_t line_ = 0;     ///< where the start line, and later the current field line, begins
    std::size_t section_ = 0;  ///< where the field section begins
    std::size_t colon_ = 0;
    std::size_t first_end_ = 0, second_end_ = 0;  ///< ends of method and target; begin and end of the reason
    std::size_t start_line_ = 0;
    std::uint16_t status_ = 0;
    Version version_;
    std::string buffer_;  ///< the head so far, when it came in pieces
    Fields fields_;
};

}  // namespace hourglass::http::detail
