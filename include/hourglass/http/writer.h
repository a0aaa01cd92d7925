#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "hourglass/http/message.h"
#include "hourglass/http/parser.h"

namespace hourglass::http {

/// Why a message was not written. Whatever an application puts into a message, nothing leaves that a recipient could
/// read as more than one field or message.
enum class WriteError : std::uint8_t {
    invalid_method,
    invalid_target,
    invalid_status,  ///< outside 100 to 599
    invalid_reason,
    invalid_field_name,
    invalid_field_value,  ///< CR, LF, NUL or another control in it, or whitespace at an end
    transfer_encoding,    ///< the writer alone decides on Transfer-Encoding
    content_length,       ///< Content-Length that is not the body's length
};

/// One line for a person.
[[nodiscard]] std::string_view to_string(WriteError error) noexcept;

/// Appends the request line and header section, with the empty line, to `out`. `framing` adds Content-Length or
/// Transfer-Encoding; a Content-Length in the fields is taken over when it says the same. The version on the wire is
/// the request's. On an error `out` is as before.
[[nodiscard]] std::expected<void, WriteError> write_request_head(std::string& out, const Request& request,
                                                                 BodyFraming framing);

/// Appends the status line and header section, with the empty line, to `out`. For 1xx and 204 no framing field is
/// written (RFC 9110, section 8.6; RFC 9112, section 6.1). With `BodyFraming::none()` a Content-Length in the fields
/// passes: it is how an answer to HEAD, and a 304, tell the length of what they do not carry. On an error `out` is as
/// before.
[[nodiscard]] std::expected<void, WriteError> write_response_head(std::string& out, const Response& response,
                                                                  BodyFraming framing);

/// Appends a chunk (RFC 9112, section 7.1). Empty data is not written, because it would end the body.
void write_chunk(std::string& out, std::string_view data);

/// Appends the last chunk and the trailer section. Trailers that could change how the message is read
/// (RFC 9110, section 6.5.1) are an error. On an error `out` is as before.
[[nodiscard]] std::expected<void, WriteError> write_last_chunk(std::string& out, const Fields& trailers = {});

/// A whole request with its `body` in one piece.
[[nodiscard]] std::expected<std::string, WriteError> to_wire(const Request& request);
/// A whole response with its `body` in one piece.
[[nodiscard]] std::expected<std::string, WriteError> to_wire(const Response& response);

}  // namespace hourglass::http
