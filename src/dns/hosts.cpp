#include "hourglass/dns/hosts.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace hourglass::dns {

namespace {

constexpr std::string_view kBlank = " \t\r\f\v";

/// Takes a line from the front of `text`, without its end.
std::string_view take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

/// Takes a word from the front of `line`; empty when there is none.
std::string_view take_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(kBlank));
    line.remove_prefix(word.size());
    return word;
}

std::optional<HostsFile::Entry> parse_entry(std::string_view line) {
    const auto address = IpAddress::parse(take_word(line));
    if (!address) return std::nullopt;
    HostsFile::Entry entry{*address, {}};
    for (auto word = take_word(line); !word.empty(); word = take_word(line)) {
        auto name = Name::parse(word);
        if (!name || name->is_root()) return std::nullopt;
        entry.names.push_back(std::move(*name));
    }
    if (entry.names.empty()) return std::nullopt;
    return entry;
}

std::optional<unsigned> option_value(std::string_view option, std::string_view key, unsigned max) {
    if (!option.starts_with(key)) return std::nullopt;
    option.remove_prefix(key.size());
    unsigned value = 0;
    const auto [end, error] = std::from_chars(option.data(), option.data() + option.size(), value);
    if (error != std::errc{} || end != option.data() + option.size() || value == 0) return std::nullopt;
    return std::min(value, max);
}

}  // namespace

HostsFile HostsFile::parse(std::string_view text, std::size_t max_entries) {
    HostsFile hosts;
    while (!text.empty() && hosts.entries_.size() < max_entries) {
        std::string_view line = take_line(text);
        line = line.substr(0, line.find('#'));
        if (line.find_first_not_of(kBlank) == std::string_view::npos) continue;
        auto entry = parse_entry(line);
        if (!entry) {
            ++hosts.skipped_lines_;
            continue;
        }
        for (const Name& name : entry->names) {
            auto& where = hosts.by_name_[name];
            if (where.empty() || where.back() != hosts.entries_.size()) where.push_back(hosts.entries_.size());
        }
        hosts.entries_.push_back(std::move(*entry));
    }
    return hosts;
}

std::vector<const HostsFile::Entry*> HostsFile::find(const Name& name) const {
    std::vector<const Entry*> found;
    if (const auto where = by_name_.find(name); where != by_name_.end())
        for (const std::size_t i : where->second) found.push_back(&entries_[i]);
    return found;
}

ResolvConf ResolvConf::parse(std::string_view text) {
    constexpr std::size_t kMaxServers = 3;
    constexpr unsigned kMaxTimeout = 30;
    constexpr unsigned kMaxAttempts = 5;
    ResolvConf conf;
    while (!text.empty()) {
        std::string_view line = take_line(text);
        line = line.substr(0, line.find_first_of("#;"));
        const std::string_view keyword = take_word(line);
        if (keyword == "nameserver" && conf.servers.size() < kMaxServers) {
            if (const auto address = IpAddress::parse(take_word(line))) conf.servers.push_back(*address);
        } else if (keyword == "options") {
            for (auto word = take_word(line); !word.empty(); word = take_word(line)) {
                if (const auto n = option_value(word, "timeout:", kMaxTimeout)) conf.timeout = std::chrono::seconds(*n);
                if (const auto n = option_value(word, "attempts:", kMaxAttempts)) conf.attempts = *n;
            }
        }
    }
    return conf;
}

}  // namespace hourglass::dns
