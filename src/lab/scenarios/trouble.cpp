// When one end dies, or somebody else speaks in its name.

#include "lab/scenarios/all.h"
#include "lab/scenarios/common.h"

namespace hourglass::lab {

namespace {

using tcp::State;

void play_keepalive(Story& story) {
    const bool on = story.chosen("keepalive", "on");
    tcp::Settings client;
    client.keepalive = on;
    client.keepalive_idle = story.time("idle");
    client.keepalive_interval = story.time("interval");
    client.keepalive_probes = static_cast<std::uint8_t>(story.number("probes"));
    Ground& net = story.ground();
    sim::Link& link = net.pair(link_of(story), client);
    net.listen();
    App& app = net.connect();
    net.run_for(1s);
    net.note(kServer, story.words("power failure", "断电"));
    link.set_up(false);
    const Instant silent = app.opened.value_or(Instant{});
    net.run_for(24h);
    const auto probes = net.segments([](const Segment& s) { return s.reason == tcp::SendReason::keepalive; });
    if (!probes.empty())
        story.remark(net, probes.front(),
                     "{} of silence. Is anybody there? The probe has the number before the next one: whoever lives "
                     "must answer with an ACK.",
                     "沉默了 {}。对方还在吗？探测报文段用的是下一个序号的前一个：活着的一方必须以 ACK 回答。",
                     show(probes.front().sent - silent));
    if (probes.size() > 1)
        story.remark(net, probes.back(), "Probe {}. After {} more without an answer the connection is given up.",
                     "第 {} 个探测。再过 {} 没有回答，就放弃这个连接。", probes.size(), show(story.time("interval")));
    story.show(net);
    if (!on) {
        story.tell(
            "Without keepalive nothing happens, for ever: a TCP that has nothing to send can't tell a dead peer from a "
            "silent one.",
            "没有保活，什么也不会发生：没有数据要发的 TCP 无法区分对方是死了还是沉默。");
        story.check(!app.ended && app.stream.state() == State::established, "RFC 9293 3.8.4",
                    "After 24 h the client still believes in the connection: {}.",
                    "24 小时之后客户端仍以为连接存在：{}。", to_string(app.stream.state()));
        story.not_applicable("RFC 9293 3.8.4", "when a dead peer is noticed: keepalive is off",
                             "何时发现对方已死：保活未开启");
        return;
    }
    const Duration expected =
        story.time("idle") + static_cast<std::int64_t>(story.number("probes")) * story.time("interval");
    const Duration took = app.ended.value_or(Instant::max()) - silent;
    story.tell(
        "A dead peer is noticed after {} of idle time and {} probes, {} apart: {} in all, in a blink of virtual time.",
        "发现对方已死：空闲 {}，再加 {} 个间隔 {} 的探测，共 {}，在虚拟时间里只是一眨眼。", show(story.time("idle")),
        probes.size(), show(story.time("interval")), show(took));
    story.check(app.ended && app.error == tcp::Error::timed_out, "RFC 9293 3.8.4", "The application is told: {}.",
                "应用得到通知：{}。", to_string(app.error));
    story.check(probes.size() == story.number("probes"), "RFC 9293 3.8.4",
                "{} probes are sent before the end; there were {}.", "结束前发出 {} 个探测；实际 {} 个。",
                story.number("probes"), probes.size());
    const Duration slip = took > expected ? took - expected : expected - took;
    story.check(slip <= 1s, "RFC 9293 3.8.4 MUST-28", "It takes {} as set: {}.", "按设定需要 {}：实际 {}。",
                show(expected), show(took));
}

void play_crash(Story& story) {
    Ground& net = story.ground();
    sim::Link& link = net.pair(link_of(story));
    Service& service = net.listen();
    App& client = net.connect();
    client.say("one");
    net.run_for(1s);
    net.note(kServer, story.words("crash", "崩溃"));
    link.set_up(false);
    if (!service.apps.empty()) service.apps.front().abort();
    net.run_for(10ms);
    net.note(kServer, story.words("up again, remembers nothing", "重新启动，什么也不记得"));
    net.run_for(story.time("reboot"));
    link.set_up(true);
    const Instant up = net.world.now();
    const bool speaks = story.chosen("client", "speaks");
    net.run_for(1s);
    const State before = client.stream.state();
    if (speaks) client.say("two");
    net.run_for(12h);
    const Segment word = net.segment([&](const Segment& s) { return from_client(s) && s.has_data() && s.sent >= up; });
    const Segment rst = net.segment([&](const Segment& s) { return from_server(s) && s.is_rst() && s.sent >= up; });
    story.remark(net, net.segment([&](const Segment& s) { return from_server(s) && s.is_rst() && s.sent < up; }),
                 "What the dying host would still say does not leave it.", "垂死的主机想说的话已经发不出来。");
    story.remark(net, word, "The client has heard of nothing and sends as ever.", "客户端毫不知情，照常发送。");
    story.remark(
        net, rst,
        "The server knows of no such connection: RST. The half-open connection is found out by the first word.",
        "服务器不知道有这个连接：RST。单边连接一开口就露了馅。");
    story.show(net);
    story.check(before == State::established, "RFC 9293 3.5.1",
                "After the crash the client still believes in the connection: {}.",
                "崩溃之后客户端仍以为连接存在：{}。", to_string(before));
    if (!speaks) {
        story.check(client.stream.state() == State::established, "RFC 9293 3.5.1",
                    "A client that says nothing never learns of it: 12 h later {}.",
                    "客户端若不说话就永远不会知道：12 小时后仍为 {}。", to_string(client.stream.state()));
        story.not_applicable("RFC 9293 3.5.1", "the RST: the client did not speak", "RST：客户端没有说话");
        return;
    }
    story.check(rst.exists && rst.reason == tcp::SendReason::reset_no_connection, "RFC 9293 3.5.1",
                "Its first word is answered with RST, {} after the restart.", "它的第一句话得到 RST，在重启 {} 之后。",
                show(rst.sent - up));
    story.check(client.error == tcp::Error::reset, "RFC 9293 3.5.3", "The application is told: {}.",
                "应用得到通知：{}。", to_string(client.error));
}

void play_reset(Story& story) {
    const std::uint64_t octets = story.number("octets");
    const bool aborts = story.chosen("client", "aborts");
    Ground& net = story.ground();
    net.pair(link_of(story));
    Service& service = net.listen();
    service.on_accept = [](App& app) { app.on_end = [](App& a) { a.close(); }; };
    App& client = net.connect();
    net.run_for(1s);
    client.say_octets(octets);
    const Instant end = net.world.now();
    net.note(kClient, aborts ? "abort()" : "close()");
    if (aborts)
        client.abort();
    else
        client.close();
    net.run();
    const Segment rst = net.segment(&Segment::is_rst);
    const App* server = service.apps.empty() ? nullptr : &service.apps.front();
    const std::size_t heard = server != nullptr ? server->heard.size() : 0;
    story.remark(net, rst,
                 "RST: no more of this connection. What was queued is thrown away, nobody acknowledges, nobody waits.",
                 "RST：这个连接到此为止。排队的数据扔掉，没有确认，没有等待。");
    story.show(net, 0, {.from = end});
    story.tell(
        "close() keeps the promise that what was written arrives; abort() breaks it, and saves the four segments and "
        "TIME-WAIT.",
        "close() 保证写下的数据送达；abort() 打破这个保证，省下四个报文段和 TIME-WAIT。");
    if (!aborts) {
        story.check(heard == octets && server->error == tcp::Error::none, "RFC 9293 3.6",
                    "close() delivers all {} octets: {}.", "close() 送达全部 {} 字节：{}。", grouped(octets),
                    grouped(heard));
        story.not_applicable("RFC 9293 3.10.5", "what abort() does: the client called close()",
                             "abort() 的后果：客户端调用的是 close()");
        return;
    }
    const auto after = net.segments([&](const Segment& s) { return s.sent >= end; });
    story.check(after.size() == 1 && rst.exists, "RFC 9293 3.10.5",
                "One segment ends the connection, and nobody answers it: {}.", "一个报文段结束连接，无人回答：{} 个。",
                after.size());
    story.check(server != nullptr && server->error == tcp::Error::reset && heard < octets, "RFC 9293 3.5.3",
                "The server is told \"{}\" and has {} of {} octets.", "服务器得知「{}」，收到 {} / {} 字节。",
                to_string(server != nullptr ? server->error : tcp::Error::none), grouped(heard), grouped(octets));
    story.check(net.path(kClient).back() == State::closed && !net.reached(kClient, State::time_wait), "RFC 9293 3.10.5",
                "Nobody waits in TIME-WAIT: the client goes {}.", "没有人停在 TIME-WAIT：客户端经过 {}。",
                path_text(net.path(kClient)));
}

void play_forged_reset(Story& story) {
    Ground& net = story.ground();
    net.add_host(kClient);
    net.add_host("mallory");
    net.add_host(kServer);
    net.world.connect({"client", {"10.0.0.1/24"}}, {"server", {"10.0.0.2/24"}}, link_of(story));
    net.world.connect({"mallory", {"10.0.1.1/24"}}, {"server", {"10.0.1.2/24"}}, link_of(story));
    net.watch();
    Service& service = net.listen();
    App& client = net.connect(kClient, Ground::server_address(), {.local = Ground::client_address(5000)});
    client.say("hello");
    net.run_for(1s);
    const Segment syn = net.segment(&Segment::is_syn);
    const tcp::Seq next = syn.wire_seq + 6;  // SYN and five octets
    const auto forge = [&](tcp::Seq seq) {
        net.inject("mallory", Ground::client_address(5000), Ground::server_address(),
                   {.seq = seq, .flags = wire::TcpFlags::kRst});
        net.run_for(1s);
    };
    const auto offset = static_cast<std::uint32_t>(story.number("offset"));
    forge(next - 100'000);
    forge(next + offset);
    const State survives = service.apps.empty() ? State::closed : service.apps.front().stream.state();
    client.say("still here");
    net.run_for(1s);
    const std::size_t heard = service.apps.empty() ? 0 : service.apps.front().heard.size();
    const bool exact = story.chosen("last", "exact");
    if (exact) forge(next + 10);
    const auto forged = net.segments([](const Segment& s) { return s.host == "mallory"; });
    const Segment challenge = net.segment([](const Segment& s) { return s.reason == tcp::SendReason::challenge_ack; });
    if (!forged.empty())
        story.remark(net, forged[0], "A RST in the client's name, with a number outside of the window: dropped.",
                     "冒用客户端名义的 RST，序号在窗口之外：丢弃。");
    if (forged.size() > 1)
        story.remark(net, forged[1],
                     "A better guess: inside the window, but {} beyond the very next number. A real RST would have "
                     "that number, so the server asks back.",
                     "猜得更准：在窗口之内，但比下一个序号大 {}。真正的 RST 会用下一个序号，所以服务器反问一句。",
                     offset);
    story.remark(
        net, challenge,
        "The challenge ACK goes to the real client. Had it really reset, it would answer this with an exact RST.",
        "质询 ACK 发往真正的客户端。如果它真的复位了，会以序号准确的 RST 回答。");
    if (forged.size() > 2)
        story.remark(net, forged[2], "Only the exact number, one in 4,294,967,296, ends the connection.",
                     "只有完全准确的序号（4,294,967,296 分之一）才能结束连接。");
    story.show(net);
    const auto verdict_of = [&](std::size_t i) {
        return i < forged.size() && forged[i].verdict ? *forged[i].verdict : tcp::Verdict::accepted;
    };
    story.check(verdict_of(0) == tcp::Verdict::dropped_rst, "RFC 5961 3.2", "Outside of the window: {}.",
                "在窗口之外：{}。", to_string(verdict_of(0)));
    if (offset == 0)
        story.not_applicable("RFC 5961 3.2", "the challenge: an offset of 0 is the exact number",
                             "质询：偏移 0 就是准确的序号");
    else
        story.check(verdict_of(1) == tcp::Verdict::challenged && challenge.exists && survives == State::established &&
                        heard == 15,
                    "RFC 5961 3.2", "Inside of it: {}; the connection lives and has carried {} octets.",
                    "在窗口之内：{}；连接还活着，已传 {} 字节。", to_string(verdict_of(1)), heard);
    if (exact && offset != 0)
        story.check(verdict_of(2) == tcp::Verdict::reset_received, "RFC 5961 3.2", "The exact number: {}.",
                    "准确的序号：{}。", to_string(verdict_of(2)));
}

}  // namespace

void add_trouble(Scenarios& all) {
    all.push_back({.name = "keepalive",
                   .topic = Topic::trouble,
                   .title = {"A dead peer and keepalive", "对方已死与保活"},
                   .teaches = {"How long it takes to notice that nobody is there: 2 h, then 9 probes 75 s apart; in "
                               "virtual time a blink.",
                               "要多久才发现对面已经没有人：2 小时，再加 9 个间隔 75 秒的探测；在虚拟时间里只是一瞬。"},
                   .settings = {{.name = "keepalive",
                                 .kind = Setting::Kind::choice,
                                 .what = {"Whether the application has asked for it", "应用是否要求保活"},
                                 .initial = "on",
                                 .another = "off",
                                 .choices = {"on", "off"}},
                                {.name = "idle",
                                 .kind = Setting::Kind::time,
                                 .what = {"Silence before the first probe", "第一个探测之前的沉默"},
                                 .initial = "2h",
                                 .another = "10min",
                                 .least = "1s",
                                 .most = "12h"},
                                {.name = "interval",
                                 .kind = Setting::Kind::time,
                                 .what = {"Between probes", "探测间隔"},
                                 .initial = "75s",
                                 .another = "30s",
                                 .least = "1s",
                                 .most = "10min"},
                                {.name = "probes",
                                 .kind = Setting::Kind::count,
                                 .what = {"Probes without an answer", "无应答的探测次数"},
                                 .initial = "9",
                                 .another = "3",
                                 .least = "1",
                                 .most = "20"},
                                delay_setting()},
                   .play = play_keepalive});
    all.push_back({.name = "crash",
                   .topic = Topic::trouble,
                   .title = {"A half-open connection after a crash", "崩溃之后的单边连接"},
                   .teaches = {"One side has forgotten the connection and the other does not know: what finds it out.",
                               "一方忘了连接，另一方却不知道：靠什么发现。"},
                   .settings = {{.name = "client",
                                 .kind = Setting::Kind::choice,
                                 .what = {"Whether the client says something afterwards", "此后客户端是否说话"},
                                 .initial = "speaks",
                                 .another = "silent",
                                 .choices = {"speaks", "silent"}},
                                {.name = "reboot",
                                 .kind = Setting::Kind::time,
                                 .what = {"How long the server is away", "服务器离线多久"},
                                 .initial = "30s",
                                 .another = "5min",
                                 .least = "0ms",
                                 .most = "1h"},
                                delay_setting()},
                   .play = play_crash});
    all.push_back({.name = "reset",
                   .topic = Topic::trouble,
                   .title = {"RST: the end without goodbye", "RST：不告而别"},
                   .teaches = {"What abort() does that close() does not, and what is lost by it.",
                               "abort() 与 close() 有何不同，会丢掉什么。"},
                   .settings = {{.name = "client",
                                 .kind = Setting::Kind::choice,
                                 .what = {"How the client ends the connection", "客户端如何结束连接"},
                                 .initial = "aborts",
                                 .another = "closes",
                                 .choices = {"aborts", "closes"}},
                                {.name = "octets",
                                 .kind = Setting::Kind::octets,
                                 .what = {"What it has written just before", "此前刚写下的字节数"},
                                 .initial = "50k",
                                 .another = "100k",
                                 .least = "1",
                                 .most = "1M"},
                                delay_setting()},
                   .play = play_reset});
    all.push_back(
        {.name = "forged-reset",
         .topic = Topic::trouble,
         .title = {"A forged RST", "伪造的 RST"},
         .teaches = {"What somebody who can't see the connection must guess to break it.",
                     "看不见连接的人要破坏它，必须猜中什么。"},
         .settings = {{.name = "offset",
                       .kind = Setting::Kind::count,
                       .what = {"How far the second guess is from the next number", "第二次猜测与下一个序号的差"},
                       .initial = "1000",
                       .another = "50000",
                       .least = "0",
                       .most = "60000"},
                      {.name = "last",
                       .kind = Setting::Kind::choice,
                       .what = {"Whether a third guess is exact", "第三次是否猜得准确"},
                       .initial = "exact",
                       .another = "none",
                       .choices = {"exact", "none"}},
                      delay_setting()},
         .play = play_forged_reset});
}

}  // namespace hourglass::lab
