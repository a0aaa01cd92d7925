#include "http/smuggling.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string_view>

namespace hourglass::http::test {

namespace {

namespace fs = std::filesystem;

/// The bytes of a line of a message.
std::string unescape(std::string_view text) {
    std::string bytes;
    while (!text.empty()) {
        const char c = text.front();
        text.remove_prefix(1);
        if (c != '\\') {
            bytes += c;
            continue;
        }
        if (text.empty()) throw std::runtime_error("an escape without an end");
        const char kind = text.front();
        text.remove_prefix(1);
        if (kind == 'x') {
            bytes += static_cast<char>(std::stoi(std::string(text.substr(0, 2)), nullptr, 16));
            text.remove_prefix(2);
        } else if (kind == '{') {
            const std::size_t colon = text.find(':');
            const std::size_t end = text.find('}');
            const std::string piece = unescape(text.substr(colon + 1, end - colon - 1));
            for (int n = std::stoi(std::string(text.substr(0, colon))); n > 0; --n) bytes += piece;
            text.remove_prefix(end + 1);
        } else {
            constexpr std::string_view kinds = "rnt\\";
            constexpr std::string_view meanings = "\r\n\t\\";
            const std::size_t at = kinds.find(kind);
            if (at == std::string_view::npos) throw std::runtime_error(std::string("no such escape: ") + kind);
            bytes += meanings[at];
        }
    }
    return bytes;
}

/// True when the line ends in one backslash that no other one escapes.
bool goes_on(std::string_view line) {
    const std::size_t last = line.find_last_not_of('\\');
    return (line.size() - (last == std::string_view::npos ? 0 : last + 1)) % 2 == 1;
}

void take_verdict(SmugglingCase& c, const std::string& text) {
    using Verdict = SmugglingCase::Verdict;
    const std::size_t space = text.find(' ');
    const std::string word = text.substr(0, space);
    if (space != std::string::npos) c.error = text.substr(space + 1);
    if (word == "reject") return void(c.verdict = Verdict::reject);
    if (word == "refuse") return void(c.verdict = Verdict::refuse);
    if (word == "accept") return void(c.verdict = Verdict::accept);
    if (word == "waits") return void(c.verdict = Verdict::waits);
    throw std::runtime_error("no such verdict: " + text);
}

void take_line(SmugglingCase& c, std::string line) {
    if (line.starts_with("|")) {
        line.erase(0, std::min<std::size_t>(2, line.size()));
        const bool open = goes_on(line);
        if (open) line.pop_back();
        c.message += unescape(line) + (open ? "" : "\r\n");
        return;
    }
    const std::size_t colon = line.find(':');
    const std::string key = line.substr(0, colon);
    const std::string value = line.size() > colon + 2 ? line.substr(colon + 2) : std::string();
    if (key == "verdict") return take_verdict(c, value);
    if (key == "clause") return void(c.clause = value);
    if (key == "body") return void(c.body = value);
    if (key == "handled") return void(c.handled = std::stoi(value));
    throw std::runtime_error("not understood: " + line);
}

void load_file(const fs::path& path, std::vector<SmugglingCase>& cases) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error("can't read " + path.string());
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line.starts_with('#')) continue;
        if (line.starts_with('[')) {
            cases.emplace_back();
            cases.back().group = path.stem().string();
            cases.back().name = line.substr(1, line.size() - 2);
        } else {
            take_line(cases.back(), line);
        }
    }
}

}  // namespace

std::vector<SmugglingCase> load_smuggling_corpus() {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(HOURGLASS_SMUGGLING_CORPUS)) files.push_back(entry.path());
    std::ranges::sort(files);
    std::vector<SmugglingCase> cases;
    for (const fs::path& path : files) load_file(path, cases);
    return cases;
}

Error error_by_name(const std::string& name) {
    for (int i = 0; i <= static_cast<int>(Error::tunnel_refused); ++i)
        if (info(static_cast<Error>(i)).name == name) return static_cast<Error>(i);
    throw std::runtime_error("no such error: " + name);
}

}  // namespace hourglass::http::test
