#pragma once

#include <deque>
#include <functional>
#include <gtest/gtest.h>
#include <map>

#include "hourglass/tcp/stack.h"

namespace hourglass::tcp::testing {

using namespace std::chrono_literals;

/// Two stacks, a delay between them and a rule for what gets lost, in virtual time.
class Pair {
  public:
    /// Decides about the n-th segment (from 0) of a direction: false loses it.
    using Rule = std::function<bool(const wire::TcpView&, std::size_t n)>;

    struct End : Network {
        End(Pair& p, IpAddress own, const Settings& s) : pair(p), address(own), stack(s, SipKey{3, 4}, *this, p.pool) {}
        std::optional<Path> path_to(const IpAddress&, const IpAddress&) override {
            return Path{.source = address, .mtu = pair.mtu};
        }
        void send_segment(Packet&& segment, const IpAddress& source, const IpAddress& destination) override {
            const auto view = wire::TcpView::parse(std::as_const(segment).bytes());
            if (rule && !rule(*view, sent++)) return;
            pair.flying_.emplace(std::pair(pair.now + pair.delay, pair.order_++),
                                 Flight{std::move(segment), source, destination, other});
        }
        Pair& pair;
        IpAddress address;
        Stack stack;
        End* other = nullptr;
        Listener listener;
        Rule rule;
        std::size_t sent = 0;
    };

    explicit Pair(const Settings& settings = {})
        : a(*this, IpAddress::v4(10, 0, 0, 1), settings), b(*this, IpAddress::v4(10, 0, 0, 2), settings) {
        a.other = &b;
        b.other = &a;
    }
    ~Pair() { flying_.clear(); }

    Instant next_event() {
        const Instant next = std::min(a.stack.next_deadline(), b.stack.next_deadline());
        return flying_.empty() ? next : std::min(next, flying_.begin()->first.first);
    }
    /// One event: the next arrival or timer. False when nothing will ever happen.
    bool step() {
        a.stack.poll(now);
        b.stack.poll(now);
        const Instant next = next_event();
        if (next == kNever) return false;
        now = std::max(now, next);
        while (!flying_.empty() && flying_.begin()->first.first <= now) {
            Flight f = std::move(flying_.begin()->second);
            flying_.erase(flying_.begin());
            f.to->stack.receive(std::move(f.segment), f.source, f.destination, now);
        }
        a.stack.poll(now);
        b.stack.poll(now);
        EXPECT_EQ(a.stack.check_invariants(), "");
        EXPECT_EQ(b.stack.check_invariants(), "");
        return true;
    }
    void run(Duration d) {
        const Instant end = now + d;
        while (now < end && step()) {
        }
    }
    /// Time passes, whether anything happens in it or not.
    void advance(Duration d) {
        const Instant end = now + d;
        a.stack.poll(now);
        b.stack.poll(now);
        while (next_event() <= end) step();
        now = end;
    }
    /// Runs until `done`, an end of all events, or `limit`.
    void run_until(const std::function<bool()>& done, Duration limit = 1h) {
        const Instant end = now + limit;
        while (!done() && now < end && step()) {
        }
    }

    struct Flight {
        Packet segment;
        IpAddress source, destination;
        End* to;
    };
    BufferPool pool;
    Instant now{1h};
    Duration delay = 10ms;
    std::uint32_t mtu = 1500;

  private:
    std::map<std::pair<Instant, std::uint64_t>, Flight> flying_;
    std::uint64_t order_ = 0;

  public:
    End a, b;
};

/// Sends `total` octets of a pattern and closes; checks the pattern on what comes.
class Worker : public ConnectionHandler, public AcceptHandler {
  public:
    void start(Stream s) {
        stream = s;
        push();
    }
    void on_established(Stream s) override { start(s); }
    void on_writable(Stream) override { push(); }
    void on_readable(Stream s) override {
        std::byte buffer[8192];
        while (const std::size_t n = s.receive(buffer))
            for (std::size_t i = 0; i < n; ++i) intact = intact && buffer[i] == pattern(received++);
        ended = s.at_end();
        if (ended && to_send == sent) s.close();
    }
    void on_closed(Stream, Error e) override {
        closed = true;
        error = e;
    }
    void on_acceptable(Listener l) override { l.accept(this); }
    static std::byte pattern(std::size_t i) { return static_cast<std::byte>((i * 31) ^ (i >> 8)); }

    std::size_t to_send = 0, sent = 0, received = 0;
    bool intact = true, ended = false, closed = false;
    Error error = Error::none;
    Stream stream;

  private:
    void push() {
        std::byte buffer[4096];
        while (sent < to_send) {
            const std::size_t n = std::min(sizeof(buffer), to_send - sent);
            for (std::size_t i = 0; i < n; ++i) buffer[i] = pattern(sent + i);
            const std::size_t taken = stream.send(std::span(buffer, n));
            sent += taken;
            if (taken < n) return;
        }
        stream.shutdown();
    }
};

}  // namespace hourglass::tcp::testing
