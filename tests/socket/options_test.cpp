// Options, TCP_INFO and the sysctls.

#include "hourglass/socket/sysctl.h"
#include "socket/pair.h"

namespace hourglass::socket {
namespace {

using namespace std::chrono_literals;
using Options = testing::Pair;

TEST_F(Options, AreReadBackAsLinuxTellsThem) {
    near = stream(client);
    const auto round_trip = [&](int level, int option, int value) {
        EXPECT_TRUE(client.setsockopt(near, level, option, value));
        return client.getsockopt(near, level, option).value();
    };
    EXPECT_EQ(round_trip(level::socket, so::keep_alive, 1), 1);
    EXPECT_EQ(round_trip(level::socket, so::rcv_buf, 8000), 16'000);
    EXPECT_EQ(round_trip(level::socket, so::snd_buf, 8000), 16'000);
    EXPECT_EQ(round_trip(level::socket, so::rcv_lowat, 100), 100);
    EXPECT_EQ(round_trip(level::tcp, tcp_option::no_delay, 1), 1);
    EXPECT_EQ(round_trip(level::tcp, tcp_option::cork, 1), 1);
    EXPECT_EQ(round_trip(level::tcp, tcp_option::keep_idle, 77), 77);
    EXPECT_EQ(round_trip(level::tcp, tcp_option::keep_intvl, 7), 7);
    EXPECT_EQ(round_trip(level::tcp, tcp_option::keep_cnt, 3), 3);
    EXPECT_EQ(round_trip(level::tcp, tcp_option::user_timeout, 1234), 1234);
    EXPECT_EQ(round_trip(level::tcp, tcp_option::linger2, 10), 10);
    EXPECT_EQ(round_trip(level::ip, ip_option::tos, 0x10), 0x10);
    EXPECT_EQ(round_trip(level::ip, ip_option::ttl, 9), 9);
    EXPECT_EQ(client.getsockopt(near, level::socket, so::type), type::stream);
    EXPECT_EQ(client.getsockopt(near, level::socket, so::domain), family::inet);
    EXPECT_EQ(client.getsockopt(near, level::tcp, tcp_option::max_seg), 536);
}

TEST_F(Options, WrongValuesAreRefused) {
    near = stream(client);
    EXPECT_EQ(outcome(client.setsockopt(near, level::tcp, tcp_option::keep_idle, 0)), "EINVAL");
    EXPECT_EQ(outcome(client.setsockopt(near, level::tcp, tcp_option::max_seg, 10)), "EINVAL");
    EXPECT_EQ(outcome(client.setsockopt(near, level::tcp, 9999, 1)), "ENOPROTOOPT");
    EXPECT_EQ(outcome(client.setsockopt(near, level::socket, so::type, 1)), "ENOPROTOOPT");
    EXPECT_EQ(outcome(client.setsockopt(near, level::socket, so::keep_alive, std::span<const std::byte>())), "EINVAL");
    EXPECT_EQ(outcome(client.setsockopt(99, level::socket, so::keep_alive, 1)), "EBADF");
    const auto ends = client.pipe().value();
    EXPECT_EQ(outcome(client.setsockopt(ends.first, level::socket, so::keep_alive, 1)), "ENOTSOCK");
}

TEST_F(Options, AcceptedSocketsHaveTheirListenersOptions) {
    listener = listen_on(service);
    ASSERT_TRUE(server.setsockopt(listener, level::tcp, tcp_option::no_delay, 1));
    ASSERT_TRUE(server.setsockopt(listener, level::socket, so::keep_alive, 1));
    near = stream(client);
    ASSERT_TRUE(wait(socket::connect(client, near, service)));
    far = wait(socket::accept(server, listener))->descriptor;
    EXPECT_EQ(server.getsockopt(far, level::tcp, tcp_option::no_delay), 1);
    EXPECT_TRUE(server.stream_of(far).tuning().no_delay);
    EXPECT_TRUE(server.stream_of(far).tuning().keepalive);
}

TEST_F(Options, CongestionControlHasAName) {
    near = stream(client);
    std::array<char, 16> name{};
    const auto room = std::as_writable_bytes(std::span(name));
    ASSERT_TRUE(client.getsockopt(near, level::tcp, tcp_option::congestion, room));
    EXPECT_STREQ(name.data(), "cubic");
    ASSERT_TRUE(client.setsockopt(near, level::tcp, tcp_option::congestion, bytes("reno")));
    ASSERT_TRUE(client.getsockopt(near, level::tcp, tcp_option::congestion, room));
    EXPECT_STREQ(name.data(), "reno");
    EXPECT_EQ(outcome(client.setsockopt(near, level::tcp, tcp_option::congestion, bytes("nonesuch"))), "ENOENT");
}

TEST_F(Options, TcpInfoTellsOfTheConnection) {
    connect();
    link.set_up(false);
    write(client, near, std::string(3000, 'x'));
    run(1ms);
    const TcpInfo info = client.tcp_info(near).value();
    EXPECT_EQ(info.tcpi_state, 1);
    EXPECT_EQ(info.tcpi_snd_mss, 1448u);
    EXPECT_EQ(info.tcpi_unacked, 2u) << "Nagle's algorithm keeps the third back";
    EXPECT_EQ(info.tcpi_notsent_bytes, 104u);
    EXPECT_EQ(info.tcpi_snd_cwnd, 10u);
    EXPECT_EQ(info.tcpi_rtt, 20'000u);
    EXPECT_EQ(info.tcpi_options & 5, 5) << "timestamps and window scaling";
    EXPECT_EQ(field_of(info, "tcpi_snd_cwnd"), 10u);
    EXPECT_EQ(field_of(info, "tcpi_nonesuch"), std::nullopt);
    EXPECT_EQ(client.getsockopt(near, level::ip, ip_option::mtu), 1500);
}

TEST_F(Options, TcpInfoOutlivesTheConnection) {
    connect();
    linger(server, far, 0);
    ASSERT_TRUE(server.close(far));
    run();
    EXPECT_EQ(client.tcp_info(near)->tcpi_state, 7);
    EXPECT_EQ(client.tcp_info(near)->tcpi_rtt, 20'000u);
}

TEST_F(Options, ZeroCopySendsAreConfirmed) {
    connect();
    ASSERT_TRUE(client.setsockopt(near, level::socket, so::zero_copy, 1));
    EXPECT_EQ(write(client, near, "abc", msg::zero_copy), "3");
    EXPECT_EQ(write(client, near, "def", msg::zero_copy), "3");
    EXPECT_NE(events(client, near, 0) & event::err, 0u);
    const auto told = client.recvmsg(near, {}, msg::err_queue);
    ASSERT_TRUE(told && told->error);
    EXPECT_EQ(told->error->origin, 5);
    EXPECT_EQ(told->error->info, 0u);
    EXPECT_EQ(told->error->data, 1u);
}

TEST(Constants, HaveLinuxsNames) {
    EXPECT_EQ(constant_named("SO_REUSEADDR"), 2);
    EXPECT_EQ(constant_named("TCP_USER_TIMEOUT"), 18);
    EXPECT_EQ(constant_named("ECONNREFUSED"), 111);
    EXPECT_EQ(constant_named("EPOLLET"), std::int64_t{1} << 31);
    EXPECT_EQ(constant_named("NONESUCH"), std::nullopt);
    EXPECT_EQ(name(Errno::timed_out), "ETIMEDOUT");
    EXPECT_EQ(errno_named("EWOULDBLOCK"), Errno::again);
}

TEST(Sysctl, SetsWhatItMeansHere) {
    ip::HostSettings settings;
    EXPECT_TRUE(set_sysctl(settings, "net.ipv4.tcp_sack", "0"));
    EXPECT_FALSE(settings.tcp.sack);
    EXPECT_TRUE(set_sysctl(settings, "/proc/sys/net/ipv4/tcp_rmem", "4096 131072 6291456\n"));
    EXPECT_EQ(settings.tcp.receive_buffer, 65536u);
    EXPECT_TRUE(set_sysctl(settings, "net/ipv4/tcp_congestion_control", "reno"));
    EXPECT_EQ(settings.tcp.congestion, tcp::Congestion::new_reno);
    EXPECT_EQ(set_sysctl(settings, "net.ipv4.tcp_nonesuch", "1").error(), SysctlError::unknown);
    EXPECT_EQ(set_sysctl(settings, "net.ipv4.tcp_sack", "maybe").error(), SysctlError::bad_value);
    EXPECT_EQ(set_sysctl(settings, "net.ipv4.tcp_rmem", "1 2").error(), SysctlError::bad_value);
}

}  // namespace
}  // namespace hourglass::socket
