#include "sim/transfer.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fmt/format.h>
#include <optional>
#include <span>
#include <vector>

#include "hourglass/base/random.h"
#include "hourglass/sim/world.h"
#include "hourglass/tcp/stack.h"
#include "hourglass/trace/ladder.h"
#include "hourglass/trace/recorder.h"

namespace hourglass::sim {

namespace {

using namespace std::chrono_literals;

constexpr Port kPort{7};
constexpr Duration kLimit = std::chrono::hours(24);

/// Octets that both ends can compute, so that what is lost, doubled or out of place shows.
class Pattern {
  public:
    explicit Pattern(std::uint64_t seed) : random_(seed) {}
    std::byte next() {
        if (left_ == 0) {
            word_ = random_.next();
            left_ = 8;
        }
        --left_;
        const auto octet = static_cast<std::uint8_t>(word_);
        word_ >>= 8;
        return std::byte{octet};
    }

  private:
    Random random_;
    std::uint64_t word_ = 0;
    int left_ = 0;
};

/// One application: sends its octets, shuts down, checks what it receives.
class Application : public tcp::ConnectionHandler {
  public:
    Application(World& world, std::uint64_t send_seed, std::uint64_t receive_seed, std::uint32_t to_send,
                std::uint32_t to_receive)
        : world_(world), sending_(send_seed), receiving_(receive_seed), to_send_(to_send), to_receive_(to_receive) {}

    void read_slowly() { slow_ = true; }
    void abort_after(std::uint32_t octets) { abort_after_ = octets; }

    void on_established(tcp::Stream stream) override { begin(stream); }
    void begin(tcp::Stream stream) {
        begun_ = true;
        write(stream);
    }
    void on_writable(tcp::Stream stream) override { write(stream); }
    void on_readable(tcp::Stream stream) override {
        if (!slow_) return read(stream, SIZE_MAX);
        if (waiting_) return;
        waiting_ = true;
        world_.after(3ms, [this, stream] {
            waiting_ = false;
            read(stream, 2000);
            if (stream.readable() > 0) on_readable(stream);
        });
    }
    void on_closed(tcp::Stream stream, tcp::Error error) override {
        if (closed_) problem("on_closed was called twice");
        read(stream, SIZE_MAX);
        closed_ = error;
    }

    [[nodiscard]] bool begun() const { return begun_; }
    [[nodiscard]] std::optional<tcp::Error> closed() const { return closed_; }
    /// All that it wanted: one that aborts wants no more.
    [[nodiscard]] bool received_all() const { return aborted_ || received_ == to_receive_; }
    [[nodiscard]] const std::string& problems() const { return problems_; }
    [[nodiscard]] std::string progress() const {
        return fmt::format("sent {}/{}, received {}/{}, {}", sent_, to_send_, received_, to_receive_,
                           closed_ ? tcp::to_string(*closed_) : "still open");
    }

  private:
    void problem(std::string_view text) {
        if (problems_.empty()) problems_ = text;
    }

    void write(tcp::Stream stream) {
        while (sent_ < to_send_) {
            if (chunk_.empty()) fill_chunk();
            const std::size_t n = stream.send(chunk_);
            sent_ += static_cast<std::uint32_t>(n);
            chunk_.erase(chunk_.begin(), chunk_.begin() + static_cast<std::ptrdiff_t>(n));
            if (!chunk_.empty()) return;
        }
        if (!shut_) stream.shutdown();
        shut_ = true;
    }

    void fill_chunk() {
        chunk_.resize(std::min<std::size_t>(to_send_ - sent_, 5000));
        std::ranges::generate(chunk_, [this] { return sending_.next(); });
    }

    void read(tcp::Stream stream, std::size_t most) {
        std::array<std::byte, 4096> room;
        while (most > 0) {
            const std::size_t n = stream.receive(std::span(room).first(std::min(most, room.size())));
            if (n == 0) break;
            most -= std::min(most, n);
            check(std::span<const std::byte>(room).first(n));
            if (abort_after_ > 0 && received_ >= abort_after_) {
                aborted_ = true;
                return stream.abort();
            }
        }
    }

    void check(std::span<const std::byte> bytes) {
        for (const std::byte b : bytes) {
            if (received_ == to_receive_) return problem("more octets than were sent");
            if (b != receiving_.next()) return problem(fmt::format("octet {} is wrong", received_));
            ++received_;
        }
    }

    World& world_;
    Pattern sending_, receiving_;
    std::uint32_t to_send_, to_receive_;
    std::uint32_t sent_ = 0, received_ = 0, abort_after_ = 0;
    std::vector<std::byte> chunk_;
    bool slow_ = false, waiting_ = false, begun_ = false, shut_ = false, aborted_ = false;
    std::optional<tcp::Error> closed_;
    std::string problems_;
};

/// Takes the one connection that comes. Another one is a late copy of a SYN with data (RFC 7413, section 6.1).
class Acceptor : public tcp::AcceptHandler {
  public:
    explicit Acceptor(Application& application) : application_(application) {}
    void on_acceptable(tcp::Listener listener) override {
        while (auto stream = listener.accept()) {
            if (application_.begun()) {
                stream->abort();
                continue;
            }
            stream->set_handler(&application_);
            application_.begin(*stream);
        }
    }

