#include "hourglass/script/suite.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

namespace hourglass::script {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxFile = 16 << 20;

std::optional<std::string> read_file(const fs::path& path) {
    std::error_code fault;
    if (!fs::is_regular_file(path, fault) || fs::file_size(path, fault) > kMaxFile || fault) return std::nullopt;
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) return std::nullopt;
    return text.str();
}

Result run_file(const std::string& file, RunOptions options) {
    const auto begin = std::chrono::steady_clock::now();
    const fs::path folder = fs::path(file).parent_path();
    options.read_file = [&folder](std::string_view name) { return read_file(folder / name); };
    Result result{file, {}, {}};
    if (const auto text = read_file(file)) {
        result.report = run(*text, options);
    } else {
        result.report.outcome = Outcome::syntax_error;
        result.report.message = "can't be read";
    }
    result.took = std::chrono::steady_clock::now() - begin;
    return result;
}

struct Counts {
    std::size_t passed = 0, failed = 0, unsupported = 0;
    Duration took{};

    void add(const Result& result) {
        ++(result.report.outcome == Outcome::passed        ? passed
           : result.report.outcome == Outcome::unsupported ? unsupported
                                                           : failed);
        took += result.took;
    }
};

std::string line(std::string_view name, std::size_t width, const Counts& c) {
    return fmt::format("{:<{}}  {:>7}  {:>7}  {:>11}  {:>7.1f} ms\n", name, width, c.passed, c.failed, c.unsupported,
                       to_seconds(c.took) * 1000);
}

}  // namespace

std::expected<std::vector<std::string>, std::string> find_scripts(const std::string& path) {
    std::error_code fault;
    if (!fs::is_directory(path, fault)) {
        if (!fs::exists(path, fault)) return std::unexpected(fmt::format("there is no file or folder '{}'", path));
        return std::vector{path};
    }
    std::vector<std::string> files;
    for (fs::recursive_directory_iterator i(path, fault), end; !fault && i != end; i.increment(fault))
        if (i->path().extension() == ".pkt" && i->is_regular_file(fault)) files.push_back(i->path().string());
    if (fault) return std::unexpected(fmt::format("{}: {}", path, fault.message()));
    if (files.empty()) return std::unexpected(fmt::format("there is no script (*.pkt) below '{}'", path));
    std::ranges::sort(files);
    return files;
}

std::vector<Result> run_files(const std::vector<std::string>& files, const RunOptions& options, std::size_t threads) {
    if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
    std::vector<Result> results(files.size());
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (std::size_t i; (i = next.fetch_add(1)) < files.size();) results[i] = run_file(files[i], options);
    };
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < std::min(threads, files.size()); ++i) others.emplace_back(work);
    work();
    others.clear();
    return results;
}

std::string table(const std::vector<Result>& results) {
    std::map<std::string, Counts> folders;
    Counts all;
    for (const Result& result : results) {
        folders[fs::path(result.file).parent_path().string()].add(result);
        all.add(result);
    }
    std::size_t width = 6;
    for (const auto& [name, counts] : folders) width = std::max(width, name.size());
    std::string text = fmt::format("{:<{}}  {:>7}  {:>7}  {:>11}  {:>10}\n", "folder", width, "passed", "failed",
                                   "unsupported", "time");
    for (const auto& [name, counts] : folders) text += line(name.empty() ? "." : name, width, counts);
    return text + line("all", width, all);
}

std::string to_json(const std::vector<Result>& results) {
    using nlohmann::json;
    json scripts = json::array();
    Counts all;
    for (const Result& result : results) {
        const Report& r = result.report;
        all.add(result);
        json script = {{"file", result.file},
                       {"outcome", to_string(r.outcome)},
                       {"seconds", to_seconds(result.took)},
                       {"virtual_seconds", to_seconds(r.virtual_time)}};
        if (r.outcome != Outcome::passed) {
            script["line"] = r.position.line;
            script["column"] = r.position.column;
            script["message"] = r.message;
        }
        if (!r.expected.empty()) script["expected"] = r.expected;
        if (!r.actual.empty()) script["actual"] = r.actual;
        scripts.push_back(std::move(script));
    }
    const json document = {{"scripts", std::move(scripts)},
                           {"summary",
                            {{"passed", all.passed},
                             {"failed", all.failed},
                             {"unsupported", all.unsupported},
                             {"seconds", to_seconds(all.took)}}}};
    return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace hourglass::script
