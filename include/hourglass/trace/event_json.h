#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "hourglass/trace/event_log.h"

namespace hourglass::trace {

/// `tcp:segment_sent`, `tcp:blocked_updated` ...: the name of an event as docs/events.md lists them.
[[nodiscard]] std::string_view name_of(const Event& event);

/// An event as one JSON object (RFC 8259) in qlog's shape (draft-ietf-quic-qlog-main-schema), without a line end. Times
/// are milliseconds since the clock's epoch. The schema is docs/events.md.
[[nodiscard]] std::string to_json(const EventLog& log, const Event& event);

/// All events, a line each (NDJSON).
void write_ndjson(const EventLog& log, std::ostream& out);

/// All events as a sequential qlog file (JSON text sequences, RFC 7464): a header, then a record each.
void write_qlog(const EventLog& log, std::ostream& out, std::string_view title = "Hourglass");

}  // namespace hourglass::trace