  private:
    Application& application_;
};

class Run {
  public:
    explicit Run(const Scenario& scenario);
    std::string execute(bool show);

  private:
    void check_invariants();
    void check_outcome();
    void check_nothing_is_left();
    void problem(const std::string& text) {
        if (problem_.empty())
            problem_ = fmt::format("{} (at {:.6f} s)", text, to_seconds(world_.now().time_since_epoch()));
    }

    const Scenario& scenario_;
    World world_;
    Application client_;
    Application server_;
    Acceptor acceptor_;
    tcp::Listener listener_;
    std::string problem_;
};

ip::HostSettings settings_for(const tcp::Settings& tcp) {
    ip::HostSettings settings;
    settings.tcp = tcp;
    return settings;
}

Run::Run(const Scenario& scenario)
    : scenario_(scenario),
      world_(scenario.seed),
      client_(world_, scenario.seed * 2, scenario.seed * 2 + 1, scenario.octets[0], scenario.octets[1]),
      server_(world_, scenario.seed * 2 + 1, scenario.seed * 2, scenario.octets[1], scenario.octets[0]),
      acceptor_(server_) {
    world_.add_host("client", settings_for(scenario.tcp[0]));
    world_.add_host("server", settings_for(scenario.tcp[1]));
    world_.connect({"client", {"10.0.0.1/24", "2001:db8::1/64"}}, {"server", {"10.0.0.2/24", "2001:db8::2/64"}},
                   scenario.link);
    if (scenario.slow_reader[0]) client_.read_slowly();
    if (scenario.slow_reader[1]) server_.read_slowly();
    client_.abort_after(scenario.abort_after);
}

void Run::check_invariants() {
    for (const char* host : {"client", "server"})
        if (const std::string broken = world_.host(host).tcp().check_invariants(); !broken.empty())
            problem(fmt::format("{}: {}", host, broken));
}

std::string Run::execute(bool show) {
    trace::Recorder recorder;
    if (show) recorder.attach(world_);
    world_.set_step_hook([this] { check_invariants(); });
    const SocketAddress address{*IpAddress::parse(scenario_.v6 ? "2001:db8::2" : "10.0.0.2"), kPort};
    const auto listener = world_.host("server").tcp().listen(address, {.handler = &acceptor_});
    const auto stream = world_.host("client").tcp().connect(address, {.local = {}, .handler = &client_});
    if (!listener || !stream) return "listen or connect was refused";
    listener_ = *listener;
    if (scenario_.fast_open) client_.begin(*stream);

    const auto ended = [this] {
        return !problem_.empty() || (client_.closed() && (server_.closed() || !server_.begun()));
    };
    if (!world_.run_until(ended, kLimit)) problem("the connection did not end");
    listener_.close();
    if (problem_.empty() && !world_.run_until_idle(kLimit)) problem("something is left to do");
    if (problem_.empty()) check_outcome();
    if (problem_.empty()) check_nothing_is_left();
    if (show) fmt::print("{}", trace::ladders(recorder, {.width = 150, .fold_after = 0}));
    if (problem_.empty()) return {};
    return fmt::format("{}\n  client: {}\n  server: {}", problem_, client_.progress(), server_.progress());
}

void Run::check_outcome() {
    for (const Application* application : {&client_, &server_})
        if (!application->problems().empty()) problem(application->problems());
    if (!client_.closed()) return problem("the client was not told of the end");
    if (server_.begun() && !server_.closed()) return problem("the server was not told of the end");
    // A good end means that every octet has arrived, both ways. The other end may still be told of an error, when the
    // last acknowledgement was lost too often: that it can't know is in the nature of things.
    const bool good_end = *client_.closed() == tcp::Error::none || server_.closed() == tcp::Error::none;
    if (good_end && !(client_.received_all() && server_.received_all()))
        problem("an application was told of a good end, and octets are missing");
}

void Run::check_nothing_is_left() {
    for (const char* host : {"client", "server"}) {
        if (world_.host(host).tcp().size() > 0) problem(fmt::format("{} still has a connection", host));
        if (world_.host(host).next_deadline() != kNever) problem(fmt::format("{} still has a timer", host));
    }
    if (world_.pool().in_use() > 0) problem(fmt::format("{} buffers are still in use", world_.pool().in_use()));
}

// The choice of a scenario.

Impairments impairments_from(Random& random) {
    Impairments i;
    i.delay = Duration(random.below(80'000'000));
    if (random.chance(0.5)) i.jitter = Duration(random.below(20'000'000));
    if (random.chance(0.3)) i.rate = 200'000 + random.below(50'000'000);
    if (i.rate > 0) i.queue_packets = static_cast<std::uint32_t>(5 + random.below(100));
    if (random.chance(0.8)) i.loss = random.unit() * 0.2;
    if (random.chance(0.2)) i.burst = {.enter = 0.01, .leave = 0.3, .loss = 0.8};
    if (random.chance(0.4)) i.duplicate = random.unit() * 0.1;
    if (random.chance(0.4)) i.reorder = random.unit() * 0.2;
    i.reorder_delay = Duration(random.below(60'000'000));
    if (random.chance(0.4)) i.corrupt = random.unit() * 0.05;
    return i;
}

std::uint32_t size_from(Random& random) {
    if (random.chance(0.1)) return 0;
    const std::uint64_t most = random.chance(0.15) ? 1'500'000 : random.chance(0.5) ? 100'000 : 4'000;
    return static_cast<std::uint32_t>(random.below(most));
}

tcp::Settings tcp_from(Random& random) {
    tcp::Settings s;
    s.congestion = random.chance(0.5) ? tcp::Congestion::cubic : tcp::Congestion::new_reno;
    s.timestamps = random.chance(0.7);
    s.window_scaling = random.chance(0.7);
    s.nagle = random.chance(0.6);
    s.sack = random.chance(0.75);
    s.rack_tlp = random.chance(0.8);
    s.prr = random.chance(0.8);
    s.frto = random.chance(0.8);
    if (random.chance(0.1)) s.max_sack_ranges = 4;
    s.rto_min = random.chance(0.5) ? Duration(1s) : Duration(200ms);
    s.send_buffer = static_cast<std::uint32_t>(random.chance(0.3) ? 3'000 + random.below(10'000) : 1 << 18);
    s.receive_buffer = static_cast<std::uint32_t>(random.chance(0.3) ? 3'000 + random.below(10'000) : 1 << 18);
    // An end that only waits learns of the other's failure by asking.
    s.keepalive = true;
    s.keepalive_idle = 60s;
    s.keepalive_interval = 10s;
    return s;
}

}  // namespace

