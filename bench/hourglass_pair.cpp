#include "hourglass_pair.h"

#include <chrono>
#include <fmt/format.h>
#include <stdexcept>
#include <utility>
#include <vector>

#include "hourglass/ip/host.h"
#include "hourglass/tcp/stack.h"
#include "hourglass/trace/flight_recorder.h"

namespace hourglass::bench {

namespace {

using namespace std::chrono_literals;

constexpr Duration kRound = 5us;
constexpr std::size_t kLargestHeaders = 80;  // IPv4 and TCP with options: what is larger carries payload
constexpr int kSilentRoundsAllowed = 1000;

void require(bool holds, std::string_view what) {
    if (!holds) throw std::runtime_error(std::string(what));
}

IpAddress address(std::string_view text) {
    const auto parsed = IpAddress::parse(text);
    require(parsed.has_value(), "not an address");
    return *parsed;
}

ip::HostSettings host_settings(const PairSettings& settings, std::uint64_t key) {
    ip::HostSettings s;
    s.secret = {key, ~key};
    s.tcp.send_buffer = settings.window;
    s.tcp.receive_buffer = settings.window;
    s.tcp.timestamps = settings.timestamps;
    s.tcp.msl = 1ms;
    return s;
}

ip::InterfaceSettings interface_settings(const IpAddress& own) {
    ip::InterfaceSettings s;
    s.addresses = {{own, 24}};
    return s;
}

/// One host with its only interface.
struct End {
    End(const PairSettings& settings, const IpAddress& own, std::uint64_t key, BufferPool& pool)
        : host(host_settings(settings, key), pool), interface(host.add_interface(interface_settings(own))) {}

    ip::Host host;
    ip::InterfaceId interface;
};

/// Keeps the bulk connection's send buffer full.
class Writer : public tcp::ConnectionHandler {
  public:
    explicit Writer(Pattern& pattern) : pattern_(pattern) {}

    void start(std::uint64_t bytes) { left_ = bytes; }
    void write(tcp::Stream stream) {
        while (left_ > 0) {
            const auto piece = pattern_.next(left_);
            const std::size_t taken = stream.send(piece);
            left_ -= taken;
            pattern_.wrote(taken);
            if (taken < piece.size()) return;
        }
    }
    void on_established(tcp::Stream stream) override { write(stream); }
    void on_writable(tcp::Stream stream) override { write(stream); }
    void on_closed(tcp::Stream, tcp::Error) override { throw std::runtime_error("the bulk connection ended"); }

  private:
    Pattern& pattern_;
    std::uint64_t left_ = 0;
};

/// Reads the bulk connection.
class Reader : public tcp::ConnectionHandler {
  public:
    explicit Reader(Pattern& pattern) : pattern_(pattern), buffer_(64 * 1024) {}

    void start(Reading reading, bool verify) {
        reading_ = reading;
        verify_ = verify;
        carried = {};
    }
    void on_readable(tcp::Stream stream) override {
        if (reading_ == Reading::copied) {
            while (const std::size_t n = stream.receive(buffer_)) take(std::span(buffer_).first(n));
        } else {
            for (Slice s = stream.receive_slice(); !s.empty(); s = stream.receive_slice()) take(s.bytes());
        }
    }

    Transfer carried;

  private:
    void take(std::span<const std::byte> bytes) {
        carried.payload += bytes.size();
        if (verify_) carried.intact = pattern_.matches(bytes) && carried.intact;
    }

    Pattern& pattern_;
    std::vector<std::byte> buffer_;
    Reading reading_ = Reading::copied;
    bool verify_ = false;
};

/// Either end of connections that come and go: the client closes when it is established, the server when it hears so.
class Passing : public tcp::ConnectionHandler {
  public:
    explicit Passing(bool closes_first) : closes_first_(closes_first) {}

    void on_established(tcp::Stream stream) override {
        if (closes_first_) stream.close();
    }
    void on_readable(tcp::Stream stream) override {
        if (stream.at_end()) stream.close();
    }
    void on_closed(tcp::Stream, tcp::Error error) override {
        if (error == tcp::Error::none) ++closed;
    }

    std::size_t closed = 0;

  private:
    bool closes_first_;
};

/// Takes every connection off the accept queue and gives it to one handler.
class Accepting : public tcp::AcceptHandler {
  public:
    explicit Accepting(tcp::ConnectionHandler* handler) : handler_(handler) {}
    void on_acceptable(tcp::Listener listener) override {
        while (listener.accept(handler_)) ++accepted;
    }

    std::size_t accepted = 0;

  private:
    tcp::ConnectionHandler* handler_;
};

}  // namespace

class HourglassPair::Implementation {
  public:
    explicit Implementation(const PairSettings& settings)
        : client_(settings, address("10.0.0.1"), 1, pool_), server_(settings, address("10.0.0.2"), 2, pool_) {
        if (settings.recorded) {
            recorder_ =
                std::make_unique<trace::FlightRecorder>([](std::uint64_t, std::span<const std::byte>) { return true; },
                                                        trace::FlightRecorderSettings{.max_bytes = UINT64_MAX});
            recorder_->record("client", client_.host.tcp());
            recorder_->record("server", server_.host.tcp());
        }
        listen(kBulkPort, bulk_accepting_);
        listen(kChurnPort, churn_accepting_);
    }

