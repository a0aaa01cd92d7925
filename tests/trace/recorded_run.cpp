#include "trace/recorded_run.h"

#include <array>
#include <fmt/format.h>
#include <sstream>

#include "hourglass/base/random.h"
#include "hourglass/sim/link.h"
#include "hourglass/sim/observers.h"
#include "hourglass/sim/world.h"
#include "hourglass/trace/event_json.h"
#include "hourglass/trace/flight_recorder.h"

namespace hourglass::trace {

using namespace std::chrono_literals;

namespace {

std::int64_t ns(Instant t) { return t.time_since_epoch().count(); }

std::string header_text(const wire::TcpHeader& h) {
    std::string text = fmt::format("{}>{} {} {} {:x} {} {}", to_number(h.source_port), to_number(h.destination_port),
                                   h.seq.raw(), h.ack.raw(), h.flags.value, h.window, h.urgent_pointer);
    std::array<std::byte, wire::TcpOptions::kMaxSize> options{};
    h.options.emit(options);
    for (std::size_t i = 0; i < h.options.size(); ++i) text += fmt::format("{:02x}", std::to_integer<int>(options[i]));
    return text;
}

}  // namespace

void Transcript::line(const char* what, Instant time, const tcp::FlowKey& flow, const std::string& rest) {
    text_ += fmt::format("{} {} {} {}:{} {}:{} {}\n", host_, ns(time), what, flow.local.to_string(),
                         to_number(flow.local_port), flow.remote.to_string(), to_number(flow.remote_port), rest);
}

void Transcript::segment_sent(const tcp::SegmentSent& e) {
    line("sent", e.time, e.flow,
         fmt::format("{} {} {} {} {} {}", tcp::to_string(e.state), header_text(e.header), e.payload_size,
                     tcp::to_string(e.reason), e.retransmission, e.packet_id));
}
void Transcript::segment_arriving(const tcp::SegmentArriving& e) {
    line("arriving", e.time, e.flow, fmt::format("{} {}", header_text(e.segment.header()), e.packet_id));
}
void Transcript::segment_received(const tcp::SegmentReceived& e) {
    line("received", e.time, e.flow,
         fmt::format("{} {} {} {} {} {} {}", tcp::to_string(e.before), tcp::to_string(e.after),
                     header_text(e.segment.header()), e.segment.payload().size(), tcp::to_string(e.disposition.verdict),
                     std::string_view(e.disposition.clause), e.packet_id));
}
void Transcript::segment_dropped(const tcp::SegmentDropped& e) {
    line("dropped", e.time, {e.destination, e.source, {}, {}},
         fmt::format("{} {} {}", tcp::to_string(e.disposition.verdict), std::string_view(e.disposition.clause),
                     e.packet_id));
}
void Transcript::state_changed(const tcp::StateChanged& e) {
    line("state", e.time, e.flow,
         fmt::format("{} {} {}", tcp::to_string(e.before), tcp::to_string(e.after), e.trigger));
}
void Transcript::connection_closed(const tcp::ConnectionClosed& e) {
    line("closed", e.time, e.flow, fmt::format("{} {}", tcp::to_string(e.error), e.trigger));
}
void Transcript::parameters_agreed(const tcp::ParametersAgreed& e) {
    line("parameters", e.time, e.flow,
         fmt::format("{} {} {} {} {} {} {} {} {} {}", e.snd_mss, e.peer_mss, e.path_mtu, e.snd_wscale, e.rcv_wscale,
                     e.window_scaling, e.timestamps, e.sack, e.ecn, e.congestion_control));
}
void Transcript::timer_set(const tcp::TimerSet& e) {
    line("set", e.time, e.flow, fmt::format("{} {}", e.timer, ns(e.at)));
}
void Transcript::timer_expired(const tcp::TimerExpired& e) {
    line("expired", e.time, e.flow, fmt::format("{} {} {}", tcp::to_string(e.state), e.timer, e.count));
}
void Transcript::connection_progressed(const tcp::ConnectionProgress& e) {
    line("progress", e.time, e.flow,
         fmt::format("{} {} {} {} {} {} | {} {} {} {} {} {} {} | {} {} {} {} {} {} {} {} {} | {} {} {} {} {} {} {} {}",
                     tcp::to_string(e.state), e.iss.raw(), e.snd_una.raw(), e.snd_nxt.raw(), e.irs.raw(),
                     e.rcv_nxt.raw(), e.snd_wnd, e.rcv_wnd, e.cwnd, e.ssthresh, e.pipe, e.not_sent, e.receive_queue,
                     e.srtt.count(), e.rttvar.count(), e.rto.count(), e.min_rtt.count(), e.backoff, e.pacing_rate,
                     tcp::to_string(e.recovery), tcp::to_string(e.limit), e.send_buffer_full, ns(e.retransmission),
                     ns(e.persist), ns(e.tail_loss_probe), ns(e.reordering), ns(e.pacing), ns(e.delayed_ack),
                     ns(e.keepalive), ns(e.fin_wait_2)));
}
void Transcript::segments_lost(const tcp::SegmentsLost& e) {
    line("lost", e.time, e.flow,
         fmt::format("{} {} {} {}", e.begin.raw(), e.end.raw(), e.octets, tcp::to_string(e.rule)));
}
void Transcript::retransmission_spurious(const tcp::RetransmissionSpurious& e) {
    line("spurious", e.time, e.flow, fmt::format("{} {}", tcp::to_string(e.proof), e.timeout));
}
void Transcript::queue_changed(const tcp::QueueChanged& e) {
    line("queue", e.time, e.flow,
         fmt::format("{} {} {} {}", tcp::to_string(e.queue), tcp::to_string(e.change), e.length, e.limit));
}
void Transcript::socket_called(const tcp::SocketCall& e) {
    line("call", e.time, e.flow,
         fmt::format("{} {} {} {}", tcp::to_string(e.call), e.asked, e.done, tcp::to_string(e.error)));
}
void Transcript::application_notified(const tcp::ApplicationNotified& e) {
    line("notice", e.time, e.flow, std::string(tcp::to_string(e.notice)));
}
void Transcript::application_returned(const tcp::ApplicationNotified& e) {
    line("returned", e.time, e.flow, std::string(tcp::to_string(e.notice)));
}

std::string to_ndjson(const EventLog& log) {
    std::ostringstream out;
    write_ndjson(log, out);
    return out.str();
}

std::string to_text(const ReplayedPacket& p) {
    return fmt::format("{} {} {}-{} {} packet {} fate {} size {} reason {}\n", ns(p.time), p.link, p.from, p.to,
                       p.to_host, p.packet_id, static_cast<int>(p.fate), p.size, static_cast<int>(p.reason));
}

namespace {

/// What the network of a world does, in the words of a replay.
class NetworkTranscript final : public sim::NetworkObserver {
  public:
    explicit NetworkTranscript(std::string& text) : text_(text) {}

