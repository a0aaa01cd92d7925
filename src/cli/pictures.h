#pragma once

#include <CLI/App.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hourglass/trace/event_log.h"
#include "hourglass/trace/plot.h"

namespace hourglass::cli {

/// The files with pictures that a command is asked for; empty: not asked for.
struct PictureFiles {
    std::string ladder;   ///< SVG or PNG.
    std::string mermaid;  ///< Text.
    std::string states;   ///< SVG or PNG.
    std::string events;   ///< NDJSON, or qlog by its ending.
    /// Each a kind of plot and a file, SVG or PNG.
    std::vector<std::pair<std::string, std::string>> plots;

    [[nodiscard]] bool any() const { return !mermaid.empty() || !states.empty() || wants_events(); }
    /// What is drawn or written needs an event log.
    [[nodiscard]] bool wants_events() const { return !events.empty() || !plots.empty() || !ladder.empty(); }
};

/// `of_what` ends the sentences of the help: "of the client's connection".
void add_picture_options(CLI::App& app, PictureFiles& files, std::string_view of_what);

/// The two of them that an event log is enough for.
void add_event_options(CLI::App& app, PictureFiles& files);

/// The path of the first picture, the second and so on: `FILE`, `FILE-2` before the ending.
[[nodiscard]] std::string numbered_path(const std::string& path, std::size_t number);

/// Writes bytes to a file; a `Failure` says when that is not possible.
void write_file(const std::string& path, std::string_view bytes);

/// Writes an SVG picture as it is, or as PNG when the path ends with `.png`: drawn by rsvg-convert, in twice its size.
void write_picture(const std::string& path, const std::string& svg);

/// A `Failure` for a kind of plot that there is not: before anything is played.
void check_plots(const PictureFiles& files);

/// Writes the events of a log: a qlog file when the path ends with `.qlog` or `.sqlog`, else one JSON object a line.
void write_events(const std::string& path, const trace::EventLog& log);

/// Draws the plots that were asked for, of the end that sent the most. `number` as in `numbered_path`.
void write_plots(const PictureFiles& files, const trace::EventLog& log, trace::Language language, std::size_t number);

}  // namespace hourglass::cli
