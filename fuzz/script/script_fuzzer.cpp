// Any text is read as a script and, when it is one, performed for a while.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "hourglass/script/parser.h"
#include "hourglass/script/runner.h"

namespace {

using namespace hourglass::script;

RunOptions bounded(Profile profile) {
    RunOptions options;
    options.profile = profile;
    options.max_polls = 2000;
    options.max_rows = 100;
    options.max_buffer = 1 << 16;
    return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    ParseOptions limits;
    limits.max_events = 200;
    const auto script = parse(text, limits);
    if (!script) {
        if (script.error().to_string().empty()) __builtin_trap();
        return 0;
    }
    const Report report = run(*script, bounded(size % 2 == 0 ? Profile::rfc : Profile::linux_like));
    if (report.outcome == Outcome::syntax_error) __builtin_trap();
    if (report.outcome != Outcome::passed && report.message.empty()) __builtin_trap();
    if (to_text(report, "fuzz").empty()) __builtin_trap();
    return 0;
}