    std::uint64_t packet_sent(Instant t, const sim::Hop& hop, std::uint64_t id,
                              std::span<const std::byte> bytes) override {
        if (id == 0) id = ++last_id_;
        tell(t, hop, id, ReplayedPacket::Fate::sent, bytes.size());
        return id;
    }
    void packet_arrived(Instant t, const sim::Hop& hop, std::uint64_t id, std::span<const std::byte> bytes) override {
        tell(t, hop, id, ReplayedPacket::Fate::arrived, bytes.size());
    }
    void packet_lost(Instant t, const sim::Hop& hop, std::uint64_t id, sim::LossReason reason) override {
        tell(t, hop, id, ReplayedPacket::Fate::lost, 0, reason);
    }
    void packet_duplicated(Instant t, const sim::Hop& hop, std::uint64_t id) override {
        tell(t, hop, id, ReplayedPacket::Fate::duplicated, 0);
    }
    void packet_corrupted(Instant t, const sim::Hop& hop, std::uint64_t id) override {
        tell(t, hop, id, ReplayedPacket::Fate::corrupted, 0);
    }

  private:
    void tell(Instant t, const sim::Hop& hop, std::uint64_t id, ReplayedPacket::Fate fate, std::size_t size,
              sim::LossReason reason = {}) {
        text_ += to_text(ReplayedPacket{.time = t,
                                        .fate = fate,
                                        .link = hop.link.name(),
                                        .from = hop.from,
                                        .to = hop.to,
                                        .direction = hop.direction,
                                        .to_host = hop.to_host,
                                        .packet_id = id,
                                        .size = static_cast<std::uint32_t>(size),
                                        .reason = reason});
    }
    std::string& text_;
    std::uint64_t last_id_ = 0;
};

/// An application that does whatever comes into its head.
class Whimsical final : public tcp::ConnectionHandler {
  public:
    Whimsical(sim::World& world, std::uint64_t seed) : world_(world), random_(seed) {
        left_ = random_.chance(0.2) ? random_.below(60'000) : random_.below(3'000);
    }

