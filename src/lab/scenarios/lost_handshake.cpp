// Opening a connection when segments are lost, or queues are full.

#include "lab/scenarios/all.h"
#include "lab/scenarios/common.h"

namespace hourglass::lab {

namespace {

using tcp::State;

bool client_syn(const Segment& s) { return from_client(s) && s.is_syn(); }
bool third_ack(const Segment& s) { return from_client(s) && s.is_bare_ack() && s.seq == 1; }

Setting lost_setting(Text what, std::string_view initial, std::string_view another, std::string_view most) {
    return {.name = "lost",
            .kind = Setting::Kind::count,
            .what = what,
            .initial = initial,
            .another = another,
            .least = "0",
            .most = most};
}

Setting initial_rto() {
    return {.name = "rto",
            .kind = Setting::Kind::time,
            .what = {"The first retransmission timeout, before anything has been measured", "尚无测量时的初始重传超时"},
            .initial = "1s",
            .another = "3s",
            .least = "200ms",
            .most = "10s"};
}

/// The waits between segments that are sent again and again: `1 s, 2 s, 4 s`.
std::string waits_text(const std::vector<Segment>& segments) {
    std::string text;
    for (std::size_t i = 1; i < segments.size(); ++i)
        text += fmt::format("{}{}", i == 1 ? "" : ", ", show(segments[i].sent - segments[i - 1].sent));
    return text.empty() ? "-" : text;
}

/// Each wait is twice the one before, the first is `first` (RFC 6298, section 5.5).
bool doubles(const std::vector<Segment>& segments, Duration first) {
    for (std::size_t i = 1; i < segments.size(); ++i, first = std::min<Duration>(2 * first, 60s))
        if (segments[i].sent - segments[i - 1].sent != first) return false;
    return true;
}

void play_lost_syn(Story& story) {
    const std::uint64_t lost = story.number("lost");
    tcp::Settings settings;
    settings.rto_initial = story.time("rto");
    Ground& net = story.ground();
    sim::Link& link = net.pair(link_of(story), settings);
    link.set_script(kToServer, [lost](const sim::PacketView&, std::uint64_t number) {
        return sim::Verdict{.lose = number <= lost};
    });
    net.listen();
    App& client = net.connect();
    net.run_until([&] { return client.opened || client.ended; });
    const auto syns = net.segments(client_syn);
    for (std::size_t i = 1; i < std::min<std::size_t>(syns.size(), 3); ++i)
        story.remark(
            net, syns[i], "No answer for {}: the same SYN again, with the same number. The next wait is twice as long.",
            "{} 没有回答：同一个 SYN 再发一次，序号不变。下次等待时间加倍。", show(syns[i].sent - syns[i - 1].sent));
    story.show(net);
    const Duration took = (client.opened ? *client.opened : client.ended.value_or(Instant{})) - syns.front().sent;
    if (client.opened)
        story.tell(
            "The client does not know what was lost, its SYN or the answer: it only sees time go by. Opening took {} "
            "instead of {}.",
            "客户端不知道丢的是自己的 SYN 还是对方的回答：它只看到时间流逝。建立连接花了 {}，本来只需 {}。", show(took),
            show(2 * story.time("delay")));
    else
        story.tell("After {} SYNs and {} the client gives up: {}.", "发了 {} 个 SYN，过了 {}，客户端放弃：{}。",
                   syns.size(), show(took), to_string(client.error));
    story.check(doubles(syns, story.time("rto")), "RFC 6298 5.5",
                "Each wait is twice the one before, the first is {}: {}.", "每次等待是前一次的两倍，第一次为 {}：{}。",
                show(story.time("rto")), waits_text(syns));
    const bool same = std::ranges::all_of(syns, [&](const Segment& s) { return s.wire_seq == syns.front().wire_seq; });
    story.check(same, "RFC 9293 3.8.1", "All {} SYNs have the same sequence number.", "{} 个 SYN 的序号都相同。",
                syns.size());
    if (lost < 8)
        story.check(client.opened && syns.size() == lost + 1, "RFC 9293 3.5",
                    "The first SYN that comes through opens the connection: {} sent, {} lost.",
                    "第一个通过的 SYN 就建立了连接：发出 {} 个，丢失 {} 个。", syns.size(), lost);
    else
        story.check(!client.opened && client.error == tcp::Error::timed_out && took >= 3min, "RFC 9293 3.8.3 MUST-23",
                    "It tries for at least three minutes before it gives up: {}.", "至少尝试三分钟才放弃：{}。",
                    show(took));
}

void play_lost_syn_ack(Story& story) {
    const std::uint64_t lost = story.number("lost");
    Ground& net = story.ground();
    sim::Link& link = net.pair(link_of(story));
    link.set_script(kToClient, [lost](const sim::PacketView&, std::uint64_t number) {
        return sim::Verdict{.lose = number <= lost};
    });
    Service& service = net.listen();
    App& client = net.connect();
    net.run_until([&] { return !service.apps.empty() || client.ended; }, 10min);
    const auto syns = net.segments(client_syn);
    const auto syn_acks = net.segments([](const Segment& s) { return s.is_syn_ack(); });
    if (syn_acks.size() > 1)
        story.remark(net, syn_acks[1],
                     "The server has a half-open entry and a timer of its own: it sends SYN-ACK again.",
                     "服务器留有半连接条目和自己的定时器：它重发 SYN-ACK。");
    if (syns.size() > 1)
        story.remark(net, syns[1],
                     "For the client a lost answer looks like a lost SYN. The server sees the same number and "
                     "knows: not a new connection.",
                     "对客户端来说，丢了回答和丢了 SYN 没有区别。服务器看到相同的序号便知道：这不是新连接。");
    story.show(net);
    story.check(client.opened.has_value() && service.apps.size() == 1, "RFC 9293 3.5",
                "One connection comes of it: the server has accepted {}.", "结果只有一个连接：服务器接受了 {} 个。",
                service.apps.size());
    const bool same =
        std::ranges::all_of(syn_acks, [&](const Segment& s) { return s.wire_seq == syn_acks.front().wire_seq; });
    story.check(!syn_acks.empty() && same && syn_acks.size() > lost, "RFC 9293 3.8.1",
                "{} SYN-ACKs, {} lost, all with the same number.", "SYN-ACK 共 {} 个，丢失 {} 个，序号都相同。",
                syn_acks.size(), lost);
    if (lost == 0)
        story.not_applicable("RFC 6298 2", "that the lost answer costs a timeout: none was lost",
                             "丢失的回答耗费一次超时：没有丢失");
    else
        story.check(client.opened && *client.opened - syns.front().sent >= 1s, "RFC 6298 2",
                    "The loss costs at least the first timeout, 1 s: opening took {}.",
                    "丢失至少耗费一次初始超时 1 s：建立连接用了 {}。",
                    show(client.opened.value_or(Instant{}) - syns.front().sent));
}

void play_lost_third_ack(Story& story) {
    const std::uint64_t retries = story.number("retries");
    tcp::Settings server;
    server.syn_ack_retries = static_cast<std::uint8_t>(retries);
    Ground& net = story.ground();
    sim::Link& link = net.pair(link_of(story), {}, server);
    const bool all = story.chosen("acks", "all-lost");
    std::uint64_t acks = 0;
    link.set_script(kToServer, [&acks, all](const sim::PacketView& p, std::uint64_t) {
        const auto tcp = p.tcp();
        const bool ack = tcp && tcp->flags().ack();
        if (ack) ++acks;
        return sim::Verdict{.lose = ack && (all || acks == 1)};
    });
    Service& service = net.listen();
    App& client = net.connect();
    net.run_for(5min);
    const auto syn_acks = net.segments([](const Segment& s) { return s.is_syn_ack(); });
    const Segment ack = net.segment(third_ack);
    const auto gone = net.reached(kServer, State::closed);
    story.remark(net, ack,
                 "The client is ESTABLISHED and does not know that this was lost: it has no reason to send it again.",
                 "客户端已是 ESTABLISHED，并不知道它丢了，也没有理由重发。");
    if (syn_acks.size() > 1)
        story.remark(net, syn_acks[1],
                     "The server is still SYN-RECEIVED. Its timer sends SYN-ACK again, which makes the client "
                     "acknowledge again.",
                     "服务器还在 SYN-RECEIVED。定时器到期，重发 SYN-ACK，促使客户端再次确认。");
    story.show(net);
    if (gone)
        story.tell(
            "After {} SYN-ACKs the server gives up, and the half-open entry goes: {} after the SYN. The client still "
            "believes in the connection; the first thing that it sends will be answered with RST.",
            "服务器发了 {} 个 SYN-ACK 之后放弃，半连接条目被删除：距 SYN 已有 "
            "{}。客户端仍以为连接存在；它一旦发送，就会得到 RST。",
            syn_acks.size(), show(*gone));
    const std::uint64_t waiting = service.listener.half_open_count();
    story.check(waiting == 0, "RFC 9293 3.5", "In the end nothing is left in the half-open queue: {}.",
                "最后半连接队列里什么也不剩：{}。", waiting);
    story.check(doubles(syn_acks, 1s), "RFC 6298 5.5", "The waits between SYN-ACKs double: {}.",
                "SYN-ACK 之间的等待逐次加倍：{}。", waits_text(syn_acks));
    if (!all) {
        story.check(service.apps.size() == 1 && client.opened && syn_acks.size() == 2, "RFC 9293 3.5",
                    "The second SYN-ACK brings a second ACK, and the connection is accepted: {} SYN-ACKs, {} accepted.",
                    "第二个 SYN-ACK 引出第二个 ACK，连接被接受：SYN-ACK {} 个，接受 {} 个。", syn_acks.size(),
                    service.apps.size());
        return;
    }
    story.check(gone && service.apps.empty() && syn_acks.size() == retries + 1, "RFC 4987 3",
                "After {} repetitions the entry goes, and nobody has accepted anything: {} SYN-ACKs, {} accepted.",
                "重发 {} 次后条目被删除，没有接受任何连接：SYN-ACK {} 个，接受 {} 个。", retries, syn_acks.size(),
                service.apps.size());
    story.check(client.stream.state() == State::established, "RFC 9293 3.5.1",
                "The client still believes that it is connected (a half-open connection): {}.",
                "客户端仍以为连接着（即单边连接）：{}。", to_string(client.stream.state()));
}

void play_repaired(Story& story) {
    const std::string request = "GET / HTTP/1.1\r\nHost: server\r\n\r\n";
    Ground& net = story.ground();
    sim::Link& link = net.pair(link_of(story));
    std::uint64_t acks = 0;
    link.set_script(kToServer, losing([&acks](const wire::TcpView& tcp) { return tcp.flags().ack() && ++acks == 1; }));
    Service& service = net.listen();
    App& client = net.connect();
    client.on_open = [&](App& app) { net.world.after(story.time("pause"), [&] { app.say(request); }); };
    net.run_for(story.time("pause") + 5s);
    const Segment ack = net.segment(third_ack);
    const Segment data = net.segment([](const Segment& s) { return from_client(s) && s.has_data(); });
    const auto syn_acks = net.segments([](const Segment& s) { return s.is_syn_ack(); });
    story.remark(net, ack, "The third segment is lost.", "第三个报文段丢失。");
    story.remark(net, data,
                 "Every segment but the first carries an acknowledgement. ack={} in this one says what the lost one "
                 "would have said: the server goes to ESTABLISHED and takes the {} octets.",
                 "除了第一个，每个报文段都带着确认号。这里的确认号 {} 说出了丢失者要说的话：服务器进入 "
                 "ESTABLISHED，并收下 {} 字节。",
                 data.ack, data.length);
    story.show(net);
    const auto served = net.reached(kServer, State::established);
    const bool first = story.time("pause") + 2 * story.time("delay") < 1s;
    story.check(service.apps.size() == 1 && service.apps.front().heard == request, "RFC 9293 3.10.7.4 fifth",
                "The server has accepted the connection and read the request: {} accepted.",
                "服务器接受了连接并读到请求：接受 {} 个。", service.apps.size());
    if (!first) {
        story.not_applicable("RFC 9293 3.5",
                             "that data repairs it: the SYN-ACK's timer of 1 s was faster than a pause of {}",
                             "由数据修复：SYN-ACK 的 1 s 定时器比停顿 {} 更快", show(story.time("pause")));
        return;
    }
    story.check(syn_acks.size() == 1, "RFC 9293 3.5", "No SYN-ACK had to be sent again: {} in all.",
                "SYN-ACK 无须重发：共 {} 个。", syn_acks.size());
    story.check(served && data.arrived && *served == *data.arrived, "RFC 9293 3.10.7.4 fifth",
                "The data segment takes the server to ESTABLISHED: {}.", "数据报文段使服务器进入 ESTABLISHED：{}。",
                show(served.value_or(Instant{})));
}

void play_half_open_full(Story& story) {
    const auto room = static_cast<std::uint32_t>(story.number("queue"));
    const std::uint64_t strangers = story.number("strangers");
    tcp::Settings server;
    server.syn_cookies = tcp::SynCookies::off;
    Ground& net = story.ground();
    net.add_host(kClient);
    net.add_host("stranger");
    net.add_host(kServer, server);
    net.world.connect({"client", {"10.0.0.1/24"}}, {"server", {"10.0.0.2/24"}}, link_of(story));
    net.world.connect({"stranger", {"10.0.1.1/24"}}, {"server", {"10.0.1.2/24"}}, link_of(story));
    net.world.add_route("server", "192.0.2.0/24", "10.0.1.1");
    net.watch();
    Service& service = net.listen(kServer, Ground::server_address(), {.half_open = room});
    for (std::uint64_t i = 0; i < strangers; ++i)
        net.inject("stranger",
                   {IpAddress::v4(192, 0, 2, static_cast<std::uint8_t>(1 + i % 250)),
                    Port(static_cast<std::uint16_t>(2000 + i))},
                   Ground::server_address(),
                   {.seq = tcp::Seq(static_cast<std::uint32_t>(i)), .flags = wire::TcpFlags::kSyn, .window = 65535});
    net.run_for(story.time("delay") + 1ms);
    const std::uint64_t filled = service.listener.half_open_count();
    const Instant asked = net.world.now();
    App& client = net.connect();
    net.run_until([&] { return client.opened || client.ended; });
    const auto syns = net.segments(client_syn);
    const auto dropped = net.segments(
        [](const Segment& s) { return client_syn(s) && s.verdict == tcp::Verdict::dropped_half_open_full; });
    trace::ConnectionIndex mine = syns.empty() ? 0 : syns.front().connection;
    story.tell(
        "{} SYNs from addresses where nobody answers. Each takes an entry in the half-open queue and keeps it until "
        "the "
        "SYN-ACK has been sent {} times in vain. The queue has room for {}; {} are in it.",
        "{} 个 SYN，来自无人应答的地址。每个占用半连接队列的一个条目，直到 SYN-ACK 徒劳地发完 {} 次。队列容纳 {} "
        "个；其中已有 {} 个。",
        strangers, 6, room, filled);
    if (!dropped.empty())
        story.remark(net, dropped.front(),
                     "The queue is full: the server drops the SYN and says nothing. A RST would make the client "
                     "give up; silence makes it try again.",
                     "队列已满：服务器丢弃 SYN，一言不发。RST 会让客户端放弃；沉默则让它再试。");
    story.show(net, mine);
    const auto took = client.opened.value_or(Instant::max()) - asked;
    story.check(filled <= room, "RFC 4987 3", "Never more than {} half-open entries: {}.",
                "半连接条目从不超过 {} 个：{}。", room, filled);
    if (strangers < room) {
        story.not_applicable("RFC 4987 2", "that a full queue keeps clients out: {} strangers do not fill {} places",
                             "队列满时客户端被拒之门外：{} 个陌生人占不满 {} 个位置", strangers, room);
        return;
    }
    story.check(!dropped.empty() && client.opened, "RFC 4987 2",
                "The honest client is dropped {} times, and comes in when the old entries have gone: after {}.",
                "守规矩的客户端被丢弃 {} 次，旧条目消失后才连上：{} 之后。", dropped.size(), show(took));
}

}  // namespace

void add_lost_handshake(Scenarios& all) {
    all.push_back(
        {.name = "lost-syn",
         .topic = Topic::opening,
         .title = {"Lost SYN", "SYN 丢失"},
         .teaches =
             {"The client waits, doubles its patience, and tries again with the same number; and when it gives up.",
              "客户端等待，耐心逐次加倍，以相同的序号再试；以及它何时放弃。"},
         .settings = {lost_setting({"SYNs that are lost, from the first on; 8 is all of them",
                                    "从第一个起丢失的 SYN 个数；8 即全部"},
                                   "2", "8", "8"),
                      delay_setting(), initial_rto()},
         .play = play_lost_syn});
    all.push_back(
        {.name = "lost-syn-ack",
         .topic = Topic::opening,
         .title = {"Lost SYN-ACK", "SYN-ACK 丢失"},
         .teaches = {"Both sides have a timer for it, and it still becomes one connection.",
                     "双方各有定时器应对，最终仍是一个连接。"},
         .settings = {lost_setting({"SYN-ACKs that are lost", "丢失的 SYN-ACK 个数"}, "1", "2", "4"), delay_setting()},
         .play = play_lost_syn_ack});
    all.push_back(
        {.name = "lost-third-ack",
         .topic = Topic::opening,
         .title = {"Lost third segment, up to the limit", "第三个报文段丢失，直到放弃"},
         .teaches =
             {"A server that hears no third segment repeats its SYN-ACK, and lets the half-open entry go in the end.",
              "服务器收不到第三个报文段就重发 SYN-ACK，最后放弃半连接条目。"},
         .settings = {{.name = "retries",
                       .kind = Setting::Kind::count,
                       .what = {"How often the server sends SYN-ACK again", "服务器重发 SYN-ACK 的次数"},
                       .initial = "5",
                       .another = "2",
                       .least = "0",
                       .most = "5"},
                      {.name = "acks",
                       .kind = Setting::Kind::choice,
                       .what = {"Whether all the client's ACKs are lost, or the first",
                                "客户端的 ACK 全部丢失，或只丢第一个"},
                       .initial = "all-lost",
                       .another = "first-lost",
                       .choices = {"all-lost", "first-lost"}},
                      delay_setting()},
         .play = play_lost_third_ack});
    all.push_back(
        {.name = "third-ack-repaired",
         .topic = Topic::opening,
         .title = {"Lost third segment, repaired by data", "第三个报文段丢失，由数据修复"},
         .teaches = {"Every later segment carries the acknowledgement too: data takes the place of the lost segment.",
                     "其后的每个报文段都带有确认号：数据代替了丢失的报文段。"},
         .settings = {{.name = "pause",
                       .kind = Setting::Kind::time,
                       .what = {"How long the client waits before it writes", "客户端写数据之前停顿多久"},
                       .initial = "100ms",
                       .another = "3s",
                       .least = "1ms",
                       .most = "1min"},
                      delay_setting()},
         .play = play_repaired});
    all.push_back(
        {.name = "half-open-full",
         .topic = Topic::opening,
         .title = {"The half-open queue is full", "半连接队列已满"},
         .teaches = {"What the half-open queue is for, what fills it, and what that does to a client who means it.",
                     "半连接队列有何用，什么会填满它，以及这对真正的客户端意味着什么。"},
         .settings = {{.name = "queue",
                       .kind = Setting::Kind::count,
                       .what = {"Places in the half-open queue", "半连接队列的长度"},
                       .initial = "8",
                       .another = "16",
                       .least = "1",
                       .most = "1000"},
                      {.name = "strangers",
                       .kind = Setting::Kind::count,
                       .what = {"SYNs from addresses that do not answer", "来自无应答地址的 SYN 个数"},
                       .initial = "16",
                       .another = "4",
                       .least = "0",
                       .most = "1000"},
                      delay_setting()},
         .play = play_half_open_full});
}

}  // namespace hourglass::lab
