// TCP Fast Open (RFC 7413): one stack and a scripted peer.

#include <algorithm>

#include "tcp/fast_open_cache.h"
#include "tcp/fast_open_cookie.h"
#include "tcp/single.h"

namespace hourglass::tcp::testing {
namespace {

wire::FastOpenCookie cookie_of(std::initializer_list<int> octets) {
    wire::FastOpenCookie cookie{.size = static_cast<std::uint8_t>(octets.size())};
    std::ranges::transform(octets, cookie.octets.begin(), [](int octet) { return static_cast<std::byte>(octet); });
    return cookie;
}

wire::TcpOptions with_cookie(const wire::FastOpenCookie& cookie, std::optional<std::uint16_t> mss = std::nullopt) {
    wire::TcpOptions options;
    options.mss = mss;
    options.fast_open_present = true;
    options.fast_open = cookie;
    return options;
}

const wire::FastOpenCookie kRequest{};
const wire::FastOpenCookie kCookie = cookie_of({1, 2, 3, 4, 5, 6, 7, 8});

// --- The cookie

class Rfc7413Cookie : public ::testing::Test {
  public:
    FlowKey flow{IpAddress::v4(10, 0, 0, 1), IpAddress::v4(10, 0, 0, 2), Port(80), Port(5000)};
    FastOpenSettings settings;
    SipKey secret{1, 2};
    Instant now{100h};

