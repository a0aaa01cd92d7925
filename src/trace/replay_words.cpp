#include "trace/replay_words.h"

#include <array>
#include <fmt/format.h>

#include "hourglass/wire/tcp.h"

namespace hourglass::trace::record {

namespace {

std::string words(const HostEntry&) { return "begins"; }

std::string words(const SegmentEntry& e) {
    const auto view = wire::TcpView::parse(std::span(e.beginning).first(e.beginning_size));
    if (!view) return fmt::format("{} octets that are no segment, from {}", e.size, e.source.to_string());
    const SocketAddress source{e.source, view->source_port()}, destination{e.destination, view->destination_port()};
    return fmt::format("a segment from {} to {}: {}, seq {}, ack {}, {} octets{}", source.to_string(),
                       destination.to_string(), view->flags().to_string(), view->seq().raw(), view->ack().raw(),
                       e.size - e.beginning_size, e.checksum_is_right ? "" : ", wrong checksum");
}

std::string words(const PollEntry&) { return "poll: timers, applications, output"; }
std::string words(const AdvanceEntry&) { return "is told the time"; }
std::string words(const UnreachableEntry& e) {
    return fmt::format("the network reports {} as {}", e.flow.remote.to_string(), tcp::to_string(e.told));
}
std::string words(const PathMtuEntry& e) {
    return fmt::format("the network reports an MTU of {} to {}", e.mtu, e.flow.remote.to_string());
}
std::string words(const PathEntry& e) { return fmt::format("the way to {}", e.destination.to_string()); }
std::string words(const ConnectEntry& e) { return fmt::format("connect to {}", e.remote.to_string()); }
std::string words(const ListenEntry& e) { return fmt::format("listen at {}", e.local.to_string()); }

std::string words(const CallEntry& e) {
    constexpr std::array<std::string_view, tcp::kStreamCalls> names = {
        "send",  "send urgent", "receive",     "receive urgent", "want to write", "shutdown",  "shutdown receive",
        "close", "abort",       "set handler", "no delay",       "keepalive",     "take error"};
    return fmt::format("{} {} on connection {}", names[static_cast<std::size_t>(e.call)], e.argument,
                       e.stream.generation);
}

std::string words(const TuneEntry& e) {
    return fmt::format("tune {} {}", e.listener ? "listener" : "connection", e.handle.generation);
}
std::string words(const AcceptEntry& e) { return fmt::format("accept on listener {}", e.listener.generation); }
std::string words(const ListenerCloseEntry& e) { return fmt::format("close listener {}", e.listener.generation); }
std::string words(const NoticeEntry& e) { return fmt::format("notice: {}", tcp::to_string(e.notice)); }
std::string words(const NoticeEndEntry&) { return "the application returns"; }
std::string words(const PacketEntry& e) {
    constexpr std::array<std::string_view, 5> fates = {"is sent", "arrives", "is lost", "is duplicated",
                                                       "is corrupted"};
    return fmt::format("packet {} {}", e.packet_id, fates[static_cast<std::size_t>(e.fate)]);
}
std::string words(const NoteEntry& e) { return fmt::format("{}: {}", e.source, e.text); }
std::string words(const GroupEntry&) { return "the state of all hosts follows"; }
std::string words(const ImageEntry&) { return "its state"; }
std::string words(const EndEntry& e) { return e.full ? "the record was full" : "the record ends"; }

bool is_of_host(const RecordEntry& entry) {
    return !std::holds_alternative<PacketEntry>(entry.what) && !std::holds_alternative<NoteEntry>(entry.what) &&
           !std::holds_alternative<EndEntry>(entry.what) && !std::holds_alternative<GroupEntry>(entry.what);
}

}  // namespace

std::optional<Instant> time_of(const RecordEntry& entry) {
    return std::visit(
        [](const auto& what) -> std::optional<Instant> {
            if constexpr (requires { what.time; })
                return what.time;
            else
                return std::nullopt;
        },
        entry.what);
}

std::string in_words(const RecordEntry& entry, std::string_view host) {
    std::string text = std::visit([](const auto& what) { return words(what); }, entry.what);
    return is_of_host(entry) ? fmt::format("{}: {}", host, text) : text;
}

}  // namespace hourglass::trace::record
