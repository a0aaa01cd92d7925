#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "hourglass/http/error.h"

// The corpus of messages that recipients have read in different ways: tests/http/smuggling/*.txt, a file a class. An
// entry is
//
//     [name]
//     verdict: reject duplicate_content_length
//     clause: RFC 9112, section 6.3, item 5
//     | POST / HTTP/1.1
//     | Host: a
//     |
//     | hello
//
// Behind "| " stands a line of the message, to which CRLF is added unless it ends in a backslash. \r, \n, \t, \\ and
// \xHH are bytes, and \{N:text} is text N times. Verdicts:
//
//     reject ERROR   the message is refused with this error, and no request is read
//     refuse ERROR   it can be parsed, but a server refuses it and closes
//     accept         it is one message; "body:" gives its content, "handled:" the number of requests that a server
//                    answers when another one follows (2 unless it says otherwise)
//     waits          it is not complete: what follows is part of it

namespace hourglass::http::test {

struct SmugglingCase {
    enum class Verdict : std::uint8_t { reject, refuse, accept, waits };
    std::string group;  ///< the file's name without its ending
    std::string name;
    std::string clause;
    Verdict verdict = Verdict::accept;
    std::string error;  ///< its name, for reject and refuse
    std::optional<std::string> body;
    int handled = 2;
    std::string message;
};

/// Names the case where a test fails.
inline void PrintTo(const SmugglingCase& c, std::ostream* out) { *out << c.group << "/" << c.name; }

/// All entries; throws when a file cannot be read or understood.
std::vector<SmugglingCase> load_smuggling_corpus();

/// The error of that name; throws when there is none.
Error error_by_name(const std::string& name);

/// What follows each message of the corpus: a request that no part of it may swallow or double.
inline constexpr const char* kNextRequest = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";

}  // namespace hourglass::http::test
