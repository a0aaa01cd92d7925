#include "script/commands.h"

#include <algorithm>
#include <charconv>

namespace hourglass::script {

namespace {

constexpr int kMaxDepth = 8;  // files that include files

std::string_view trim(std::string_view text) {
    constexpr std::string_view blank = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(blank);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

/// A line's words: quotes hold together and go, redirections and comments go.
std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    std::string word;
    bool open = false;
    char quote = '\0';
    int parentheses = 0;
    for (const char c : line) {
        if (quote != '\0' || parentheses > 0) {
            if (c == quote) {
                quote = '\0';
                continue;
            }
            parentheses += c == '(' ? 1 : c == ')' ? -1 : 0;
            word += c;
        } else if (c == '"' || c == '\'') {
            quote = c;
            open = true;
        } else if (c == ' ' || c == '\t') {
            if (open || !word.empty()) words.push_back(word);
            word.clear();
            open = false;
        } else if (c == '#' && word.empty()) {
            break;
        } else {
            parentheses += c == '(' && word.ends_with('$') ? 1 : 0;
            word += c;
        }
    }
    if (open || !word.empty()) words.push_back(word);
    return words;
}

/// `$((15*1024*1024))` in a value: products of numbers.
std::string arithmetic(std::string value) {
    for (std::size_t begin; (begin = value.find("$((")) != std::string::npos;) {
        const std::size_t end = value.find("))", begin);
        if (end == std::string::npos) break;
        std::string_view inside = std::string_view(value).substr(begin + 3, end - begin - 3);
        std::uint64_t product = 1;
        while (!inside.empty()) {
            const std::size_t star = std::min(inside.find('*'), inside.size());
            const std::string_view factor = trim(inside.substr(0, star));
            std::uint64_t number = 0;
            std::from_chars(factor.data(), factor.data() + factor.size(), number);
            product *= number;
            inside.remove_prefix(std::min(star + 1, inside.size()));
        }
        value.replace(begin, end + 2 - begin, std::to_string(product));
    }
    return value;
}

std::string dotted(std::string_view name) {
    if (name.starts_with("/proc/sys/")) name.remove_prefix(10);
    std::string result(name);
    std::ranges::replace(result, '/', '.');
    return result;
}

bool ends_with_name(std::string_view path, std::string_view name) {
    return path == name || (path.ends_with(name) && path[path.size() - name.size() - 1] == '/');
}

class Reader {
  public:
    Reader(CommandEffect& effect, const FileReader& read_file) : effect_(effect), read_file_(read_file) {}

    void lines(std::string_view text, int depth) {
        while (!text.empty()) {
            const std::size_t end = end_of_command(text);
            command(trim(text.substr(0, end)), depth);
            text.remove_prefix(std::min(end + 1, text.size()));
        }
    }

  private:
    /// At a line end, `;`, `&` or `|` outside quotes. `&&` leaves an empty command, which is nothing.
    static std::size_t end_of_command(std::string_view text) {
        char quote = '\0';
        bool comment = false;
        for (std::size_t i = 0; i < text.size(); ++i) {
            const char c = text[i];
            if (c == '\n' && (quote == '\0' || comment)) return i;
            if (comment) continue;
            if (quote != '\0') {
                quote = c == quote ? '\0' : quote;
            } else if (c == '"' || c == '\'') {
                quote = c;
            } else if (c == '#' && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\n')) {
                comment = true;
            } else if (c == ';' || (c == '&' && (i == 0 || text[i - 1] != '>')) || c == '|') {
                return i;
            }
        }
        return text.size();
    }

    void command(std::string_view line, int depth) {
        std::vector<std::string> words = words_of(line);
        std::erase_if(words, [](const std::string& w) {
            return w == "sudo" || w.starts_with("2>") || w.starts_with(">/dev/null") || w.starts_with("&>");
        });
        if (words.empty() || line.starts_with('#')) return;
        const std::string& name = words.front();
        if (name == "sysctl") return sysctl(words);
        if (name == "echo") return echo(words, line);
        if (ends_with_name(name, "set_sysctls.py")) return assignments(words, line);
        if (name == "sleep" && words.size() == 2) return sleep(words[1]);
        if (makes_no_difference(words)) return;
        if (name == "source" || name == ".") return file(words.size() > 1 ? words[1] : "", line, depth);
        if (name.ends_with(".sh")) return file(name, line, depth);
        unsupported(line);
    }