    [[nodiscard]] std::uint64_t recorded_bytes() const { return recorder_ ? recorder_->bytes() : 0; }

    Transfer transfer(std::uint64_t bytes, Reading reading, bool verify) {
        reader_.start(reading, verify);
        if (verify) pattern_.check_from_here();
        writer_.start(bytes);
        if (bulk_.exists()) {
            writer_.write(bulk_);
        } else {
            bulk_ = connect(Port{}, kBulkPort, &writer_);
        }
        segments_ = packets_ = 0;
        run_until([&] { return reader_.carried.payload == bytes; });
        settle();
        Transfer result = reader_.carried;
        result.segments = segments_;
        result.packets = packets_;
        return result;
    }

    void hold_idle(std::size_t count) {
        constexpr std::size_t kGroup = 100;
        while (idle_ < count) {
            const std::size_t group = std::min(kGroup, count - idle_);
            for (std::size_t i = 0; i < group; ++i, ++idle_) {
                const auto server = static_cast<std::uint16_t>(kFirstIdlePort + idle_ / kIdlePerServerPort);
                if (idle_ % kIdlePerServerPort == 0) listen(server, idle_accepting_);
                const auto client = static_cast<std::uint16_t>(kFirstIdleClientPort + idle_ % kIdlePerServerPort);
                connect(Port{client}, server, nullptr);
            }
            run_until([&] { return idle_accepting_.accepted == idle_; });
            settle();
        }
    }

    std::size_t churn(std::size_t count, std::size_t at_a_time) {
        churn_client_.closed = churn_server_.closed = 0;
        for (std::size_t opened = 0; opened < count;) {
            const std::size_t group = std::min(at_a_time, count - opened);
            for (std::size_t i = 0; i < group; ++i) connect(Port{}, kChurnPort, &churn_client_);
            opened += group;
            run_until([&] { return churn_client_.closed == opened && churn_server_.closed == opened; });
        }
        return std::min(churn_client_.closed, churn_server_.closed);
    }

  private:
    void listen(std::uint16_t port, Accepting& accepting) {
        tcp::ListenOptions options;
        options.handler = &accepting;
        const auto listener = server_.host.tcp().listen({address("10.0.0.2"), Port{port}}, options);
        require(listener.has_value(), "can't listen");
    }

    tcp::Stream connect(Port local, std::uint16_t remote, tcp::ConnectionHandler* handler) {
        tcp::ConnectOptions options;
        options.local.port = local;
        options.handler = handler;
        const auto stream = client_.host.tcp().connect({server_address_, Port{remote}}, options);
        if (!stream) throw std::runtime_error(fmt::format("can't connect: {}", tcp::to_string(stream.error())));
        return *stream;
    }

    /// Lets `from` run and carries what it has to say. Returns how many packets that was.
    std::size_t pass(End& from, End& to) {
        from.host.poll(now_);
        from.host.take_output(from.interface, batch_);
        const std::size_t count = batch_.size();
        for (Packet& packet : batch_) {
            if (packet.size() > kLargestHeaders) ++segments_;
            to.host.receive(to.interface, std::move(packet), now_);
        }
        batch_.clear();
        packets_ += count;
        return count;
    }

    bool round() {
        now_ += kRound;
        const std::size_t there = pass(client_, server_);
        const std::size_t back = pass(server_, client_);
        return there + back > 0;
    }

    template <typename Done>
    void run_until(Done done) {
        int silent = 0;
        while (!done()) {
            if (round()) {
                silent = 0;
                continue;
            }
            require(++silent < kSilentRoundsAllowed, "both hosts are silent and the work is not done");
            const Instant next = std::min(client_.host.next_deadline(), server_.host.next_deadline());
            if (next != kNever) now_ = std::max(now_, next);
        }
    }

    /// Goes on until both are silent, so that the next measurement begins at rest.
    void settle() {
        while (round()) {
        }
    }

    BufferPool pool_;
    Pattern pattern_;
    Writer writer_{pattern_};
    Reader reader_{pattern_};
    Passing churn_client_{true};
    Passing churn_server_{false};
    Accepting bulk_accepting_{&reader_};
    Accepting churn_accepting_{&churn_server_};
    Accepting idle_accepting_{nullptr};
    IpAddress server_address_ = address("10.0.0.2");
    End client_;
    End server_;
    tcp::Stream bulk_;
    Instant now_{};
    std::vector<Packet> batch_;
    std::uint64_t segments_ = 0;
    std::uint64_t packets_ = 0;
    std::size_t idle_ = 0;
    std::unique_ptr<trace::FlightRecorder> recorder_;
};

HourglassPair::HourglassPair(const PairSettings& settings)
    : implementation_(std::make_unique<Implementation>(settings)) {}

HourglassPair::~HourglassPair() = default;

Transfer HourglassPair::transfer(std::uint64_t bytes, Reading reading, bool verify) {
    return implementation_->transfer(bytes, reading, verify);
}

std::uint64_t HourglassPair::recorded_bytes() const { return implementation_->recorded_bytes(); }

void HourglassPair::hold_idle(std::size_t count) { implementation_->hold_idle(count); }

std::size_t HourglassPair::churn(std::size_t count, std::size_t at_a_time) {
    return implementation_->churn(count, at_a_time);
}

}  // namespace hourglass::bench
