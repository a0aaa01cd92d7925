// What the path does: its MTU, and what it does to datagrams that nobody repeats.

#include "lab/scenarios/all.h"
#include "lab/scenarios/common.h"

namespace hourglass::lab {

namespace {

struct Passage {
    std::size_t heard = 0;
    Duration took{};
    std::uint32_t largest = 0;  ///< Datagram that arrived.
    std::size_t swallowed = 0;
};

/// A client, two routers and a server; the link between the routers is narrow. Without ICMP nobody says so.
Passage pass(Story& story, Ground& net, bool icmp, tcp::MtuProbing probing) {
    const auto mtu = static_cast<std::uint32_t>(story.number("mtu"));
    tcp::Settings client;
    client.mtu_probing = probing;
    const sim::LinkSettings wide = sim::LinkSettings().both({.delay = story.time("delay") / 3});
    sim::LinkSettings narrow = wide;
    narrow.mtu = mtu;
    if (!icmp) narrow.interface_mtu = 1500;
    net.add_host(kClient, client);
    net.add_host("near", {}, true);
    net.add_host("far", {}, true);
    net.add_host(kServer);
    net.world.connect({"client", {"10.0.0.1/24"}}, {"near", {"10.0.0.254/24"}}, wide);
    sim::Link& tunnel = net.world.connect({"near", {"10.0.1.1/24"}}, {"far", {"10.0.1.2/24"}}, narrow);
    net.world.connect({"far", {"10.0.2.254/24"}}, {"server", {"10.0.2.2/24"}}, wide);
    net.world.add_route("client", "0.0.0.0/0", "10.0.0.254");
    net.world.add_route("near", "10.0.2.0/24", "10.0.1.2");
    net.world.add_route("far", "10.0.0.0/24", "10.0.1.1");
    net.world.add_route("server", "0.0.0.0/0", "10.0.2.254");
    net.watch();
    const SocketAddress server{IpAddress::v4(10, 0, 2, 2), Port(80)};
    Service& service = net.listen(kServer, server);
    App& app = net.connect(kClient, server);
    net.run_for(1s);
    const Instant begin = net.world.now();
    const std::uint64_t octets = story.number("octets");
    app.say_octets(octets);
    net.run_until([&] { return !service.apps.empty() && service.apps.front().heard.size() >= octets; }, 2min);
    Passage result;
    result.took = net.world.now() - begin;
    result.heard = service.apps.empty() ? 0 : service.apps.front().heard.size();
    result.swallowed = tunnel.counters(kToServer).lost_for(sim::LossReason::mtu);
    for (const Segment& s : net.segments([](const Segment& x) { return from_client(x) && x.arrived && x.has_data(); }))
        result.largest = std::max(result.largest, s.length + 52);
    return result;
}

void play_black_hole(Story& story) {
    Ground& hole = story.ground({"black hole", "黑洞"});
    const Passage stuck = pass(story, hole, false, tcp::MtuProbing::off);
    Ground& probing = story.ground({"black hole, and probing", "黑洞，并探测"});
    const Passage found = pass(story, probing, false, tcp::MtuProbing::after_black_hole);
    Ground& told = story.ground({"a router that says so", "路由器会告知"});
    const Passage reported = pass(story, told, true, tcp::MtuProbing::after_black_hole);
    const auto mtu = story.number("mtu");
    story.tell(
        "The path carries datagrams of {} octets; both ends believe in 1500. A router that can't pass a datagram "
        "should say so by ICMP. Here something swallows it.",
        "路径只能通过 {} 字节的数据报，两端却都以为是 1500。路由器转发不了时应以 ICMP 告知；这里却被什么东西无声吞掉。",
        mtu);
    story.heading("A black hole, and a TCP that finds out", "黑洞，与自己查明的 TCP");
    const Segment full = probing.segment([](const Segment& s) { return from_client(s) && s.has_data(); });
    const Segment smaller = probing.segment(
        [&](const Segment& s) { return from_client(s) && s.has_data() && s.length < full.length && s.again; });
    story.remark(probing, full,
                 "The handshake went through: its segments are small. This one has {} octets and vanishes, and so do "
                 "all like it: it connects, and then it hangs.",
                 "握手很顺利：它的报文段很小。这个有 {} 字节，消失了，同样大小的也都消失：连得上，却卡住。",
                 full.length);
    story.remark(probing, smaller,
                 "Full segments have been lost again and again, without a word: now in pieces of {} octets.",
                 "满长的报文段一再无声丢失：改用 {} 字节的小段。", smaller.length);
    story.show(probing, 0, {.from = Instant(1s), .fold_after = 16});
    story.heading("A router that says so", "会告知的路由器");
    const Segment shorter = told.segment([&](const Segment& s) { return s.reason == tcp::SendReason::path_mtu; });
    story.remark(told, shorter, "The ICMP message has come: the same octets again, in segments of {}.",
                 "ICMP 报文来了：同样的字节改用 {} 字节的报文段重发。", shorter.length);
    story.show_datagrams(told, kClient, "near");
    story.show(told, 0, {.from = Instant(1s), .fold_after = 8});
    story.show(Table{
        {{"", story.words("no probing", "不探测"), story.words("probing", "探测"), story.words("ICMP", "ICMP")},
         {story.words("octets that arrived", "到达的字节"), grouped(stuck.heard), grouped(found.heard),
          grouped(reported.heard)},
         {story.words("it took", "用时"), stuck.heard < story.number("octets") ? std::string("-") : show(stuck.took),
          show(found.took), show(reported.took)},
         {story.words("largest datagram that passed", "通过的最大数据报"), grouped(stuck.largest),
          grouped(found.largest), grouped(reported.largest)},
         {story.words("datagrams swallowed", "被吞掉的数据报"), grouped(stuck.swallowed), grouped(found.swallowed),
          grouped(reported.swallowed)}}});
    if (mtu >= 1500) {
        story.not_applicable("RFC 2923 2.1", "the black hole: {} octets pass everything", "黑洞：{} 字节什么都能通过",
                             mtu);
        return;
    }
    story.check(found.heard == story.number("octets") && found.largest <= mtu, "RFC 4821 7.7",
                "With probing all {} octets arrive, in datagrams of at most {}: {}.",
                "探测之后 {} 字节全部到达，数据报不超过 {}：最大 {}。", grouped(found.heard), mtu, found.largest);
    story.check(stuck.heard == 0 && stuck.swallowed > 1, "RFC 2923 2.1",
                "Without it nothing arrives at all: {} octets, {} datagrams swallowed.",
                "不探测则什么也到不了：{} 字节，吞掉 {} 个数据报。", stuck.heard, stuck.swallowed);
    story.check(reported.heard == story.number("octets") && reported.took < found.took, "RFC 1191 3",
                "One ICMP message saves the waiting: {} instead of {}.", "一个 ICMP 报文就省去等待：{} 而不是 {}。",
                show(reported.took), show(found.took));
}

struct Arrivals {
    std::size_t count = 0;
    Duration longest{};
};

void play_udp(Story& story) {
    const std::size_t messages = story.number("messages");
    const std::size_t size = 100;
    Ground& net = story.ground();
    sim::Impairments way{.delay = story.time("delay"), .loss = story.probability("loss")};
    tcp::Settings settings;
    settings.nagle = false;
    sim::Link& link = net.pair(sim::LinkSettings().both({.delay = story.time("delay")}), settings, settings);
    Service& service = net.listen();
    App& app = net.connect();
    net.run_for(1s);
    link.impairments(kToServer) = way;
    std::vector<Instant> sent(messages);
    Arrivals udp, tcp;
    const auto port = net.world.host(kServer).udp().open(
        {IpAddress::v4(10, 0, 0, 2), Port(5000)},
        [&](udp::SocketId, SocketAddress, SocketAddress, std::span<const std::byte> bytes, Instant now) {
            const auto number = std::to_integer<std::size_t>(bytes[0]) * 256 + std::to_integer<std::size_t>(bytes[1]);
            ++udp.count;
            udp.longest = std::max(udp.longest, now - sent[number]);
        });
    const auto from = net.world.host(kClient).udp().open({IpAddress::v4(10, 0, 0, 1), Port(5001)}, {});
    if (!service.apps.empty())
        service.apps.front().on_data = [&](App& a) {
            for (; tcp.count < a.heard.size() / size; ++tcp.count)
                tcp.longest = std::max(tcp.longest, net.world.now() - sent[tcp.count]);
        };
    for (std::size_t i = 0; i < messages; ++i) {
        sent[i] = net.world.now();
        std::vector<std::byte> message(size);
        message[0] = static_cast<std::byte>(i / 256);
        message[1] = static_cast<std::byte>(i % 256);
        if (from) (void)net.world.host(kClient).udp().send(*from, {IpAddress::v4(10, 0, 0, 2), Port(5000)}, message);
        app.say_octets(size);
        net.run_for(story.time("every"));
    }
    net.run_for(1min);
    if (port) net.world.host(kServer).udp().close(*port);
    const auto repairs = net.segments([](const Segment& s) { return from_client(s) && s.again; });
    const Segment first_lost = net.segment([](const Segment& s) { return from_client(s) && s.lost; });
    story.remark(net, first_lost,
                 "Lost. What comes behind it arrives in time and has to wait for it: a stream has no gaps.",
                 "丢失。后面的虽按时到达，也得等它：字节流不允许有缺口。");
    if (!repairs.empty())
        story.remark(net, repairs.front(), "Sent again, and all that waited is delivered at once.",
                     "重传之后，等待的数据一并交付。");
    const Instant around = first_lost.exists ? first_lost.sent - 2 * story.time("every") : Instant(1s);
    story.heading("TCP", "TCP");
    story.show(net, 0, {.from = around, .until = around + 300ms, .fold_after = 40});
    story.heading("UDP on the same link", "同一链路上的 UDP");
    story.show_datagrams(net, kClient, kServer, {.until = Instant(1s) + 5 * story.time("every")});
    story.show(Table{{{"", "UDP", "TCP"},
                      {story.words("messages sent", "发送的消息"), grouped(messages), grouped(messages)},
                      {story.words("arrived", "到达"), grouped(udp.count), grouped(tcp.count)},
                      {story.words("missing", "缺失"), grouped(messages - udp.count), grouped(messages - tcp.count)},
                      {story.words("the slowest took", "最慢的用时"), show(udp.longest), show(tcp.longest)}}});
    story.tell(
        "TCP promises all, in order, and pays in time; UDP promises nothing, and what it brings is fresh. A file wants "
        "the one, a voice the other.",
        "TCP 保证全部、有序，代价是时间；UDP 什么也不保证，但送到的都是新鲜的。传文件要前者，通话要后者。");
    story.check(tcp.count == messages, "RFC 9293 3.8", "TCP delivers all {} messages: {}.",
                "TCP 交付全部 {} 条消息：{}。", messages, tcp.count);
    story.check(udp.longest == story.time("delay"), "RFC 768", "No UDP message takes longer than the link, {}: {}.",
                "没有一条 UDP 消息比链路时延 {} 更慢：{}。", show(story.time("delay")), show(udp.longest));
    if (!first_lost.exists || udp.count == messages) {
        story.not_applicable("RFC 768", "what loss does: {} segments and {} datagrams were lost",
                             "丢失的影响：丢了 {} 个报文段、{} 个数据报", repairs.size(), messages - udp.count);
        return;
    }
    story.check(tcp.longest >= 3 * story.time("delay"), "RFC 9293 3.8",
                "A loss holds up TCP's messages for a round trip or more: the slowest took {}.",
                "一次丢失使 TCP 的消息至少多等一个往返：最慢用了 {}。", show(tcp.longest));
}

}  // namespace

void add_paths(Scenarios& all) {
    all.push_back({.name = "black-hole",
                   .topic = Topic::loss,
                   .title = {"A path MTU black hole", "路径 MTU 黑洞"},
                   .teaches = {"Why a connection can open and then hang, and how TCP gets out of it.",
                               "为何连接建得起来却卡住，TCP 又如何脱身。"},
                   .settings = {{.name = "mtu",
                                 .kind = Setting::Kind::octets,
                                 .what = {"What the narrow link carries", "窄链路能通过的数据报"},
                                 .initial = "1400",
                                 .another = "1280",
                                 .least = "600",
                                 .most = "1500"},
                                {.name = "octets",
                                 .kind = Setting::Kind::octets,
                                 .what = {"What the client sends", "客户端发送的字节数"},
                                 .initial = "10k",
                                 .another = "20k",
                                 .least = "3k",
                                 .most = "200k"},
                                delay_setting("10ms", "30ms")},
                   .play = play_black_hole});
    all.push_back({.name = "udp-beside-tcp",
                   .topic = Topic::loss,
                   .title = {"UDP beside TCP on a link that loses packets", "有丢失的链路上，UDP 与 TCP 并列"},
                   .teaches = {"What each promises, and what the promise costs.", "两者各保证什么，保证的代价是什么。"},
                   .settings = {{.name = "loss",
                                 .kind = Setting::Kind::percent,
                                 .what = {"Packets that the link loses", "链路的丢失率"},
                                 .initial = "5%",
                                 .another = "10%",
                                 .least = "0",
                                 .most = "40"},
                                {.name = "messages",
                                 .kind = Setting::Kind::count,
                                 .what = {"Messages of 100 octets", "消息数，每条 100 字节"},
                                 .initial = "200",
                                 .another = "300",
                                 .least = "10",
                                 .most = "2000"},
                                {.name = "every",
                                 .kind = Setting::Kind::time,
                                 .what = {"Between two messages", "两条消息的间隔"},
                                 .initial = "20ms",
                                 .another = "10ms",
                                 .least = "1ms",
                                 .most = "1s"},
                                delay_setting("30ms", "50ms", "5ms", "500ms")},
                   .play = play_udp});
}

}  // namespace hourglass::lab
