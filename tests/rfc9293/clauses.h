#pragma once

#include <algorithm>

#include "tcp/single.h"

/// The tests of this folder are named after the clauses of RFC 9293, appendix B, that they hold the stack to:
/// MUST_12_... is for MUST-12. docs/rfc9293.md lists every clause; tools/clauses.sh compares the two.
class Rfc9293 : public hourglass::tcp::testing::Single {
  public:
    static std::string text(std::size_t n) { return std::string(n, 'x'); }
    template <typename Change>
    void tune(Change&& change) {
        hourglass::tcp::Tuning t = app.stream.tuning();
        change(t);
        app.stream.tune(t);
        poll();
    }
    void send_now(std::string_view data) {
        send(data);
        poll();
    }
    /// Segments that were sent and not looked at yet.
    std::vector<std::string> all_out() {
        std::vector<std::string> lines;
        for (std::string line = out(); line != "nothing"; line = out()) lines.push_back(line);
        return lines;
    }
    bool was_told(std::string_view what) const { return std::ranges::find(app.log, what) != app.log.end(); }
};
