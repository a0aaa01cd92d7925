// Datagram sockets, as udp(7) says.

#include "hourglass/wire/ipv4.h"
#include "socket/pair.h"

namespace hourglass::socket {
namespace {

using namespace std::chrono_literals;

class Datagram : public testing::Pair {
  public:
    void SetUp() override {
        far = datagrams(server);
        ASSERT_TRUE(server.bind(far, {IpAddress::v4(0), Port(53)}));
        near = datagrams(client);
    }
    const SocketAddress name_server{IpAddress::v4(10, 0, 0, 2), Port(53)};
};

TEST_F(Datagram, SendToAndReceiveFrom) {
    EXPECT_EQ(write(client, near, "question", 0, name_server), "8");
    run();
    std::string room(100, '\0');
    const std::span<std::byte> buffer = std::as_writable_bytes(std::span(room));
    const auto got = server.recvmsg(far, std::span(&buffer, 1));
    ASSERT_TRUE(got);
    EXPECT_EQ(got->size, 8u);
    EXPECT_EQ(got->from, (SocketAddress{IpAddress::v4(10, 0, 0, 1), client.getsockname(near)->port}));
    EXPECT_EQ(write(server, far, "answer", 0, got->from), "6");
    run();
    EXPECT_EQ(read(client, near), "answer");
    EXPECT_EQ(read(client, near), "EAGAIN");
}

TEST_F(Datagram, WithoutADestinationThereIsNowhereToSend) { EXPECT_EQ(write(client, near, "x"), "EDESTADDRREQ"); }

TEST_F(Datagram, ConnectedSocketHearsItsPeerOnly) {
    ASSERT_TRUE(client.connect(near, name_server));
    EXPECT_EQ(write(client, near, "x"), "1");
    const Descriptor stranger = datagrams(server);
    write(server, stranger, "spoof", 0, *client.getsockname(near));
    write(server, far, "real", 0, *client.getsockname(near));
    run();
    EXPECT_EQ(read(client, near), "real");
    EXPECT_EQ(read(client, near), "EAGAIN");
}

TEST_F(Datagram, PortUnreachableIsARefusedConnection) {
    ASSERT_TRUE(client.connect(near, {IpAddress::v4(10, 0, 0, 2), Port(9)}));
    EXPECT_EQ(write(client, near, "x"), "1");
    run();
    EXPECT_EQ(read(client, near), "ECONNREFUSED");
    EXPECT_EQ(read(client, near), "EAGAIN");
}

TEST_F(Datagram, ErrorQueueTellsWhatTheNetworkSaid) {
    ASSERT_TRUE(client.setsockopt(near, level::ip, ip_option::recv_err, 1));
    EXPECT_EQ(write(client, near, "x", 0, SocketAddress{IpAddress::v4(10, 0, 0, 2), Port(9)}), "1");
    run();
    const auto got = client.recvmsg(near, {}, msg::err_queue);
    ASSERT_TRUE(got && got->error);
    EXPECT_EQ(got->error->error, static_cast<std::uint32_t>(Errno::connection_refused));
    EXPECT_EQ(got->error->type, 3);
    EXPECT_EQ(got->error->code, 3);
    EXPECT_EQ(got->error->offender.address, IpAddress::v4(10, 0, 0, 2));
    EXPECT_EQ(outcome(client.recvmsg(near, {}, msg::err_queue)), "EAGAIN");
}

TEST_F(Datagram, TruncationIsTold) {
    write(client, near, "abcdef", 0, name_server);
    write(client, near, "ghi", 0, name_server);
    run();
    EXPECT_EQ(server.ioctl(far, ioctl::in_q), 6);
    std::string room(2, '\0');
    const std::span<std::byte> buffer = std::as_writable_bytes(std::span(room));
    const auto peeked = server.recvmsg(far, std::span(&buffer, 1), msg::peek | msg::trunc);
    EXPECT_EQ(peeked->size, 6u);
    EXPECT_EQ(peeked->flags, msg::trunc);
    EXPECT_EQ(server.recvmsg(far, std::span(&buffer, 1))->size, 2u);
    EXPECT_EQ(read(server, far), "ghi");
}

TEST_F(Datagram, MoreIsSentAsOneDatagram) {
    EXPECT_EQ(write(client, near, "ab", msg::more, name_server), "2");
    EXPECT_EQ(write(client, near, "cd"), "2");
    run();
    EXPECT_EQ(read(server, far), "abcd");
}

TEST_F(Datagram, HeaderSaysWhatTheOptionsSay) {
    ASSERT_TRUE(client.setsockopt(near, level::ip, ip_option::tos, 0x2c));
    ASSERT_TRUE(client.setsockopt(near, level::ip, ip_option::ttl, 7));
    std::string seen;
    link.set_script(sim::Direction::a_to_b, [&](const sim::PacketView& packet, std::uint64_t) {
        const auto view = wire::Ipv4View::parse(packet.bytes);
        seen = std::to_string(view->dscp() << 2) + " " + std::to_string(view->ttl());
        return sim::Verdict{};
    });
    write(client, near, "x", 0, name_server);
    run();
    EXPECT_EQ(seen, "44 7");
}

TEST_F(Datagram, TooLongAMessageIsRefused) {
    EXPECT_EQ(write(client, near, std::string(65'508, 'x'), 0, name_server), "EMSGSIZE");
    EXPECT_EQ(write(client, near, std::string(65'507, 'x'), 0, name_server), "65507");
}

TEST_F(Datagram, ReceiveBufferBoundsWhatWaits) {
    ASSERT_TRUE(server.setsockopt(far, level::socket, so::rcv_buf, 2000));
    for (int i = 0; i < 10; ++i) write(client, near, std::string(500, 'x'), 0, name_server);
    run();
    EXPECT_GT(server.memory_info(far)->drops, 0u);
    EXPECT_EQ(server.memory_info(far)->rcvbuf, 4000u);
}

TEST_F(Datagram, DualStackSocketTakesBothFamilies) {
    const Descriptor both = datagrams(server, family::inet6);
    ASSERT_TRUE(server.bind(both, {IpAddress(), Port(99)}));
    write(client, near, "four", 0, SocketAddress{IpAddress::v4(10, 0, 0, 2), Port(99)});
    run();
    const Descriptor six = datagrams(client, family::inet6);
    write(client, six, "six", 0, SocketAddress{*IpAddress::parse("2001:db8::2"), Port(99)});
    run();
    EXPECT_EQ(read(server, both), "four");
    EXPECT_EQ(read(server, both), "six");
}

}  // namespace
}  // namespace hourglass::socket
