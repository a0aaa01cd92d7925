// Closing a connection (RFC 9293, section 3.6).

#include "lab/scenarios/all.h"
#include "lab/scenarios/common.h"

namespace hourglass::lab {

namespace {

using tcp::State;

Setting notice_setting(std::string_view initial, std::string_view another) {
    return {.name = "notice",
            .kind = Setting::Kind::time,
            .what = {"How long the server's application takes to close after the client has",
                     "客户端关闭之后，服务器应用过多久也关闭"},
            .initial = initial,
            .another = another,
            .least = "0ms",
            .most = "1min"};
}

Setting msl_setting() {
    return {.name = "msl",
            .kind = Setting::Kind::time,
            .what = {"The maximum segment lifetime that both hosts believe in", "双方主机采用的最长报文段寿命 MSL"},
            .initial = "2min",
            .another = "30s",
            .least = "1ms",
            .most = "10min"};
}

/// A connection that has been opened, and whose client then calls close().
struct Closing {
    App* client = nullptr;
    App* server = nullptr;
};

/// Opens a connection; the server closes `notice` after the client has.
Closing open_pair(Story& story, Ground& net, Service& service, Duration notice) {
    Closing pair;
    service.on_accept = [&net, notice](App& app) {
        app.on_end = [&net, notice](App& a) {
            if (notice == Duration::zero()) return a.close();
            net.world.after(notice, [&a] { a.close(); });
        };
    };
    pair.client = &net.connect();
    net.run_for(3 * story.time("delay") + 1ms);
    if (!service.apps.empty()) pair.server = &service.apps.front();
    return pair;
}

bool is_last_ack_of(const Segment& s, const Segment& fin) {
    return s.host != fin.host && s.is_bare_ack() && s.ack == fin.seq + fin.length + 1;
}

void check_two_msl(Story& story, Ground& net, Duration msl) {
    const auto begin = net.reached(kClient, State::time_wait), end = net.reached(kClient, State::closed);
    const Duration stayed = begin && end ? *end - *begin : Duration{};
    story.check(stayed == 2 * msl, "RFC 9293 3.6", "The side that closed first stays in TIME-WAIT for 2 MSL, {}: {}.",
                "先关闭的一方在 TIME-WAIT 停留 2 MSL，即 {}：实际 {}。", show(2 * msl), show(stayed));
}

void play_four_way(Story& story) {
    tcp::Settings settings;
    settings.msl = story.time("msl");
    Ground& net = story.ground();
    net.pair(link_of(story), settings, settings);
    Service& service = net.listen();
    const Closing pair = open_pair(story, net, service, story.time("notice"));
    const Instant closing = net.world.now();
    net.note(kClient, "close()");
    pair.client->close();
    net.run();
    const Segment first = net.segment([](const Segment& s) { return from_client(s) && s.is_fin(); });
    const Segment second = net.segment([](const Segment& s) { return from_server(s) && s.is_fin(); });
    const Segment ack = net.segment([&](const Segment& s) { return is_last_ack_of(s, first); });
    const Segment last = net.segment([&](const Segment& s) { return is_last_ack_of(s, second); });
    story.remark(net, first, "The client has nothing more to send. FIN takes number {}.",
                 "客户端没有数据要发了。FIN 占用序号 {}。", first.seq);
    story.remark(net, ack,
                 "The server's TCP acknowledges at once; its application has not decided anything yet. One direction "
                 "is closed, the other is open.",
                 "服务器的 TCP 立即确认；它的应用还没有作任何决定。一个方向已关闭，另一个仍开着。");
    story.remark(net, second, "{} later the server's application closes too.", "{} 之后，服务器应用也关闭了。",
                 show(second.sent - ack.sent));
    story.remark(net, last,
                 "The last segment. If it is lost, the server sends its FIN again; that is one reason why the client "
                 "still waits for 2 MSL, {}.",
                 "最后一个报文段。若它丢失，服务器会重发 FIN；这是客户端还要等待 2 MSL（{}）的原因之一。",
                 show(2 * story.time("msl")));
    story.show(net, 0, {.from = closing});
    story.tell("Why four and not three: each direction is closed for itself, with a FIN and an acknowledgement.",
               "为什么是四次而不是三次：两个方向各自关闭，各需一个 FIN 和一个确认。");
    const auto closing_segments = net.segments([&](const Segment& s) { return s.sent >= closing; });
    story.check(closing_segments.size() == 4, "RFC 9293 3.6", "Four segments close the connection; there were {}.",
                "四个报文段释放连接；实际 {} 个。", closing_segments.size());
    const std::vector<State> active{State::closed,     State::syn_sent,  State::established, State::fin_wait_1,
                                    State::fin_wait_2, State::time_wait, State::closed};
    const std::vector<State> passive{State::listen,     State::syn_received, State::established,
                                     State::close_wait, State::last_ack,     State::closed};
    story.check(net.path(kClient) == active, "RFC 9293 3.3.2 figure 5", "The client goes {}.", "客户端经过 {}。",
                path_text(net.path(kClient)));
    story.check(net.path(kServer) == passive, "RFC 9293 3.3.2 figure 5", "The server goes {}.", "服务器经过 {}。",
                path_text(net.path(kServer)));
    check_two_msl(story, net, story.time("msl"));
}

void play_three_segment(Story& story) {
    Ground& net = story.ground();
    net.pair(link_of(story));
    Service& service = net.listen();
    const Closing pair = open_pair(story, net, service, story.time("notice"));
    const Instant closing = net.world.now();
    net.note(kClient, "close()");
    pair.client->close();
    net.run();
    const Segment fin = net.segment([](const Segment& s) { return from_server(s) && s.is_fin(); });
    const auto segments = net.segments([&](const Segment& s) { return s.sent >= closing; });
    story.remark(net, fin,
                 "The server's application closes as soon as it reads the end: its FIN and the ACK of the client's FIN "
                 "go in one segment.",
                 "服务器应用一读到结尾就关闭：它的 FIN 与对客户端 FIN 的确认合在一个报文段里。");
    story.show(net, 0, {.from = closing});
    story.tell("FIN-WAIT-2 is skipped: from FIN-WAIT-1 straight to TIME-WAIT.",
               "跳过 FIN-WAIT-2：从 FIN-WAIT-1 直接进入 TIME-WAIT。");
    if (story.time("notice") > Duration::zero()) {
        story.not_applicable("RFC 9293 3.10.7.4 eighth",
                             "FIN and ACK in one segment: the server took {} to close, and ACK does not wait for that",
                             "FIN 与 ACK 合一：服务器过了 {} 才关闭，而确认不等它", show(story.time("notice")));
        return;
    }
    story.check(segments.size() == 3, "RFC 9293 3.6", "Three segments close the connection; there were {}.",
                "三个报文段释放连接；实际 {} 个。", segments.size());
    const std::vector<State> path{State::closed,     State::syn_sent,  State::established,
                                  State::fin_wait_1, State::time_wait, State::closed};
    story.check(net.path(kClient) == path, "RFC 9293 3.10.7.4 eighth", "The client goes {}.", "客户端经过 {}。",
                path_text(net.path(kClient)));
    check_two_msl(story, net, 2min);
}

void play_half_close(Story& story) {
    const std::uint64_t octets = story.number("answer");
    Ground& net = story.ground();
    net.pair(link_of(story));
    Service& service = net.listen();
    service.on_accept = [&](App& app) {
        app.on_end = [&](App& a) {
            a.say_octets(octets);
            a.finish();
        };
    };
    App& client = net.connect();
    client.say("how many words are in this text?\n");
    client.finish();
    net.run();
    const Segment fin = net.segment([](const Segment& s) { return from_client(s) && s.is_fin(); });
    const Segment answer = net.segment([](const Segment& s) { return from_server(s) && s.has_data(); });
    const Segment acked = net.segment([&](const Segment& s) {
        return from_client(s) && s.is_bare_ack() && answer.arrived && s.sent >= *answer.arrived;
    });
    story.remark(net, fin, "shutdown(): the question is complete. The client can't send any more, but it still reads.",
                 "shutdown()：问题说完了。客户端不能再发送，但仍在接收。");
    story.remark(net, answer, "The server is in CLOSE-WAIT and sends {} octets: its direction is as open as before.",
                 "服务器在 CLOSE-WAIT，发送 {} 字节：它的方向依然敞开。", grouped(octets));
    story.remark(net, acked, "The client, in FIN-WAIT-2, acknowledges; that takes no sequence number.",
                 "客户端在 FIN-WAIT-2 照常确认；确认不占序号。");
    story.show(net);
    story.check(client.heard.size() == octets && client.error == tcp::Error::none, "RFC 9293 3.6 case 1",
                "After its FIN the client still receives the whole answer: {} of {} octets.",
                "发出 FIN 之后，客户端仍收到完整的回答：{} / {} 字节。", grouped(client.heard.size()), grouped(octets));
    const auto waiting = net.reached(kClient, State::fin_wait_2), done = net.reached(kClient, State::time_wait);
    story.check(waiting && done && client.last_heard && *client.last_heard >= *waiting, "RFC 9293 3.10.7.4 seventh",
                "It receives in FIN-WAIT-2, for {}.", "它在 FIN-WAIT-2 状态接收，历时 {}。",
                show(waiting && done ? *done - *waiting : Duration{}));
    const auto half = net.reached(kServer, State::close_wait), all = net.reached(kServer, State::last_ack);
    story.check(half && all && answer.sent >= *half, "RFC 9293 3.10.2", "The server sends in CLOSE-WAIT, for {}.",
                "服务器在 CLOSE-WAIT 状态发送，历时 {}。", show(half && all ? *all - *half : Duration{}));
}

void play_simultaneous(Story& story) {
    Ground& net = story.ground();
    net.pair(link_of(story));
    Service& service = net.listen();
    const Closing pair = open_pair(story, net, service, 0ms);
    const Instant closing = net.world.now();
    net.note(kClient, "close()");
    pair.client->close();
    net.world.after(story.time("later"), [&] {
        net.note(kServer, "close()");
        if (pair.server != nullptr) pair.server->close();
    });
    net.run();
    const auto fins = net.segments([](const Segment& s) { return s.is_fin(); });
    if (fins.size() > 1)
        story.remark(net, fins[1], "The FINs cross: each side has closed, and neither knows it of the other.",
                     "两个 FIN 交错：双方都已关闭，却互不知情。");
    story.show(net, 0, {.from = closing});
    if (story.time("later") >= story.time("delay")) {
        story.not_applicable("RFC 9293 3.6 case 3", "what happens when FINs cross: the second side closed {} later",
                             "FIN 交错时的情形：第二方晚了 {} 才关闭", show(story.time("later")));
        return;
    }
    const std::vector<State> tail{State::established, State::fin_wait_1, State::closing, State::time_wait,
                                  State::closed};
    const auto ends_so = [&](std::string_view host) {
        const auto path = net.path(host);
        return path.size() > tail.size() &&
               std::equal(tail.begin(), tail.end(), path.end() - static_cast<std::ptrdiff_t>(tail.size()));
    };
    story.check(fins.size() == 2, "RFC 9293 3.6 case 3", "Each side sends one FIN: {}.", "双方各发一个 FIN：{} 个。",
                fins.size());
    story.check(ends_so(kClient) && ends_so(kServer), "RFC 9293 3.6 case 3",
                "Both go through CLOSING and both wait in TIME-WAIT: {}.",
                "双方都经过 CLOSING，也都在 TIME-WAIT 等待：{}。", path_text(tail));
}

void play_lost_last_ack(Story& story) {
    tcp::Settings settings;
    settings.msl = story.time("msl");
    Ground& net = story.ground();
    sim::Link& link = net.pair(link_of(story), settings, settings);
    Service& service = net.listen();
    const Closing pair = open_pair(story, net, service, 5ms);
    const Instant closing = net.world.now();
    std::uint64_t left = story.number("lost");
    link.set_script(kToServer, losing([&left](const wire::TcpView& tcp) {
                        const bool bare = tcp.flags().ack() && !tcp.flags().fin() && tcp.payload().empty();
                        return bare && left > 0 && left-- > 0;
                    }));
    net.note(kClient, "close()");
    pair.client->close();
    net.run();
    const auto fins = net.segments([](const Segment& s) { return from_server(s) && s.is_fin(); });
    const auto acks = net.segments([&](const Segment& s) { return !fins.empty() && is_last_ack_of(s, fins.front()); });
    const auto begin = net.reached(kClient, State::time_wait);
    if (!acks.empty())
        story.remark(net, acks.front(), "The last ACK is lost. The client can't know: nobody acknowledges an ACK.",
                     "最后的 ACK 丢失。客户端无从得知：没有人确认一个 ACK。");
    if (fins.size() > 1)
        story.remark(net, fins[1],
                     "No ACK came, so the server, in LAST-ACK, sends its FIN again. Somebody must still be there who "
                     "knows the answer.",
                     "没有等到 ACK，服务器在 LAST-ACK 重发 FIN。对面必须还有人知道该怎样回答。");
    if (acks.size() > 1)
        story.remark(net, acks[1], "TIME-WAIT does: it acknowledges again, and the 2 MSL begin anew.",
                     "TIME-WAIT 正是为此：再次确认，并重新开始 2 MSL 计时。");
    story.show(net, 0, {.from = closing});
    const auto told = pair.server != nullptr ? pair.server->error : tcp::Error::not_connected;
    story.check(told == tcp::Error::none && pair.server != nullptr && pair.server->ended, "RFC 9293 3.6",
                "The server's connection ends in order: {}.", "服务器一端的连接正常结束：{}。", to_string(told));
    if (story.number("lost") == 0) {
        story.not_applicable("RFC 9293 3.10.7.4 eighth", "that the FIN comes again: no ACK was lost",
                             "FIN 重发：没有 ACK 丢失");
        return;
    }
    story.check(acks.size() == story.number("lost") + 1 && fins.size() == acks.size(), "RFC 9293 3.10.7.4 eighth",
                "Each FIN is acknowledged again: {} FINs, {} ACKs.",
                "每个重发的 FIN 都再次得到确认：FIN {} 个，ACK {} 个。", fins.size(), acks.size());
    const auto end = net.reached(kClient, State::closed);
    const bool longer = begin && end && *end - *begin > 2 * story.time("msl");
    story.check(longer, "RFC 9293 3.10.7.4 eighth", "The 2 MSL, {}, begin anew with each FIN: TIME-WAIT lasts for {}.",
                "每来一个 FIN，2 MSL（{}）重新计时：TIME-WAIT 历时 {}。", show(2 * story.time("msl")),
                show(begin && end ? *end - *begin : Duration{}));
}

}  // namespace

void add_close(Scenarios& all) {
    const Setting later{.name = "later",
                        .kind = Setting::Kind::time,
                        .what = {"How much later the second side closes", "第二方晚多久关闭"},
                        .initial = "5ms",
                        .another = "10ms",
                        .least = "0ms",
                        .most = "10s"};
    all.push_back({.name = "four-way-close",
                   .topic = Topic::closing,
                   .title = {"The four-way close", "四次挥手"},
                   .teaches = {"Each direction is closed for itself; who closes first waits at the end.",
                               "两个方向各自关闭；先关闭的一方最后要等待。"},
                   .settings = {delay_setting(), notice_setting("10ms", "200ms"), msl_setting()},
                   .play = play_four_way});
    all.push_back({.name = "three-segment-close",
                   .topic = Topic::closing,
                   .title = {"Three segments close it too", "三个报文段也能释放"},
                   .teaches = {"When the other side has nothing more to say either, its FIN and its ACK go together, "
                               "and FIN-WAIT-2 is skipped.",
                               "若对方也没有话要说，它的 FIN 与 ACK 合在一起，FIN-WAIT-2 便被跳过。"},
                   .settings = {delay_setting(), notice_setting("0ms", "50ms")},
                   .play = play_three_segment});
    all.push_back({.name = "half-close",
                   .topic = Topic::closing,
                   .title = {"Half-close with a long answer", "半关闭与长回答"},
                   .teaches = {"shutdown() says \"that was my question\" and leaves the other direction open for as "
                               "long as the answer takes.",
                               "shutdown() 表示「我的问题说完了」，另一个方向照样开着，直到回答完毕。"},
                   .settings = {{.name = "answer",
                                 .kind = Setting::Kind::octets,
                                 .what = {"Octets of the answer", "回答的字节数"},
                                 .initial = "40k",
                                 .another = "200k",
                                 .least = "1",
                                 .most = "2M"},
                                delay_setting()},
                   .play = play_half_close});
    all.push_back({.name = "simultaneous-close",
                   .topic = Topic::closing,
                   .title = {"Simultaneous close", "同时关闭"},
                   .teaches = {"Both sides close before the other's FIN has come: CLOSING, and TIME-WAIT on both.",
                               "双方都在对方的 FIN 到达之前关闭：经过 CLOSING，双方都有 TIME-WAIT。"},
                   .settings = {delay_setting(), later},
                   .play = play_simultaneous});
    all.push_back({.name = "lost-last-ack",
                   .topic = Topic::closing,
                   .title = {"Lost last ACK: TIME-WAIT earns its keep", "最后的 ACK 丢失：TIME-WAIT 的用处"},
                   .teaches = {"Somebody has to be there to answer a FIN that comes again; try --set msl=1ms to see "
                               "what happens otherwise.",
                               "FIN 若再来一次，总得有人回答；试试 --set msl=1ms，看看没人回答会怎样。"},
                   .settings = {{.name = "lost",
                                 .kind = Setting::Kind::count,
                                 .what = {"Last ACKs that are lost", "丢失的最后 ACK 个数"},
                                 .initial = "1",
                                 .another = "3",
                                 .least = "0",
                                 .most = "5"},
                                delay_setting(),
                                msl_setting()},
                   .play = play_lost_last_ack});
}

}  // namespace hourglass::lab
