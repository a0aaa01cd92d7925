#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <memory>
#include <span>

#include "hourglass/http/error.h"
#include "hourglass/http/message.h"

namespace hourglass::http {

/// What a parser accepts at most. Sizes are in bytes.
struct Limits {
    /// Method and target, or the status line. RFC 9112, section 3, asks for at least 8000. Beyond: 414.
    std::uint32_t start_line = 8192;
    /// The method alone. Beyond: 501 (RFC 9112, section 3).
    std::uint32_t method = 32;
    /// A header or trailer section with its line ends. Beyond: 431.
    std::uint32_t field_section = 64 * 1024;
    /// Field lines in a section. Beyond: 431.
    std::uint32_t fields = 128;
    /// The content, without chunk framing. Beyond: 413.
    std::uint64_t body = std::numeric_limits<std::uint64_t>::max();
    /// All chunk extensions of a message together (RFC 9112, section 7.1.1). Beyond: 400.
    std::uint32_t chunk_extensions = 4096;
    /// Empty lines before a request line, which are skipped (RFC 9112, section 2.2). Beyond: 400.
    std::uint32_t empty_lines = 4;
};

/// How the length of a body is known (RFC 9112, section 6.3).
struct BodyFraming {
    enum class Kind : std::uint8_t {
        none,         ///< no body
        length,       ///< Content-Length
        chunked,      ///< Transfer-Encoding: chunked
        until_close,  ///< a response that ends with the connection
        tunnel,       ///< 2xx to CONNECT, or 101: what follows is not HTTP/1.1
    };
    Kind kind = Kind::none;
    std::uint64_t length = 0;  ///< for Kind::length

    static constexpr BodyFraming none() { return {}; }
    static constexpr BodyFraming of_length(std::uint64_t n) { return {Kind::length, n}; }
    static constexpr BodyFraming chunked() { return {Kind::chunked, 0}; }
    static constexpr BodyFraming until_close() { return {Kind::until_close, 0}; }
    bool operator==(const BodyFraming&) const = default;
};

/// One step of a parser.
struct ParseStep {
    enum class Kind : std::uint8_t {
        need_more,  ///< everything given is consumed, nothing to report
        head,       ///< start line and header section are complete
        body,       ///< `data` is a piece of the content
        end,        ///< the message is complete, trailers included; the next step begins the next message
    };
    Kind kind = Kind::need_more;
    std::size_t consumed = 0;         ///< bytes of the input that this step used up
    std::span<const std::byte> data;  ///< a view into the input
};

namespace detail {
class RequestMachine;
class ResponseMachine;
}  // namespace detail

/// Reads requests from spans of bytes (RFC 9112). It is strict: what the RFC lets a server reject for ambiguity is
/// rejected. The sequence of steps does not depend on how the input is split, except for where `body` pieces end.
///
/// Call `parse` again with what a step left unconsumed until it says `need_more`. After an error the parser stays
/// failed: the bytes that follow have no known meaning, so the connection has to close.
class RequestParser {
  public:
    explicit RequestParser(const Limits& limits = {});
    RequestParser(RequestParser&&) noexcept;
    RequestParser& operator=(RequestParser&&) noexcept;
    ~RequestParser();

    [[nodiscard]] std::expected<ParseStep, Error> parse(std::span<const std::byte> bytes);

    /// The request, valid from step `head` to the next step after `end`. Its body is not collected here.
    [[nodiscard]] const Request& request() const noexcept;
    /// Moves the request out. Reading in place is faster, because the next request reuses the memory.
    [[nodiscard]] Request take_request();
    /// Takes a request that is used up, for its memory. Not to be called while `request` is still needed.
    void give_back(Request&& spent) noexcept;
    /// How the body is framed; valid from step `head`.
    [[nodiscard]] BodyFraming framing() const noexcept;
    /// The trailer section; valid at step `end`.
    [[nodiscard]] const Fields& trailers() const noexcept;
    /// Replaces the limit of the body for this message only; to be called at step `head`.
    void set_body_limit(std::uint64_t bytes) noexcept;
    /// True when no byte of a further message has been consumed.
    [[nodiscard]] bool between_messages() const noexcept;

  private:
    std::unique_ptr<detail::RequestMachine> machine_;
};

/// Reads responses from spans of bytes (RFC 9112), as `RequestParser` reads requests. Interim (1xx) responses are
/// messages of their own: `head`, then `end`.
class ResponseParser {
  public:
    explicit ResponseParser(const Limits& limits = {});
    ResponseParser(ResponseParser&&) noexcept;
    ResponseParser& operator=(ResponseParser&&) noexcept;
    ~ResponseParser();

    /// Says which method the next final response answers: HEAD and CONNECT change its framing (RFC 9112, section 6.3).
    /// To be called before the head of that response is read. The default is GET.
    void expect(const Method& method) noexcept;

    [[nodiscard]] std::expected<ParseStep, Error> parse(std::span<const std::byte> bytes);
    /// The peer has closed. Gives `end` for a body that ends so, `need_more` between messages, and otherwise
    /// `incomplete_message` (RFC 9112, section 8).
    [[nodiscard]] std::expected<ParseStep, Error> finish();

    /// The response, valid from step `head` to the next step after `end`. Its body is not collected here.
    [[nodiscard]] const Response& response() const noexcept;
    /// Moves the response out.
    [[nodiscard]] Response take_response();
    /// How the body is framed; valid from step `head`.
    [[nodiscard]] BodyFraming framing() const noexcept;
    /// The trailer section; valid at step `end`.
    [[nodiscard]] const Fields& trailers() const noexcept;
    /// True when no byte of a further message has been consumed.
    [[nodiscard]] bool between_messages() const noexcept;

  private:
    std::unique_ptr<detail::ResponseMachine> machine_;
};

}  // namespace hourglass::http
