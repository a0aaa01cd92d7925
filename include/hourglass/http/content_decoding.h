#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace hourglass::http {

/// How far content may swell when it is decoded. Sizes are in bytes.
struct DecodingLimits {
    std::uint64_t content = 1ULL << 40;      ///< Of decoded content in all.
    std::uint32_t expansion = 1000;          ///< Times what came, once there are more than ...
    std::uint64_t any_expansion = 16 << 20;  ///< ... so many, which may come from anything.
    std::uint32_t codings = 4;               ///< Applied one on top of another.
};

/// Why content can't be decoded.
enum class DecodeError : std::uint8_t {
    malformed,
    incomplete,  ///< it ended before the coded stream did
    too_large,   ///< beyond a limit
};
/// One line for a person.
[[nodiscard]] std::string_view to_string(DecodeError error) noexcept;

namespace detail {
class Decompressor;
}

/// Undoes the content codings gzip, deflate and br (RFC 9110, section 8.4.1; RFC 7932) as content arrives. `deflate` is
/// taken with and without the zlib wrapper, as both are sent.
class ContentDecoder {
  public:
    using Output = std::function<void(std::span<const std::byte>)>;

    /// A decoder for what Content-Encoding lists; null when one of the codings is not known here, or they are too many.
    /// Without a coding it passes content on.
    static std::unique_ptr<ContentDecoder> make(std::string_view content_encoding, const DecodingLimits& limits = {});
    ~ContentDecoder();
    ContentDecoder(const ContentDecoder&) = delete;
    ContentDecoder& operator=(const ContentDecoder&) = delete;

    /// Decodes a piece; `out` is called with what comes of it, any number of times.
    [[nodiscard]] std::expected<void, DecodeError> write(std::span<const std::byte> bytes, const Output& out);
    /// The content is complete. No content at all is fine, as in an answer to HEAD.
    [[nodiscard]] std::expected<void, DecodeError> end() const;

    /// The value of Accept-Encoding that asks for all that is decoded.
    static constexpr std::string_view kAccepted = "gzip, deflate, br";

  private:
    explicit ContentDecoder(const DecodingLimits& limits);
    std::expected<void, DecodeError> pass(std::size_t stage, std::span<const std::byte> bytes, const Output& out);

    DecodingLimits limits_;
    std::vector<std::unique_ptr<detail::Decompressor>> stages_;  ///< The coding that was applied last comes first.
    std::uint64_t read_ = 0;
    std::uint64_t written_ = 0;
};

}  // namespace hourglass::http
