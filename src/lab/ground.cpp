#include "lab/ground.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <stdexcept>

#include "hourglass/wire/checksum.h"
#include "hourglass/wire/ipv4.h"

namespace hourglass::lab {

// Applications.

void App::on_established(tcp::Stream s) {
    stream = s;
    opened = world_.now();
    if (on_open) on_open(*this);
    speak();
}

void App::on_readable(tcp::Stream s) {
    stream = s;
    if (reads) read();
}

void App::read(std::size_t most) {
    const std::size_t before = heard.size();
    std::array<char, 4096> room;
    while (most > 0) {
        const std::size_t n =
            stream.receive(std::as_writable_bytes(std::span(room).first(std::min(most, room.size()))));
        if (n == 0) break;
        heard.append(room.data(), n);
        most -= n;
    }
    if (heard.size() > before) {
        if (!first_heard) first_heard = world_.now();
        last_heard = world_.now();
        if (on_data) on_data(*this);
    }
    if (stream.exists() && stream.at_end() && !heard_end) {
        heard_end = world_.now();
        if (on_end) on_end(*this);
    }
}

void App::on_closed(tcp::Stream, tcp::Error why) {
    ended = world_.now();
    error = why;
    if (on_gone) on_gone(*this);
}

void App::say(std::string_view text) {
    words_ += text;
    speak();
}

void App::say_octets(std::uint64_t count) {
    const std::size_t begin = words_.size();
    words_.resize(begin + count);
    for (std::size_t i = begin; i < words_.size(); ++i) words_[i] = static_cast<char>('a' + i % 26);
    speak();
}

void App::speak() {
    while (said_ < words_.size()) {
        const std::size_t n = stream.send(std::as_bytes(std::span(words_).subspan(said_)));
        if (n == 0) return;
        said_ += n;
    }
    if (closing_ && tcp::may_send(stream.state())) stream.shutdown();
}

void Service::on_acceptable(tcp::Listener l) {
    listener = l;
    if (accepts) accept_all();
}

void Service::accept_all() {
    while (true) {
        App& app = apps.emplace_back(world_);
        const auto stream = listener.accept(&app);
        if (!stream) {
            apps.pop_back();
            return;
        }
        app.stream = *stream;
        app.opened = world_.now();
        if (on_accept) on_accept(app);
    }
}

// The network.

void Ground::add_host(std::string_view name, const tcp::Settings& tcp, bool forwarding) {
    ip::HostSettings settings;
    settings.tcp = tcp;
    settings.forwarding = forwarding;
    world.add_host(std::string(name), settings);
}

sim::Link& Ground::pair(const sim::LinkSettings& link, const tcp::Settings& client, const tcp::Settings& server) {
    add_host(kClient, client);
    add_host(kServer, server);
    sim::Link& made =
        world.connect({std::string(kClient), {"10.0.0.1/24"}}, {std::string(kServer), {"10.0.0.2/24"}}, link);
    watch();
    return made;
}

Service& Ground::listen(std::string_view host, SocketAddress at, tcp::ListenOptions options) {
    Service& service = services_.emplace_back(world);
    options.handler = &service;
    const auto listener = tcp(host).listen(at, options);
    if (!listener) throw std::runtime_error(fmt::format("{}: {}", at.to_string(), to_string(listener.error())));
    service.listener = *listener;
    return service;
}

App& Ground::connect(std::string_view host, SocketAddress to, tcp::ConnectOptions options) {
    App& app = apps_.emplace_back(world);
    options.handler = &app;
    const auto stream = tcp(host).connect(to, options);
    if (stream)
        app.stream = *stream;
    else
        app.on_closed({}, stream.error());
    return app;
}

void Ground::inject(std::string_view host, SocketAddress from, SocketAddress to, const wire::TcpHeader& header,
                    std::string_view data, std::uint64_t id) {
    wire::TcpHeader tcp = header;
    tcp.source_port = from.port;
    tcp.destination_port = to.port;
    std::vector<std::byte> packet(wire::Ipv4Header::kSize + tcp.size() + data.size());
    wire::Ipv4Header ip;
    ip.protocol = wire::IpProtocol::tcp;
    ip.payload_length = static_cast<std::uint16_t>(tcp.size() + data.size());
    ip.source = from.address;
    ip.destination = to.address;
    ip.emit(packet);
    const auto segment = std::span(packet).subspan(wire::Ipv4Header::kSize);
    tcp.emit(segment);
    std::ranges::copy(std::as_bytes(std::span(data)), segment.begin() + static_cast<std::ptrdiff_t>(tcp.size()));
    wire::store_be16(segment.data() + wire::TcpHeader::kChecksumOffset,
                     wire::transport_checksum(from.address, to.address, wire::IpProtocol::tcp, segment));
    world.send(host, ip::InterfaceId(0), packet, id);
}

// What was recorded.

namespace {

std::uint32_t counted_from(const std::optional<tcp::Seq>& initial, tcp::Seq seq) {
    return initial ? static_cast<std::uint32_t>(seq - *initial) : seq.raw();
}

std::uint32_t octets_of_window(const trace::TcpSummary& tcp, const trace::ConnectionEnd& from,
                               const trace::ConnectionEnd& to) {
    if (tcp.flags.syn() || !from.window_scale || !to.window_scale) return tcp.window;
    return static_cast<std::uint32_t>(tcp.window) << *from.window_scale;
}

}  // namespace

std::vector<Segment> Ground::segments(const std::function<bool(const Segment&)>& which) const {
    std::vector<Segment> all;
    for (std::size_t i = 0; i < recorder.steps().size(); ++i) {
        const trace::Step& step = recorder.steps()[i];
        const auto* trip = std::get_if<trace::PacketTrip>(&step.what);
        if (trip == nullptr || !trip->summary.tcp || !trip->connection) continue;
        const trace::TcpSummary& tcp = *trip->summary.tcp;
        const auto& connection = recorder.connections()[*trip->connection];
        const auto& from = connection.end(trip->summary.source);
        const auto& to = connection.end(trip->summary.destination);
        Segment s{.exists = true, .step = i, .connection = *trip->connection, .host = step.host, .sent = step.time};
        s.seq = counted_from(from.initial_seq, tcp.seq);
        s.ack = counted_from(to.initial_seq, tcp.ack);
        s.wire_seq = tcp.seq;
        s.wire_ack = tcp.ack;
        s.length = tcp.length;
        s.window = octets_of_window(tcp, from, to);
        s.flags = tcp.flags;
        s.has_sack_blocks = tcp.options.sack_count > 0;
        s.lost = trip->lost().has_value();
        if (trip->sender) {
            s.reason = trip->sender->reason;
            s.again = trip->sender->retransmission;
        }
        if (!trip->arrivals.empty() && !s.lost) {
            const trace::Arriving& arrival = trip->arrivals.back();
            s.arrived = arrival.time;
            if (arrival.tcp) {
                s.verdict = arrival.tcp->verdict;
                s.clause = arrival.tcp->clause;
            }
        }
        if (!which || which(s)) all.push_back(std::move(s));
    }
    return all;
}

Segment Ground::segment(const std::function<bool(const Segment&)>& which, std::size_t number) const {
    auto all = segments(which);
    return number < all.size() ? std::move(all[number]) : Segment{};
}

std::vector<Ground::Change> Ground::changes(std::string_view host, trace::ConnectionIndex connection) const {
    std::vector<Change> all;
    for (const trace::Step& step : recorder.steps()) {
        if (const auto* state = std::get_if<trace::StateStep>(&step.what)) {
            if (step.host == host && state->connection == connection)
                all.push_back({step.order, step.time, state->before, state->after});
            continue;
        }
        const auto* trip = std::get_if<trace::PacketTrip>(&step.what);
        if (trip == nullptr || !trip->summary.tcp) continue;
        const bool here = trip->connection == connection;
        if (here && step.host == host && trip->sender)
            all.push_back({step.order, step.time, trip->sender->before, trip->sender->after});
        for (const trace::Arriving& arrival : trip->arrivals)
            if (here && arrival.host == host && arrival.tcp)
                all.push_back({arrival.order, arrival.time, arrival.tcp->before, arrival.tcp->after});
    }
    std::erase_if(all, [](const Change& c) { return c.before == c.after; });
    std::ranges::sort(all, {}, &Change::order);
    return all;
}

std::vector<tcp::State> Ground::path(std::string_view host, trace::ConnectionIndex connection) const {
    std::vector<tcp::State> states;
    for (const Change& change : changes(host, connection)) {
        if (states.empty()) states.push_back(change.before);
        states.push_back(change.after);
    }
    return states;
}

std::optional<Instant> Ground::reached(std::string_view host, tcp::State state,
                                       trace::ConnectionIndex connection) const {
    for (const Change& change : changes(host, connection))
        if (change.after == state) return change.time;
    return std::nullopt;
}

std::size_t Ground::timeouts(std::string_view host, std::string_view timer) const {
    return static_cast<std::size_t>(std::ranges::count_if(recorder.steps(), [&](const trace::Step& step) {
        const auto* expired = std::get_if<trace::TimerStep>(&step.what);
        return expired != nullptr && step.host == host && expired->timer == timer;
    }));
}

}  // namespace hourglass::lab
