#include "hourglass/http/error.h"

#include <array>

namespace hourglass::http {

namespace {

constexpr ErrorInfo kErrors[] = {
    {Status::bad_request, "too_many_empty_lines", "RFC 9112, section 2.2",
     "too many empty lines before the request line"},
    {Status::bad_request, "invalid_method", "RFC 9112, section 3.1", "the method is not a token followed by one space"},
    {Status::not_implemented, "method_too_long", "RFC 9112, section 3", "the method is longer than any that is known"},
    {Status::bad_request, "invalid_target", "RFC 9112, section 3.2", "the request-target is in none of the four forms"},
    {Status::uri_too_long, "start_line_too_long", "RFC 9112, section 3", "the start line is longer than the limit"},
    {Status::bad_request, "invalid_version", "RFC 9112, section 2.3", "the start line has no valid HTTP version"},
    {Status::http_version_not_supported, "unsupported_version", "RFC 9110, section 15.6.6",
     "the major version is not 1"},
    {Status::bad_request, "invalid_status_line", "RFC 9112, section 4", "the status line is malformed"},
    {Status::bad_request, "leading_whitespace", "RFC 9112, section 2.2",
     "whitespace between the start line and the first field"},
    {Status::bad_request, "obsolete_fold", "RFC 9112, section 5.2", "a field line is continued by folding"},
    {Status::bad_request, "whitespace_before_colon", "RFC 9112, section 5.1",
     "whitespace between a field name and the colon"},
    {Status::bad_request, "invalid_field_name", "RFC 9112, section 5.1", "a field name is not a token"},
    {Status::bad_request, "invalid_field_value", "RFC 9110, section 5.5", "a control character in a field value"},
    {Status::bad_request, "bare_carriage_return", "RFC 9112, section 2.2", "a CR that is not followed by LF"},
    {Status::bad_request, "bare_line_feed", "RFC 9112, section 2.2", "a line that ends in LF without CR"},
    {Status::request_header_fields_too_large, "field_section_too_large", "RFC 6585, section 5",
     "the field section is larger than the limit"},
    {Status::request_header_fields_too_large, "too_many_fields", "RFC 6585, section 5",
     "more field lines than the limit"},
    {Status::bad_request, "missing_host", "RFC 9112, section 3.2", "an HTTP/1.1 request without Host"},
    {Status::bad_request, "duplicate_host", "RFC 9112, section 3.2", "more than one Host"},
    {Status::bad_request, "invalid_host", "RFC 9112, section 3.2", "Host is not a host with an optional port"},
    {Status::bad_request, "invalid_content_length", "RFC 9112, section 6.3", "Content-Length is not a decimal number"},
    {Status::bad_request, "duplicate_content_length", "RFC 9112, section 6.3", "more than one Content-Length"},
    {Status::bad_request, "transfer_encoding_with_content_length", "RFC 9112, section 6.3",
     "Transfer-Encoding together with Content-Length"},
    {Status::bad_request, "transfer_encoding_in_http_1_0", "RFC 9112, section 6.1",
     "Transfer-Encoding in an HTTP/1.0 message"},
    {Status::not_implemented, "unknown_transfer_coding", "RFC 9112, section 6.1",
     "a transfer coding other than chunked"},
    {Status::bad_request, "chunked_not_final", "RFC 9112, section 6.3",
     "chunked is not the final transfer coding, or is applied twice"},
    {Status::content_too_large, "content_too_large", "RFC 9110, section 15.5.14",
     "the content is larger than the limit"},
    {Status::bad_request, "invalid_chunk_size", "RFC 9112, section 7.1",
     "a chunk size is not a hexadecimal number of at most 16 digits"},
    {Status::bad_request, "invalid_chunk_extension", "RFC 9112, section 7.1.1", "a chunk extension is malformed"},
    {Status::bad_request, "chunk_extensions_too_large", "RFC 9112, section 7.1.1",
     "chunk extensions are larger than the limit"},
    {Status::bad_request, "invalid_chunk_end", "RFC 9112, section 7.1", "chunk data is not followed by CRLF"},
    {Status::bad_request, "forbidden_trailer", "RFC 9110, section 6.5.1",
     "a trailer field that concerns framing or routing"},
    {Status::bad_request, "incomplete_message", "RFC 9112, section 8", "the connection closed within a message"},
    {Status::request_timeout, "request_too_slow", "RFC 9110, section 15.5.9", "the request did not arrive in time"},
    {Status::expectation_failed, "unknown_expectation", "RFC 9110, section 10.1.1",
     "Expect asks for something other than 100-continue"},
    {Status::not_implemented, "tunnel_refused", "RFC 9110, section 9.3.6", "this server makes no tunnels"},
};
static_assert(std::size(kErrors) == static_cast<std::size_t>(Error::tunnel_refused) + 1);

}  // namespace

const ErrorInfo& info(Error error) noexcept { return kErrors[static_cast<std::size_t>(error)]; }

}  // namespace hourglass::http
