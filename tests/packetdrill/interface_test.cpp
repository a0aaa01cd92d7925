// The library as packetdrill uses it: loaded at run time, called through its table of functions, with the calls that
// block on a second thread.

#include "packetdrill/interface.h"

#include <arpa/inet.h>
#include <chrono>
#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <future>
#include <gtest/gtest.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <thread>

#include "hourglass/wire/tcp.h"
#include "ip/ladder.h"

namespace hourglass::packetdrill {
namespace {

using namespace std::chrono_literals;
using ip::testing::Bytes;

const IpAddress kUs = IpAddress::v4(192, 168, 45, 6);
const IpAddress kPeer = IpAddress::v4(192, 0, 2, 1);

sockaddr_in to_sockaddr(const IpAddress& address, std::uint16_t port) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    in.sin_addr.s_addr = htonl(address.v4_value());
    return in;
}

/// A segment as a test writes it; `window_scale` and the like go into `options`.
struct Wire {
    wire::TcpFlags flags;
    std::uint32_t seq = 0, ack = 0;
    std::string data{};
    wire::TcpOptions options{};
};

class Library : public ::testing::Test {
  public:
    void SetUp() override {
        handle = dlopen(PACKETDRILL_LIBRARY, RTLD_NOW | RTLD_LOCAL);
        ASSERT_NE(handle, nullptr) << dlerror();
    }
    void TearDown() override {
        if (ifc.free != nullptr) ifc.free(ifc.userdata);
    }
    void load(const char* flags = "profile=linux") {
        auto* init = reinterpret_cast<void (*)(const char*, packetdrill_interface*)>(
            dlsym(handle, "packetdrill_interface_init"));
        ASSERT_NE(init, nullptr);
        init(flags, &ifc);
        self = ifc.userdata;
    }

