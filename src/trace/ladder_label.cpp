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

/// In a SYN all options; later those that tell something new: timestamps would stand on every rung.
std::string options_of(const TcpSummary& tcp, const std::optional<tcp::Seq>& peer_initial, bool absolute) {
    wire::TcpOptions options = tcp.options;
    if (!tcp.flags.syn()) options.timestamps.reset();
    auto texts = option_texts(options, absolute || !peer_initial ? tcp::Seq(0) : *peer_initial);
    for (std::string& text : texts) text = together(std::move(text));
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
    return words;
}

}  // namespace

std::string time_text(Instant time) {
    const double seconds = to_seconds(time.time_since_epoch());
    if (seconds < 0.9999995) return fmt::format("{:.3f} ms", seconds * 1000);
    if (seconds < 1000) return fmt::format("{:.4f} s", seconds);
    return fmt::format("{:.1f} s", seconds);
}

std::string duration_text(Duration duration) {
    const double seconds = to_seconds(duration);
    if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1000);
    return fmt::format("{:.1f} s", seconds);
}

std::uint32_t window_of(const PacketTrip& trip, const ConnectionTrace& connection) {
    const TcpSummary& tcp = *trip.summary.tcp;
    const ConnectionEnd& sender = connection.end(trip.summary.source);
    const ConnectionEnd& receiver = connection.end(trip.summary.destination);
    if (tcp.flags.syn() || !sender.window_scale || !receiver.window_scale) return tcp.window;
    return static_cast<std::uint32_t>(tcp.window) << std::min<unsigned>(*sender.window_scale, 14);
}

std::vector<std::string> segment_label(const PacketTrip& trip, const ConnectionTrace& connection,
                                       const LabelStyle& style) {
    const TcpSummary& tcp = *trip.summary.tcp;
    std::string text = fmt::format("{}", fmt::join(words_of(trip, connection, style.absolute), " "));
    const std::uint32_t window = window_of(trip, connection);
    const std::string window_text = fmt::format(" win={}", window);
    const bool fits = columns(text) + columns(window_text) <= style.width;
    if (!tcp.flags.rst() && (fits || style.last_window != window)) text += window_text;

    const auto& peer = connection.end(trip.summary.destination).initial_seq;
    const std::string options = options_of(tcp, peer, style.absolute);
    if (columns(text) + 1 + columns(options) <= style.width) {
        if (!options.empty()) text += ' ' + options;
        return wrap(text, style.width, style.ellipsis);
    }
    auto lines = wrap(text, style.width, style.ellipsis);
    for (std::string& line : wrap(options, style.width, style.ellipsis)) lines.push_back(std::move(line));
    return lines;
}

std::string short_label(const PacketTrip& trip, const ConnectionTrace& connection, bool absolute) {
    const auto words = words_of(trip, connection, absolute);
    return fmt::format("{} {}", words[0], words[1]);
}

}  // namespace hourglass::trace
