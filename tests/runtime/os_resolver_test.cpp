#include "hourglass/runtime/os_resolver.h"

#include <arpa/inet.h>
#include <asio/io_context.hpp>
#include <chrono>
#include <gtest/gtest.h>
#include <optional>
#include <unistd.h>

#include "hourglass/dns/authoritative_server.h"
#include "hourglass/runtime/clock.h"
#include "hourglass/runtime/os_stream.h"

namespace hourglass::runtime {
namespace {

using namespace std::chrono_literals;

/// A name server on loopback that answers every question over UDP with a message of the test's.
class NameServer final : private Watcher {
  public:
    using Answer = std::function<std::vector<std::byte>(std::vector<std::byte> question)>;

    NameServer(OsLoop& loop, Answer answer)
        : loop_(loop), answer_(std::move(answer)), socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
        sockaddr_in local{};
        local.sin_family = AF_INET;
        local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof local;
        EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&local), size), 0);
        EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&local), &size), 0);
        here = {IpAddress::v4(127, 0, 0, 1), Port{ntohs(local.sin_port)}};
        EXPECT_TRUE(loop_.watch(socket_, *this));
    }
    ~NameServer() {
        loop_.forget(*this);
        ::close(socket_);
    }

    SocketAddress here;
    int questions = 0;

  private:
    void on_ready(Readiness) override {
        std::vector<std::byte> question(2048);
        sockaddr_in from{};
        socklen_t size = sizeof from;
        const ssize_t n =
            ::recvfrom(socket_, question.data(), question.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
        if (n <= 0) return;
        ++questions;
        question.resize(static_cast<std::size_t>(n));
        const auto reply = answer_(std::move(question));
        if (!reply.empty())
            ::sendto(socket_, reply.data(), reply.size(), 0, reinterpret_cast<const sockaddr*>(&from), size);
    }

    OsLoop& loop_;
    Answer answer_;
    int socket_;
};

/// The question with its header turned into a response's, and an A record of 192.0.2.7 behind it. The question must
/// have no EDNS record.
std::vector<std::byte> answer_with_address(std::vector<std::byte> message) {
    message[2] |= std::byte{0x80};  // QR
    message[3] = std::byte{0x80};   // RA, no error
    message[7] = std::byte{1};      // ANCOUNT
    for (const int octet : {0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7})
        message.push_back(static_cast<std::byte>(octet));
    return message;
}

class OsResolving : public testing::Test {
  protected:
    dns::ResolverSettings settings(const SocketAddress& server) const {
        dns::ResolverSettings result;
        result.servers = {server};
        result.udp_size = 0;
        result.timeout = 200ms;
        result.attempts = 1;
        return result;
    }
    dns::ResolveResult resolve(OsResolver& resolver, std::string_view name) {
        std::optional<dns::ResolveResult> result;
        resolver.resolve(name, dns::Families::v4, [&](const dns::ResolveResult& r) { result = r; });
        for (const Instant end = now() + 10s; !result && now() < end;) context.run_for(5ms);
        return result.value();
    }

    asio::io_context context{1};
    OsLoop loop{context};
};

TEST_F(OsResolving, ANameServerIsAskedOnceAndThenTheCache) {
    NameServer server(loop, answer_with_address);
    OsResolver resolver(loop, settings(server.here));
    for (int i = 0; i < 2; ++i) {
        const auto result = resolve(resolver, "www.example");
        ASSERT_TRUE(result) << dns::to_string(result.error());
        EXPECT_EQ(result->addresses, std::vector{IpAddress::v4(192, 0, 2, 7)});
    }
    EXPECT_EQ(server.questions, 1);
}

TEST_F(OsResolving, ASilentServerRunsIntoTheTimeLimit) {
    NameServer server(loop, [](const std::vector<std::byte>&) { return std::vector<std::byte>(); });
    OsResolver resolver(loop, settings(server.here));
    EXPECT_EQ(resolve(resolver, "www.example").error(), dns::ResolveError::timed_out);
}

// ICMP's port unreachable comes as ECONNREFUSED on a connected socket, and no time is waited for.
TEST_F(OsResolving, AClosedPortIsKnownAtOnce) {
    std::optional<NameServer> server;
    server.emplace(loop, answer_with_address);
    const SocketAddress closed = server->here;
    server.reset();
    dns::ResolverSettings patient = settings(closed);
    patient.timeout = 30s;
    OsResolver resolver(loop, patient);
    const Instant began = now();
    EXPECT_FALSE(resolve(resolver, "www.example"));
    EXPECT_LT(now() - began, 5s);
}

TEST_F(OsResolving, LocalhostNeedsNoServer) {
    OsResolver resolver(loop, {});
    const auto result = resolve(resolver, "localhost");
    ASSERT_TRUE(result);
    EXPECT_EQ(result->addresses, std::vector{IpAddress::v4(127, 0, 0, 1)});
}

}  // namespace
}  // namespace hourglass::runtime
