// Why each segment was sent, held or dropped: 46 kinds, each in five variants. The test sets the stage, so it knows the
// answer; the log must give the same reason and the same clause, and so must the log of a replay of what was recorded.

#include "hourglass/trace/why.h"

#include <gtest/gtest.h>

#include "../tcp/single.h"
#include "hourglass/trace/flight_recorder.h"
#include "hourglass/trace/replayed_events.h"
#include "trace/recorded_run.h"

namespace hourglass::trace {
namespace {

using namespace std::chrono_literals;
using tcp::testing::Wire;

class Stage : public tcp::testing::Single {
  public:
    void TestBody() override {}
    void begin() {
        SetUp();
        settings.quick_acks = 0;
    }
    void end() { TearDown(); }

    EventLog log;

    /// Before the first segment, after the settings. What happens is recorded too.
    void watch() {
        recorder_.record("us", stack());
        stack().set_observer(&log.observer("us"));
    }
    /// What was recorded, once and for all.
    [[nodiscard]] const std::string& record() {
        recorder_.close();
        return record_;
    }
    void established(const wire::TcpOptions& options = {}, std::uint16_t win = 65535) {
        watch();
        accept_connection(options, win);
    }
    void drain() {
        while (out() != "nothing") {
        }
    }
    /// The last segment that was sent, by its number.
    [[nodiscard]] SegmentNumber last_sent() const { return last<SegmentSent>(); }
    [[nodiscard]] SegmentNumber last_received() const { return last<SegmentReceived>(); }
    template <typename T>
    [[nodiscard]] SegmentNumber last() const {
        for (auto e = log.events().rbegin(); e != log.events().rend(); ++e)
            if (const auto* found = e->as<T>()) return found->number;
        return 0;
    }
    std::string octets(std::size_t n) { return std::string(n, 'x'); }

