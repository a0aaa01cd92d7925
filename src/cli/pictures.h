#pragma once

#include <CLI/App.hpp>
#include <cstddef>
#include <string>
#include <string_view>

namespace hourglass::cli {

/// The files with pictures that a command is asked for; empty: not asked for.
struct PictureFiles {
    std::string ladder;   ///< SVG or PNG.
    std::string mermaid;  ///< Text.
    std::string states;   ///< SVG or PNG.

    [[nodiscard]] bool any() const { return !ladder.empty() || !mermaid.empty() || !states.empty(); }
};

/// `of_what` ends the sentences of the help: "of the client's connection".
void add_picture_options(CLI::App& app, PictureFiles& files, std::string_view of_what);

/// The path of the first picture, the second and so on: `FILE`, `FILE-2` before the ending.
[[nodiscard]] std::string numbered_path(const std::string& path, std::size_t number);

/// Writes bytes to a file; a `Failure` says when that is not possible.
void write_file(const std::string& path, std::string_view bytes);

/// Writes an SVG picture as it is, or as PNG when the path ends with `.png`: drawn by rsvg-convert, in twice its size.
void write_picture(const std::string& path, const std::string& svg);

}  // namespace hourglass::cli