    wire::FastOpenCookie make() { return make_fast_open_cookie(settings, secret, flow, now); }
    CookieAge age(const wire::FastOpenCookie& cookie) {
        return age_of_fast_open_cookie(cookie, settings, secret, flow, now);
    }
};

TEST_F(Rfc7413Cookie, IsGoodForTheClientsAddressWhateverItsPort) {
    const auto cookie = make();
    EXPECT_EQ(cookie.size, 8);
    flow.remote_port = Port(5001);
    EXPECT_EQ(age(cookie), CookieAge::current);
    flow.remote = IpAddress::v4(10, 0, 0, 3);
    EXPECT_EQ(age(cookie), CookieAge::invalid);
}

TEST_F(Rfc7413Cookie, LivesOneLifetimeOfItsKeyAndPartOfTheNext) {
    const auto cookie = make();
    now += settings.key_lifetime;
    EXPECT_EQ(age(cookie), CookieAge::previous);
    now += settings.key_lifetime;
    EXPECT_EQ(age(cookie), CookieAge::invalid);
}

TEST_F(Rfc7413Cookie, IsTheSameOnServersThatShareAKey) {
    settings.key = SipKey{11, 12};
    const auto cookie = make();
    secret = SipKey{77, 78};
    now += 1000h;
    EXPECT_EQ(age(cookie), CookieAge::current);
    settings.previous_key = std::exchange(settings.key, SipKey{13, 14});
    EXPECT_EQ(age(cookie), CookieAge::previous);
}

TEST_F(Rfc7413Cookie, IsTheOneThatOtherServersMakeOfTheKey) {
    // 0b3a... is SipHash-2-4 of 192.0.2.1, 192.168.0.1, as servers that take tcp_fastopen_key have it.
    settings.key = SipKey{0x4455667700112233, 0xccddeeff8899aabb};
    flow.remote = IpAddress::v4(192, 0, 2, 1);
    flow.local = IpAddress::v4(192, 168, 0, 1);
    EXPECT_EQ(make(), cookie_of({0x0b, 0x3a, 0xd0, 0xec, 0x99, 0xa1, 0x52, 0x73}));
}

TEST_F(Rfc7413Cookie, OfAnotherLengthIsNotOurs) {
    EXPECT_EQ(age(kRequest), CookieAge::invalid);
    EXPECT_EQ(age(cookie_of({1, 2, 3, 4})), CookieAge::invalid);
}

TEST_F(Rfc7413Cookie, KnowsBothFamilies) {
    flow.local = *IpAddress::parse("2001:db8::1");
    flow.remote = *IpAddress::parse("2001:db8::2");
    const auto cookie = make();
    EXPECT_EQ(age(cookie), CookieAge::current);
    flow.remote = *IpAddress::parse("2001:db8::3");
    EXPECT_EQ(age(cookie), CookieAge::invalid);
}

// --- The client's memory

TEST(Rfc7413Cache, ForgetsWhatWasUsedLongestAgo) {
    FastOpenCache cache(2);
    const auto server = [](std::uint8_t n) {
        return FlowKey{IpAddress::v4(10, 0, 0, 1), IpAddress::v4(10, 0, 1, n), Port(1), Port(80)};
    };
    cache.learn(server(1), kCookie, 1460);
    cache.learn(server(2), kCookie, 1460);
    EXPECT_NE(cache.use(server(1)), nullptr);
    cache.learn(server(3), kCookie, 1460);
    EXPECT_EQ(cache.size(), 2u);
    EXPECT_NE(cache.find(server(1)), nullptr);
    EXPECT_EQ(cache.find(server(2)), nullptr);
}

TEST(Rfc7413Cache, HoldsNothingWithALimitOfZero) {
    FastOpenCache cache(0);
    const FlowKey flow{IpAddress::v4(10, 0, 0, 1), IpAddress::v4(10, 0, 0, 2), Port(1), Port(80)};
    cache.learn(flow, kCookie, 1460);
    cache.refuse(flow, Instant(5h));
    EXPECT_EQ(cache.find(flow), nullptr);
    EXPECT_FALSE(cache.is_refused(flow, Instant(1h)));
}

TEST(Rfc7413Cache, RefusesAPortAndKeepsTheCookieForOthers) {
    FastOpenCache cache(8);
    FlowKey flow{IpAddress::v4(10, 0, 0, 1), IpAddress::v4(10, 0, 0, 2), Port(1), Port(80)};
    cache.learn(flow, kCookie, 9000);
    EXPECT_EQ(cache.find(flow)->mss, 1460) << "section 4.1.3: no larger SYN than Ethernet's";
    cache.refuse(flow, Instant(2h));
    EXPECT_TRUE(cache.is_refused(flow, Instant(1h)));
    EXPECT_FALSE(cache.is_refused(flow, Instant(2h)));
    flow.remote_port = Port(443);
    EXPECT_FALSE(cache.is_refused(flow, Instant(1h)));
    EXPECT_NE(cache.find(flow), nullptr);
}

// --- The client

class Rfc7413Client : public Single {
  public:
    void SetUp() override {
        Single::SetUp();
        settings.connect_fast = true;
        settings.sack = false;
    }
    /// Active open with data that is there before the SYN leaves.
    void connect_with(std::string_view data) {
        const auto s = stack().connect(peer, {.local = us, .handler = &app});
        ASSERT_TRUE(s.has_value());
        app.stream = *s;
        send(data);
        poll();
    }
    /// A first connection brings the cookie, and ends.
    void learn_cookie(std::uint16_t mss = 1000) {
        connect_with("");
        ASSERT_EQ(out(), "S seq=0 ack=0 len=0");
        EXPECT_TRUE(last_header.options.fast_open_present);
        EXPECT_EQ(last_header.options.fast_open, kRequest);
        in({.flags = "S.", .seq = 0, .ack = 1, .options = with_cookie(kCookie, mss)});
        ASSERT_EQ(out(), ". seq=1 ack=1 len=0");
        end();
    }
    void end() {
        app.stream.abort();
        poll();
        while (out() != "nothing") {
        }
        app.log.clear();
    }
    std::uint32_t room() { return stack().fast_open_room(peer, {.local = us}); }
};

TEST_F(Rfc7413Client, DoesNothingUnlessAsked) {
    settings.connect_fast = false;
    connect_with("hello");
    EXPECT_EQ(out(), "S seq=0 ack=0 len=0");
    EXPECT_FALSE(last_header.options.fast_open_present);
}

TEST_F(Rfc7413Client, AsksForACookieWithoutDataInTheSyn) {
    connect_with("hello");
    EXPECT_EQ(out(), "S seq=0 ack=0 len=0");
    EXPECT_EQ(last_header.options.fast_open, kRequest);
    in({.flags = "S.", .seq = 0, .ack = 1, .options = with_cookie(kCookie, 1000)});
    EXPECT_EQ(out(), "P. seq=1 ack=1 len=5");
    EXPECT_EQ(room(), 960u) << "the MSS less the space for options";
}

TEST_F(Rfc7413Client, SendsCookieAndDataInTheSyn) {
    learn_cookie();
    connect_with("hello");
    EXPECT_EQ(out(), "S seq=0 ack=0 len=5");
    EXPECT_EQ(last_header.options.fast_open, kCookie);
    EXPECT_EQ(last_data, "hello");
    in({.flags = "S.", .seq = 0, .ack = 6});
    EXPECT_EQ(out(), ". seq=6 ack=1 len=0");
    EXPECT_TRUE(app.stream.info().syn_data);
    EXPECT_EQ(app.stream.unacknowledged(), 0u);
    EXPECT_EQ(stack().counters().fast_open_active, 1u);
    EXPECT_EQ(stack().counters().fast_open_active_failed, 0u);
}

TEST_F(Rfc7413Client, FillsTheSynUpToTheCachedMssAndSendsTheRestAfterTheSynAck) {
    learn_cookie();
    connect_with(std::string(1500, 'x'));
    EXPECT_EQ(out(), "S seq=0 ack=0 len=960");
    in({.flags = "S.", .seq = 0, .ack = 961, .options = {.mss = 1000}});
    EXPECT_EQ(out(), "P. seq=961 ack=1 len=540");
}

TEST_F(Rfc7413Client, SendsDataAgainThatTheSynAckDoesNotAcknowledge) {
    learn_cookie();
    connect_with("hello");
    EXPECT_EQ(out(), "S seq=0 ack=0 len=5");
    in({.flags = "S.", .seq = 0, .ack = 1, .options = with_cookie(cookie_of({9, 9, 9, 9}), 1000)});
    EXPECT_EQ(out(), "P. seq=1 ack=1 len=5") << "4.2.2: in the first ACK";
    EXPECT_EQ(last_data, "hello");
    EXPECT_FALSE(app.stream.info().syn_data);
    EXPECT_EQ(stack().counters().fast_open_active_failed, 1u);
    in({.seq = 1, .ack = 6});
    EXPECT_EQ(app.stream.unacknowledged(), 0u);
    EXPECT_EQ(room(), 960u) << "a new cookie is no refusal";
}

TEST_F(Rfc7413Client, SendsThePartAgainThatWasNotTaken) {
    learn_cookie();
    connect_with("hello world");
    EXPECT_EQ(out(), "S seq=0 ack=0 len=11");
    in({.flags = "S.", .seq = 0, .ack = 7});
    EXPECT_EQ(out(), "P. seq=7 ack=1 len=5");
    EXPECT_EQ(last_data, "world");
}

TEST_F(Rfc7413Client, RemembersThatTheDataWasRefused) {
    learn_cookie();
    connect_with("hello");
    out();
    in({.flags = "S.", .seq = 0, .ack = 1});
    end();
    EXPECT_EQ(room(), 0u) << "section 4.1.3.1";
    connect_with("hello");
    EXPECT_EQ(out(), "S seq=0 ack=0 len=0");
    EXPECT_FALSE(last_header.options.fast_open_present);
    end();
    pass(1h);
    poll();
    EXPECT_EQ(room(), 960u);
}

TEST_F(Rfc7413Client, RemembersThatNoCookieWasGiven) {
    connect_with("");
    out();
    in({.flags = "S.", .seq = 0, .ack = 1});
    end();
    connect_with("");
    EXPECT_EQ(out(), "S seq=0 ack=0 len=0");
    EXPECT_FALSE(last_header.options.fast_open_present);
}

TEST_F(Rfc7413Client, RetransmitsTheSynWithoutDataAndCookie) {
    learn_cookie();
    connect_with("hello");
    EXPECT_EQ(out(), "S seq=0 ack=0 len=5");
    pass(1s);
    EXPECT_EQ(out(), "S seq=0 ack=0 len=0");
    EXPECT_FALSE(last_header.options.fast_open_present);
    in({.flags = "S.", .seq = 0, .ack = 1});
    EXPECT_EQ(out(), "P. seq=1 ack=1 len=5");
    EXPECT_EQ(room(), 0u) << "data or option is what did not get through";
}

TEST_F(Rfc7413Client, TakesALateAnswerToTheFirstSyn) {
    learn_cookie();
    connect_with("hello");
    out();
    pass(1s);
    out();
    in({.flags = "S.", .seq = 0, .ack = 6});
    EXPECT_EQ(out(), ". seq=6 ack=1 len=0");
    EXPECT_EQ(room(), 960u);
}

TEST_F(Rfc7413Client, RemembersThatNobodyAnswered) {
    settings.syn_retries = 3;
    learn_cookie();
    connect_with("hello");
    pass(60s);
    EXPECT_EQ(app.log, (std::vector<std::string>{"trouble: connection timed out", "closed: connection timed out"}));
    EXPECT_EQ(room(), 0u);
    while (out() != "nothing") {
    }
}

TEST_F(Rfc7413Client, RemembersAnIcmpError) {
    learn_cookie();
    connect_with("hello");
    out();
    stack().unreachable({us.address, peer.address, us.port, peer.port}, our_iss, true);
    poll();
    EXPECT_EQ(room(), 0u);
}

TEST_F(Rfc7413Client, TakesAnswerDataInTheSynAck) {
    learn_cookie();
    connect_with("hello");
    out();
    in({.flags = "S.", .seq = 0, .ack = 6, .data = "welcome"});
    EXPECT_EQ(out(), ". seq=6 ack=8 len=0");
    EXPECT_EQ(app.received, "welcome");
}

TEST_F(Rfc7413Client, ClosesAfterARequestThatWentWithTheSyn) {
    learn_cookie();
    const auto s = stack().connect(peer, {.local = us, .handler = &app});
    app.stream = *s;
    send("hello");
    app.stream.shutdown();
    poll();
    EXPECT_EQ(out(), "S seq=0 ack=0 len=5");
    in({.flags = "S.", .seq = 0, .ack = 6});
    EXPECT_EQ(out(), "F. seq=6 ack=1 len=0");
    EXPECT_EQ(state(), State::fin_wait_1);
}

TEST_F(Rfc7413Client, OpensSimultaneouslyWithDataInItsSyn) {
    learn_cookie();
    connect_with("hello");
    EXPECT_EQ(out(), "S seq=0 ack=0 len=5");
    in({.flags = "S", .seq = 0});
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    in({.flags = ".", .seq = 1, .ack = 1});
    EXPECT_EQ(out(), "P. seq=1 ack=1 len=5");
    EXPECT_EQ(state(), State::established);
}

TEST_F(Rfc7413Client, SendsTheLongestCookieWhereItFits) {
    settings.timestamps = true;
    settings.window_scaling = true;
    settings.sack = true;
    connect_with("");
    out();
    const auto longest = cookie_of({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16});
    wire::TcpOptions answer = with_cookie(longest, 1000);
    answer.timestamps = {{1, last_header.options.timestamps->value}};
    in({.flags = "S.", .seq = 0, .ack = 1, .options = answer});
    EXPECT_EQ(room(), 960u) << "40 octets: all fit";
    end();
    connect_with("hello");
    EXPECT_EQ(out(), "S seq=0 ack=0 len=5");
    EXPECT_EQ(last_header.options.fast_open, longest);
}

// --- The server

class Rfc7413Server : public Single {
  public:
    void SetUp() override {
        Single::SetUp();
        settings.fast_open_backlog = 2;
        settings.fast_open.key = SipKey{21, 22};
    }
    wire::FastOpenCookie good(const IpAddress& client) {
        return make_fast_open_cookie(settings.fast_open, {}, {us.address, client, us.port, Port(1)}, now);
    }
    wire::TcpOptions good_options() { return with_cookie(good(peer.address), 1000); }
    /// A connection that a cookie has opened, whose SYN-ACK has gone.
    void open_fast(std::string_view data) {
        listen();
        in({.flags = "S", .data = std::string(data), .options = good_options()});
        ASSERT_EQ(out(), fmt::format("S. seq=0 ack={} len=0", 1 + data.size()));
        ASSERT_EQ(state(), State::syn_received);
    }
    /// The same from another port, whose application never answers.
    std::string open_from(std::uint16_t port) {
        deliver_from({peer.address, Port(port)}, {.flags = "S", .data = "hi", .options = good_options()});
        poll();
        return out();
    }
};

TEST_F(Rfc7413Server, GivesACookieToWhoAsks) {
    listen();
    in({.flags = "S", .options = with_cookie(kRequest, 1000)});
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    EXPECT_TRUE(last_header.options.fast_open_present);
    EXPECT_EQ(last_header.options.fast_open, good(peer.address));
    EXPECT_EQ(stack().counters().fast_open_bad_cookies, 0u);
}

TEST_F(Rfc7413Server, SaysNothingWhereItIsOff) {
    settings.fast_open_backlog = 0;
    listen();
    in({.flags = "S", .data = "hello", .options = good_options()});
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    EXPECT_FALSE(last_header.options.fast_open_present);
}

TEST_F(Rfc7413Server, GivesNoCookieToWhoDoesNotAsk) {
    listen();
    in({.flags = "S", .data = "hello"});
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    EXPECT_FALSE(last_header.options.fast_open_present);
}

TEST_F(Rfc7413Server, DeliversTheDataOfASynBeforeTheThirdSegment) {
    open_fast("hello");
    EXPECT_FALSE(last_header.options.fast_open_present) << "the client has a good cookie";
    EXPECT_EQ(app.received, "hello");
    EXPECT_TRUE(app.stream.info().syn_data);
    EXPECT_EQ(stack().counters().fast_open_passive, 1u);
    in({.seq = 6, .ack = 1});
    EXPECT_EQ(state(), State::established);
    EXPECT_EQ(app.log, (std::vector<std::string>{"readable", "established"}));
    EXPECT_EQ(out(), "nothing");
}

// RFC 9293, section 3.10.7.4, fifth: SEG.ACK =< SND.NXT.
TEST_F(Rfc7413Server, TakesNoAcknowledgementOfASynAckThatHasNotLeft) {
    open_fast("hello");  // at this time the next connection of the two has the same numbers
    in({.flags = "R", .seq = 6});
    deliver({.flags = "S", .data = "hello", .options = good_options()});
    deliver({.flags = "F.", .seq = 6, .ack = 1});
    poll();
    EXPECT_EQ(state(), State::syn_received);
    EXPECT_EQ(out(), "R seq=1 ack=0 len=0");
    EXPECT_EQ(out(), "S. seq=0 ack=6 len=0");
    in({.seq = 6, .ack = 1});
    EXPECT_EQ(state(), State::established);
}

TEST_F(Rfc7413Server, RepeatsNoSynAckThatIsAcknowledgedBeforeTheRepetitionLeaves) {
    open_fast("hello");
    deliver({.flags = "S", .data = "hello", .options = good_options()});
    deliver({.seq = 6, .ack = 1});
    poll();
    EXPECT_EQ(state(), State::established);
    EXPECT_EQ(out(), "nothing");
}

TEST_F(Rfc7413Server, AnswersBeforeTheThirdSegment) {
    open_fast("hello");
    send("welcome");
    poll();
    EXPECT_EQ(out(), "P. seq=1 ack=6 len=7");
    EXPECT_EQ(state(), State::syn_received);
    in({.seq = 6, .ack = 8});
    EXPECT_EQ(state(), State::established);
    EXPECT_EQ(app.stream.unacknowledged(), 0u);
}

TEST_F(Rfc7413Server, SendsNoMoreThanAnInitialWindowBeforeTheThirdSegment) {
    settings.initial_window_segments = 2;
    open_fast("hello");
    send(std::string(5000, 'x'));
    poll();
    EXPECT_EQ(out(), ". seq=1 ack=6 len=1000");
    EXPECT_EQ(out(), ". seq=1001 ack=6 len=1000");
    EXPECT_EQ(out(), "nothing");
    in({.seq = 6, .ack = 2001});
    EXPECT_EQ(out(), ". seq=2001 ack=6 len=1000");
    while (out() != "nothing") {
    }
}

TEST_F(Rfc7413Server, OpensAConnectionForASynWithACookieAndNoData) {
    open_fast("");
    in({.seq = 1, .ack = 1, .data = "hello"});
    EXPECT_EQ(app.received, "hello");
    EXPECT_FALSE(app.stream.info().syn_data);
    EXPECT_EQ(state(), State::established);
}

TEST_F(Rfc7413Server, FallsBackAndSendsANewCookieForABadOne) {
    listen();
    in({.flags = "S", .data = "hello", .options = with_cookie(kCookie, 1000)});
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    EXPECT_EQ(last_header.options.fast_open, good(peer.address));
    EXPECT_EQ(app.received, "");
    EXPECT_EQ(stack().counters().fast_open_bad_cookies, 1u);
    in({.flags = "P.", .seq = 1, .ack = 1, .data = "hello"});
    EXPECT_EQ(app.received, "hello");
    EXPECT_EQ(out(), "nothing");
}

TEST_F(Rfc7413Server, TakesACookieOfThePreviousKeyAndReplacesIt) {
    const auto old = good_options();
    settings.fast_open.previous_key = std::exchange(settings.fast_open.key, SipKey{31, 32});
    listen();
    in({.flags = "S", .data = "hello", .options = old});
    EXPECT_EQ(out(), "S. seq=0 ack=6 len=0");
    EXPECT_EQ(last_header.options.fast_open, good(peer.address));
    EXPECT_EQ(app.received, "hello");
}

TEST_F(Rfc7413Server, RepeatsTheSynAckWithoutDataAndOption) {
    const auto old = good_options();
    settings.fast_open.previous_key = std::exchange(settings.fast_open.key, SipKey{31, 32});
    listen();
    in({.flags = "S", .data = "hello", .options = old});
    EXPECT_EQ(out(), "S. seq=0 ack=6 len=0");
    send("welcome");
    poll();
    EXPECT_EQ(out(), "P. seq=1 ack=6 len=7");
    pass(1s);
    EXPECT_EQ(out(), "S. seq=0 ack=6 len=0");
    EXPECT_FALSE(last_header.options.fast_open_present);
    EXPECT_EQ(out(), "nothing");
    // The client was in SYN-SENT when the answer came: it goes again.
    in({.seq = 6, .ack = 1});
    EXPECT_EQ(out(), "P. seq=1 ack=6 len=7");
    in({.seq = 6, .ack = 8});
    EXPECT_EQ(app.stream.unacknowledged(), 0u);
}

TEST_F(Rfc7413Server, GivesUpWhenNobodyAcknowledgesTheSynAck) {
    settings.syn_ack_retries = 2;
    open_fast("hello");
    pass(1h);
    EXPECT_EQ(out(), "S. seq=0 ack=6 len=0");
    EXPECT_EQ(out(), "S. seq=0 ack=6 len=0");
    EXPECT_EQ(out(), "nothing");
    EXPECT_EQ(app.log, (std::vector<std::string>{"readable", "closed: connection timed out"}));
    EXPECT_EQ(stack().size(), 0u);
}

TEST_F(Rfc7413Server, AnswersADuplicateSynWithItsSynAckAndDeliversNothingTwice) {
    open_fast("hello");
    in({.flags = "S", .data = "hello", .options = good_options()});
    EXPECT_EQ(out(), "S. seq=0 ack=6 len=0");
    EXPECT_EQ(app.received, "hello");
    in({.seq = 6, .ack = 1});
    in({.flags = "S", .data = "hello", .options = good_options()});
    EXPECT_EQ(out(), ". seq=1 ack=6 len=0") << "RFC 5961, section 4.2";
    EXPECT_EQ(app.received, "hello");
}

TEST_F(Rfc7413Server, DeliversAgainWhatADuplicateSynBringsAfterTheEnd) {
    open_fast("hello");
    in({.flags = "R", .seq = 6});
    EXPECT_EQ(stack().size(), 0u);
    in({.flags = "S", .data = "hello", .options = good_options()});
    EXPECT_EQ(out(), "S. seq=0 ack=6 len=0");
    EXPECT_EQ(app.received, "hellohello") << "section 6.1: once for each duplicate that finds no connection";
}

TEST_F(Rfc7413Server, LimitsPendingRequests) {
    listen();
    app.accepts = false;
    EXPECT_EQ(open_from(5001), "S. seq=0 ack=3 len=0");
    EXPECT_EQ(open_from(5002), "S. seq=0 ack=3 len=0");
    EXPECT_EQ(open_from(5003), "S. seq=0 ack=1 len=0") << "an ordinary handshake";
    EXPECT_EQ(stack().counters().fast_open_over_limit, 1u);
}

TEST_F(Rfc7413Server, CountsARequestUntilItsHandshakeIsComplete) {
    open_fast("hello");
    in({.seq = 6, .ack = 1});
    EXPECT_EQ(open_from(5001), "S. seq=0 ack=3 len=0");
    EXPECT_EQ(open_from(5002), "S. seq=0 ack=3 len=0");
    EXPECT_EQ(open_from(5003), "S. seq=0 ack=1 len=0");
}

TEST_F(Rfc7413Server, GoesOnCountingWhatARstHasEnded) {
    listen();
    app.accepts = false;
    for (const std::uint16_t port : {std::uint16_t{5001}, std::uint16_t{5002}}) {
        EXPECT_EQ(open_from(port), "S. seq=0 ack=3 len=0");
        deliver_from({peer.address, Port(port)}, {.flags = "R", .seq = 3});
        poll();
    }
    EXPECT_EQ(stack().size(), 0u);
    EXPECT_EQ(open_from(5003), "S. seq=0 ack=1 len=0") << "section 5.1";
    pass(60s);
    while (out() != "nothing") {
    }
    EXPECT_EQ(open_from(5004), "S. seq=0 ack=3 len=0");
}

TEST_F(Rfc7413Server, OpensNothingFastWhileSynCookiesAreSent) {
    settings.max_half_open = 1;
    listen();
    deliver_from({peer.address, Port(5001)}, {.flags = "S"});
    poll();
    out();
    in({.flags = "S", .data = "hello", .options = good_options()});
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    EXPECT_EQ(stack().counters().syn_cookies_sent, 1u);
    EXPECT_EQ(stack().counters().fast_open_passive, 0u);
}

TEST_F(Rfc7413Server, TellsAnApplicationThatHoldsItOfAReset) {
    open_fast("hello");
    in({.flags = "R", .seq = 6});
    EXPECT_EQ(app.log, (std::vector<std::string>{"readable", "closed: connection reset by peer"}));
}

TEST_F(Rfc7413Server, ChallengesASynInTheWindow) {
    open_fast("hello");
    in({.flags = "S", .seq = 100});
    EXPECT_EQ(out(), ". seq=1 ack=6 len=0");
    EXPECT_EQ(state(), State::syn_received);
}

TEST_F(Rfc7413Server, RefusesAnAcknowledgementOfWhatWasNeverSent) {
    open_fast("hello");
    in({.seq = 6, .ack = 2});
    EXPECT_EQ(out(), "R seq=2 ack=0 len=0");
    EXPECT_EQ(state(), State::syn_received);
}

TEST_F(Rfc7413Server, SendsItsFinBehindTheAnswer) {
    open_fast("hello");
    send("welcome");
    app.stream.close();
    poll();
    EXPECT_EQ(out(), "FP. seq=1 ack=6 len=7");
    in({.seq = 6, .ack = 9});
    EXPECT_EQ(state(), State::fin_wait_2);
    in({.flags = "F.", .seq = 6, .ack = 9});
    EXPECT_EQ(out(), ". seq=9 ack=7 len=0");
    EXPECT_EQ(app.log.back(), "closed: closed");
}

TEST_F(Rfc7413Server, LeavesAFinInTheSynForThePeerToSendAgain) {
    listen();
    in({.flags = "SF", .data = "hello", .options = good_options()});
    EXPECT_EQ(out(), "S. seq=0 ack=6 len=0");
    in({.flags = "F.", .seq = 6, .ack = 1});
    EXPECT_EQ(state(), State::close_wait);
    EXPECT_EQ(out(), ". seq=1 ack=7 len=0");
}

TEST_F(Rfc7413Server, TakesNoMoreThanItsWindow) {
    settings.receive_buffer = 300;
    app.reads = false;
    listen();
    in({.flags = "S", .data = std::string(500, 'x'), .options = good_options()});
    EXPECT_EQ(out(), "S. seq=0 ack=301 len=0");
    EXPECT_EQ(last_header.window, 0);
    in({.seq = 301, .ack = 1});
    EXPECT_EQ(app.stream.readable(), 300u);
}

TEST_F(Rfc7413Server, ForgetsItsPendingConnectionsWhenTheListenerCloses) {
    const auto listener = stack().listen(us, {.handler = nullptr});
    EXPECT_EQ(open_from(5001), "S. seq=0 ack=3 len=0");
    Listener(*listener).close();
    poll();
    EXPECT_EQ(out(), "R. seq=1 ack=3 len=0");
    EXPECT_EQ(stack().size(), 0u);
}

TEST_F(Rfc7413Server, CountsPendingConnectionsWhereAListenerForOneAddressTakesThemOver) {
    const SocketAddress any{IpAddress::v4(0), us.port};
    const auto first = stack().listen(any, {.handler = &app});
    EXPECT_EQ(open_from(5001), "S. seq=0 ack=3 len=0");
    const auto second = stack().listen(us, {.handler = &app});
    poll();
    Listener(*second).close();
    poll();
    EXPECT_EQ(open_from(5002), "S. seq=0 ack=3 len=0");
    EXPECT_EQ(open_from(5003), "S. seq=0 ack=1 len=0");
    EXPECT_TRUE(first->exists());
}

TEST_F(Rfc7413Server, MeasuresTheRoundTripOfItsSynAck) {
    open_fast("hello");
    pass(30ms);
    in({.seq = 6, .ack = 1});
    EXPECT_EQ(app.stream.info().srtt, 30ms);
}

TEST_F(Rfc7413Server, SendsSmallerSegmentsWhenThePathIsNarrowerThanItsAnswer) {
    open_fast("hello");
    send(std::string(900, 'x'));
    poll();
    EXPECT_EQ(out(), "P. seq=1 ack=6 len=900");
    stack().path_mtu({us.address, peer.address, us.port, peer.port}, our_iss + 1, 540);
    poll();
    EXPECT_EQ(out(), ". seq=1 ack=6 len=500");
    EXPECT_EQ(out(), "P. seq=501 ack=6 len=400");
}

TEST_F(Rfc7413Server, BelievesASynWithoutACookieOnlyWhereToldTo) {
    settings.fast_open.server_needs_cookie = false;
    listen();
    in({.flags = "S", .data = "hello"});
    EXPECT_EQ(out(), "S. seq=0 ack=6 len=0");
    EXPECT_EQ(app.received, "hello");
}

}  // namespace
}  // namespace hourglass::tcp::testing
