#pragma once

#include <cstdint>
#include <string_view>

#include "hourglass/http/status.h"

namespace hourglass::http {

/// Why a message is refused. Every one has a status to answer with, the clause that it breaks, and a line for people.
enum class Error : std::uint8_t {
    // The start line.
    too_many_empty_lines,
    invalid_method,
    method_too_long,
    invalid_target,
    start_line_too_long,
    invalid_version,
    unsupported_version,
    invalid_status_line,
    // Field lines.
    leading_whitespace,
    obsolete_fold,
    whitespace_before_colon,
    invalid_field_name,
    invalid_field_value,
    bare_carriage_return,
    bare_line_feed,
    field_section_too_large,
    too_many_fields,
    // Host.
    missing_host,
    duplicate_host,
    invalid_host,
    // The message's length.
    invalid_content_length,
    duplicate_content_length,
    transfer_encoding_with_content_length,
    transfer_encoding_in_http_1_0,
    unknown_transfer_coding,
    chunked_not_final,
    // The body.
    content_too_large,
    invalid_chunk_size,
    invalid_chunk_extension,
    chunk_extensions_too_large,
    invalid_chunk_end,
    forbidden_trailer,
    incomplete_message,
    request_too_slow,
    // What a server does not do.
    unknown_expectation,
    tunnel_refused,
};

/// What there is to know about an error.
struct ErrorInfo {
    Status status;            ///< what a server answers
    std::string_view name;    ///< the enumerator, for counters and logs
    std::string_view clause;  ///< "RFC 9112, section 6.3"
    std::string_view text;    ///< what is wrong, one line
};

[[nodiscard]] const ErrorInfo& info(Error error) noexcept;

}  // namespace hourglass::http
