#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/sim/world.h"
#include "hourglass/tcp/stack.h"
#include "hourglass/trace/flight_recorder.h"
#include "hourglass/trace/ladder.h"
#include "hourglass/trace/recorder.h"
#include "hourglass/trace/world_watch.h"

namespace hourglass::lab {

/// A segment that a lesson speaks of, with numbers counted from the SYNs.
struct Segment {
    bool exists = false;
    std::size_t step = 0;  ///< In the recorder.
    trace::ConnectionIndex connection = 0;
    std::string host{};  ///< That sent it.
    Instant sent{};
    std::optional<Instant> arrived{};
    std::uint32_t seq = 0, ack = 0;
    tcp::Seq wire_seq{}, wire_ack{};
    std::uint32_t length = 0;
    std::uint32_t window = 0;  ///< In octets, scaled.
    wire::TcpFlags flags{};
    bool has_sack_blocks = false;
    tcp::SendReason reason{};
    bool again = false;  ///< Sent before.
    std::optional<tcp::Verdict> verdict{};
    std::string clause{};  ///< That decided the verdict.

    bool lost = false;  ///< One that is still under way when the recording ends is neither lost nor arrived.

    [[nodiscard]] bool is_syn() const { return flags.syn() && !flags.ack(); }
    [[nodiscard]] bool is_syn_ack() const { return flags.syn() && flags.ack(); }
    [[nodiscard]] bool is_fin() const { return flags.fin(); }
    [[nodiscard]] bool is_rst() const { return flags.rst(); }
    [[nodiscard]] bool has_data() const { return length > 0; }
    [[nodiscard]] bool is_bare_ack() const {
        return flags.ack() && length == 0 && !flags.syn() && !flags.fin() && !flags.rst();
    }
};

/// An application at one end of a connection: it reads all that comes unless told not to, says what it is told to say
/// as there is room, and remembers when what happened to it.
class App : public tcp::ConnectionHandler {
  public:
    explicit App(sim::World& world) : world_(world) {}

    tcp::Stream stream;
    bool reads = true;
    std::string heard;  ///< All that was read.
    std::optional<Instant> opened, first_heard, last_heard, heard_end, ended;
    tcp::Error error = tcp::Error::none;  ///< Why it ended, once it has.

    std::function<void(App&)> on_open, on_data, on_end, on_gone;

    /// Queues text, or that many octets of an alphabet.
    void say(std::string_view text);
    void say_octets(std::uint64_t count);
    /// Reads what lies there, at most `most` octets.
    void read(std::size_t most = SIZE_MAX);
    /// Half-close, once all has been said.
    void finish() { closing_ = true, speak(); }
    void close() { stream.close(); }
    void abort() { stream.abort(); }
    /// Octets queued here that the stack has not taken.
    [[nodiscard]] std::size_t unsaid() const { return words_.size() - said_; }

    void on_established(tcp::Stream s) override;
    void on_readable(tcp::Stream s) override;
    void on_writable(tcp::Stream) override { speak(); }
    void on_closed(tcp::Stream, tcp::Error why) override;

  private:
    void speak();

    sim::World& world_;
    std::string words_;
    std::size_t said_ = 0;
    bool closing_ = false;
};

/// Accepts connections, each with an application of its own.
class Service : public tcp::AcceptHandler {
  public:
    explicit Service(sim::World& world) : world_(world) {}

    tcp::Listener listener;
    std::list<App> apps;
    std::function<void(App&)> on_accept;  ///< Called before the application hears anything.
    bool accepts = true;

    void on_acceptable(tcp::Listener l) override;
    /// Takes all that waits in the accept queue.
    void accept_all();

  private:
    sim::World& world_;
};

/// A network with a recorder, and the people on it.
class Ground {
  public:
    /// `events` may be null. `flight`: what enters the hosts' TCP is to be written there; null: nowhere.
    Ground(std::uint64_t seed, trace::Recorder& watching, trace::EventLog* events, std::size_t recording,
           std::unique_ptr<trace::FlightRecorder> flight)
        : recorder(watching), world(seed), events_(events), recording_(recording), flight_(std::move(flight)) {}
    Ground(const Ground&) = delete;
    Ground& operator=(const Ground&) = delete;

