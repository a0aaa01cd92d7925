// What TIME-WAIT protects from, what it costs, and what a forgotten close() costs.

#include "lab/scenarios/all.h"
#include "lab/scenarios/common.h"

namespace hourglass::lab {

namespace {

using tcp::State;

constexpr std::uint32_t kOldSegmentAt = 200'000;  // octets of the stream, where the late one is
constexpr std::size_t kStream = 300'000;
constexpr std::size_t kFirstWords = 50'000;  // of the second connection, before it pauses
constexpr std::size_t kTimeWaitEntry = 64;   // octets, at most

/// Holds back the first copy of the segment that carries octet `kOldSegmentAt` of the first connection.
sim::Script hold_one(Duration late) {
    return [late, initial = std::optional<tcp::Seq>(), held = false](const sim::PacketView& packet,
                                                                     std::uint64_t) mutable {
        const auto tcp = packet.tcp();
        if (!tcp) return sim::Verdict{};
        if (tcp->flags().syn() && !initial) initial = tcp->seq();
        if (held || !initial || tcp->payload().empty()) return sim::Verdict{};
        const auto begin = static_cast<std::uint32_t>(tcp->seq() - *initial);
        if (begin > kOldSegmentAt || begin + tcp->payload().size() <= kOldSegmentAt) return sim::Verdict{};
        held = true;
        return sim::Verdict{.delay = late};
    };
}

struct Reuse {
    std::size_t foreign = 0;  ///< Octets of the first connection in the second's stream.
    std::size_t heard = 0;
    Duration waited{};  ///< From the first close to the second connection.
    unsigned refused = 0;
    std::optional<Segment> late;
};

Reuse play_reuse(Story& story, Ground& net, Duration msl) {
    tcp::Settings settings;
    settings.msl = msl;
    settings.timestamps = story.chosen("timestamps", "on");
    net.pair(link_of(story), settings, settings).set_script(kToServer, hold_one(story.time("late")));
    Service& service = net.listen();
    service.on_accept = [](App& app) { app.on_end = [](App& a) { a.close(); }; };
    const tcp::ConnectOptions from{.local = Ground::client_address(5000)};
    App& first = net.connect(kClient, Ground::server_address(), from);
    first.say(std::string(kStream, 'o'));
    first.finish();
    net.run_until([&] { return first.ended.has_value(); }, 1min);
    const Instant closed = net.world.now();
    Reuse result;
    App* second = nullptr;
    while (second == nullptr) {
        App& attempt = net.connect(kClient, Ground::server_address(), from);
        if (attempt.error == tcp::Error::address_in_use) {
            ++result.refused;
            net.run_for(msl > 1s ? Duration(msl) / 4 : Duration(5ms));
        } else {
            second = &attempt;
        }
    }
    result.waited = net.world.now() - closed;
    second->say(std::string(kFirstWords, 'n'));
    net.run_for(3s);
    second->say(std::string(kStream - kFirstWords, 'n'));
    second->finish();
    net.run_for(1min);
    if (service.apps.size() < 2) return result;
    const std::string& heard = service.apps.back().heard;
    result.heard = heard.size();
    result.foreign = static_cast<std::size_t>(std::ranges::count(heard, 'o'));
    const auto held = net.segments(
        [&](const Segment& s) { return s.connection == 0 && s.arrived && *s.arrived - s.sent >= story.time("late"); });
    if (!held.empty()) result.late = held.front();
    return result;
}

void play_old_segment(Story& story) {
    Ground& bare = story.ground({"without 2 MSL", "不等 2 MSL"});
    const Reuse without = play_reuse(story, bare, 1ms);
    Ground& waiting = story.ground({"with 2 MSL", "等待 2 MSL"});
    const Reuse with = play_reuse(story, waiting, 2min);
    const bool timestamps = story.chosen("timestamps", "on");

    story.tell(
        "A client sends {} octets, \"ooo...\", and closes. One segment, octets {} and on, was held up in the network; "
        "it was sent again, and the connection ended well. The same ports are then used again for {} octets, "
        "\"nnn...\".",
        "客户端发送 {} 字节「ooo...」后关闭。其中第 {} "
        "字节起的一个报文段在网络中滞留；它已被重传，连接正常结束。随后同一对端口又用来发送 {} 字节「nnn...」。",
        grouped(kStream), grouped(kOldSegmentAt), grouped(kStream));
    story.heading("Without 2 MSL: the ports are free at once", "不等 2 MSL：端口立即可用");
    if (without.late)
        story.remark(bare, *without.late,
                     "The old segment arrives, {} after it was sent. Its number {} lies in the window of the new "
                     "connection, so it is taken for new data.",
                     "旧报文段在发出 {} 之后到达。它的序号 {} 落在新连接的窗口里，于是被当作新数据收下。",
                     show(*without.late->arrived - without.late->sent), without.late->wire_seq.raw());
    story.show(bare, 1, {.fold_after = 8});
    story.heading("With 2 MSL: the ports wait until every old segment is dead", "等待 2 MSL：等到所有旧报文段都消亡");
    story.show(waiting, 1, {.fold_after = 8});
    story.show(Table{{{"", story.words("without", "不等"), story.words("with 2 MSL", "等待 2 MSL")},
                      {story.words("connect() refused: address in use", "connect() 被拒：地址在用"),
                       grouped(without.refused), grouped(with.refused)},
                      {story.words("the second connection begins after", "第二个连接在多久之后开始"),
                       show(without.waited), show(with.waited)},
                      {story.words("octets of the second stream", "第二个字节流的字节"), grouped(without.heard),
                       grouped(with.heard)},
                      {story.words("of these from the first connection", "其中来自第一个连接"),
                       grouped(without.foreign), grouped(with.foreign)}}});
    story.check(with.foreign == 0 && with.heard == kStream, "RFC 9293 3.4.3",
                "With 2 MSL nothing old gets into the new stream: {} octets.",
                "等待 2 MSL，旧数据进不了新的字节流：{} 字节。", with.foreign);
    story.check(with.refused > 0 && with.waited >= 4min, "RFC 9293 3.6.1",
                "The same ports are refused for 2 MSL: for {}.", "同一对端口在 2 MSL 内被拒绝使用：{}。",
                show(with.waited));
    if (timestamps)
        story.check(without.foreign == 0 && without.late && without.late->verdict == tcp::Verdict::dropped_paws,
                    "RFC 7323 5", "Timestamps know the old segment by its age: {} octets got in.",
                    "时间戳凭年龄认出旧报文段：混入 {} 字节。", without.foreign);
    else if (!without.late || without.late->arrived < Instant(without.waited))
        story.not_applicable("RFC 9293 3.4.3", "what an old segment does: it arrived before the second connection",
                             "旧报文段的危害：它在第二个连接之前就到达了");
    else
        story.check(without.foreign > 0, "RFC 9293 3.4.3",
                    "Without the wait {} octets of the first connection are delivered as the second's.",
                    "若不等待，第一个连接的 {} 字节被当作第二个连接的数据交付。", without.foreign);
}

struct Pile {
    std::size_t came_about = 0, no_port = 0;
    std::size_t waiting = 0;
    tcp::Error first_error = tcp::Error::none;
};

Pile pile_up(Story& story, Ground& net, bool client_first) {
    tcp::Settings client;
    client.first_ephemeral_port = 50000;
    client.last_ephemeral_port = static_cast<std::uint16_t>(50000 + story.number("ports") - 1);
    net.pair(link_of(story), client);
    Service& service = net.listen();
    if (client_first)
        service.on_accept = [](App& app) { app.on_end = [](App& a) { a.close(); }; };
    else
        service.on_accept = [](App& app) { app.close(); };
    Pile result;
    for (std::uint64_t i = 0; i < story.number("visits"); ++i) {
        App& app = net.connect();
        if (app.error == tcp::Error::no_ports) {
            ++result.no_port;
            if (result.first_error == tcp::Error::none) result.first_error = app.error;
            continue;
        }
        if (client_first)
            app.on_open = [](App& a) { a.finish(); };
        else
            app.on_end = [](App& a) { a.close(); };
        net.run_until([&] { return app.ended.has_value(); }, 1min);
        net.run_for(2 * story.time("delay") + 1ms);
        if (app.opened && app.error == tcp::Error::none) ++result.came_about;
    }
    for (const auto& info : net.tcp(client_first ? kClient : kServer).connections())
        if (info.state == State::time_wait) ++result.waiting;
    return result;
}

void play_pile_up(Story& story) {
    Ground& ours = story.ground({"the client closes first", "客户端先关闭"});
    const Pile client = pile_up(story, ours, true);
    Ground& theirs = story.ground({"the server closes first", "服务器先关闭"});
    const Pile server = pile_up(story, theirs, false);
    const std::uint64_t ports = story.number("ports"), visits = story.number("visits");
    story.tell("A client with {} ports visits the same server {} times in a row, each time over a new connection.",
               "客户端有 {} 个端口，接连访问同一服务器 {} 次，每次都用新连接。", ports, visits);
    story.show(Table{
        {{"", story.words("client closes first", "客户端先关闭"), story.words("server closes first", "服务器先关闭")},
         {story.words("connections that came about", "成功的连接"), grouped(client.came_about),
          grouped(server.came_about)},
         {story.words("no free port", "没有空闲端口"), grouped(client.no_port), grouped(server.no_port)},
         {story.words("TIME-WAIT entries, at who closed first", "先关闭一方的 TIME-WAIT 条目"), grouped(client.waiting),
          grouped(server.waiting)},
         {story.words("octets of memory for them, at most", "所占内存（字节，最多）"),
          grouped(client.waiting * kTimeWaitEntry), grouped(server.waiting * kTimeWaitEntry)}}});
    story.tell(
        "A TIME-WAIT entry is small, but it holds a pair of ports. At the client that is what runs out. At the server "
        "it does no harm: "
        "a SYN whose timestamp or number is beyond the old connection's takes the entry over.",
        "TIME-WAIT 条目很小，但占着一对端口。在客户端，耗尽的正是端口。在服务器则无妨：SYN "
        "的时间戳或序号若超出旧连接，就可以接管该条目。");
    const Segment again = theirs.segment([&](const Segment& s) { return s.is_syn() && s.connection == ports; });
    story.remark(theirs, again,
                 "The port of the first visit once more. The server still has it in TIME-WAIT and knows by the "
                 "timestamp that this SYN is new.",
                 "又用到第一次访问的端口。服务器上它还在 TIME-WAIT，凭时间戳便知这个 SYN 是新的。");
    story.show(theirs, again.connection, {.until = again.exists ? again.sent + 10 * story.time("delay") + 1s : kNever});
    if (visits <= ports) {
        story.not_applicable("RFC 6191 2", "what happens when ports run out: {} visits need no more than {} ports",
                             "端口耗尽时的情形：{} 次访问用不完 {} 个端口", visits, ports);
        return;
    }
    story.check(client.came_about == ports && client.first_error == tcp::Error::no_ports, "RFC 9293 3.6.1",
                "Who closes first can make {} connections, then has no port for 2 MSL: {} came about.",
                "先关闭的客户端只能建立 {} 个连接，之后 2 MSL 内没有端口可用：成功 {} 个。", ports, client.came_about);
    story.check(server.came_about == visits, "RFC 6191 2",
                "A SYN that is newer takes over a TIME-WAIT of the server: {} of {} came about.",
                "较新的 SYN 可以接管服务器上的 TIME-WAIT：{} / {} 成功。", server.came_about, visits);
    story.check(client.waiting == ports, "RFC 9293 3.6.1", "The entries are at the side that closed first: {}.",
                "条目留在先关闭的一方：{} 个。", client.waiting);
}

void play_close_wait(Story& story) {
    const std::uint64_t visits = story.number("visits");
    const bool forgets = story.chosen("server", "forgets");
    Ground& net = story.ground();
    net.pair(link_of(story));
    Service& service = net.listen();
    if (!forgets) service.on_accept = [](App& app) { app.on_end = [](App& a) { a.close(); }; };
    App* last = nullptr;
    for (std::uint64_t i = 0; i < visits; ++i) {
        last = &net.connect();
        last->on_open = [](App& app) { app.close(); };
        net.run_for(100ms + 4 * story.time("delay"));
    }
    net.run_for(story.time("watch"));
    std::size_t left = 0;
    for (const auto& info : net.tcp(kServer).connections())
        if (info.state == State::close_wait) ++left;
    const Segment fin = net.segment([](const Segment& s) { return from_client(s) && s.is_fin(); });
    story.remark(net, fin,
                 "The client has closed. The server's application reads the end of the stream, and then does nothing.",
                 "客户端关闭了。服务器应用读到流的结尾，然后什么也没做。");
    story.show(net);
    story.tell(
        "{} visits and {} later: {} connections in CLOSE-WAIT. No timer ends that state: TCP waits for its "
        "application, for ever. "
        "Many CLOSE-WAITs always mean a program that forgets close().",
        "{} 次访问、{} 之后：{} 个连接停在 CLOSE-WAIT。没有定时器结束这个状态：TCP 永远等待它的应用。大量 CLOSE-WAIT "
        "总是意味着程序忘了 close()。",
        visits, show(story.time("watch")), left);
    story.check(net.tcp(kClient).size() == 0, "RFC 9293 3.6",
                "The clients' connections are gone, FIN-WAIT-2 is not waited in for ever: {} left.",
                "客户端的连接都已消失，FIN-WAIT-2 不会无限等待：剩 {} 个。", net.tcp(kClient).size());
    if (forgets)
        story.check(left == visits, "RFC 9293 3.10.4", "Every visit has left a connection in CLOSE-WAIT: {} of {}.",
                    "每次访问都留下一个 CLOSE-WAIT 连接：{} / {}。", left, visits);
    else
        story.check(left == 0, "RFC 9293 3.10.4", "A server that closes leaves none: {}.",
                    "服务器若关闭，则一个不留：{}。", left);
}

}  // namespace

void add_time_wait(Scenarios& all) {
    const Setting visits{.name = "visits",
                         .kind = Setting::Kind::count,
                         .what = {"Connections, one after the other", "先后建立的连接数"},
                         .initial = "30",
                         .another = "40",
                         .least = "1",
                         .most = "500"};
    all.push_back(
        {.name = "old-segment",
         .topic = Topic::closing,
         .title = {"An old segment, without and with 2 MSL", "旧连接的报文段，不等与等待 2 MSL"},
         .teaches = {"Why ports rest for 2 MSL: a segment of the connection before could pass for one of the new.",
                     "端口为何要休息 2 MSL：上一个连接的报文段可能被当成新连接的。"},
         .settings = {{.name = "late",
                       .kind = Setting::Kind::time,
                       .what = {"How long the old segment is held up", "旧报文段滞留的时间"},
                       .initial = "1s",
                       .another = "1500ms",
                       .least = "100ms",
                       .most = "2min"},
                      {.name = "timestamps",
                       .kind = Setting::Kind::choice,
                       .what = {"The timestamps option, which knows old segments by their age",
                                "时间戳选项，可凭年龄认出旧报文段"},
                       .initial = "off",
                       .another = "on",
                       .choices = {"off", "on"}},
                      delay_setting("10ms", "15ms", "1ms", "20ms")},
         .play = play_old_segment});
    Setting pile = visits;
    pile.initial = "30";
    all.push_back({.name = "time-wait-pile-up",
                   .topic = Topic::closing,
                   .title = {"TIME-WAIT piles up, and is reused", "TIME-WAIT 堆积与重用"},
                   .teaches = {"What many short connections cost, at which side, and when an entry may be taken over.",
                               "大量短连接的代价是什么，落在哪一方，条目何时可以被接管。"},
                   .settings = {pile,
                                {.name = "ports",
                                 .kind = Setting::Kind::count,
                                 .what = {"Ephemeral ports of the client", "客户端的临时端口数"},
                                 .initial = "20",
                                 .another = "25",
                                 .least = "1",
                                 .most = "1000"},
                                delay_setting()},
                   .play = play_pile_up});
    Setting leak = visits;
    leak.initial = "10";
    leak.another = "20";
    all.push_back({.name = "close-wait-leak",
                   .topic = Topic::closing,
                   .title = {"CLOSE-WAIT: the forgotten close()", "CLOSE-WAIT：忘了 close()"},
                   .teaches = {"Which program is at fault when connections pile up in CLOSE-WAIT.",
                               "连接堆积在 CLOSE-WAIT 时，是哪个程序的错。"},
                   .settings = {leak,
                                {.name = "server",
                                 .kind = Setting::Kind::choice,
                                 .what = {"What the server's application does at the end of the stream",
                                          "服务器应用读到流结尾时做什么"},
                                 .initial = "forgets",
                                 .another = "closes",
                                 .choices = {"forgets", "closes"}},
                                {.name = "watch",
                                 .kind = Setting::Kind::time,
                                 .what = {"How long to watch", "观察多久"},
                                 .initial = "24h",
                                 .another = "2h",
                                 .least = "10min",
                                 .most = "48h"},
                                delay_setting()},
                   .play = play_close_wait});
}

}  // namespace hourglass::lab
