#include "http/directory_page.h"

#include <algorithm>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <tuple>

#include "hourglass/http/url.h"

namespace hourglass::http::detail {

namespace {

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{0}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 54rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.25rem; font-weight: 600; overflow-wrap: anywhere; }}
table {{ width: 100%; border-collapse: collapse; }}
th {{ text-align: left; font-weight: 600; font-size: 0.875rem; opacity: 0.7; }}
th, td {{ padding: 0.3rem 0.5rem; border-bottom: 1px solid #8884; }}
td:first-child {{ overflow-wrap: anywhere; }}
th:nth-child(n + 2), td:nth-child(n + 2) {{ text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }}
a {{ text-decoration: none; }}
a:hover, a:focus {{ text-decoration: underline; }}
</style>
</head>
<body>
<h1>{0}</h1>
<table>
<thead><tr><th>Name</th><th>Size</th><th>Changed (UTC)</th></tr></thead>
<tbody>
)";
constexpr std::string_view kTail = "</tbody>\n</table>\n</body>\n</html>\n";

std::string readable_size(std::uint64_t bytes) {
    if (bytes < 1000) return fmt::format("{} B", bytes);
    double size = static_cast<double>(bytes);
    std::size_t unit = 0;
    constexpr std::string_view units = "kMGTPE";
    for (size /= 1000; size >= 999.95 && unit + 1 < units.size(); size /= 1000) ++unit;
    return fmt::format("{:.1f} {}B", size, units[unit]);
}

std::string row(const DirectoryEntry& entry) {
    const std::string_view slash = entry.is_directory ? "/" : "";
    // Relative, and without a colon that could make a scheme of the name.
    return fmt::format("<tr><td><a href=\"./{}{}\">{}{}</a></td><td>{}</td><td>{}</td></tr>\n",
                       percent_encode(entry.name), slash, escape_html(entry.name), slash,
                       entry.is_directory ? std::string() : readable_size(entry.size),
                       entry.modified ? fmt::format("{:%F %R}", *entry.modified) : std::string());
}

}  // namespace

std::string escape_html(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        switch (c) {
            case '&':
                escaped += "&amp;";
                break;
            case '<':
                escaped += "&lt;";
                break;
            case '>':
                escaped += "&gt;";
                break;
            case '"':
                escaped += "&quot;";
                break;
            case '\'':
                escaped += "&#39;";
                break;
            default:
                escaped += c;
        }
    }
    return escaped;
}

std::string directory_page(std::string_view url_path, std::vector<DirectoryEntry> entries) {
    std::ranges::sort(entries, [](const DirectoryEntry& a, const DirectoryEntry& b) {
        return std::tuple(!a.is_directory, std::string_view(a.name)) <
               std::tuple(!b.is_directory, std::string_view(b.name));
    });
    std::string page = fmt::format(kHead, escape_html(url_path));
    if (url_path != "/") page += "<tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n";
    for (const DirectoryEntry& entry : entries) page += row(entry);
    return page.append(kTail);
}

}  // namespace hourglass::http::detail
