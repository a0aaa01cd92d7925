#include "cli/lab_pictures.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "hourglass/trace/mermaid.h"
#include "hourglass/trace/state_diagram.h"
#include "hourglass/trace/svg.h"

namespace hourglass::cli {

namespace {

/// The ladders of connections that the lesson shows.
std::vector<lab::LadderPart> ladders_of(const lab::Lesson& lesson) {
    std::vector<lab::LadderPart> all;
    for (const lab::Part& part : lesson.parts)
        if (const auto* ladder = std::get_if<lab::LadderPart>(&part); ladder != nullptr && ladder->connection)
            all.push_back(*ladder);
    if (!all.empty()) return all;
    for (std::size_t i = 0; i < lesson.recordings.size(); ++i)
        if (!lesson.recordings[i].recorder->connections().empty()) all.push_back({.recording = i, .connection = 0});
    return all;
}

void write_ladders(const lab::Lesson& lesson, const PictureFiles& files, bool absolute) {
    std::size_t number = 0;
    for (const lab::LadderPart& part : ladders_of(lesson)) {
        const trace::Recorder& recorder = *lesson.recordings[part.recording].recorder;
        if (!files.ladder.empty()) {
            trace::SvgOptions options;
            options.absolute = absolute;
            options.language = lesson.language;
            options.fold_after = part.fold_after;
            options.remarks = part.remarks;
            options.from = part.from;
            options.until = part.until;
            options.events = lesson.recordings[part.recording].events.get();
            write_picture(numbered_path(files.ladder, number), trace::svg_ladder(recorder, *part.connection, options));
        }
        if (!files.mermaid.empty()) {
            trace::MermaidOptions options;
            options.absolute = absolute;
            options.language = lesson.language;
            options.fold_after = part.fold_after;
            options.remarks = part.remarks;
            options.from = part.from;
            options.until = part.until;
            write_file(numbered_path(files.mermaid, number), trace::mermaid(recorder, *part.connection, options));
        }
        ++number;
    }
}

/// One for each connection, though the lesson may show it in several ladders.
void write_states(const lab::Lesson& lesson, const PictureFiles& files) {
    std::vector<std::pair<std::size_t, trace::ConnectionIndex>> drawn;
    for (const lab::LadderPart& part : ladders_of(lesson)) {
        const std::pair connection(part.recording, *part.connection);
        if (std::ranges::find(drawn, connection) != drawn.end()) continue;
        write_picture(numbered_path(files.states, drawn.size()),
                      trace::state_diagram(*lesson.recordings[part.recording].recorder, *part.connection,
                                           {.language = lesson.language}));
        drawn.push_back(connection);
    }
}

}  // namespace

void write_pictures(const lab::Lesson& lesson, const PictureFiles& files, bool absolute) {
    if (!files.any()) return;
    for (std::size_t i = 0; !files.events.empty() && i < lesson.recordings.size(); ++i)
        write_events(numbered_path(files.events, i), *lesson.recordings[i].events);
    const bool draws = !files.ladder.empty() || !files.mermaid.empty() || !files.states.empty();
    if (draws && ladders_of(lesson).empty()) throw Failure{kBadInput, "this scenario has no TCP connection to draw"};
    write_ladders(lesson, files, absolute);
    if (!files.states.empty()) write_states(lesson, files);
    std::size_t networks = 0;
    for (const lab::Recording& recording : lesson.recordings)
        if (!files.plots.empty() && trace::busiest_end(*recording.events) != trace::kNoEnd)
            write_plots(files, *recording.events, lesson.language, networks++);
    if (!files.plots.empty() && networks == 0)
        throw Failure{kBadInput, "there is nothing to plot: no TCP connection of this scenario sent any data"};
}

}  // namespace hourglass::cli