    void on_established(tcp::Stream s) override {
        if (random_.chance(0.1)) s.set_no_delay(true);
        if (random_.chance(0.1)) tune(s);
        write(s);
    }
    void on_writable(tcp::Stream s) override { write(s); }
    void on_urgent(tcp::Stream s) override { s.receive_urgent(random_.chance(0.5)); }
    void on_trouble(tcp::Stream s, tcp::Error) override { static_cast<void>(s.take_error()); }
    void on_readable(tcp::Stream s) override {
        if (random_.chance(0.15)) {
            world_.after(Duration(random_.below(20'000'000)), [this, s]() mutable { read(s); });
            return;
        }
        read(s);
        if (random_.chance(0.01)) s.abort();
        if (random_.chance(0.02)) s.close();
    }
    void on_closed(tcp::Stream, tcp::Error) override {}

    void write(tcp::Stream s) {
        while (left_ > 0) {
            const std::size_t n = 1 + random_.below(std::min<std::uint64_t>(left_, 4'000));
            const auto piece = std::span(std::as_const(bytes_)).first(n);
            const std::size_t taken = random_.chance(0.02)  ? s.send_urgent(piece)
                                      : random_.chance(0.3) ? s.send(world_.pool().slice(piece))
                                                            : s.send(piece);
            left_ -= taken;
            if (taken < n) return;
            if (random_.chance(0.1)) {  // the rest later
                world_.after(Duration(random_.below(50'000'000)), [this, s]() mutable { write(s); });
                return;
            }
        }
        if (random_.chance(0.8))
            s.shutdown();
        else
            s.close();
    }

  private:
    void read(tcp::Stream s) {
        static_cast<void>(s.info());  // a question in between changes nothing
        std::array<std::byte, 700> room{};
        for (int i = 0; i < 1000; ++i) {
            const std::size_t n =
                random_.chance(0.4) ? s.receive_slice(1 + random_.below(3'000)).size() : s.receive(room);
            if (n == 0) break;
        }
        if (s.at_end() && random_.chance(0.9)) s.close();
    }
    void tune(tcp::Stream s) {
        tcp::Tuning t = s.tuning();
        t.urgent_inline = random_.chance(0.5);
        t.cork = random_.chance(0.2);
        t.receive_buffer = static_cast<std::uint32_t>(2'000 + random_.below(100'000));
        t.keepalive = random_.chance(0.3);
        t.keepalive_idle = 2s;
        s.tune(t);
    }

    sim::World& world_;
    Random random_;
    std::uint64_t left_;
    std::array<std::byte, 4'000> bytes_{};
};

class Run final : public tcp::AcceptHandler {
  public:
    Run(std::uint64_t seed, const RunOptions& options);
    RecordedRun execute();
    void on_acceptable(tcp::Listener listener) override {
        while (listener.exists()) {
            Whimsical& one = application();
            const auto stream = listener.accept(random_.chance(0.7) ? &one : nullptr);
            if (!stream) break;
            tcp::Stream s = *stream;
            s.set_handler(&one);
            if (random_.chance(0.5)) one.write(s);
        }
    }

  private:
    Whimsical& application() {
        applications_.push_back(std::make_unique<Whimsical>(world_, random_.next()));
        return *applications_.back();
    }
    tcp::Settings settings();
    sim::Impairments impairments();

    std::uint64_t seed_, rounds_;
    Random random_;
    RecordedRun run_;
    NetworkTranscript network_{run_.transcript};
    EventLog events_;
    sim::NetworkObservers both_networks_;
    std::vector<std::unique_ptr<Transcript>> observers_;
    std::deque<tcp::Observers> both_;  // the transcript and the events of each host
    std::vector<std::unique_ptr<Whimsical>> applications_;
    sim::World world_;
    FlightRecorder recorder_;
};

sim::Impairments Run::impairments() {
    sim::Impairments i;
    i.delay = Duration(random_.below(30'000'000));
    if (random_.chance(0.5)) i.jitter = Duration(random_.below(10'000'000));
    if (random_.chance(0.2)) i.rate = 500'000 + random_.below(5'000'000);
    if (random_.chance(0.7)) i.loss = random_.unit() * 0.15;
    if (random_.chance(0.3)) i.duplicate = random_.unit() * 0.1;
    if (random_.chance(0.3)) i.reorder = random_.unit() * 0.2;
    i.reorder_delay = Duration(random_.below(30'000'000));
    if (random_.chance(0.3)) i.corrupt = random_.unit() * 0.05;
    return i;
}

tcp::Settings Run::settings() {
    tcp::Settings s;
    s.congestion = static_cast<tcp::Congestion>(random_.below(3));
    s.timestamps = random_.chance(0.7);
    s.sack = random_.chance(0.75);
    s.rack_tlp = random_.chance(0.8);
    s.window_scaling = random_.chance(0.7);
    s.ecn = static_cast<tcp::EcnUse>(random_.below(4));
    s.pacing = random_.chance(0.2);
    s.msl = 1s;
    s.rto_min = 200ms;
    s.data_retries = s.orphan_retries = 5;
    s.send_buffer = static_cast<std::uint32_t>(2'000 + random_.below(60'000));
    s.receive_buffer = static_cast<std::uint32_t>(2'000 + random_.below(60'000));
    s.keepalive = true;
    s.keepalive_idle = 5s;
    s.keepalive_interval = 1s;
    s.keepalive_probes = 3;
    s.syn_cookies = static_cast<tcp::SynCookies>(random_.below(3));
    s.connect_fast = random_.chance(0.3);
    s.fast_open_backlog = s.connect_fast ? 2 : 0;
    return s;
}

Run::Run(std::uint64_t seed, const RunOptions& options)
    : seed_(seed),
      rounds_(options.rounds),
      random_(seed),
      world_(seed),
      recorder_(
          [this](std::uint64_t offset, std::span<const std::byte> octets) {
              run_.record.resize(std::max<std::size_t>(run_.record.size(), offset + octets.size()));
              std::ranges::copy(
                  octets, std::as_writable_bytes(std::span(run_.record)).begin() + static_cast<std::ptrdiff_t>(offset));
              return true;
          },
          {.max_bytes = options.max_bytes, .ring = options.ring, .chunk = options.chunk}) {
    for (const char* name : {"client", "server"}) {
        ip::HostSettings host;
        host.tcp = settings();
        world_.add_host(name, host);
    }
    sim::LinkSettings link;
    link.mtu = random_.chance(0.2) ? 1000 : 1500;  // with the interfaces' MTU, or a black hole
    if (random_.chance(0.1)) link.interface_mtu = 1500;
    link.a_to_b = impairments();
    link.b_to_a = impairments();
    world_.connect({"client", {"10.0.0.1/24"}}, {"server", {"10.0.0.2/24"}}, link);
    both_networks_.add(network_);
    both_networks_.add(events_);
    world_.set_observer(&both_networks_);
    recorder_.record(world_);
    for (const std::string& name : world_.host_names()) {
        observers_.push_back(std::make_unique<Transcript>(run_.transcript, name));
        both_.emplace_back().add(*observers_.back());
        both_.back().add(events_.observer(name));
        world_.host(name).tcp().set_observer(&both_.back());
    }
}

RecordedRun Run::execute() {
    recorder_.note(world_.now(), "test", fmt::format("seed {}", seed_));
    run_.transcript += fmt::format("test says seed {}\n", seed_);
    events_.note(world_.now(), "test", fmt::format("seed {}", seed_));
    const SocketAddress address{*IpAddress::parse("10.0.0.2"), Port{7}};
    auto listener =
        world_.host("server").tcp().listen(address, {.accept_queue = static_cast<std::uint32_t>(1 + random_.below(4)),
                                                     .half_open = static_cast<std::uint32_t>(1 + random_.below(3)),
                                                     .handler = this});
    const std::uint64_t count = rounds_ * (1 + random_.below(5));
    for (std::uint64_t i = 0; i < count; ++i)
        world_.after(Duration(random_.below(100'000'000)) + i % rounds_ * Duration(4s), [this, address] {
            tcp::ConnectOptions options;
            if (random_.chance(0.1)) options.tuning = tcp::Tuning{.mss_limit = 600};
            Whimsical& one = application();
            options.handler = &one;
            const SocketAddress to = random_.chance(0.1) ? SocketAddress{address.address, Port{9}} : address;
            if (auto stream = world_.host("client").tcp().connect(to, options); stream && random_.chance(0.3))
                one.write(*stream);
        });
    world_.run_for(rounds_ * 10s);
    listener->close();
    world_.run_for(60s);
    recorder_.close();
    run_.full = recorder_.full();
    run_.events = to_ndjson(events_);
    return std::move(run_);
}

}  // namespace

RecordedRun recorded_run(std::uint64_t seed, const RunOptions& options) { return Run(seed, options).execute(); }

std::expected<std::unique_ptr<Replay>, ReplayProblem> open_record(const std::string& record, ReplayWatcher* watcher) {
    return Replay::open(std::make_unique<std::istringstream>(record), watcher);
}

}  // namespace hourglass::trace
