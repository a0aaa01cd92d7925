// RFC 9293, section 3.9.2: the interface to IP, with ICMP and addresses.

#include "hourglass/wire/icmp.h"
#include "hourglass/wire/tcp.h"
#include "ip/ladder.h"
#include "rfc9293/clauses.h"

namespace hourglass::tcp::testing {

using ip::testing::address;
using ip::testing::Bytes;

namespace {

const IpAddress kA = address("10.0.0.1"), kB = address("10.0.0.2");

/// A connection of host a whose packets are kept, so that errors can be made about them.
struct Complaints : ip::testing::Pair {
    Complaints() : Pair(ip::Medium::ip) {
        filter = [this](std::string_view line, std::span<const std::byte> packet) {
            if (line == "a>b TCP") last.assign(packet.begin(), packet.end());
            return delivers;
        };
    }
    /// b never answers.
    void open_half() {
        delivers = false;
        stream = *a.tcp().connect({kB, Port(80)}, {.handler = &app});
        run();
    }
    /// Established, with data in flight that is lost.
    void open() {
        EXPECT_TRUE(b.tcp().listen({kB, Port(80)}));
        stream = *a.tcp().connect({kB, Port(80)}, {.handler = &app});
        run();
        delivers = false;
        stream.send(std::as_bytes(std::span(std::string_view("data"))));
        run();
        EXPECT_EQ(stream.state(), State::established);
    }
    /// An ICMP error of this type and code about the last packet arrives at a.
    void complain(std::uint8_t type, std::uint8_t code) {
        const std::size_t quoted = std::min<std::size_t>(last.size(), 28);
        Bytes message(8 + quoted);
        message[0] = std::byte{type};
        message[1] = std::byte{code};
        std::copy_n(last.begin(), quoted, message.begin() + 8);
        wire::store_be16(message.data() + 2, wire::checksum(wire::partial_sum(std::span<const std::byte>(message))));
        inject(at_a, ip::testing::datagram(kB, kA, wire::IpProtocol::icmp, message));
        run();
    }
    bool was_told(std::string_view what) const { return std::ranges::find(app.log, what) != app.log.end(); }