    static bool makes_no_difference(const std::vector<std::string>& words) {
        const std::string& name = words.front();
        if (name == "true" || name == ":" || name == "nstat" || name == "set" || name == "exit") return true;
        if (name.find("sysctl_restore_") != std::string::npos) return true;
        if (name == "ip" && words.size() > 1) return words[1] == "tcp_metrics";
        return name == "tc" || name == "ethtool";  // the device has no queueing discipline and cuts nothing
    }

    void sysctl(const std::vector<std::string>& words) {
        for (std::size_t i = 1; i < words.size(); ++i) {
            if (words[i] == ">" || words[i].starts_with("/dev/null")) break;
            if (words[i].starts_with('-')) continue;
            const std::size_t equals = words[i].find('=');
            if (equals != std::string::npos) {
                assign(words[i].substr(0, equals), words[i].substr(equals + 1));
            } else if (i + 2 < words.size() && words[i + 1] == "=") {  // name = value
                assign(words[i], words[i + 2]);
                i += 2;
            }
        }
    }

    void echo(const std::vector<std::string>& words, std::string_view line) {
        std::string value;
        for (std::size_t i = 1; i < words.size(); ++i) {
            const bool joined = words[i].starts_with('>') && words[i].size() > 1;
            if (words[i] == ">" || joined) {
                const std::string target = joined ? words[i].substr(1) : i + 1 < words.size() ? words[i + 1] : "";
                if (target.starts_with("/proc/sys/")) return assign(target, value);
                break;
            }
            if (words[i] != "-n") value += (value.empty() ? "" : " ") + words[i];
        }
        if (line.find('>') != std::string_view::npos) unsupported(line);
    }

    void assignments(const std::vector<std::string>& words, std::string_view line) {
        for (std::size_t i = 1; i < words.size(); ++i) {
            const std::size_t equals = words[i].find('=');
            if (equals == std::string::npos) return unsupported(line);
            assign(words[i].substr(0, equals), words[i].substr(equals + 1));
        }
    }

    void assign(std::string_view name, std::string value) {
        effect_.sysctls.push_back({dotted(name), arithmetic(std::move(value))});
    }

    void sleep(std::string_view text) {
        double seconds = 0;
        const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), seconds);
        if (fault == std::errc{} && seconds >= 0 && seconds < 1e6)
            effect_.sleep += std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
    }

    void file(std::string_view name, std::string_view line, int depth) {
        if (depth >= kMaxDepth) return unsupported(line);
        if (const auto text = read_file_(name)) return lines(*text, depth + 1);
        // The file that most public scripts begin with. What it sets is what the profiles have.
        if (!ends_with_name(name, "defaults.sh")) unsupported(line);
    }

    void unsupported(std::string_view line) { effect_.unsupported.emplace_back(line); }

    CommandEffect& effect_;
    const FileReader& read_file_;
};

}  // namespace

CommandEffect read_commands(std::string_view text, const FileReader& read_file) {
    CommandEffect effect;
    Reader(effect, read_file).lines(text, 0);
    return effect;
}

bool is_without_effect(std::string_view sysctl) {
    // Caches between connections, batching for devices, memory pressure, features that are always off here.
    static constexpr std::string_view kNames[] = {"net.ipv4.tcp_no_metrics_save",
                                                  "net.ipv4.tcp_min_tso_segs",
                                                  "net.ipv4.tcp_tso_win_divisor",
                                                  "net.ipv4.tcp_tso_rtt_log",
                                                  "net.ipv4.tcp_fack",
                                                  "net.ipv4.tcp_mem",
                                                  "net.ipv4.udp_mem",
                                                  "net.ipv4.tcp_limit_output_bytes",
                                                  "net.ipv4.tcp_autocorking",
                                                  "net.ipv4.tcp_low_latency",
                                                  "net.ipv4.tcp_workaround_signed_windows",
                                                  "net.ipv4.tcp_app_win",
                                                  "net.ipv4.tcp_max_orphans",
                                                  "net.ipv4.tcp_pacing_ss_ratio",
                                                  "net.ipv4.tcp_pacing_ca_ratio",
                                                  "net.ipv4.tcp_available_congestion_control",
                                                  "net.ipv4.tcp_allowed_congestion_control",
                                                  "net.ipv4.tcp_fastopen_blackhole_timeout_sec",
                                                  "net.ipv4.tcp_moderate_rcvbuf",
                                                  "net.ipv4.ip_local_port_range",
                                                  "net.core.netdev_max_backlog",
                                                  "net.core.default_qdisc",
                                                  "net.core.optmem_max"};
    return std::ranges::find(kNames, sysctl) != std::end(kNames);
}

}  // namespace hourglass::script
