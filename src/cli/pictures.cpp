#include "cli/pictures.h"

#include <array>
#include <asio/io_context.hpp>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <unistd.h>
#include <vector>

#include "cli/command.h"
#include "cli/terminal.h"
#include "hourglass/lab/scenario.h"
#include "hourglass/runtime/child_process.h"
#include "hourglass/trace/event_json.h"

namespace hourglass::cli {

namespace {

constexpr double kMostPixels = 30000;  // of a side: the drawing library ends at 32,767
constexpr auto kPatience = std::chrono::seconds(60);

/// A file for what another program reads; gone when this is.
class TemporaryFile {
  public:
    explicit TemporaryFile(std::string_view bytes)
        : path_((std::filesystem::temp_directory_path() / "hourglass-XXXXXX").string()) {
        const int file = ::mkstemp(path_.data());
        if (file < 0) throw Failure{kFailure, fmt::format("'{}': no temporary file can be made there", path_)};
        ::close(file);
        write_file(path_, bytes);
    }
    ~TemporaryFile() { std::filesystem::remove(path_, ignored_); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
    std::error_code ignored_;
};

/// The height that the picture says it has.
double height_of(std::string_view svg) {
    constexpr std::string_view kName = " height=\"";
    const std::size_t at = svg.find(kName);
    return at == svg.npos ? 0 : std::atof(std::string(svg.substr(at + kName.size(), 16)).c_str());
}

void write_png(const std::string& path, const std::string& svg) {
    write_file(path, "");  // so that a path that cannot be written is told as everywhere
    const TemporaryFile source(svg);
    const std::vector<std::string> command{"rsvg-convert", "--format=png",
                                           height_of(svg) * 2 > kMostPixels ? "--zoom=1" : "--zoom=2",
                                           "--output=" + path, source.path()};
    asio::io_context context;
    auto child = runtime::ChildProcess::start(context, command, {}, runtime::ChildOutput::to_standard_error);
    if (!child && child.error().code.value() == ENOENT)
        throw Failure{kFailure,
                      "PNG pictures need the program rsvg-convert (Debian: apt-get install librsvg2-bin); or give a "
                      "path that ends in .svg"};
    if (!child) throw Failure{kFailure, child.error().message};
    int code = -1;
    (*child)->on_exit([&](int ended_with) { code = ended_with; });
    context.run_for(kPatience);
    if (code != 0) throw Failure{kFailure, fmt::format("rsvg-convert could not draw '{}' (exit code {})", path, code)};
}

}  // namespace

void add_picture_options(CLI::App& app, PictureFiles& files, std::string_view of_what) {
    app.add_option("--svg", files.ladder, fmt::format("Draw the ladder {} (SVG, or PNG by its ending)", of_what))
        ->type_name("FILE");
    app.add_option("--states", files.states,
                   fmt::format("Draw the state diagram with the walked path {} (SVG or PNG)", of_what))
        ->type_name("FILE");
    app.add_option("--mermaid", files.mermaid,
                   fmt::format("Write the ladder {} as a Mermaid sequence diagram", of_what))
        ->type_name("FILE");
    add_event_options(app, files);
}

void add_event_options(CLI::App& app, PictureFiles& files) {
    app.add_option("--plot", files.plots,
                   "Plot what the busiest end sent over time (SVG or PNG): 'sequence' for the time-sequence graph, "
                   "'window' for cwnd, flight and what held the sender, 'rtt', 'throughput', or 'all'; may be repeated")
        ->type_name("KIND FILE");
    app.add_option("--events", files.events,
                   "Write every event with its cause and clause: one JSON object a line, or qlog by the ending .sqlog")
        ->type_name("FILE");
}

void check_plots(const PictureFiles& files) {
    static constexpr std::array<std::string_view, 5> kNames{"sequence", "window", "rtt", "throughput", "all"};
    for (const auto& [kind, path] : files.plots)
        if (!trace::plot_kind_named(kind))
            throw Failure{kBadInput,
                          fmt::format("--plot: there is no plot '{}'; did you mean '{}'? They are {}", printable(kind),
                                      lab::nearest_of(kind, kNames), fmt::join(kNames, ", "))};
}

void write_plots(const PictureFiles& files, const trace::EventLog& log, trace::Language language, std::size_t number) {
    const trace::EndIndex end = trace::busiest_end(log);
    if (end == trace::kNoEnd) throw Failure{kFailure, "there is nothing to plot: no TCP connection sent any data"};
    for (const auto& [kind, path] : files.plots)
        write_picture(numbered_path(path, number),
                      trace::plot(log, end, *trace::plot_kind_named(kind), {.language = language}));
}

std::string numbered_path(const std::string& path, std::size_t number) {
    if (number == 0) return path;
    const std::size_t slash = path.rfind('/');
    std::size_t dot = path.rfind('.');
    if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) dot = path.size();
    return fmt::format("{}-{}{}", path.substr(0, dot), number + 1, path.substr(dot));
}

void write_file(const std::string& path, std::string_view bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.flush();
    if (!file) throw Failure{kBadInput, fmt::format("'{}' can't be written; give a path in a folder of yours", path)};
}

void write_events(const std::string& path, const trace::EventLog& log) {
    std::ofstream file(path, std::ios::binary);
    if (path.ends_with(".qlog") || path.ends_with(".sqlog"))
        trace::write_qlog(log, file);
    else
        trace::write_ndjson(log, file);
    file.flush();
    if (!file) throw Failure{kBadInput, fmt::format("'{}' can't be written; give a path in a folder of yours", path)};
}

void write_picture(const std::string& path, const std::string& svg) {
    if (path.ends_with(".png") || path.ends_with(".PNG"))
        write_png(path, svg);
    else
        write_file(path, svg);
}

}  // namespace hourglass::cli
