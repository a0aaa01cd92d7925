#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "hourglass/http/fields.h"

namespace hourglass::http {

namespace detail {
class HeadParser;
}

/// What a multipart body may hold at most. Sizes are in bytes.
struct MultipartLimits {
    std::uint32_t parts = 1000;
    std::uint32_t header = 16 * 1024;    ///< of one part, with its line ends
    std::uint32_t fields = 32;           ///< field lines of one part
    std::uint32_t preamble = 64 * 1024;  ///< what stands before the first part, and behind the last
    std::uint64_t part = 1ULL << 40;     ///< the content of one part
};

/// Why a multipart body is refused.
enum class MultipartError : std::uint8_t {
    too_many_parts,
    header_too_large,  ///< or too many fields in it
    invalid_header,
    invalid_delimiter,  ///< a boundary that neither a line end nor "--" follows
    preamble_too_large,
    part_too_large,
    incomplete,  ///< the body ended before the last boundary
};

/// One line for a person.
[[nodiscard]] std::string_view to_string(MultipartError error) noexcept;

/// Reads a multipart body (RFC 2046, section 5.1) as it arrives: give it bytes with `feed` and call `next` until it
/// says `need_more`. It holds what was fed and not yet reported, and no more of a part than a boundary's length.
class MultipartReader {
  public:
    enum class Kind : std::uint8_t {
        need_more,
        part,      ///< the header of a part is complete: see `fields`, `name`, `file_name`
        data,      ///< `data` is a piece of its content
        part_end,  ///< its content is complete
        end,       ///< the last boundary has been read; what follows has no meaning
    };
    struct Event {
        Kind kind = Kind::need_more;
        std::span<const std::byte> data;  ///< valid until the next call
    };

    /// The boundary that a Content-Type gives, nothing when it is not multipart or its boundary is not one of 1 to 70
    /// characters of RFC 2046, section 5.1.1.
    static std::optional<std::string> boundary(std::string_view content_type);

    explicit MultipartReader(std::string_view boundary, const MultipartLimits& limits = {});
    ~MultipartReader();
    MultipartReader(MultipartReader&&) noexcept;
    MultipartReader& operator=(MultipartReader&&) noexcept;

    void feed(std::span<const std::byte> bytes);
    [[nodiscard]] std::expected<Event, MultipartError> next();
    /// The body is complete: an error when its last boundary has not come.
    [[nodiscard]] std::expected<void, MultipartError> finish() const;

    /// The header of the part under way.
    [[nodiscard]] const Fields& fields() const noexcept;
    /// The name of the form's control (RFC 7578, section 4.2); empty when there is none.
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// The file's name as the client gave it, for a part that is a file. It is data, not a path: whoever stores the
    /// file chooses where.
    [[nodiscard]] const std::optional<std::string>& file_name() const noexcept { return file_name_; }
    /// The part's media type; `text/plain` when it names none (RFC 7578, section 4.4).
    [[nodiscard]] std::string_view content_type() const noexcept;

  private:
    enum class State : std::uint8_t { preamble, delimiter, header, content, ended };
    using Step = std::expected<Event, MultipartError>;

    [[nodiscard]] std::string_view unread() const noexcept { return std::string_view(buffer_).substr(at_); }
    [[nodiscard]] Step next_delimiter();
    [[nodiscard]] Step next_header();
    [[nodiscard]] Step next_content();
    void take_disposition();

    MultipartLimits limits_;
    std::string delimiter_;  ///< CRLF, two hyphens, the boundary
    std::string buffer_;
    std::size_t at_ = 0;  ///< bytes of `buffer_` that have been reported
    State state_ = State::preamble;
    std::uint32_t parts_ = 0;
    std::uint64_t size_ = 0;  ///< of the preamble, and then of the part
    std::size_t skip_ = 0;    ///< bytes before the content of the part
    bool delimited_ = false;  ///< the part's content is complete and `part_end` is due
    std::unique_ptr<detail::HeadParser> header_;
    std::string name_;
    std::optional<std::string> file_name_;
};

}  // namespace hourglass::http
