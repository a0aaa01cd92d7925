// Stream sockets, as tcp(7) and the calls' pages say.

#include "socket/pair.h"

namespace hourglass::socket {
namespace {

using namespace std::chrono_literals;
using Stream = testing::Pair;

TEST_F(Stream, ConnectAcceptWriteReadClose) {
    connect();
    EXPECT_EQ(write(client, near, "hello"), "5");
    run();
    EXPECT_EQ(read(server, far), "hello");
    EXPECT_EQ(read(server, far), "EAGAIN");
    EXPECT_EQ(outcome(client.close(near)), "0");
    run();
    EXPECT_EQ(read(server, far), "");
    EXPECT_EQ(outcome(server.close(far)), "0");
    run();
    EXPECT_EQ(outcome(server.close(far)), "EBADF");
}

TEST_F(Stream, ConnectWithoutBlockingTellsOnceThatItSucceeded) {
    listen_on(service);
    near = stream(client);
    EXPECT_EQ(outcome(client.connect(near, service)), "EINPROGRESS");
    EXPECT_EQ(outcome(client.connect(near, service)), "EALREADY");
    EXPECT_EQ(events(client, near, event::out), 0u);
    run();
    EXPECT_EQ(events(client, near, event::out), event::out);
    EXPECT_EQ(client.getsockopt(near, level::socket, so::error), 0);
    EXPECT_EQ(outcome(client.connect(near, service)), "0");
    EXPECT_EQ(outcome(client.connect(near, service)), "EISCONN");
}

TEST_F(Stream, RefusedConnectionIsToldOnceAndTheSocketCanTryAgain) {
    near = stream(client);
    EXPECT_EQ(outcome(wait(socket::connect(client, near, service))), "ECONNREFUSED");
    EXPECT_EQ(client.getsockopt(near, level::socket, so::error), 0) << "connect() has told it";
    listen_on(service);
    EXPECT_EQ(outcome(wait(socket::connect(client, near, service))), "0");
}

TEST_F(Stream, SocketErrorIsTakenByWhoAsks) {
    near = stream(client);
    EXPECT_EQ(outcome(client.connect(near, service)), "EINPROGRESS");
    run();
    EXPECT_NE(events(client, near, event::out) & (event::err | event::hup), 0u);
    EXPECT_EQ(client.getsockopt(near, level::socket, so::error), static_cast<int>(Errno::connection_refused));
    EXPECT_EQ(client.getsockopt(near, level::socket, so::error), 0);
    EXPECT_EQ(outcome(client.connect(near, service)), "ECONNABORTED");
}

TEST_F(Stream, NoRouteIsToldAtOnce) {
    near = stream(client);
    EXPECT_EQ(outcome(client.connect(near, {IpAddress::v4(192, 0, 2, 1), Port(80)})), "ENETUNREACH");
}

TEST_F(Stream, ConnectTimesOutWhenNobodyAnswers) {
    link.set_up(false);
    near = stream(client);
    ASSERT_TRUE(client.setsockopt(near, level::tcp, tcp_option::syn_cnt, 2));
    EXPECT_EQ(outcome(wait(socket::connect(client, near, service))), "ETIMEDOUT");
}

TEST_F(Stream, ResetIsReadOnceThenTheEnd) {
    connect();
    linger(server, far, 0);
    ASSERT_TRUE(server.close(far));
    run();
    EXPECT_EQ(read(client, near), "ECONNRESET");
    EXPECT_EQ(read(client, near), "");
    EXPECT_EQ(write(client, near, "x"), "EPIPE");
}

TEST_F(Stream, ResetIsWrittenOnceThenTheBrokenPipe) {
    connect();
    linger(server, far, 0);
    ASSERT_TRUE(server.close(far));
    run();
    EXPECT_EQ(write(client, near, "x"), "ECONNRESET");
    EXPECT_EQ(write(client, near, "x"), "EPIPE");
}

TEST_F(Stream, CallsThatNeedAConnectionSayThatThereIsNone) {
    near = stream(client);
    EXPECT_EQ(read(client, near), "ENOTCONN");
    EXPECT_EQ(write(client, near, "x"), "EPIPE");
    EXPECT_EQ(outcome(client.shutdown(near, shut::wr)), "ENOTCONN");
    EXPECT_EQ(outcome(client.getpeername(near)), "ENOTCONN");
    EXPECT_EQ(outcome(client.accept(near)), "EINVAL");
    EXPECT_EQ(events(client, near, event::in | event::out), event::out | event::hup);
}

TEST_F(Stream, ShutdownOfWritingLeavesReading) {
    connect();
    ASSERT_TRUE(client.shutdown(near, shut::wr));
    EXPECT_EQ(write(client, near, "x"), "EPIPE");
    run();
    EXPECT_EQ(read(server, far), "");
    EXPECT_NE(events(server, far, event::in | event::rd_hup) & event::rd_hup, 0u);
    EXPECT_EQ(write(server, far, "late"), "4");
    run();
    EXPECT_EQ(read(client, near), "late");
}

TEST_F(Stream, PeekLeavesWhatItReads) {
    connect();
    write(client, near, "abcdef");
    run();
    EXPECT_EQ(text(server, far, 3, msg::peek), "abc");
    EXPECT_EQ(text(server, far, 100, msg::peek), "abcdef");
    EXPECT_EQ(server.ioctl(far, ioctl::in_q), 6);
    EXPECT_EQ(read(server, far, 3), "abc");
    EXPECT_EQ(read(server, far), "def");
}

TEST_F(Stream, UnsentAndUnacknowledgedBytesAreCounted) {
    connect();
    link.set_up(false);
    write(client, near, "abcdef");
    EXPECT_EQ(client.ioctl(near, ioctl::out_q), 6);
    EXPECT_EQ(client.ioctl(near, ioctl::out_q_not_sent), 6);
    run(1ms);
    EXPECT_EQ(client.ioctl(near, ioctl::out_q), 6);
    EXPECT_EQ(client.ioctl(near, ioctl::out_q_not_sent), 0);
}

TEST_F(Stream, UrgentOctetIsReadOutOfBand) {
    connect();
    EXPECT_EQ(write(client, near, "abc", msg::oob), "3");
    run();
    EXPECT_NE(events(server, far, event::pri) & event::pri, 0u);
    EXPECT_EQ(text(server, far, 1, msg::oob), "c");
    EXPECT_EQ(text(server, far, 1, msg::oob), "EINVAL");
    EXPECT_EQ(read(server, far), "ab");
}

TEST_F(Stream, PortsThatAreTakenAreRefused) {
    listen_on(service);
    const Descriptor other = stream(server);
    EXPECT_EQ(outcome(server.bind(other, service)), "EADDRINUSE");
    EXPECT_EQ(outcome(server.bind(other, {IpAddress::v4(0), service.port})), "EADDRINUSE");
    EXPECT_EQ(outcome(server.bind(other, {IpAddress::v4(192, 0, 2, 9), service.port})), "EADDRNOTAVAIL");
    EXPECT_EQ(outcome(server.bind(other, {IpAddress::v4(10, 0, 0, 2), Port(81)})), "0");
    EXPECT_EQ(outcome(server.bind(other, {IpAddress::v4(10, 0, 0, 2), Port(82)})), "EINVAL");
}

TEST_F(Stream, TimeWaitKeepsItsPortUnlessReuseIsAskedFor) {
    connect();
    ASSERT_TRUE(server.close(far));
    ASSERT_TRUE(server.close(listener));
    run();
    ASSERT_TRUE(client.close(near));
    run();
    const Descriptor again = stream(server);
    EXPECT_EQ(outcome(server.bind(again, service)), "EADDRINUSE");
    ASSERT_TRUE(server.setsockopt(again, level::socket, so::reuse_addr, 1));
    EXPECT_EQ(outcome(server.bind(again, service)), "0");
}

TEST_F(Stream, DualStackListenerSeesIpv4PeersAsMapped) {
    listener = listen_on({IpAddress(), Port(80)}, family::inet6);
    near = stream(client);
    ASSERT_TRUE(wait(socket::connect(client, near, service)));
    const auto v4 = wait(socket::accept(server, listener));
    EXPECT_TRUE(v4->peer.address.is_v4());
    EXPECT_EQ(server.family_of(v4->descriptor), family::inet6);
    const Descriptor second = stream(client, family::inet6);
    ASSERT_TRUE(wait(socket::connect(client, second, service6)));
    EXPECT_EQ(wait(socket::accept(server, listener))->peer.address, *IpAddress::parse("2001:db8::1"));
}

TEST_F(Stream, AddressesOfAnotherFamilyAreRefused) {
    near = stream(client);
    EXPECT_EQ(outcome(client.connect(near, service6)), "EAFNOSUPPORT");
    const Descriptor only6 = stream(client, family::inet6);
    ASSERT_TRUE(client.setsockopt(only6, level::ipv6, ipv6_option::v6_only, 1));
    EXPECT_EQ(outcome(client.connect(only6, service)), "ENETUNREACH");
    EXPECT_EQ(outcome(client.socket(1, type::stream, 0)), "EAFNOSUPPORT");
    EXPECT_EQ(outcome(client.socket(family::inet, 3, 0)), "ESOCKTNOSUPPORT");
    EXPECT_EQ(outcome(client.socket(family::inet, type::stream, 17)), "EPROTONOSUPPORT");
}

TEST_F(Stream, DisconnectResetsAndTheSocketConnectsAgain) {
    connect();
    EXPECT_EQ(outcome(client.disconnect(near)), "0");
    run();
    EXPECT_EQ(read(server, far), "ECONNRESET");
    EXPECT_EQ(outcome(wait(socket::connect(client, near, service))), "0");
}

TEST_F(Stream, ListenersBacklogHoldsOneMore) {
    listener = listen_on(service, family::inet, 1);
    for (int i = 0; i < 3; ++i) ASSERT_EQ(outcome(client.connect(stream(client), service)), "EINPROGRESS");
    run(500ms);
    EXPECT_EQ(server.tcp_info(listener)->tcpi_unacked, 2u);
    EXPECT_EQ(server.tcp_info(listener)->tcpi_sacked, 1u);
    EXPECT_TRUE(server.accept(listener));
    EXPECT_TRUE(server.accept(listener));
    EXPECT_EQ(outcome(server.accept(listener)), "EAGAIN");
}

}  // namespace
}  // namespace hourglass::socket
