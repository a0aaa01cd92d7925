// The receiver's window, and segments that are too small (RFC 9293, sections 3.7.4 and 3.8.6).

#include "lab/scenarios/all.h"
#include "lab/scenarios/common.h"

namespace hourglass::lab {

namespace {

Setting buffer_setting(std::string_view initial, std::string_view another) {
    return {.name = "buffer",
            .kind = Setting::Kind::octets,
            .what = {"The server's receive buffer", "服务器的接收缓存"},
            .initial = initial,
            .another = another,
            .least = "2000",
            .most = "60k"};
}

void play_zero_window(Story& story) {
    const bool lost = story.chosen("update", "lost");
    tcp::Settings server;
    server.receive_buffer = static_cast<std::uint32_t>(story.number("buffer"));
    Ground& net = story.ground();
    sim::Link& link = net.pair(link_of(story), {}, server);
    Service& service = net.listen();
    service.on_accept = [](App& app) { app.reads = false; };
    App& client = net.connect();
    client.say_octets(story.number("octets"));
    const Duration pause = story.time("pause");
    bool reading = false, swallowed = false;
    link.set_script(kToClient, losing([&, lost](const wire::TcpView& tcp) {
                        if (!lost || !reading || swallowed || tcp.window() == 0) return false;
                        return swallowed = true;
                    }));
    net.run_for(pause);
    App* app = service.apps.empty() ? nullptr : &service.apps.front();
    net.note(kServer, story.words("reads all", "全部读走"));
    reading = true;
    if (app != nullptr) {
        app->reads = true;
        app->read();
    }
    net.run_for(5min);
    const Segment closed =
        net.segment([](const Segment& s) { return from_server(s) && s.window == 0 && !s.is_syn_ack(); });
    const auto probes = net.segments([](const Segment& s) { return s.reason == tcp::SendReason::window_probe; });
    const Segment update = net.segment(
        [&](const Segment& s) { return from_server(s) && s.window > 0 && closed.exists && s.sent > closed.sent; });
    const Segment resumed = net.segment([&](const Segment& s) {
        return from_client(s) && s.has_data() && s.reason != tcp::SendReason::window_probe && update.exists &&
               s.sent > update.sent;
    });
    story.remark(net, closed,
                 "win=0: the buffer of {} octets is full, the application does not read. The client must stop.",
                 "窗口为 0：{} 字节的缓存已满，应用没有读取。客户端必须停下。", grouped(story.number("buffer")));
    if (!probes.empty())
        story.remark(net, probes.front(),
                     "The client may not send and must not fall asleep: a window update is not acknowledged, and could "
                     "be lost. So it asks now and then, with doubled patience.",
                     "客户端不能发送，也不能睡着：窗口更新无人确认，可能丢失。于是它不时询问，耐心逐次加倍。");
    story.remark(net, update, "The application has read, and the window opens to {}.",
                 "应用读走了数据，窗口打开到 {}。", grouped(update.window));
    if (lost)
        story.remark(net, update, "But this segment is lost; without probes both sides would now wait for ever.",
                     "但这个报文段丢失了；若没有探测，双方就会永远等下去。");
    story.show(net);
    const std::size_t heard = app != nullptr ? app->heard.size() : 0;
    const bool filled = closed.exists;
    story.check(heard == story.number("octets"), "RFC 9293 3.8.6.1", "Everything arrives in the end: {} of {} octets.",
                "最后全部到达：{} / {} 字节。", grouped(heard), grouped(story.number("octets")));
    if (!filled) {
        story.not_applicable("RFC 9293 3.8.6.1", "the closed window: {} octets fit into a buffer of {}",
                             "关闭的窗口：{} 字节装得进 {} 的缓存", grouped(story.number("octets")),
                             grouped(story.number("buffer")));
        return;
    }
    bool silent = true;
    for (const Segment& s : net.segments([&](const Segment& x) {
             return from_client(x) && x.has_data() && closed.arrived && x.sent > *closed.arrived &&
                    (!update.exists || x.sent < update.sent);
         }))
        silent = silent && s.reason == tcp::SendReason::window_probe;
    story.check(silent, "RFC 9293 3.8.6", "While the window is closed the client sends nothing but {} probes.",
                "窗口关闭期间，客户端除 {} 个探测外什么也不发。", probes.size());
    if (lost)
        story.check(update.lost && resumed.exists && !probes.empty() && probes.back().sent > update.sent,
                    "RFC 9293 3.8.6.1 MUST-36",
                    "The lost update is made good by a probe: data goes on {} after the window had opened.",
                    "丢失的窗口更新由探测补救：窗口打开 {} 之后数据继续。", show(resumed.sent - update.sent));
    else
        story.check(resumed.exists && resumed.sent - update.sent <= story.time("delay") + 1ms, "RFC 9293 3.8.6.2.2",
                    "The update itself sets the client going again, after {}.",
                    "窗口更新本身就使客户端继续发送，{} 之后。", show(resumed.sent - update.sent));
}

void play_silly(Story& story) {
    const auto buffer = static_cast<std::uint32_t>(story.number("buffer"));
    const std::size_t sip = story.number("read");
    tcp::Settings server;
    server.receive_buffer = buffer;
    server.window_scaling = false;
    Ground& net = story.ground();
    net.pair(link_of(story), {}, server);
    Service& service = net.listen();
    service.on_accept = [](App& app) { app.reads = false; };
    App& client = net.connect();
    client.say_octets(5 * buffer);
    client.finish();
    net.run_for(2s);
    std::size_t sips = 0;
    while (!service.apps.empty() && !service.apps.front().heard_end && sips < 100'000) {
        service.apps.front().read(sip);
        ++sips;
        net.run_for(story.time("every"));
    }
    const Segment full =
        net.segment([](const Segment& s) { return from_server(s) && s.window == 0 && !s.is_syn_ack(); });
    const auto updates = net.segments([&](const Segment& s) { return s.reason == tcp::SendReason::window_update; });
    const auto data = net.segments([&](const Segment& s) {
        return from_client(s) && s.has_data() && s.reason != tcp::SendReason::window_probe && full.exists &&
               s.sent > full.sent;
    });
    const std::uint32_t enough = std::min<std::uint32_t>(buffer / 2, 1448);
    if (!updates.empty())
        story.remark(net, updates.front(),
                     "Only now, with {} octets free, does the server say so: less than min(half the buffer, one MSS) "
                     "is not worth telling.",
                     "直到空出 {} 字节，服务器才通告：少于「半个缓存与一个 MSS 中的较小者」不值一提。",
                     updates.front().window);
    story.show(net, 0, {.until = updates.size() > 2 ? updates[2].sent : kNever});
    std::uint32_t smallest = UINT32_MAX;
    for (std::size_t i = 0; i + 1 < data.size(); ++i) smallest = std::min(smallest, data[i].length);
    std::uint32_t least_update = UINT32_MAX;
    for (const Segment& s : updates) least_update = std::min(least_update, s.window);
    story.tell(
        "The application takes {} octets at a time, {} times. A receiver that announced every sip would get {} "
        "segments of {} octets, each with 40 octets of headers; here there were {} data segments.",
        "应用每次只取 {} 字节，共 {} 次。若接收方每取一口就通告一次，会引来 {} 个只有 {} 字节的报文段，每个却有 40 "
        "字节首部；实际数据报文段为 {} 个。",
        sip, grouped(sips), grouped(5 * buffer / sip), sip, data.size());
    story.check(!updates.empty() && least_update >= enough, "RFC 9293 3.8.6.2.2 MUST-39",
                "No window update tells of less than {} octets: the smallest of {} told of {}.",
                "窗口更新不会通告少于 {} 字节：{} 次中最小为 {}。", enough, updates.size(),
                updates.empty() ? 0 : least_update);
    story.check(data.size() > 1 && smallest >= std::min<std::uint32_t>(enough, 536), "RFC 9293 3.8.6.2.1 MUST-38",
                "No data segment but the last is tiny: the smallest has {} octets.",
                "除最后一个外没有过小的数据报文段：最小 {} 字节。", data.size() > 1 ? smallest : 0);
}

struct Exchange {
    Duration took{};
    std::size_t data_segments = 0;
};

Exchange ask_in_two_writes(Story& story, Ground& net, bool no_delay, bool one_write) {
    tcp::Settings client, server;
    client.nagle = !no_delay;
    server.delayed_ack = story.time("delayed-ack");
    net.pair(link_of(story), client, server);
    const std::size_t part = story.number("part");
    Service& service = net.listen();
    service.on_accept = [part](App& app) {
        app.on_data = [part, done = false](App& a) mutable {
            if (done || a.heard.size() < 2 * part) return;
            done = true;
            a.say("answer");
        };
    };
    App& app = net.connect();
    net.run_for(1s);
    const Instant begin = net.world.now();
    net.note(kClient, one_write ? story.words("one write", "一次写") : story.words("two writes", "两次写"));
    app.say_octets(one_write ? 2 * part : part);
    if (!one_write) net.world.after(1us, [&app, part] { app.say_octets(part); });
    net.run_for(5s);
    Exchange result;
    result.took = app.first_heard.value_or(Instant::max()) - begin;
    result.data_segments = net.count([](const Segment& s) { return from_client(s) && s.has_data(); });
    return result;
}

void play_nagle(Story& story) {
    Ground& slow = story.ground({"Nagle and delayed ACK", "Nagle 与延迟确认"});
    const Exchange both = ask_in_two_writes(story, slow, false, false);
    Ground& quick = story.ground({"no delay", "关闭 Nagle"});
    const Exchange without = ask_in_two_writes(story, quick, true, false);
    Ground& best = story.ground({"one write", "一次写"});
    const Exchange one = ask_in_two_writes(story, best, false, true);
    const Duration round_trip = 2 * story.time("delay"), delayed = story.time("delayed-ack");
    const auto data = slow.segments([](const Segment& s) { return from_client(s) && s.has_data(); });
    const Segment ack =
        slow.segment([](const Segment& s) { return s.reason == tcp::SendReason::ack_delayed && from_server(s); });
    if (!data.empty())
        story.remark(slow, data.front(),
                     "The first part of the request. The second is ready, but it is small, and something is "
                     "unacknowledged: Nagle holds it back.",
                     "请求的前半部分。后半部分已备好，但它很小，而且还有未确认的数据：Nagle 算法把它留住。");
    story.remark(slow, ack,
                 "The server has half a request and nothing to say. It hopes to send its ACK along with an answer, and "
                 "waits for {}.",
                 "服务器只收到半个请求，无话可说。它想把 ACK 与回答一起发，于是等了 {}。", show(delayed));
    if (data.size() > 1)
        story.remark(slow, data[1], "Each was waiting for the other. Only now may the second part go.",
                     "双方互相等待。直到此刻后半部分才得以发出。");
    story.show(slow, 0, {.from = Instant(1s)});
    story.show(Table{{{"", story.words("answer after", "多久得到回答"), story.words("data segments", "数据报文段")},
                      {story.words("two writes, Nagle", "两次写，Nagle"), show(both.took), grouped(both.data_segments)},
                      {story.words("two writes, no delay", "两次写，关闭 Nagle"), show(without.took),
                       grouped(without.data_segments)},
                      {story.words("one write, Nagle", "一次写，Nagle"), show(one.took), grouped(one.data_segments)}}});
    story.tell(
        "Two good ideas that do harm together. The cure is to write a request in one piece; the other is TCP_NODELAY.",
        "两个好主意凑在一起坏了事。最好的办法是一次写完请求；其次是 TCP_NODELAY。");
    const Duration extra = both.took - without.took;
    story.check(without.took < round_trip + 2ms && one.took < round_trip + 2ms, "RFC 9293 3.7.4",
                "Without Nagle, or with one write, the answer takes one round trip, {}: {} and {}.",
                "关闭 Nagle 或一次写完，回答只需一个往返 {}：{} 与 {}。", show(round_trip), show(without.took),
                show(one.took));
    story.check(extra >= delayed, "RFC 1122 4.2.3.4",
                "Together they cost the delayed ACK's {} and another round trip: {} more.",
                "两者一起多花延迟确认的 {} 和一个往返：多 {}。", show(delayed), show(extra));
    story.check(one.data_segments == 1 && both.data_segments == 2, "RFC 9293 3.7.4",
                "One write makes {} segment, two make {}.", "一次写产生 {} 个报文段，两次写产生 {} 个。",
                one.data_segments, both.data_segments);
}

}  // namespace

void add_windows(Scenarios& all) {
    all.push_back({.name = "zero-window",
                   .topic = Topic::flow,
                   .title = {"Zero window and probes", "零窗口与探测"},
                   .teaches = {"How a slow reader stops a fast writer, and why the writer must keep asking.",
                               "慢的读者如何让快的写者停下，写者又为何必须不断询问。"},
                   .settings = {buffer_setting("8000", "16k"),
                                {.name = "octets",
                                 .kind = Setting::Kind::octets,
                                 .what = {"What the client sends", "客户端发送的字节数"},
                                 .initial = "20k",
                                 .another = "50k",
                                 .least = "1",
                                 .most = "500k"},
                                {.name = "pause",
                                 .kind = Setting::Kind::time,
                                 .what = {"How long the server's application does not read", "服务器应用多久不读"},
                                 .initial = "5s",
                                 .another = "30s",
                                 .least = "100ms",
                                 .most = "10min"},
                                {.name = "update",
                                 .kind = Setting::Kind::choice,
                                 .what = {"What becomes of the window update", "窗口更新的命运"},
                                 .initial = "lost",
                                 .another = "arrives",
                                 .choices = {"lost", "arrives"}},
                                delay_setting()},
                   .play = play_zero_window});
    all.push_back(
        {.name = "silly-window",
         .topic = Topic::flow,
         .title = {"The silly window", "糊涂窗口"},
         .teaches = {"An application that reads a few octets at a time must not make a flood of tiny segments.",
                     "应用每次只读几个字节，也不该引来大量小报文段。"},
         .settings = {{.name = "read",
                       .kind = Setting::Kind::octets,
                       .what = {"Octets that the application takes at a time", "应用每次读取的字节数"},
                       .initial = "100",
                       .another = "300",
                       .least = "10",
                       .most = "1000"},
                      {.name = "every",
                       .kind = Setting::Kind::time,
                       .what = {"Between two reads", "两次读取的间隔"},
                       .initial = "10ms",
                       .another = "50ms",
                       .least = "1ms",
                       .most = "1s"},
                      buffer_setting("6000", "12k"),
                      delay_setting()},
         .play = play_silly});
    all.push_back({.name = "nagle-delayed-ack",
                   .topic = Topic::flow,
                   .title = {"Nagle meets delayed ACK", "Nagle 算法遇上延迟确认"},
                   .teaches = {"Why a request in two writes can take 40 ms longer than in one.",
                               "同一个请求分两次写，为何会比一次写慢 40 毫秒。"},
                   .settings = {{.name = "delayed-ack",
                                 .kind = Setting::Kind::time,
                                 .what = {"How long an ACK may wait", "确认可以推迟多久"},
                                 .initial = "40ms",
                                 .another = "200ms",
                                 .least = "1ms",
                                 .most = "499ms"},
                                {.name = "part",
                                 .kind = Setting::Kind::octets,
                                 .what = {"Octets of each half of the request", "请求每一半的字节数"},
                                 .initial = "100",
                                 .another = "200",
                                 .least = "1",
                                 .most = "700"},
                                delay_setting("10ms", "30ms")},
                   .play = play_nagle});
}

}  // namespace hourglass::lab