  private:
    std::string record_;
    FlightRecorder recorder_{[this](std::uint64_t, std::span<const std::byte> bytes) {
        record_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return true;
    }};
};

struct Expected {
    SegmentNumber segment = 0;  ///< 0: the moment is asked for.
    std::string reason;
    std::string clause;
};

using Play = Expected (*)(Stage& s, unsigned variant);

struct Kind {
    const char* name;
    Play play;
};

wire::TcpOptions sack_permitted(std::uint16_t mss = 1000) {
    wire::TcpOptions o;
    o.mss = mss;
    o.sack_permitted = true;
    return o;
}

wire::TcpOptions mss(std::uint16_t size) {
    wire::TcpOptions o;
    o.mss = size;
    return o;
}

wire::TcpOptions sack(std::uint32_t iss, std::uint32_t left, std::uint32_t right) {
    wire::TcpOptions o;
    o.sack[o.sack_count++] = {tcp::Seq(iss + left), tcp::Seq(iss + right)};
    return o;
}

// --- Opening

Expected active_open(Stage& s, unsigned v) {
    s.settings.initial_window_segments = static_cast<std::uint8_t>(2 + v);
    s.watch();
    s.connect();
    s.drain();
    return {s.last_sent(), "active_open", "RFC 9293 3.5"};
}

Expected syn_again(Stage& s, unsigned v) {
    s.watch();
    s.connect();
    s.pass(v < 3 ? 1500ms : 4s);
    s.drain();
    return {s.last_sent(), "retransmit_timeout", "RFC 6298 5.4"};
}

Expected passive_open(Stage& s, unsigned v) {
    s.watch();
    s.listen();
    s.in({.flags = "S", .options = mss(static_cast<std::uint16_t>(600 + 100 * v))});
    s.drain();
    return {s.last_sent(), "passive_open", "RFC 9293 3.10.7.2"};
}

Expected syn_ack_again(Stage& s, unsigned v) {
    s.watch();
    s.listen();
    s.in({.flags = "S"});
    s.pass(v < 3 ? 1500ms : 4s);
    s.drain();
    return {s.last_sent(), "retransmit_timeout", "RFC 6298 5.4"};
}

Expected cookie(Stage& s, unsigned v) {
    s.settings.syn_cookies = v % 2 == 0 ? tcp::SynCookies::always : tcp::SynCookies::when_full;
    s.watch();
    s.listen({.half_open = v % 2 == 0 ? 8u : 1u});
    s.deliver_from({IpAddress::v4(10, 0, 0, 9), Port(7)}, {.flags = "S"});
    s.in({.flags = "S"});
    s.drain();
    return {s.last_sent(), "syn_cookie", "RFC 4987 3.6"};
}

Expected third_segment(Stage& s, unsigned v) {
    s.watch();
    s.connect();
    s.out();
    s.pass(Duration(1ms) * v);
    s.in({.flags = "S.", .seq = 0, .ack = 1});
    s.drain();
    return {s.last_sent(), "handshake_ack", "RFC 9293 3.10.7.3"};
}

// --- Data

Expected new_data(Stage& s, unsigned v) {
    s.established();
    s.send(s.octets(1 + 300 * v));
    s.poll();
    s.drain();
    return {s.last_sent(), "new_data", "RFC 9293 3.10.2"};
}

Expected fin(Stage& s, unsigned v) {
    s.established();
    s.pass(Duration(10ms) * v);
    s.app.stream.shutdown();
    s.poll();
    s.drain();
    return {s.last_sent(), "fin", "RFC 9293 3.6"};
}

Expected every_second(Stage& s, unsigned v) {
    s.established();
    const std::string data = s.octets(1000 + 100 * v);
    const auto size = static_cast<std::uint32_t>(data.size());
    s.in({.seq = 1, .ack = 1, .data = data});
    s.in({.seq = 1 + size, .ack = 1, .data = data});
    s.drain();
    return {s.last_sent(), "ack_every_second", "RFC 9293 3.8.6.3"};
}

Expected delayed(Stage& s, unsigned v) {
    s.established();
    s.in({.seq = 1, .ack = 1, .data = s.octets(1 + v)});
    s.pass(600ms);
    s.drain();
    return {s.last_sent(), "ack_delayed", "RFC 9293 3.8.6.3"};
}

Expected out_of_order(Stage& s, unsigned v) {
    s.established();
    s.in({.seq = 101 + v, .ack = 1, .data = s.octets(100)});
    s.drain();
    return {s.last_sent(), "ack_out_of_order", "RFC 5681 4.2"};
}

Expected gap_filled(Stage& s, unsigned v) {
    s.established();
    const std::uint32_t gap = 10 + v;
    s.in({.seq = 1 + gap, .ack = 1, .data = s.octets(100)});
    s.in({.seq = 1, .ack = 1, .data = s.octets(gap)});
    s.drain();
    return {s.last_sent(), "ack_gap_filled", "RFC 5681 4.2"};
}

Expected old_data(Stage& s, unsigned v) {
    s.established();
    const Wire w{.seq = 1, .ack = 1, .data = s.octets(50 + v)};
    s.in(w);
    s.in(w);
    s.drain();
    return {s.last_sent(), "ack_duplicate_data", "RFC 9293 3.10.7.4"};
}

Expected ack_of_fin(Stage& s, unsigned v) {
    s.established();
    s.in({.flags = "F.", .seq = 1, .ack = 1, .data = s.octets(v)});
    s.drain();
    return {s.last_sent(), "ack_fin", "RFC 9293 3.10.7.4"};
}

Expected at_once(Stage& s, unsigned v) {
    s.settings.quick_acks = static_cast<std::uint8_t>(4 + v);
    s.established();
    s.in({.seq = 1, .ack = 1, .data = s.octets(100)});
    s.drain();
    return {s.last_sent(), "ack_pushed", "RFC 9293 3.8.6.3"};
}

Expected window_update(Stage& s, unsigned v) {
    s.settings.receive_buffer = 4000;
    s.app.reads = false;
    s.established();
    const std::uint32_t size = 1000;
    for (std::uint32_t i = 0; i < 4; ++i) s.in({.seq = 1 + i * size, .ack = 1, .data = s.octets(size)});
    s.pass(Duration(1ms) * v);
    s.app.read_all(s.app.stream);
    s.poll();
    s.drain();
    return {s.last_sent(), "window_update", "RFC 9293 3.8.6.2.2"};
}

// --- Recovery

Expected timeout(Stage& s, unsigned v) {
    s.settings.rack_tlp = false;
    s.established();
    s.send(s.octets(100 + 100 * v));
    s.poll();
    s.pass(v < 3 ? 1500ms : 4s);
    s.drain();
    return {s.last_sent(), "retransmit_timeout", "RFC 6298 5.4"};
}

/// Ten segments of 1,000 octets are in flight.
void ten_in_flight(Stage& s, const wire::TcpOptions& options) {
    s.established(options);
    s.send(s.octets(10000));
    s.poll();
    s.drain();
}

Expected fast_retransmit(Stage& s, unsigned v) {
    ten_in_flight(s, mss(1000));
    const std::uint32_t acked = 1 + 1000 * v;
    if (v > 0) s.in({.seq = 1, .ack = acked});
    for (int i = 0; i < 3; ++i) s.in({.seq = 1, .ack = acked});
    s.drain();
    return {s.last_sent(), "fast_retransmit", "RFC 5681 3.2"};
}

Expected partial_ack(Stage& s, unsigned v) {
    ten_in_flight(s, mss(1000));
    for (int i = 0; i < 3; ++i) s.in({.seq = 1, .ack = 1});
    s.in({.seq = 1, .ack = 2001 + 1000 * v});
    s.drain();
    return {s.last_sent(), "partial_ack", "RFC 6582 3.2"};
}

Expected by_sack(Stage& s, unsigned v) {
    s.settings.rack_tlp = v % 2 == 0;
    ten_in_flight(s, sack_permitted());
    const std::uint32_t iss = s.our_iss.raw();
    for (std::uint32_t i = 0; i < 3 + v; ++i) s.in({.seq = 1, .ack = 1, .options = sack(iss, 1001, 2001 + 1000 * i)});
    for (const Event& e : s.log.events())
        if (const auto* sent = e.as<SegmentSent>(); sent != nullptr && sent->retransmission)
            return {sent->number, "sack_retransmit", "RFC 6675 5"};
    return {};
}

Expected by_time(Stage& s, unsigned v) {
    s.established(sack_permitted());
    // A round trip of 40 ms is known; then one of two segments is lost, and its successor's SACK is all there is.
    s.send(s.octets(1000));
    s.poll();
    s.pass(40ms);
    s.in({.seq = 1, .ack = 1001});
    s.send(s.octets(2000));
    s.poll();
    s.pass(Duration(40ms) + Duration(1ms) * v);
    s.in({.seq = 1, .ack = 1001, .options = sack(s.our_iss.raw(), 2001, 3001)});
    s.pass(60ms);
    s.drain();
    return {s.last_sent(), "rack_retransmit", "RFC 8985 6.2"};
}

Expected tail_loss_probe(Stage& s, unsigned v) {
    s.established(sack_permitted());
    s.send(s.octets(1000));
    s.poll();
    s.pass(40ms);
    s.in({.seq = 1, .ack = 1001});
    s.send(s.octets(2000 + 100 * v));
    s.poll();
    s.drain();
    s.pass(190ms);
    return {s.last_sent(), "tail_loss_probe", "RFC 8985 7.3"};
}

Expected limited_transmit(Stage& s, unsigned v) {
    s.established(mss(1000));
    s.send(s.octets(12000 + 100 * v));
    s.poll();
    s.drain();
    s.in({.seq = 1, .ack = 1});
    s.drain();
    return {s.last_sent(), "limited_transmit", "RFC 3042 2"};
}

// --- The window, and silence

Expected window_probe(Stage& s, unsigned v) {
    s.established(mss(1000), 1000);
    s.send(s.octets(1500 + 100 * v));
    s.poll();
    s.in({.seq = 1, .ack = 1001, .win = 0});
    s.pass(2s);
    s.drain();
    return {s.last_sent(), "window_probe", "RFC 9293 3.8.6.1"};
}

Expected keepalive(Stage& s, unsigned v) {
    s.established();
    tcp::Tuning t = s.app.stream.tuning();
    t.keepalive = true;
    t.keepalive_idle = 10s + Duration(1s) * v;
    s.app.stream.tune(t);
    s.app.stream.set_keepalive(true);
    s.poll();
    s.pass(20s);
    s.drain();
    return {s.last_sent(), "keepalive", "RFC 9293 3.8.4"};
}

// --- Attacks and resets

Expected challenge(Stage& s, unsigned v) {
    s.established();
    if (v % 2 == 0)
        s.in({.flags = "R", .seq = 100 + v});
    else
        s.in({.flags = "S", .seq = 500 + v});
    s.drain();
    return {s.last_sent(), "challenge_ack", v % 2 == 0 ? "RFC 5961 3.2" : "RFC 5961 4.2"};
}

Expected no_connection(Stage& s, unsigned v) {
    s.watch();
    s.in({.flags = v % 2 == 0 ? "S" : ".", .seq = v, .ack = 77});
    s.drain();
    return {s.last_sent(), "reset_no_connection", "RFC 9293 3.5.2"};
}

Expected bad_ack_in_syn_sent(Stage& s, unsigned v) {
    s.watch();
    s.connect();
    s.out();
    s.in({.flags = "S.", .ack = 1000 + v});
    s.drain();
    return {s.last_sent(), "reset_bad_ack", "RFC 9293 3.5.2"};
}

Expected abort(Stage& s, unsigned v) {
    s.established();
    s.pass(Duration(5ms) * v);
    s.app.stream.abort();
    s.poll();
    s.drain();
    return {s.last_sent(), "reset_abort", "RFC 9293 3.10.5"};
}

Expected after_close(Stage& s, unsigned v) {
    s.established();
    s.app.stream.close();
    s.poll();
    s.in({.seq = 1, .ack = 2});
    s.in({.seq = 1, .ack = 2, .data = s.octets(1 + v)});
    s.drain();
    return {s.last_sent(), "reset_data_after_close", "RFC 9293 3.6.1"};
}

Expected given_up(Stage& s, unsigned v) {
    s.settings.data_retries = static_cast<std::uint8_t>(2 + v);
    s.established();
    s.send(s.octets(10));
    s.poll();
    s.pass(300s);
    s.drain();
    return {s.last_sent(), "reset_timeout", "RFC 9293 3.8.3"};
}

// --- Held back

Expected by_cwnd(Stage& s, unsigned v) {
    s.established(mss(1000));
    s.send(s.octets(20000 + 1000 * v));
    s.poll();
    s.drain();
    return {0, "congestion_window", "RFC 5681 2"};
}

Expected by_window(Stage& s, unsigned v) {
    s.established({}, static_cast<std::uint16_t>(1000 + 100 * v));
    s.send(s.octets(5000));
    s.poll();
    s.drain();
    return {0, "peer_window", "RFC 9293 3.8.6"};
}

Expected by_nagle(Stage& s, unsigned v) {
    s.established();
    s.send(s.octets(10));
    s.poll();
    s.send(s.octets(10 + v));
    s.poll();
    s.drain();
    return {0, "nagle", "RFC 9293 3.7.4"};
}

Expected by_pacing(Stage& s, unsigned v) {
    s.settings.congestion = v % 2 == 0 ? tcp::Congestion::bbr : tcp::Congestion::cubic;
    s.settings.pacing = true;
    s.watch();
    s.connect();
    s.out();
    s.pass(100ms);
    s.in({.flags = "S.", .ack = 1, .options = mss(1000)});
    s.send(s.octets(30000 + 1000 * v));
    s.poll();
    s.drain();
    return {0, "pacing", "RFC 9002 7.7"};
}

Expected by_application(Stage& s, unsigned v) {
    s.established();
    s.send(s.octets(10 + v));
    s.poll();
    s.drain();
    return {0, "application", ""};
}

// --- Dropped

Expected checksum(Stage& s, unsigned v) {
    s.established();
    s.in({.seq = 1, .ack = 1, .data = s.octets(1 + v), .bad_checksum = true});
    return {s.last<SegmentDropped>(), "checksum", "RFC 9293 3.1"};
}

Expected malformed(Stage& s, unsigned v) {
    s.watch();
    s.deliver_from({s.peer.address, Port(0)}, {.flags = "S", .seq = v});
    return {s.last<SegmentDropped>(), "malformed", "RFC 9293 3.1"};
}

Expected not_for_us(Stage& s, unsigned v) {
    s.watch();
    s.deliver_from({IpAddress::v4(224, 0, 0, static_cast<std::uint8_t>(1 + v)), Port(5)}, {.flags = "S"});
    return {s.last<SegmentDropped>(), "not_for_us", "RFC 9293 3.9.2.3"};
}

Expected paws(Stage& s, unsigned v) {
    s.settings.timestamps = true;
    wire::TcpOptions o;
    o.timestamps = {1000, 0};
    s.established(o);
    o.timestamps->value = 900 - v;
    s.in({.seq = 1, .ack = 1, .data = s.octets(10), .options = o});
    s.drain();
    return {s.last_received(), "paws", "RFC 7323 5.3 R1"};
}

Expected bad_ack(Stage& s, unsigned v) {
    s.established();
    s.in({.seq = 1, .ack = 5000 + v});
    s.drain();
    return {s.last_received(), "bad_ack", "RFC 5961 5.2"};
}

Expected out_of_window(Stage& s, unsigned v) {
    s.established();
    s.in({.seq = 2'000'000 + v, .ack = 1, .data = s.octets(10)});
    s.drain();
    return {s.last_received(), "duplicate", "RFC 9293 3.10.7.4 first"};
}

Expected half_open_full(Stage& s, unsigned v) {
    s.settings.syn_cookies = tcp::SynCookies::off;
    s.watch();
    s.listen({.half_open = 1 + v});
    for (std::uint16_t i = 0; i <= v + 1; ++i)
        s.deliver_from({s.peer.address, Port(static_cast<std::uint16_t>(6000 + i))}, {.flags = "S"});
    s.poll();
    s.drain();
    return {s.last_received(), "half_open_full", "RFC 9293 3.10.7.2 third"};
}

Expected accept_full(Stage& s, unsigned v) {
    s.app.accepts = false;
    s.watch();
    s.listen({.accept_queue = 1});
    s.in({.flags = "S"});
    s.out();
    s.in({.seq = 1, .ack = 1});
    s.deliver_from({s.peer.address, Port(static_cast<std::uint16_t>(6000 + v))}, {.flags = "S"});
    s.poll();
    s.drain();
    return {s.last_received(), "accept_queue_full", "RFC 9293 3.10.7.2 third"};
}

Expected no_ack(Stage& s, unsigned v) {
    s.established();
    s.in({.flags = "P", .seq = 1, .data = s.octets(1 + v)});
    s.drain();
    return {s.last_received(), "no_ack", "RFC 9293 3.10.7.4 fifth"};
}

Expected reset_ignored(Stage& s, unsigned v) {
    s.established();
    s.in({.flags = "R", .seq = 3'000'000 + v});
    s.drain();
    return {s.last_received(), "reset_ignored", "RFC 9293 3.10.7.4 first"};
}

const Kind kKinds[] = {
    {"active_open", active_open},
    {"syn_again", syn_again},
    {"passive_open", passive_open},
    {"syn_ack_again", syn_ack_again},
    {"cookie", cookie},
    {"third_segment", third_segment},
    {"new_data", new_data},
    {"fin", fin},
    {"every_second", every_second},
    {"delayed", delayed},
    {"out_of_order", out_of_order},
    {"gap_filled", gap_filled},
    {"old_data", old_data},
    {"ack_of_fin", ack_of_fin},
    {"at_once", at_once},
    {"window_update", window_update},
    {"timeout", timeout},
    {"fast_retransmit", fast_retransmit},
    {"partial_ack", partial_ack},
    {"by_sack", by_sack},
    {"by_time", by_time},
    {"tail_loss_probe", tail_loss_probe},
    {"limited_transmit", limited_transmit},
    {"window_probe", window_probe},
    {"keepalive", keepalive},
    {"challenge", challenge},
    {"no_connection", no_connection},
    {"bad_ack_in_syn_sent", bad_ack_in_syn_sent},
    {"abort", abort},
    {"after_close", after_close},
    {"given_up", given_up},
    {"by_cwnd", by_cwnd},
    {"by_window", by_window},
    {"by_nagle", by_nagle},
    {"by_pacing", by_pacing},
    {"by_application", by_application},
    {"checksum", checksum},
    {"malformed", malformed},
    {"not_for_us", not_for_us},
    {"paws", paws},
    {"bad_ack", bad_ack},
    {"out_of_window", out_of_window},
    {"half_open_full", half_open_full},
    {"accept_full", accept_full},
    {"no_ack", no_ack},
    {"reset_ignored", reset_ignored},
};
constexpr unsigned kVariants = 5;

void expect_answer(const EventLog& log, const Expected& expected, Instant now) {
    const auto answers = expected.segment != 0 ? why_segment(log, expected.segment) : why_at(log, now);
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers.front().reason, expected.reason) << to_text(answers.front());
    EXPECT_EQ(answers.front().clause, expected.clause) << to_text(answers.front());
    EXPECT_FALSE(answers.front().why.empty());
}

class Why : public ::testing::TestWithParam<Kind> {};

TEST_P(Why, SaysTheReasonAndTheClauseThatTheTestSetUp) {
    for (unsigned variant = 0; variant < kVariants; ++variant) {
        SCOPED_TRACE(variant);
        Stage s;
        s.begin();
        const Expected expected = GetParam().play(s, variant);
        ASSERT_FALSE(expected.reason.empty()) << "the stage was not set";
        expect_answer(s.log, expected, s.now);
        ReplayedEvents replayed;
        const auto replay = open_record(s.record(), &replayed);
        ASSERT_TRUE(replay) << replay.error().text;
        ASSERT_TRUE((*replay)->run_to_end()) << (*replay)->problem()->text;
        expect_answer(replayed.log(), expected, s.now);
        s.end();
    }
}

INSTANTIATE_TEST_SUITE_P(EveryKind, Why, ::testing::ValuesIn(kKinds),
                         [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace hourglass::trace
