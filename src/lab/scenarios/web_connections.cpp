// How HTTP uses connections (RFC 9112, section 9).

#include "lab/scenarios/all.h"
#include "lab/scenarios/web_ground.h"

namespace hourglass::lab {

namespace {

/// One way of fetching all objects of a page.
struct Visit {
    std::vector<std::pair<Instant, Instant>> objects{};  ///< Asked for, and complete.
    Instant begin{}, end{};
    std::size_t connections = 0;
    std::size_t segments = 0;
};

enum class Way : std::uint8_t { close, keep_alive, pipelined };

Visit fetch_all(Story& story, WebGround& web, Way way) {
    const std::size_t count = story.number("objects");
    const std::string body(story.number("size"), 'x');
    web.serve(story.time("delay"), [&web, &body, think = story.time("think")](const http::Request&,
                                                                              http::Responder answer, SocketAddress) {
        web.net.world.after(think, [answer, &body] { answer.respond(http::Response::text(http::Status::ok, body)); });
    });
    Visit visit;
    visit.objects.resize(count);
    visit.begin = web.net.world.now();
    std::size_t done = 0;
    LessonClient* client = nullptr;
    std::function<void(std::size_t)> ask;
    const auto answered = [&](std::size_t i) {
        visit.objects[i].second = web.net.world.now();
        ++done;
        if (way == Way::close) client->close();
        if (way != Way::pipelined && i + 1 < count) ask(i + 1);
    };
    ask = [&](std::size_t i) {
        if (client == nullptr || way == Way::close)
            client = &web.connect(way == Way::pipelined ? static_cast<std::uint32_t>(count) : 1);
        visit.objects[i].first = web.net.world.now();
        http::Request request = WebGround::request("GET", fmt::format("/{}", i + 1));
        if (way == Way::close) request.fields.add("Connection", "close");
        client->send(std::move(request), [&answered, i](const auto& result) {
            if (result) answered(i);
        });
    };
    if (way == Way::pipelined)
        for (std::size_t i = 0; i < count; ++i) ask(i);
    else
        ask(0);
    web.net.run_until([&] { return done == count; }, 10min);
    visit.end = web.net.world.now();
    if (way != Way::close) client->close();
    web.net.run();
    visit.connections = web.net.recorder.connections().size();
    visit.segments = web.net.segments().size();
    return visit;
}

void play_connections(Story& story) {
    WebGround one_each(story.ground({"close", "close"}));
    const Visit close = fetch_all(story, one_each, Way::close);
    WebGround kept(story.ground({"keep-alive", "keep-alive"}));
    const Visit keep = fetch_all(story, kept, Way::keep_alive);
    WebGround piped(story.ground({"pipelining", "流水线"}));
    const Visit pipe = fetch_all(story, piped, Way::pipelined);
    const std::size_t count = story.number("objects");
    Bars bars;
    const auto add = [&](std::string_view name, const Visit& visit) {
        for (std::size_t i = 0; i < visit.objects.size(); ++i)
            bars.bars.push_back({fmt::format("{} /{}", name, i + 1), visit.objects[i].first, visit.objects[i].second,
                                 show(visit.objects[i].second)});
    };
    add("close", close);
    add("keep-alive", keep);
    add(story.words("pipelining", "流水线"), pipe);
    story.show(std::move(bars));
    story.show(Table{{{"", "close", "keep-alive", story.words("pipelining", "流水线")},
                      {story.words("until the page is complete", "页面完整所需时间"), show(close.end - close.begin),
                       show(keep.end - keep.begin), show(pipe.end - pipe.begin)},
                      {story.words("connections", "连接数"), grouped(close.connections), grouped(keep.connections),
                       grouped(pipe.connections)},
                      {story.words("segments in all", "报文段总数"), grouped(close.segments), grouped(keep.segments),
                       grouped(pipe.segments)}}});
    const auto requests = piped.net.segments([](const Segment& s) { return from_client(s) && s.has_data(); });
    if (!requests.empty())
        story.remark(piped.net, requests.front(), "All {} requests at once, {} octets in {}.",
                     "{} 个请求一次发出，共 {} 字节，{} 个报文段。", count, requests.front().length * requests.size(),
                     requests.size());
    story.heading("Pipelining", "流水线");
    story.show(piped.net, 0, {.fold_after = 16});
    const Duration trip = 2 * story.time("delay");
    const auto n = static_cast<std::int64_t>(count);
    story.check(close.connections == count && keep.connections == 1 && pipe.connections == 1, "RFC 9112 9.3",
                "A connection for each object with close, one with the others: {}, {}, {}.",
                "close 每个对象一个连接，另两种各一个：{}、{}、{}。", close.connections, keep.connections,
                pipe.connections);
    story.check(close.end - close.begin >= 2 * n * trip, "RFC 9112 9.3",
                "Without keep-alive each object costs two round trips, a handshake and the answer: {}.",
                "不保持连接时每个对象花两个往返，握手与回答：{}。", show(close.end - close.begin));
    story.check(keep.end - keep.begin < close.end - close.begin && pipe.end - pipe.begin <= keep.end - keep.begin,
                "RFC 9112 9.3.2", "Each is faster than the one before: {}, {}, {}.", "一个比一个快：{}、{}、{}。",
                show(close.end - close.begin), show(keep.end - keep.begin), show(pipe.end - pipe.begin));
}

void play_head_of_line(Story& story) {
    const Duration slow = story.time("slow");
    const auto handler = [slow](WebGround& web) {
        return [&web, slow](const http::Request& r, http::Responder answer, SocketAddress) {
            const Duration think = r.path() == "/slow" ? slow : Duration(2ms);
            web.net.world.after(think, [answer, path = std::string(r.path())] {
                answer.respond(http::Response::text(http::Status::ok, path));
            });
        };
    };
    const std::vector<std::string> paths{"/slow", "/a", "/b"};
    std::vector<Instant> piped(paths.size(), kNever), apart(paths.size(), kNever);
    WebGround one(story.ground({"one connection", "一个连接"}));
    one.serve(story.time("delay"), handler(one));
    LessonClient& client = one.connect(8);
    for (std::size_t i = 0; i < paths.size(); ++i)
        client.send(WebGround::request("GET", paths[i]), [&, i](const auto&) { piped[i] = one.net.world.now(); });
    one.net.run_for(slow + 2s);
    client.close();
    one.net.run();
    WebGround three(story.ground({"three connections", "三个连接"}));
    three.serve(story.time("delay"), handler(three));
    for (std::size_t i = 0; i < paths.size(); ++i)
        three.connect(1).send(WebGround::request("GET", paths[i]),
                              [&, i](const auto&) { apart[i] = three.net.world.now(); });
    three.net.run_for(slow + 2s);
    three.close_all();
    three.net.run();

    Bars bars;
    const std::string together = story.words("pipelined", "流水线"), alone = story.words("apart", "分开");
    for (std::size_t i = 0; i < paths.size(); ++i)
        bars.bars.push_back({fmt::format("{} {}", together, paths[i]), Instant{}, piped[i], show(piped[i])});
    for (std::size_t i = 0; i < paths.size(); ++i)
        bars.bars.push_back({fmt::format("{} {}", alone, paths[i]), Instant{}, apart[i], show(apart[i])});
    story.show(std::move(bars));
    const Segment answer = one.net.segment([](const Segment& s) { return from_server(s) && s.has_data(); });
    story.remark(one.net, answer,
                 "/a and /b have been ready for {}, and wait behind /slow: responses go in the order of the requests.",
                 "/a 和 /b 早在 {} 之前就准备好了，却排在 /slow 后面等：响应必须按请求的次序发出。", show(slow - 2ms));
    story.show(one.net);
    story.tell(
        "HTTP/1.1 has no numbers on its requests, so the order is all that tells which answer is whose. HTTP/2 numbers "
        "them and sends them interleaved; on TCP a lost segment still holds up all, which HTTP/3 does away with.",
        "HTTP/1.1 的请求没有编号，只有次序能说明哪个响应属于哪个请求。HTTP/2 给它们编号，可以交错发送；但在 TCP "
        "上丢一个报文段仍会挡住全部，HTTP/3 才消除了这一点。");
    story.check(piped[1] >= piped[0] && piped[2] >= piped[1] && piped[1] >= Instant(slow), "RFC 9112 9.3.2",
                "Pipelined, the quick answers come no earlier than the slow one: {} and {} after {}.",
                "流水线中，快的响应不早于慢的：{}、{}，慢的为 {}。", show(piped[1]), show(piped[2]), show(piped[0]));
    if (slow <= 2ms)
        story.not_applicable("RFC 9112 9.4", "that it matters: /slow takes {} only", "影响：/slow 只用 {}", show(slow));
    else
        story.check(apart[1] < apart[0] && apart[2] < apart[0], "RFC 9112 9.4",
                    "On connections of their own they don't wait: {} and {}, the slow one {}.",
                    "各用各的连接就不必等：{} 与 {}，慢的 {}。", show(apart[1]), show(apart[2]), show(apart[0]));
}

}  // namespace

void add_web_connections(Scenarios& all) {
    const Setting think{.name = "think",
                        .kind = Setting::Kind::time,
                        .what = {"How long the server thinks about each request", "服务器处理每个请求的时间"},
                        .initial = "5ms",
                        .another = "20ms",
                        .least = "0ms",
                        .most = "1s"};
    all.push_back({.name = "http-connections",
                   .topic = Topic::web,
                   .title = {"Close, keep-alive and pipelining side by side", "短连接、保持连接与流水线"},
                   .teaches = {"What a page of several objects costs when each takes a connection, when all share one, "
                               "and when nobody waits for answers.",
                               "一个页面有几个对象：每个用一个连接、共用一个连接、不等回答就连续发问，各要多久。"},
                   .settings = {{.name = "objects",
                                 .kind = Setting::Kind::count,
                                 .what = {"Objects of the page", "页面的对象数"},
                                 .initial = "5",
                                 .another = "8",
                                 .least = "2",
                                 .most = "30"},
                                {.name = "size",
                                 .kind = Setting::Kind::octets,
                                 .what = {"Octets of each", "每个对象的字节数"},
                                 .initial = "2000",
                                 .another = "8000",
                                 .least = "1",
                                 .most = "100k"},
                                think,
                                delay_setting()},
                   .play = play_connections});
    all.push_back({.name = "head-of-line",
                   .topic = Topic::web,
                   .title = {"Pipelining and its head-of-line blocking", "流水线的队头阻塞"},
                   .teaches = {"A slow answer holds up the quick ones behind it.", "一个慢响应挡住后面的快响应。"},
                   .settings = {{.name = "slow",
                                 .kind = Setting::Kind::time,
                                 .what = {"How long the first answer takes", "第一个响应需要多久"},
                                 .initial = "500ms",
                                 .another = "1s",
                                 .least = "1ms",
                                 .most = "10s"},
                                delay_setting()},
                   .play = play_head_of_line});
}

}  // namespace hourglass::lab