Scenario Scenario::from_seed(std::uint64_t seed) {
    Random random(seed);
    Scenario s;
    s.seed = seed;
    s.v6 = random.chance(0.3);
    s.link.medium = random.chance(0.3) ? ip::Medium::ethernet : ip::Medium::ip;
    s.link.mtu = random.chance(0.2) ? 9000 : random.chance(0.3) ? 1280 : 1500;
    s.link.a_to_b = impairments_from(random);
    s.link.b_to_a = impairments_from(random);
    for (int i = 0; i < 2; ++i) {
        s.tcp[i] = tcp_from(random);
        s.octets[i] = size_from(random);
        s.slow_reader[i] = random.chance(0.15);
    }
    if (random.chance(0.05) && s.octets[1] > 0)
        s.abort_after = static_cast<std::uint32_t>(1 + random.below(s.octets[1]));
    s.fast_open = random.chance(0.3);
    for (tcp::Settings& tcp : s.tcp) {
        tcp.connect_fast = s.fast_open;
        tcp.fast_open_backlog = s.fast_open ? 1 : 0;
        tcp.fast_open.client_needs_cookie = tcp.fast_open.server_needs_cookie = !s.fast_open;
    }
    return s;
}

std::string Scenario::to_string() const {
    const auto way = [](const Impairments& i) {
        return fmt::format(
            "delay {} us, jitter {} us, rate {}, queue {}, loss {:.3f}, burst {:.2f}, duplicate {:.3f}, "
            "reorder {:.3f} by {} us, corrupt {:.3f}",
            to_us(i.delay), to_us(i.jitter), i.rate, i.queue_packets, i.loss, i.burst.enter, i.duplicate, i.reorder,
            to_us(i.reorder_delay), i.corrupt);
    };
    std::string text = fmt::format("{} over {}, MTU {}\n  to server: {}\n  to client: {}\n", v6 ? "IPv6" : "IPv4",
                                   link.medium == ip::Medium::ethernet ? "Ethernet" : "IP", link.mtu, way(link.a_to_b),
                                   way(link.b_to_a));
    for (int i = 0; i < 2; ++i)
        text += fmt::format("  {}: {} octets, send buffer {}, receive buffer {}{}{}{}{}{}{}\n",
                            i == 0 ? "client" : "server", octets[i], tcp[i].send_buffer, tcp[i].receive_buffer,
                            slow_reader[i] ? ", slow reader" : "", tcp[i].timestamps ? ", timestamps" : "",
                            tcp[i].window_scaling ? ", window scaling" : "", tcp[i].nagle ? ", Nagle" : "",
                            tcp[i].sack ? ", SACK" : "",
                            tcp[i].congestion == tcp::Congestion::cubic ? ", CUBIC" : ", NewReno");
    if (fast_open) text += "  fast open\n";
    if (abort_after > 0) text += fmt::format("  the client aborts after {} octets\n", abort_after);
    return text;
}

std::string run(const Scenario& scenario, bool show) {
    Run one(scenario);
    return one.execute(show);
}

}  // namespace hourglass::sim
