#include "trace/ladder_label.h"

#include <cmath>
#include <fmt/format.h>
#include <utility>

#include "trace/text.h"

namespace hourglass::trace {

namespace {

std::uint32_t shown(tcp::Seq seq, const std::optional<tcp::Seq>& initial, bool absolute) {
    return absolute || !initial ? seq.raw() : (seq - initial->raw()).raw();
}

/// In octets where both ends scale (RFC 7323, section 2.2); a SYN's own window is never scaled.
std::uint32_t window_of(const TcpSummary& tcp, const ConnectionEnd& sender, const ConnectionEnd& receiver) {
    const bool scaled = !tcp.flags.syn() && sender.window_scale && receiver.window_scale;
    return scaled ? static_cast<std::uint32_t>(tcp.window) << std::min<unsigned>(*sender.window_scale, 14) : tcp.window;
}

/// In a SYN all options; later those that tell something new: timestamps would stand on every rung.
std::string options_of(const TcpSummary& tcp, const std::optional<tcp::Seq>& peer_initial, bool absolute) {
    wire::TcpOptions options = tcp.options;
    if (!tcp.flags.syn()) options.timestamps.reset();
    const auto texts = option_texts(options, absolute || !peer_initial ? tcp::Seq(0) : *peer_initial);
    return texts.empty() ? std::string() : fmt::format("<{}>", fmt::join(texts, ", "));
}

std::vector<std::string> words_of(const PacketTrip& trip, const ConnectionTrace& connection, bool absolute) {
    const TcpSummary& tcp = *trip.summary.tcp;
    const ConnectionEnd& sender = connection.end(trip.summary.source);
    const ConnectionEnd& receiver = connection.end(trip.summary.destination);
    std::vector<std::string> words{flag_text(tcp.flags)};
    words.push_back(fmt::format("seq={}", shown(tcp.seq, sender.initial_seq, absolute)));
    if (tcp.flags.ack()) words.push_back(fmt::format("ack={}", shown(tcp.ack, receiver.initial_seq, absolute)));
    if (tcp.length > 0) words.push_back(fmt::format("len={}", tcp.length));
    if (!tcp.flags.rst()) words.push_back(fmt::format("win={}", window_of(tcp, sender, receiver)));
    return words;
}

}  // namespace

std::string time_text(Instant time) {
    const double seconds = to_seconds(time.time_since_epoch());
    if (seconds < 1) return fmt::format("{:.3f} ms", seconds * 1000);
    if (seconds < 1000) return fmt::format("{:.4f} s", seconds);
    return fmt::format("{:.1f} s", seconds);
}

std::string duration_text(Duration duration) {
    const double seconds = to_seconds(duration);
    if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1000);
    return fmt::format("{:.1f} s", seconds);
}

std::vector<std::string> segment_label(const PacketTrip& trip, const ConnectionTrace& connection, bool absolute,
                                       std::size_t width, std::string_view ellipsis) {
    std::vector<std::string> lines(1);
    const auto append = [&](const std::string& word) {
        if (!lines.back().empty() && columns(lines.back()) + 1 + columns(word) > width) lines.emplace_back();
        if (!lines.back().empty()) lines.back() += ' ';
        lines.back() += word;
    };
    for (const std::string& word : words_of(trip, connection, absolute)) append(word);
    const TcpSummary& tcp = *trip.summary.tcp;
    const auto& peer = connection.end(trip.summary.destination).initial_seq;
    const std::string options = options_of(tcp, peer, absolute);
    if (options.empty()) return lines;
    if (columns(lines.back()) + 1 + columns(options) <= width) {
        append(options);
    } else {
        for (std::string& line : wrap(options, width, ellipsis)) lines.push_back(std::move(line));
    }
    return lines;
}

std::string short_label(const PacketTrip& trip, const ConnectionTrace& connection, bool absolute) {
    const auto words = words_of(trip, connection, absolute);
    return fmt::format("{} {}", words[0], words[1]);
}

}  // namespace hourglass::trace
