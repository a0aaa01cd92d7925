// A SYN that the network delivers when nobody wants it any more (RFC 9293, section 3.5, figure 8).

#include "lab/scenarios/all.h"
#include "lab/scenarios/common.h"
#include "lab/two_way_server.h"

namespace hourglass::lab {

namespace {

using tcp::State;

constexpr auto kGivesUp = 500ms;

/// The first SYN of the link takes `late` to arrive.
sim::Script first_packet_late(Duration late, Duration delay) {
    return [late, delay](const sim::PacketView&, std::uint64_t number) {
        return sim::Verdict{.delay = number == 1 && late > delay ? late - delay : Duration{}};
    };
}

void play_old_syn(Story& story) {
    const Duration late = story.time("late"), delay = story.time("delay");
    const bool again = story.chosen("client", "opens-again");
    Ground& net = story.ground();
    net.pair(link_of(story)).set_script(kToServer, first_packet_late(late, delay));
    Service& service = net.listen();
    App& first = net.connect(kClient, Ground::server_address(), {.local = Ground::client_address(5000)});
    net.run_for(kGivesUp);
    net.note(kClient, story.words("gives up: close()", "放弃：close()"));
    first.abort();
    App* second = nullptr;
    if (again)
        net.world.after(late - delay / 4 - kGivesUp, [&] {
            second = &net.connect(kClient, Ground::server_address(), {.local = Ground::client_address(5000)});
        });
    net.run_for(late + 20s);

    const Segment old = net.segment(&Segment::is_syn);
    const auto syn_acks = net.segments([](const Segment& s) { return s.is_syn_ack(); });
    const Segment rst = net.segment([](const Segment& s) { return from_client(s) && s.is_rst(); });
    story.remark(net, old,
                 "This SYN is delayed in the network for {}. Nobody answers, and the application gives up after {}.",
                 "这个 SYN 在网络中滞留了 {}。无人应答，应用在 {} 后放弃。", show(late), show(Duration(kGivesUp)));
    if (!syn_acks.empty())
        story.remark(net, syn_acks.front(),
                     "The server can't know that the SYN is old: it answers, with a half-open entry, and tells its "
                     "application nothing.",
                     "服务器无从知道这个 SYN 是旧的：它照样回答，留下一个半连接条目，但对应用只字不提。");
    if (again)
        story.remark(
            net, rst,
            "The client wants a connection, but not this one: ack={} acknowledges a number that it has not sent.",
            "客户端想要连接，但不是这一个：确认号 {} 确认的是它没有发过的序号。", rst.seq);
    else
        story.remark(net, rst, "The client asked for nothing: RST. The half-open entry goes.",
                     "客户端什么也没有要：RST。半连接条目随之消失。");
    story.show(net, 0);
    if (again) story.show(net, 1);
    story.tell(
        "This is what the third segment is for: the server opens nothing before the client has confirmed that it means "
        "this SYN.",
        "第三个报文段的用处正在于此：客户端没有确认这个 SYN 是自己要的之前，服务器什么也不打开。");
    if (late < Duration(kGivesUp) + delay || again) {
        if (!again) {
            story.not_applicable("RFC 9293 3.5", "an old SYN: it arrived after {}, before the client had given up",
                                 "旧的 SYN：它在 {} 后就到达，客户端还没有放弃", show(late));
            return;
        }
    } else {
        story.check(service.apps.empty(), "RFC 9293 3.5",
                    "The server's application has seen nothing of the old SYN: {} accepted.",
                    "服务器应用完全没有见到旧的 SYN：接受 {} 个。", service.apps.size());
        story.check(rst.exists && rst.reason == tcp::SendReason::reset_no_connection, "RFC 9293 3.5.2",
                    "The client answers the SYN-ACK with RST: {}.", "客户端以 RST 回答 SYN-ACK：{}。",
                    rst.exists ? "RST" : "-");
    }
    const auto half_open = service.listener.half_open_count();
    story.check(half_open == 0, "RFC 9293 3.10.7.4", "Nothing is left in the half-open queue: {}.",
                "半连接队列里什么也没有剩下：{}。", half_open);
    if (again)
        story.check(second != nullptr && second->opened && service.apps.size() == 1, "RFC 9293 3.5 figure 8",
                    "The new connection comes about all the same, and is the only one: {} accepted.",
                    "新连接照样建立，而且是唯一的一个：接受 {} 个。", service.apps.size());
}

struct Waste {
    std::uint64_t accepted = 0;
    std::size_t still_open = 0;
    std::uint64_t octets = 0;
};

Waste play_three(Story& story, Ground& net) {
    net.pair(link_of(story)).set_script(kToServer, first_packet_late(story.time("late"), story.time("delay")));
    const auto greeting = story.number("greeting");
    Service& service = net.listen();
    service.on_accept = [&](App& app) { app.say_octets(greeting); };
    App& client = net.connect();
    net.run_for(kGivesUp);
    client.abort();
    net.run_for(story.time("late") + 1h);
    std::uint64_t octets = 0;
    for (const Segment& s : net.segments(from_server)) octets += s.length;
    return {service.apps.size(), net.tcp(kServer).size(), octets};
}

Waste play_two(Story& story, Ground& net, bool silent) {
    sim::Link& link = net.pair(link_of(story));
    const Duration late = story.time("late"), delay = story.time("delay");
    link.set_script(kToServer, [late, delay, silent](const sim::PacketView&, std::uint64_t number) {
        return sim::Verdict{.lose = silent && number > 1,
                            .delay = number == 1 && late > delay ? late - delay : Duration{}};
    });
    TwoWayServer server(net, kServer, Ground::server_address(), static_cast<std::uint32_t>(story.number("greeting")));
    App& client = net.connect();
    net.run_for(kGivesUp);
    client.abort();
    net.run_for(late + story.time("watch"));
    return {server.accepted(), server.open_connections(), server.octets_sent()};
}

void play_two_way(Story& story) {
    const bool silent = story.chosen("client", "silent");
    Ground& three = story.ground({"three segments", "三次握手"});
    const Waste with_three = play_three(story, three);
    Ground& two = story.ground({"two segments", "两次握手"});
    const Waste with_two = play_two(story, two, silent);

    story.heading("Two segments: a SYN is a connection", "两次握手：一个 SYN 就是一个连接");
    const Segment old = two.segment(&Segment::is_syn),
                  data = two.segment([](const Segment&s) { return from_server(s) && s.has_data(); });
    story.remark(
        two, old,
        "The old SYN again, {} late; the client gave up long ago. This server goes to ESTABLISHED at once: buffers, an "
        "application, a greeting.",
        "又是那个旧 SYN，迟到了 {}，客户端早已放弃。这个服务器立即进入 ESTABLISHED：分配缓存，唤起应用，发出问候。",
        show(story.time("late")));
    story.remark(two, data, "{} octets to somebody who is not there.", "{} 字节，发给一个根本不在的人。", data.length);
    story.show(two, 0, {.fold_after = 6});
    story.heading("Three segments: a SYN is a question", "三次握手：一个 SYN 只是一个问题");
    story.show(three);
    story.show(Table{{{"", story.words("two segments", "两次握手"), story.words("three segments", "三次握手")},
                      {story.words("connections given to the application", "交给应用的连接"),
                       grouped(with_two.accepted), grouped(with_three.accepted)},
                      {story.words("octets sent for nothing", "白白发送的字节"), grouped(with_two.octets),
                       grouped(with_three.octets)},
                      {story.words("connections still held", "仍占用的连接"), grouped(with_two.still_open),
                       grouped(with_three.still_open)},
                      {story.words("octets of memory still held", "仍占用的内存字节"),
                       grouped(with_two.still_open * TwoWayServer::kMemory), "0"}}});
    story.check(with_two.accepted == 1 && with_three.accepted == 0, "RFC 9293 3.5",
                "The old SYN makes {} connection with two segments, {} with three.",
                "旧 SYN 在两次握手下造成 {} 个连接，三次握手下 {} 个。", with_two.accepted, with_three.accepted);
    story.check(with_two.octets > 0 && with_three.octets == 0, "RFC 9293 3.5",
                "{} octets of data are sent for nothing with two, {} with three.",
                "两次握手白白发送 {} 字节，三次握手 {} 字节。", with_two.octets, with_three.octets);
    if (silent)
        story.check(with_two.still_open == 1, "RFC 9293 3.5",
                    "{} after the SYN the server still waits for a client that will never speak: {} held.",
                    "SYN 到达 {} 之后，服务器仍在等一个永远不会开口的客户端：占用 {} 个。", show(story.time("watch")),
                    with_two.still_open);
    else
        story.check(with_two.still_open == 0, "RFC 9293 3.5.2",
                    "A client that answers RST ends it after a round trip: {} held.",
                    "客户端若以 RST 回答，一个往返之后即告结束：占用 {} 个。", with_two.still_open);
}

}  // namespace

void add_old_syn(Scenarios& all) {
    const Setting late{.name = "late",
                       .kind = Setting::Kind::time,
                       .what = {"How long the first SYN is on its way", "第一个 SYN 在途中的时间"},
                       .initial = "3s",
                       .another = "10s",
                       .least = "1s",
                       .most = "2min"};
    all.push_back({.name = "old-syn",
                   .topic = Topic::opening,
                   .title = {"A stale SYN and three segments", "已失效的连接请求与三次握手"},
                   .teaches = {"A connection request that was delayed until nobody wants it any more: with three "
                               "segments it does no harm.",
                               "一个连接请求滞留到无人再要时才到达：三次握手使它无害。"},
                   .settings = {late,
                                {.name = "client",
                                 .kind = Setting::Kind::choice,
                                 .what = {"What the client does when the SYN arrives: nothing, or it is opening a new "
                                          "connection from the same port",
                                          "SYN 到达时客户端在做什么：已放弃，或正从同一端口打开新连接"},
                                 .initial = "gone",
                                 .another = "opens-again",
                                 .choices = {"gone", "opens-again"}},
                                delay_setting()},
                   .play = play_old_syn});
    all.push_back({.name = "two-way",
                   .topic = Topic::opening,
                   .title = {"The same stale SYN and a two-way handshake", "同一个失效请求与两次握手"},
                   .teaches = {"What a server would waste that took a SYN for a connection; shown on a variant of a "
                               "server that was built for it.",
                               "若服务器把一个 SYN 就当作连接，会浪费什么；用专门制作的服务器变体演示。"},
                   .settings = {late,
                                {.name = "client",
                                 .kind = Setting::Kind::choice,
                                 .what = {"Whether the client stays silent, as one behind a firewall, or answers RST",
                                          "客户端沉默（如在防火墙之后），或以 RST 回答"},
                                 .initial = "silent",
                                 .another = "resets",
                                 .choices = {"silent", "resets"}},
                                {.name = "greeting",
                                 .kind = Setting::Kind::octets,
                                 .what = {"What the server sends to each new client", "服务器发给每个新客户端的字节数"},
                                 .initial = "500",
                                 .another = "1000",
                                 .least = "1",
                                 .most = "1400"},
                                {.name = "watch",
                                 .kind = Setting::Kind::time,
                                 .what = {"How long to watch", "观察多久"},
                                 .initial = "1min",
                                 .another = "5min",
                                 .least = "10s",
                                 .most = "1h"},
                                delay_setting()},
                   .play = play_two_way});
}

}  // namespace hourglass::lab
