// A stack that is made of the image of another is what that was, and an image that nobody has written makes none.

#include <random>

#include "tcp/pair.h"

namespace hourglass::tcp::testing {
namespace {

/// A network that knows one way and swallows what is sent.
struct Sink : Network {
    std::optional<Path> path_to(const IpAddress&, const IpAddress&) override {
        return Path{.source = IpAddress::v4(10, 0, 0, 1), .mtu = 1500};
    }
    void send_segment(Packet&&, const IpAddress&, const IpAddress&) override {}
};

/// Another stack with the same settings and secret.
struct Copy {
    explicit Copy(const Settings& settings) : stack(settings, SipKey{3, 4}, sink, pool) {}
    auto restore(std::span<const std::byte> image) { return stack.restore(image, &worker, &worker); }
    BufferPool pool;
    Sink sink;
    Worker worker;
    Stack stack;
};

struct Image : ::testing::Test {
    /// Both images of a run after each of its events, as long as it lasts.
    void expect_all_restored(Pair& p, const Settings& settings) {
        for (int event = 0; event < 3000 && p.step(); ++event) {
            for (Stack* stack : {&p.a.stack, &p.b.stack}) {
                Copy copy(settings);
                const auto image = stack->image();
                const auto restored = copy.restore(image);
                ASSERT_TRUE(restored) << "event " << event << ": " << restored.error();
                ASSERT_EQ(copy.stack.image(), image) << "event " << event;
                ASSERT_EQ(copy.stack.next_deadline(), stack->next_deadline()) << "event " << event;
                ASSERT_EQ(copy.stack.connections().size(), stack->connections().size());
            }
        }
    }
    Worker client, server;
};

TEST_F(Image, OfEveryMomentOfATransferWithLosses) {
    for (const Congestion congestion : {Congestion::new_reno, Congestion::cubic, Congestion::bbr}) {
        Settings settings;
        settings.congestion = congestion;
        Pair p(settings);
        p.a.rule = [](auto&, std::size_t n) { return n % 17 != 5 && n % 31 != 6; };
        p.b.rule = [](auto&, std::size_t n) { return n % 13 != 0; };
        p.b.listener = *p.b.stack.listen({p.b.address, Port(80)}, {.handler = &server});
        client.to_send = server.to_send = 150'000;
        ASSERT_TRUE(p.a.stack.connect({p.b.address, Port(80)}, {.handler = &client}));
        expect_all_restored(p, settings);
        EXPECT_TRUE(client.closed);
        client = {};
        server = {};
    }
}

TEST_F(Image, OfTuningsQueuesAndFastOpen) {
    Settings settings;
    settings.connect_fast = true;
    settings.fast_open_backlog = 4;
    settings.ecn = EcnUse::accurate;
    Pair p(settings);
    Tuning tuning = p.b.stack.default_tuning();
    tuning.receive_buffer = 5000;
    p.b.listener = *p.b.stack.listen({p.b.address, Port(80)}, {.accept_queue = 2, .tuning = tuning});
    std::vector<Stream> streams;
    for (std::uint16_t i = 0; i < 5; ++i)
        streams.push_back(*p.a.stack.connect({p.b.address, Port(80)}, {.local = {{}, Port(4000 + i)}}));
    for (Stream& s : streams) s.send(std::as_bytes(std::span("hello", 5)));
    expect_all_restored(p, settings);
}

TEST_F(Image, OfAConnectionIsSmall) {
    Pair p;
    p.b.listener = *p.b.stack.listen({p.b.address, Port(80)}, {.accept_queue = 200});
    const std::size_t empty = p.a.stack.image().size();
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(p.a.stack.connect({p.b.address, Port(80)}));
    p.run(1s);
    EXPECT_LT(p.a.stack.image().size() - empty, 100 * 250u);
}

TEST_F(Image, ThatIsCutShortOrChangedIsRefusedOrHarmless) {
    Pair p;
    p.a.rule = [](auto&, std::size_t n) { return n % 7 != 3; };
    p.b.listener = *p.b.stack.listen({p.b.address, Port(80)}, {.handler = &server});
    client.to_send = 100'000;
    ASSERT_TRUE(p.a.stack.connect({p.b.address, Port(80)}, {.handler = &client}));
    p.run(150ms);
    const auto image = p.a.stack.image();
    for (std::size_t size = 0; size < image.size(); ++size) {
        Copy copy{Settings{}};
        EXPECT_FALSE(copy.restore(std::span(image).first(size))) << size;
    }
    std::minstd_rand random(1);
    for (int i = 0; i < 5000; ++i) {
        auto changed = image;
        for (int n = 0; n < 3; ++n) changed[random() % changed.size()] = std::byte(random() & 0xff);
        Copy copy{Settings{}};
        if (!copy.restore(changed)) continue;
        EXPECT_EQ(copy.stack.check_invariants(), "");
        for (int n = 0; n < 20 && copy.stack.next_deadline() != kNever; ++n)
            copy.stack.poll(copy.stack.next_deadline());
    }
}

}  // namespace
}  // namespace hourglass::tcp::testing