    std::int64_t now() {
        timeval time{};
        ifc.gettimeofday(self, &time, nullptr);
        return time.tv_sec * 1'000'000 + time.tv_usec;
    }
    void in(const Wire& w) {
        const wire::TcpHeader header{.source_port = Port(5000),
                                     .destination_port = Port(our_port),
                                     .seq = tcp::Seq(w.seq),
                                     .ack = tcp::Seq(our_iss + w.ack),
                                     .flags = w.flags,
                                     .window = 65535,
                                     .options = w.options};
        Bytes segment(header.size());
        header.emit(segment);
        for (const char c : w.data) segment.push_back(static_cast<std::byte>(c));
        wire::store_be16(segment.data() + wire::TcpHeader::kChecksumOffset,
                         wire::transport_checksum(kPeer, kUs, wire::IpProtocol::tcp, segment));
        give(ip::testing::datagram(kPeer, kUs, wire::IpProtocol::tcp, segment));
    }
    void give(const Bytes& packet) { EXPECT_EQ(ifc.netdev_send(self, packet.data(), packet.size()), 0); }
    Bytes take() {
        Bytes packet(65536);
        std::size_t size = packet.size();
        EXPECT_EQ(ifc.netdev_receive(self, packet.data(), &size, &sent_at), 0);
        packet.resize(size);
        return packet;
    }
    /// The next segment that the stack sends: "S. 0:0 ack 1", sequence numbers relative; "nothing" at the end.
    std::string out() {
        const Bytes packet = take();
        if (packet.empty()) return "nothing";
        const auto segment = wire::TcpView::parse(wire::Ipv4View::parse(packet)->payload());
        last = segment->header();
        if (last.flags.syn()) our_iss = last.seq.raw();
        our_port = to_number(last.source_port);
        const std::uint32_t seq = last.seq.raw() - our_iss;
        return fmt::format("{} {}:{} ack {}", last.flags.compact(), seq, seq + segment->payload().size(),
                           last.ack.raw());
    }
    int listen_on_8080() {
        const int fd = ifc.socket(self, AF_INET, SOCK_STREAM, IPPROTO_TCP);
        EXPECT_GE(fd, 0);
        const auto address = to_sockaddr(kUs, 8080);
        EXPECT_EQ(ifc.bind(self, fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(ifc.listen(self, fd, 1), 0);
        our_port = 8080;
        return fd;
    }
    /// Up to an accepted connection.
    int establish() {
        const int listener = listen_on_8080();
        in({.flags = wire::TcpFlags::kSyn, .options = {.mss = 1000}});
        EXPECT_EQ(out(), "S. 0:0 ack 1");
        in({.flags = wire::TcpFlags::kAck, .seq = 1, .ack = 1});
        const int fd = ifc.accept(self, listener, nullptr, nullptr);
        EXPECT_GE(fd, 0);
        return fd;
    }
    /// Real time in which a call on another thread goes to sleep.
    static void let_it_sleep() { std::this_thread::sleep_for(100ms); }

    void* handle = nullptr;
    packetdrill_interface ifc{};
    void* self = nullptr;
    long long sent_at = 0;
    std::uint32_t our_iss = 0;
    std::uint16_t our_port = 0;
    wire::TcpHeader last;
};

TEST_F(Library, BlockingAcceptThenDataThenClose) {
    load();
    const int listener = listen_on_8080();
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    std::int64_t accepted_at = 0;
    auto accepting = std::async(std::launch::async, [&] {
        const int fd = ifc.accept(self, listener, reinterpret_cast<sockaddr*>(&peer), &size);
        accepted_at = now();
        return fd;
    });
    let_it_sleep();
    in({.flags = wire::TcpFlags::kSyn, .options = {.mss = 1000}});
    ASSERT_EQ(out(), "S. 0:0 ack 1");
    ifc.usleep(self, 100'000);
    ASSERT_EQ(accepting.wait_for(0s), std::future_status::timeout) << "it sleeps";
    const std::int64_t before = now();
    in({.flags = wire::TcpFlags::kAck, .seq = 1, .ack = 1});
    ifc.usleep(self, 1'000'000);  // time waits until the call that is woken knows when that was
    const int fd = accepting.get();
    ASSERT_GE(fd, 0);
    EXPECT_LT(accepted_at - before, 100);
    EXPECT_EQ(peer.sin_addr.s_addr, htonl(kPeer.v4_value()));

    EXPECT_EQ(ifc.write(self, fd, "hello", 5), 5);
    EXPECT_EQ(out(), "P. 1:6 ack 1");
    in({.flags = wire::TcpFlags::kAck | wire::TcpFlags::kPsh, .seq = 1, .ack = 6, .data = "answer"});
    std::array<char, 100> room{};
    EXPECT_EQ(ifc.read(self, fd, room.data(), room.size()), 6);
    EXPECT_EQ(out(), ". 6:6 ack 7");
    EXPECT_EQ(ifc.close(self, fd), 0);
    EXPECT_EQ(out(), "F. 6:6 ack 7");
    in({.flags = wire::TcpFlags::kAck | wire::TcpFlags::kFin, .seq = 7, .ack = 7});
    EXPECT_EQ(out(), ". 7:7 ack 8");
    EXPECT_EQ(ifc.close(self, fd), -1);
    EXPECT_EQ(errno, EBADF);
    EXPECT_EQ(ifc.close(self, listener), 0);
    EXPECT_EQ(out(), "nothing");
}

TEST_F(Library, SynIsRepeatedInVirtualTimeUntilAResetRefusesIt) {
    load("profile=linux,net.ipv4.tcp_sack=0");
    const int fd = ifc.socket(self, AF_INET, SOCK_STREAM, 0);
    const auto peer = to_sockaddr(kPeer, 5000);
    const auto us = to_sockaddr(kUs, 8080);
    ASSERT_EQ(ifc.bind(self, fd, reinterpret_cast<const sockaddr*>(&us), sizeof us), 0);
    auto connecting = std::async(std::launch::async, [&] {
        return ifc.connect(self, fd, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) == 0 ? 0 : errno;
    });
    let_it_sleep();
    EXPECT_EQ(out(), "S 0:0 ack 0");
    EXPECT_FALSE(last.options.sack_permitted) << "a flag said so";
    const long long first = sent_at;
    EXPECT_EQ(out(), "S 0:0 ack 0");
    EXPECT_EQ(sent_at - first, 1'000'000);
    in({.flags = wire::TcpFlags::kRst | wire::TcpFlags::kAck, .ack = 1});
    EXPECT_EQ(connecting.get(), ECONNREFUSED);
    EXPECT_EQ(ifc.close(self, fd), 0);
}

TEST_F(Library, TimeGoesOnWithEachLook) {
    load();
    const std::int64_t first = now();
    EXPECT_GT(now(), first);
    ifc.usleep(self, 500'000);
    EXPECT_GE(now() - first, 500'000);
    EXPECT_EQ(out(), "nothing");
}

TEST_F(Library, OptionsAnswerAsLinuxs) {
    load();
    const int fd = establish();
    EXPECT_EQ(ifc.fcntl(self, fd, F_GETFL), O_RDWR);
    EXPECT_EQ(ifc.fcntl(self, fd, F_SETFL, O_RDWR | O_NONBLOCK), 0);
    EXPECT_EQ(ifc.fcntl(self, fd, F_GETFL), O_RDWR | O_NONBLOCK);
    std::array<char, 10> room{};
    EXPECT_EQ(ifc.read(self, fd, room.data(), room.size()), -1);
    EXPECT_EQ(errno, EAGAIN);

    tcp_info info{};
    socklen_t size = sizeof info;
    ASSERT_EQ(ifc.getsockopt(self, fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    EXPECT_GE(size, offsetof(tcp_info, tcpi_snd_wnd));
    EXPECT_EQ(info.tcpi_state, 1);
    EXPECT_EQ(info.tcpi_snd_mss, 1000u);
    EXPECT_EQ(info.tcpi_snd_cwnd, 10u);
    std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
    size = sizeof memory;
    ASSERT_EQ(ifc.getsockopt(self, fd, SOL_SOCKET, SO_MEMINFO, memory.data(), &size), 0);
    EXPECT_GT(memory[SK_MEMINFO_RCVBUF], 0u);
    std::array<std::byte, 64> congestion{};
    size = sizeof congestion;
    EXPECT_EQ(ifc.getsockopt(self, fd, IPPROTO_TCP, TCP_CC_INFO, congestion.data(), &size), 0);
    int unread = -1;
    EXPECT_EQ(ifc.ioctl(self, fd, FIONREAD, &unread), 0);
    EXPECT_EQ(unread, 0);
}

TEST_F(Library, BlockingReadWakesForDataAndWaitsForAll) {
    load();
    const int fd = establish();
    std::array<char, 10> room{};
    auto reading =
        std::async(std::launch::async, [&] { return ifc.recv(self, fd, room.data(), room.size(), MSG_WAITALL); });
    let_it_sleep();
    in({.flags = wire::TcpFlags::kAck, .seq = 1, .ack = 1, .data = "abcdef"});
    ifc.usleep(self, 100'000);
    ASSERT_EQ(reading.wait_for(0s), std::future_status::timeout);
    in({.flags = wire::TcpFlags::kAck, .seq = 7, .ack = 1, .data = "ghij"});
    EXPECT_EQ(reading.get(), 10);
}

TEST_F(Library, TimeoutEndsThoughTheScriptHasNothingMoreToDo) {
    load();
    const int fd = establish();
    const std::int64_t begin = now();
    pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
    auto polling = std::async(std::launch::async, [&] { return ifc.poll(self, &entry, 1, 3000); });
    EXPECT_EQ(polling.get(), 0);
    EXPECT_GE(now() - begin, 3'000'000);
}

TEST_F(Library, DatagramsOverIpv6) {
    load("local=fd3d:fa7b:d17d::5/48");
    const int fd = ifc.socket(self, AF_INET6, SOCK_DGRAM, IPPROTO_UDP);
    sockaddr_in6 peer{};
    peer.sin6_family = AF_INET6;
    peer.sin6_port = htons(53);
    inet_pton(AF_INET6, "2001:db8::1", &peer.sin6_addr);
    EXPECT_EQ(ifc.sendto(self, fd, "abc", 3, 0, reinterpret_cast<const sockaddr*>(&peer), sizeof peer), 3);
    const Bytes packet = take();
    const auto datagram = wire::Ipv6View::parse(packet);
    ASSERT_TRUE(datagram);
    EXPECT_EQ(datagram->source(), ip::testing::address("fd3d:fa7b:d17d::5"));
    EXPECT_EQ(datagram->destination(), ip::testing::address("2001:db8::1"));
    const auto port = wire::load_be16(datagram->payload().data());

    const Bytes answer =
        ip::testing::udp(datagram->destination(), datagram->source(), 53, port, ip::testing::bytes("answer"));
    give(ip::testing::datagram(datagram->destination(), datagram->source(), wire::IpProtocol::udp, answer));
    std::array<char, 100> room{};
    sockaddr_in6 from{};
    socklen_t size = sizeof from;
    EXPECT_EQ(ifc.recvfrom(self, fd, room.data(), room.size(), 0, reinterpret_cast<sockaddr*>(&from), &size), 6);
    EXPECT_EQ(size, sizeof from);
    EXPECT_EQ(from.sin6_port, htons(53));
    EXPECT_EQ(ifc.close(self, fd), 0);
}

TEST_F(Library, EpollPipeAndSplice) {
    load();
    const int fd = establish();
    const int epoll = ifc.epoll_create(self, 1);
    ASSERT_GE(epoll, 0);
    epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.u64 = 42}};
    ASSERT_EQ(ifc.epoll_ctl(self, epoll, EPOLL_CTL_ADD, fd, &event), 0);
    in({.flags = wire::TcpFlags::kAck, .seq = 1, .ack = 1, .data = "abc"});
    epoll_event told{};
    EXPECT_EQ(ifc.epoll_wait(self, epoll, &told, 1, 0), 1);
    EXPECT_EQ(told.data.u64, 42u);
    std::array<int, 2> ends{};
    ASSERT_EQ(ifc.pipe(self, ends.data()), 0);
    loff_t zero = 0;
    EXPECT_EQ(ifc.splice(self, fd, &zero, ends[1], &zero, 100, 0), 3);
    EXPECT_EQ(ifc.splice(self, ends[0], &zero, fd, &zero, 100, 0), 3);
}

}  // namespace
}  // namespace hourglass::packetdrill
