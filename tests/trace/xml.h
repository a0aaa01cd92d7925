#pragma once

#include <cctype>
#include <string>
#include <string_view>
#include <vector>

namespace hourglass::trace {

/// Why text is no well-formed XML, as far as pictures have of it; empty when it is.
inline std::string xml_fault(std::string_view text) {
    std::vector<std::string> open;
    while (!text.empty()) {
        if (text.starts_with('&')) {
            const auto end = text.find(';');
            const auto name = end == text.npos ? "" : text.substr(1, end - 1);
            if (name != "amp" && name != "lt" && name != "gt" && name != "quot") return "a bare ampersand";
            text.remove_prefix(end + 1);
            continue;
        }
        if (!text.starts_with('<')) {
            text.remove_prefix(1);
            continue;
        }
        const auto end = text.find('>');
        if (end == text.npos) return "a tag without end";
        const std::string_view tag = text.substr(1, end - 1);
        text.remove_prefix(end + 1);
        if (tag.find('<') != tag.npos) return "a tag in a tag: " + std::string(tag);
        std::size_t quotes = 0;
        for (const char c : tag) quotes += c == '"' ? 1 : 0;
        if (quotes % 2 != 0) return "quotes: " + std::string(tag);
        const bool closes = tag.starts_with('/');
        std::string name;
        for (const char c : tag.substr(closes ? 1 : 0)) {
            if (std::isspace(static_cast<unsigned char>(c)) || c == '/') break;
            name += c;
        }
        if (closes) {
            if (open.empty() || open.back() != name) return "closed and not open: " + name;
            open.pop_back();
        } else if (!tag.ends_with('/')) {
            open.push_back(name);
        }
    }
    return open.empty() ? "" : "not closed: " + open.back();
}

/// How often `what` stands in `text`.
inline std::size_t count(std::string_view text, std::string_view what) {
    std::size_t found = 0;
    for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++found;
    return found;
}

}  // namespace hourglass::trace
