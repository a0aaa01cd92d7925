#pragma once

#include <array>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <string_view>

#include "hourglass/sim/world.h"
#include "hourglass/socket/call.h"
#include "hourglass/socket/sockets.h"

namespace hourglass::socket::testing {

using namespace std::chrono_literals;

/// A program on a client and one on a server, 10 ms apart in virtual time, each with its descriptors.
class Pair : public ::testing::Test {
  public:
    static ip::HostSettings settings() {
        ip::HostSettings s;
        s.tcp.urgent_inline = false;
        return s;
    }

    sim::World world{1};
    ip::Host& client_host = world.add_host("client", settings());
    ip::Host& server_host = world.add_host("server", settings());
    sim::Link& link =
        world.connect({"client", {"10.0.0.1/24", "2001:db8::1/64"}}, {"server", {"10.0.0.2/24", "2001:db8::2/64"}},
                      sim::LinkSettings().both({.delay = 10ms}));
    Sockets client{client_host};
    Sockets server{server_host};
    const SocketAddress service{IpAddress::v4(10, 0, 0, 2), Port(80)};
    const SocketAddress service6{*IpAddress::parse("2001:db8::2"), Port(80)};

    void run(Duration d = 1s) { world.run_for(d); }

    /// A blocking call that runs the world until it has its result.
    template <typename T>
    Result<T> wait(Call<T> call) {
        for (;;) {
            if (auto result = call.step(world.now())) return *result;
            const Instant next = std::min(world.next_time(), call.deadline());
            if (next == kNever) throw std::runtime_error("the call would wait for ever");
            world.run_until(std::max(next, world.now()));
        }
    }

    Descriptor stream(Sockets& s, int domain = family::inet) { return *s.socket(domain, type::stream, 0); }
    Descriptor datagrams(Sockets& s, int domain = family::inet) { return *s.socket(domain, type::dgram, 0); }

    Descriptor listen_on(const SocketAddress& address, int domain = family::inet, int backlog = 5) {
        const Descriptor d = stream(server, domain);
        EXPECT_TRUE(server.setsockopt(d, level::socket, so::reuse_addr, 1));
        EXPECT_TRUE(server.bind(d, address));
        EXPECT_TRUE(server.listen(d, backlog));
        return d;
    }
    /// Fills in `listener_`, `near` (the client's end) and `far` (the server's).
    void connect() {
        listener = listen_on(service);
        near = stream(client);
        ASSERT_TRUE(wait(socket::connect(client, near, service)));
        far = wait(socket::accept(server, listener))->descriptor;
    }

    static std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
    /// What a read of at most `size` bytes gives, or the error's name.
    std::string read(Sockets& s, Descriptor d, std::size_t size = 100) { return text(s, d, size, 0); }
    std::string text(Sockets& s, Descriptor d, std::size_t size, int flags) {
        std::string room(size, '\0');
        const std::span<std::byte> buffer = std::as_writable_bytes(std::span(room));
        const auto got = s.recvmsg(d, std::span(&buffer, 1), flags);
        if (!got) return std::string(name(got.error()));
        room.resize(std::min(room.size(), got->size));
        return room;
    }
    std::string write(Sockets& s, Descriptor d, std::string_view text, int flags = 0,
                      const std::optional<SocketAddress>& to = std::nullopt) {
        const auto buffer = bytes(text);
        const auto sent = s.sendmsg(d, std::span(&buffer, 1), flags, to);
        return sent ? std::to_string(*sent) : std::string(name(sent.error()));
    }
    void linger(Sockets& s, Descriptor d, int seconds) {
        const std::array value{1, seconds};
        EXPECT_TRUE(s.setsockopt(d, level::socket, so::linger, std::as_bytes(std::span(value))));
    }
    template <typename T>
    static std::string outcome(const Result<T>& result) {
        return result ? "0" : std::string(name(result.error()));
    }
    std::uint32_t events(Sockets& s, Descriptor d, std::uint32_t asked) {
        std::array entries{PollEntry{.descriptor = d, .events = asked}};
        s.poll(entries);
        return entries[0].returned;
    }

    Descriptor listener = -1, near = -1, far = -1;
};

}  // namespace hourglass::socket::testing
