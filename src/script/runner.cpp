#include "hourglass/script/runner.h"

#include <algorithm>
#include <fmt/format.h>

#include "hourglass/script/parser.h"
#include "script/run.h"

namespace hourglass::script {

std::string_view to_string(Outcome outcome) {
    switch (outcome) {
        case Outcome::passed:
            return "passed";
        case Outcome::failed:
            return "failed";
        case Outcome::unsupported:
            return "unsupported";
        case Outcome::syntax_error:
            return "syntax error";
    }
    return "";
}

Report run(std::string_view text, const RunOptions& options) {
    ParseOptions parse_options;
    parse_options.defines = options.defines;
    const auto script = parse(text, parse_options);
    if (script) return run(*script, options);
    Report report;
    report.outcome = Outcome::syntax_error;
    report.position = script.error().position;
    report.message = fmt::format("expected {}, found {}", script.error().expected, script.error().found);
    return report;
}

Report run(const Script& script, const RunOptions& options) {
    Report report;
    Run run(script, options, report);
    try {
        run.perform();
    } catch (Stop& stop) {
        report.outcome = stop.kind == Stop::Kind::failed ? Outcome::failed : Outcome::unsupported;
        report.position = stop.position.value_or(run.position());
        report.message = std::move(stop.message);
        report.expected = std::move(stop.expected);
        report.actual = std::move(stop.actual);
        if (report.outcome == Outcome::failed) run.note_unseen();
    }
    report.virtual_time = run.elapsed();
    std::ranges::stable_sort(report.rows, {}, &Row::at);
    return report;
}

namespace {

std::string row_text(const Row& row) {
    static constexpr std::string_view kMarks[] = {"call", "  <-", "->  ", "note"};
    return fmt::format("  {:>12.6f}  {}  {}\n", to_seconds(row.at), kMarks[static_cast<std::size_t>(row.kind)],
                       row.text);
}

}  // namespace

std::string to_text(const Report& report, std::string_view file, std::size_t rows) {
    if (report.outcome == Outcome::passed) return fmt::format("{}: passed\n", file);
    std::string text = fmt::format("{}:{}:{}: {}: {}\n", file, report.position.line, report.position.column,
                                   to_string(report.outcome), report.message);
    if (report.outcome != Outcome::failed) return text;
    if (!report.expected.empty()) text += fmt::format("  expected  {}\n", report.expected);
    if (!report.actual.empty()) text += fmt::format("  actual    {}\n", report.actual);
    const std::size_t shown = std::min(rows, report.rows.size());
    if (shown > 0) text += shown < report.rows.size() ? "What happened last:\n" : "What happened:\n";
    for (std::size_t i = report.rows.size() - shown; i < report.rows.size(); ++i) text += row_text(report.rows[i]);
    return text;
}

std::string ladder(const Report& report) {
    std::string text;
    for (const Row& row : report.rows) text += row_text(row);
    return text;
}

}  // namespace hourglass::script