    Application app;
    Stream stream;
    Bytes last;
    bool delivers = true;
};

constexpr std::uint8_t kUnreachable = 3, kSourceQuench = 4, kTimeExceeded = 11, kParameterProblem = 12;

/// A SYN for port 80 of b, from and to any address.
Bytes syn(const IpAddress& source, const IpAddress& destination) {
    const wire::TcpHeader header{
        .source_port = Port(1000), .destination_port = Port(80), .flags = wire::TcpFlags::kSyn, .window = 1000};
    Bytes segment(wire::TcpHeader::kMaxSize);
    header.emit(std::span(segment).first(header.size()));
    segment.resize(header.size());
    wire::store_be16(segment.data() + wire::TcpHeader::kChecksumOffset,
                     wire::transport_checksum(source, destination, wire::IpProtocol::tcp, segment));
    return ip::testing::datagram(source, destination, wire::IpProtocol::tcp, segment);
}

}  // namespace

TEST_F(Rfc9293, MUST_49_TheTimeToLiveCanBeSet) {
    accept_connection();
    tune([](Tuning& t) { t.hop_limit = 3; });
    send_now("x");
    out();
    EXPECT_EQ(last_hop_limit, 3);
}

TEST(Rfc9293Host, MUST_49_TheHostsTimeToLiveIsASetting) {
    ip::HostSettings settings;
    settings.ttl = 9;
    ip::testing::Pair pair(ip::Medium::ip, 1500, settings);
    int seen = 0;
    pair.filter = [&](std::string_view, std::span<const std::byte> packet) {
        seen = static_cast<int>(packet[8]);
        return false;
    };
    ASSERT_TRUE(pair.a.tcp().connect({kB, Port(80)}));
    pair.run();
    EXPECT_EQ(seen, 9);
}

TEST(Rfc9293Host, MUST_50_OptionsOfIpThatMeanNothingToUsAreIgnored) {
    ip::testing::Pair pair(ip::Medium::ip);
    pair.filter = [](std::string_view, std::span<const std::byte>) { return false; };
    ASSERT_TRUE(pair.b.tcp().listen({kB, Port(80)}));
    Bytes packet = syn(kA, kB);
    // An experimental option (RFC 4727) of four octets.
    packet.insert(packet.begin() + 20, {std::byte{0x1e}, std::byte{4}, std::byte{1}, std::byte{2}});
    packet[0] = std::byte{0x46};
    wire::store_be16(packet.data() + 2, static_cast<std::uint16_t>(packet.size()));
    wire::store_be16(packet.data() + 10, 0);
    const auto header = std::span<const std::byte>(packet).first(24);
    wire::store_be16(packet.data() + 10, wire::checksum(wire::partial_sum(header)));
    pair.inject(pair.at_b, packet);
    pair.run();
    EXPECT_EQ(pair.b.tcp().size(), 1u) << "a handshake is under way";
}

TEST(Rfc9293Host, MUST_54_AnIcmpErrorReachesTheConnectionThatItIsAbout) {
    Complaints link;
    link.open_half();
    const Stream other = *link.a.tcp().connect({kB, Port(81)});
    link.complain(kUnreachable, 3);
    EXPECT_TRUE(link.was_told("closed: connection refused"));
    EXPECT_EQ(other.state(), State::syn_sent);
}

TEST(Rfc9293Host, MUST_55_SourceQuenchIsDiscarded) {
    Complaints link;
    link.open();
    const auto cwnd = link.stream.info().cwnd;
    link.complain(kSourceQuench, 0);
    EXPECT_EQ(link.stream.info().cwnd, cwnd);
    EXPECT_EQ(link.stream.error(), Error::none);
}

TEST(Rfc9293Host, MUST_56_SoftErrorsDoNotEndAConnection) {
    for (const auto& [type, code] : std::vector<std::pair<std::uint8_t, std::uint8_t>>{{kUnreachable, 0},
                                                                                       {kUnreachable, 1},
                                                                                       {kUnreachable, 5},
                                                                                       {kTimeExceeded, 0},
                                                                                       {kTimeExceeded, 1},
                                                                                       {kParameterProblem, 0}}) {
        Complaints opening;
        opening.open_half();
        opening.complain(type, code);
        EXPECT_EQ(opening.stream.state(), State::syn_sent) << int{type} << '/' << int{code};
        Complaints open;
        open.open();
        open.complain(type, code);
        EXPECT_EQ(open.stream.state(), State::established) << int{type} << '/' << int{code};
    }
}

TEST(Rfc9293Host, SHLD_25_SoftErrorsAreTold) {
    Complaints link;
    link.open();
    link.complain(kUnreachable, 1);
    EXPECT_TRUE(link.was_told("trouble: no route to host"));
    EXPECT_EQ(link.stream.take_error(), Error::unreachable);
}

TEST(Rfc9293Host, SHLD_26_AHardErrorEndsAConnectionThatIsOpening) {
    constexpr std::uint8_t kProtocol = 2, kPort = 3;
    for (const auto& [code, told] : {std::pair(kProtocol, "closed: protocol unreachable"),  //
                                     std::pair(kPort, "closed: connection refused")}) {
        Complaints link;
        link.open_half();
        link.complain(kUnreachable, code);
        EXPECT_TRUE(link.was_told(told)) << int{code};
    }
}

TEST(Rfc9293Host, SHLD_26_AHardErrorIsASoftOneWhereItMayBeForged) {
    Complaints link;
    link.open();
    link.complain(kUnreachable, 3);
    EXPECT_EQ(link.stream.state(), State::established);
    EXPECT_EQ(link.stream.error(), Error::refused);
}

TEST(Rfc9293Host, MUST_57_ASynToAGroupIsDroppedInSilence) {
    ip::testing::Pair pair(ip::Medium::ip);
    ASSERT_TRUE(pair.b.tcp().listen({IpAddress::v4(0), Port(80)}));
    for (const char* group : {"10.0.0.255", "255.255.255.255", "224.0.0.1"}) {
        pair.inject(pair.at_b, syn(kA, address(group)));
        pair.run();
    }
    EXPECT_EQ(pair.b.tcp().size(), 0u);
    EXPECT_TRUE(pair.lines.empty());
}

TEST(Rfc9293Host, MUST_63_ASynFromAnImpossibleSourceIsIgnored) {
    ip::testing::Pair pair(ip::Medium::ip);
    ASSERT_TRUE(pair.b.tcp().listen({kB, Port(80)}));
    for (const char* source : {"224.0.0.1", "255.255.255.255", "10.0.0.255", "0.0.0.0", "127.0.0.1"}) {
        pair.inject(pair.at_b, syn(address(source), kB));
        pair.run();
    }
    EXPECT_EQ(pair.b.tcp().size(), 0u);
    EXPECT_TRUE(pair.lines.empty());
}

}  // namespace hourglass::tcp::testing