    trace::Recorder& recorder;

  private:
    trace::WorldWatch watch_;  // outlives the world

  public:
    sim::World world;

    static constexpr std::string_view kClient = "client", kServer = "server";
    /// The usual two hosts: "client" (10.0.0.1) and "server" (10.0.0.2), with the link "client-server" between.
    sim::Link& pair(const sim::LinkSettings& link, const tcp::Settings& client = {}, const tcp::Settings& server = {});
    void add_host(std::string_view name, const tcp::Settings& tcp = {}, bool forwarding = false);
    /// After the last host and link: the recorders begin to watch.
    void watch() { watch_.attach(world, recorder, events_, flight_.get()); }

    [[nodiscard]] tcp::Stack& tcp(std::string_view host) { return world.host(host).tcp(); }
    [[nodiscard]] static SocketAddress client_address(std::uint16_t port) {
        return {IpAddress::v4(10, 0, 0, 1), Port(port)};
    }
    [[nodiscard]] static SocketAddress server_address(std::uint16_t port = 80) {
        return {IpAddress::v4(10, 0, 0, 2), Port(port)};
    }

    Service& listen(std::string_view host = kServer, SocketAddress at = server_address(),
                    tcp::ListenOptions options = {});
    /// The application is told of a refusal at once as of any other.
    App& connect(std::string_view host = kClient, SocketAddress to = server_address(),
                 tcp::ConnectOptions options = {});

    void run_for(Duration d) { world.run_for(d); }
    /// Until nothing is left to do, at most a day of virtual time.
    bool run() { return world.run_until_idle(std::chrono::hours(24)); }
    bool run_until(const std::function<bool()>& done, Duration limit = std::chrono::hours(24)) {
        return world.run_until(done, limit);
    }
    /// A word of the application in the ladder.
    void note(std::string_view host, std::string_view text) { watch_.note(world.now(), host, text); }

    /// All segments of the recording that `which` says yes to, in the order of sending.
    [[nodiscard]] std::vector<Segment> segments(const std::function<bool(const Segment&)>& which = {}) const;
    /// The `number`th of them, counted from 0; one that does not exist when there are fewer.
    [[nodiscard]] Segment segment(const std::function<bool(const Segment&)>& which, std::size_t number = 0) const;
    [[nodiscard]] std::size_t count(const std::function<bool(const Segment&)>& which) const {
        return segments(which).size();
    }
    /// The states that a host went through, the first included.
    [[nodiscard]] std::vector<tcp::State> path(std::string_view host, trace::ConnectionIndex connection = 0) const;
    /// When a host went into a state for the first time.
    [[nodiscard]] std::optional<Instant> reached(std::string_view host, tcp::State state,
                                                 trace::ConnectionIndex connection = 0) const;
    /// How often a timer ran out at a host.
    [[nodiscard]] std::size_t timeouts(std::string_view host, std::string_view timer) const;

    /// Sends a segment from `host` as it stands, whatever its source.
    void inject(std::string_view host, SocketAddress from, SocketAddress to, const wire::TcpHeader& header,
                std::string_view data = {}, std::uint64_t id = 0);

    [[nodiscard]] std::size_t recording() const { return recording_; }
    std::vector<trace::Remark> remarks;

  private:
    struct Change {
        std::uint64_t order;
        Instant time;
        tcp::State before, after;
    };
    [[nodiscard]] std::vector<Change> changes(std::string_view host, trace::ConnectionIndex connection) const;

    trace::EventLog* events_;
    std::size_t recording_;
    std::list<App> apps_;
    std::list<Service> services_;
    std::unique_ptr<trace::FlightRecorder> flight_;
};

}  // namespace hourglass::lab
