// Opening a connection when nothing is lost (RFC 9293, section 3.5).

#include "lab/scenarios/all.h"
#include "lab/scenarios/common.h"

namespace hourglass::lab {

namespace {

using tcp::State;

void play_handshake(Story& story) {
    Ground& net = story.ground();
    net.pair(link_of(story));
    net.listen();
    App& client = net.connect();
    net.run_until([&] { return client.opened.has_value(); }, 10min);
    net.run_for(story.time("delay"));

    const Segment syn = net.segment(&Segment::is_syn);
    const Segment syn_ack = net.segment(&Segment::is_syn_ack);
    const Segment ack = net.segment([](const Segment& s) { return from_client(s) && s.is_bare_ack(); });
    story.remark(net, syn,
                 "First segment. The client chooses an initial sequence number, {}, and asks: may I send to you? SYN "
                 "takes that number, so data will begin at {}.",
                 "第一个报文段。客户端选定初始序号 {}，问道：我可以向你发送吗？SYN 占用这个序号，所以数据从 {} 开始。",
                 syn.wire_seq.raw(), (syn.wire_seq + 1).raw());
    story.remark(
        net, syn_ack,
        "Second segment. The server says two things at once: yes (ack={}, the next octet that it expects), and "
        "may I send to you? Its own initial sequence number is {}.",
        "第二个报文段。服务器一次说两件事：可以（确认号 "
        "{}，即期望收到的下一个字节），以及：我可以向你发送吗？它自己的初始序号是 {}。",
        syn_ack.wire_ack.raw(), syn_ack.wire_seq.raw());
    story.remark(net, ack,
                 "Third segment. The client says yes too: ack={}. Now each side knows that the other hears it.",
                 "第三个报文段。客户端也说可以：确认号 {}。至此双方都知道对方听得到自己。", ack.wire_ack.raw());
    story.show(net);

    const auto round_trip = client.opened.value_or(Instant{}) - syn.sent;
    story.tell("After one round trip, {}, the client may send; the server half a round trip later.",
               "经过一个往返时间 {}，客户端就可以发送数据；服务器还要再晚半个往返时间。", show(round_trip));
    const auto all = net.segments();
    story.check(all.size() == 3, "RFC 9293 3.5", "Three segments open the connection; there were {}.",
                "三个报文段建立连接；实际 {} 个。", all.size());
    story.check(syn_ack.wire_ack == syn.wire_seq + 1 && ack.wire_ack == syn_ack.wire_seq + 1, "RFC 9293 3.4",
                "Each side acknowledges the other's initial sequence number plus one: {} for {}, {} for {}.",
                "双方各自确认对方的初始序号加一：{} 对 {}，{} 对 {}。", syn_ack.wire_ack.raw(), syn.wire_seq.raw(),
                ack.wire_ack.raw(), syn_ack.wire_seq.raw());
    const std::vector<State> client_path{State::closed, State::syn_sent, State::established};
    const std::vector<State> server_path{State::listen, State::syn_received, State::established};
    story.check(net.path(kClient) == client_path && net.path(kServer) == server_path, "RFC 9293 3.3.2",
                "The client goes {}, the server {}.", "客户端经过 {}，服务器经过 {}。", path_text(net.path(kClient)),
                path_text(net.path(kServer)));
    story.check(round_trip == 2 * story.time("delay"), "RFC 9293 3.5",
                "The client has to wait for one round trip, {}; it waited {}.",
                "客户端等待一个往返时间 {}；实际等待 {}。", show(2 * story.time("delay")), show(round_trip));
}

void play_knowledge(Story& story) {
    Ground& net = story.ground();
    net.pair(link_of(story));
    net.listen();
    net.connect();
    net.run_for(4 * story.time("delay") + 1s);
    const Segment syn = net.segment(&Segment::is_syn);
    const Segment syn_ack = net.segment(&Segment::is_syn_ack);
    const Segment ack = net.segment([](const Segment& s) { return from_client(s) && s.is_bare_ack(); });

    story.remark(net, syn, "The server learns: the client can send, and I can receive. The client knows nothing yet.",
                 "服务器得知：客户端能发，自己能收。客户端此时还一无所知。");
    story.remark(
        net, syn_ack,
        "The client learns: the server heard me, so I can send and it can receive; I hear the server, so it can "
        "send and I can receive. The client knows all four.",
        "客户端得知：服务器听到了我，所以我能发、它能收；我听到了服务器，所以它能发、我能收。四件事客户端都知道了。");
    story.remark(net, ack,
                 "The server learns: the client heard me, so I can send and it can receive. Both know all four.",
                 "服务器得知：客户端听到了我，所以我能发、它能收。双方都知道了四件事。");
    story.show(net);

    const auto mark = [&](const std::optional<Instant>& since) { return since ? show(*since) : std::string("-"); };
    const std::string who_client = story.words("client knows", "客户端得知"),
                      who_server = story.words("server knows", "服务器得知");
    story.show(
        Table{{{story.words("what", "事情"), who_client, who_server},
               {story.words("the client can send", "客户端能发"), mark(syn_ack.arrived), mark(syn.arrived)},
               {story.words("the server can receive", "服务器能收"), mark(syn_ack.arrived), mark(syn.arrived)},
               {story.words("the server can send", "服务器能发"), mark(syn_ack.arrived), mark(ack.arrived)},
               {story.words("the client can receive", "客户端能收"), mark(syn_ack.arrived), mark(ack.arrived)}}});
    story.tell(
        "That is why two segments are not enough: after the second one the server still does not know whether the "
        "client can hear it. And a fourth would tell nothing new.",
        "所以两次不够：第二个报文段之后，服务器还不知道客户端能否听到自己；而第四次说不出任何新东西。");

    const auto client_sure = net.reached(kClient, State::established),
               server_sure = net.reached(kServer, State::established);
    story.check(client_sure && syn_ack.arrived && *client_sure == *syn_ack.arrived, "RFC 9293 3.10.7.3 fourth",
                "The client is sure, and ESTABLISHED, when the second segment arrives: {}.",
                "第二个报文段到达时，客户端确信无疑，进入 ESTABLISHED：{}。", mark(client_sure));
    story.check(
        server_sure && ack.arrived && *server_sure == *ack.arrived && syn.arrived && *server_sure > *syn.arrived,
        "RFC 9293 3.10.7.4 fifth", "The server is sure only with the third: {}.",
        "服务器要到第三个报文段到达才确信：{}。", mark(server_sure));
}

void play_data_in_third(Story& story) {
    const std::string request = "GET / HTTP/1.1\r\nHost: server\r\n\r\n";
    const auto played = [&](Ground& net, bool at_once) {
        net.pair(link_of(story));
        Service& service = net.listen();
        App& client = net.connect();
        client.on_open = [&net, &request, at_once](App& app) {
            if (at_once) return app.say(request);
            net.world.after(Duration::zero(), [&app, &request] { app.say(request); });
        };
        net.run_for(4 * story.time("delay") + 1s);
        return service.apps.empty() ? App(net.world) : service.apps.front();
    };
    const bool at_once = story.chosen("write", "at-once");
    Ground& net = story.ground();
    const App heard = played(net, at_once);
    const Segment first = net.segment([](const Segment& s) { return from_client(s) && s.has_data(); });
    const Segment ack = net.segment([](const Segment& s) { return from_client(s) && s.flags.ack() && !s.is_syn(); });
    story.remark(
        net, first,
        "{} octets of data with seq={} and ack={}: the client is ESTABLISHED and need not wait. ack= also does "
        "the work of the third segment.",
        "{} 字节数据，序号 {}，确认号 {}：客户端已是 ESTABLISHED，不必再等。其中的确认号同时完成第三个报文段的任务。",
        first.length, first.seq, first.ack);
    story.show(net);
    story.tell(
        "The SYN and the SYN-ACK carry no data, the third segment may. The server can be sure of the client as soon as "
        "this segment acknowledges its SYN: it goes to ESTABLISHED and takes the data in one step.",
        "SYN 和 SYN-ACK 不带数据，第三个报文段可以带。这个报文段一旦确认了服务器的 "
        "SYN，服务器就确信无疑：在同一步里进入 ESTABLISHED 并收下数据。");

    story.check(first.exists && first.seq == 1, "RFC 9293 3.4",
                "Data begins at the number behind the SYN: seq=1; it was seq={}.",
                "数据从 SYN 之后的序号开始：1；实际为 {}。", first.seq);
    story.check(heard.heard == request, "RFC 9293 3.10.7.4 seventh",
                "The server's application has read all {} octets; it read {}.",
                "服务器应用读到全部 {} 字节；实际 {} 字节。", request.size(), heard.heard.size());
    if (at_once)
        story.check(ack.exists && ack.step == first.step, "RFC 9293 3.10.7.3 fourth",
                    "The third segment itself has the data: {} octets in it.",
                    "第三个报文段自己就带着数据：其中有 {} 字节。", ack.length);
    else
        story.not_applicable(
            "RFC 9293 3.10.7.3 fourth",
            "whether the third segment has the data: the application wrote after connect() had returned",
            "第三个报文段是否带数据：应用在 connect() 返回之后才写");
    const auto waited = first.sent - net.segment(&Segment::is_syn).sent;
    story.check(waited == 2 * story.time("delay"), "RFC 9293 3.5", "Data leaves after one round trip: {}.",
                "数据在一个往返时间之后发出：{}。", show(waited));
}

void play_syn_fin_count(Story& story) {
    const std::uint64_t octets = story.number("octets");
    Ground& net = story.ground();
    net.pair(link_of(story));
    Service& service = net.listen();
    service.on_accept = [](App& app) { app.on_end = [](App& a) { a.close(); }; };
    App& client = net.connect();
    client.say_octets(octets);
    client.finish();
    net.run();
    const Segment syn = net.segment(&Segment::is_syn), syn_ack = net.segment(&Segment::is_syn_ack);
    const Segment fin = net.segment([](const Segment& s) { return from_client(s) && s.is_fin(); });
    const Segment last =
        net.segment([&](const Segment& s) { return from_server(s) && s.ack == fin.seq + fin.length + 1; });
    story.remark(net, syn, "SYN takes number 0, though there is not one octet of data in it.",
                 "SYN 占用序号 0，虽然里面一个字节的数据也没有。");
    story.remark(net, syn_ack,
                 "ack=1: the SYN has come. Without a number of its own nobody could acknowledge it, or miss it.",
                 "确认号 1：SYN 已收到。若没有自己的序号，谁也无法确认它，丢了也无从发现。");
    story.remark(net, fin, "FIN takes the number behind the last octet: {}.", "FIN 占用最后一个字节之后的序号：{}。",
                 fin.seq + fin.length);
    story.remark(net, last, "ack={}: {} octets, and two more, for SYN and FIN.",
                 "确认号 {}：{} 字节，再加上 SYN 和 FIN 各一个。", last.ack, octets);
    story.show(net);
    story.tell("A pure acknowledgement takes no number: nobody acknowledges an acknowledgement.",
               "纯确认不占用序号：确认本身无须再被确认。");

    story.check(syn_ack.ack == 1, "RFC 9293 3.4", "The SYN is acknowledged with 1; it was {}.",
                "SYN 以确认号 1 得到确认；实际为 {}。", syn_ack.ack);
    story.check(last.exists && last.ack == octets + 2, "RFC 9293 3.4",
                "The last acknowledgement is {} octets + SYN + FIN = {}; it was {}.",
                "最后的确认号是 {} 字节 + SYN + FIN = {}；实际为 {}。", octets, octets + 2, last.ack);
    const auto acks = net.segments([](const Segment& s) { return from_client(s) && s.is_bare_ack(); });
    const bool free = std::ranges::all_of(acks, [&](const Segment& s) { return s.seq == 1 || s.seq == octets + 2; });
    story.check(!acks.empty() && free, "RFC 9293 3.4",
                "The client's {} bare acknowledgements took no number: what follows has the same seq=.",
                "客户端的 {} 个纯确认不占序号：其后的报文段序号不变。", acks.size());
}

void play_refused(Story& story) {
    Ground& net = story.ground();
    net.pair(link_of(story));
    const auto port = static_cast<std::uint16_t>(story.number("listen"));
    if (port != 0) net.listen(kServer, Ground::server_address(port));
    App& client = net.connect();
    net.run_for(2min);
    const Segment syn = net.segment(&Segment::is_syn), rst = net.segment(&Segment::is_rst);
    story.remark(net, syn, "A SYN to port 80, where nobody listens.", "发往 80 端口的 SYN，而那里没有进程监听。");
    story.remark(net, rst, "The server's TCP answers at once: no such connection. ack={} shows which SYN is meant.",
                 "服务器的 TCP 立即回答：没有这个连接。确认号 {} 表明指的是哪个 SYN。", rst.ack);
    story.show(net);
    story.tell(
        "A refusal takes one round trip. A server that does not exist, or a firewall that swallows the SYN, says "
        "nothing: there the client would try for minutes (see lost-syn).",
        "被拒绝只花一个往返时间。若服务器不存在，或防火墙吞掉 SYN，则毫无回音：客户端要试上好几分钟（见 lost-syn）。");
    story.check(client.error == tcp::Error::refused, "RFC 9293 3.10.7.3 second", "connect() fails with: {}.",
                "connect() 失败，错误是：{}。", to_string(client.error));
    story.check(rst.exists && rst.ack == 1 && rst.wire_seq == tcp::Seq(0), "RFC 9293 3.5.2",
                "The RST has seq=0 on the wire and acknowledges the SYN; seq={} ack={}.",
                "RST 在线路上的序号为 0，并确认了 SYN；序号 {}，确认号 {}。", rst.wire_seq.raw(), rst.ack);
    const auto took = client.ended.value_or(Instant::max()) - syn.sent;
    story.check(took == 2 * story.time("delay"), "RFC 9293 3.5.2", "It takes one round trip: {}.",
                "只花一个往返时间：{}。", show(took));
}

void play_simultaneous_open(Story& story) {
    Ground& net = story.ground();
    net.pair(link_of(story));
    App& one = net.connect(kClient, Ground::server_address(), {.local = Ground::client_address(5000)});
    App* other = nullptr;
    net.world.after(story.time("later"), [&] {
        other = &net.connect(kServer, Ground::client_address(5000), {.local = Ground::server_address()});
    });
    net.run_for(4 * story.time("delay") + story.time("later") + 5s);
    const auto syns = net.segments(&Segment::is_syn);
    const auto syn_acks = net.segments(&Segment::is_syn_ack);
    if (syns.size() > 1)
        story.remark(net, syns[1], "The two SYNs cross. Nobody is the server: both have called connect().",
                     "两个 SYN 在途中交错。没有谁是服务器：双方都调用了 connect()。");
    if (!syn_acks.empty())
        story.remark(net, syn_acks[0],
                     "A SYN where a SYN-ACK was expected: the side goes to SYN-RECEIVED and says both.",
                     "等的是 SYN-ACK，来的却是 SYN：这一方进入 SYN-RECEIVED，把 SYN 与 ACK 一起说出。");
    story.show(net);
    story.tell("Four segments, and one connection, not two: both ends' addresses and ports are the same pair.",
               "四个报文段，建立的是一个连接而不是两个：两端的地址和端口是同一对。");
    if (story.time("later") >= story.time("delay")) {
        story.not_applicable("RFC 9293 3.5",
                             "what happens when SYNs cross: the second side began {} later, when the first SYN had "
                             "arrived",
                             "SYN 交错时的情形：第二方晚了 {} 才开始，第一个 SYN 已经到达", show(story.time("later")));
        return;
    }
    story.check(syns.size() == 2 && syn_acks.size() == 2, "RFC 9293 3.5",
                "Two SYNs cross and each is answered: {} SYNs, {} SYN-ACKs.",
                "两个 SYN 交错，各得一个回答：SYN {} 个，SYN-ACK {} 个。", syns.size(), syn_acks.size());
    const std::vector<State> path{State::closed, State::syn_sent, State::syn_received, State::established};
    story.check(net.path(kClient) == path && net.path(kServer) == path, "RFC 9293 3.5", "Both go {}.",
                "双方都经过 {}。", path_text(net.path(kClient)));
    story.check(
        net.tcp(kClient).size() == 1 && net.tcp(kServer).size() == 1 && one.opened && other != nullptr && other->opened,
        "RFC 9293 3.5 MUST-10", "It is one connection: each side holds {}.", "只有一个连接：每一方各持有 {} 个。",
        net.tcp(kClient).size());
}

void play_data_in_syn(Story& story) {
    const std::string request = "GET / HTTP/1.1\r\nHost: server\r\n\r\n";
    const bool cookies = story.chosen("server", "with-cookies");
    tcp::Settings server;
    server.fast_open_backlog = cookies ? 16 : 0;
    tcp::Settings asking;
    asking.connect_fast = true;
    Ground& net = story.ground();
    net.pair(link_of(story), asking, server);
    Service& service = net.listen();
    const auto visit = [&] {
        App& client = net.connect();
        client.say(request);
        net.run_for(6 * story.time("delay") + 1s);
        client.close();
        if (!service.apps.empty()) service.apps.back().close();
        net.run_for(10min);
    };
    visit();
    visit();
    const auto heard_at = [&](std::size_t number) {
        const auto app = std::next(service.apps.begin(), static_cast<std::ptrdiff_t>(number));
        return service.apps.size() > number && app->first_heard ? *app->first_heard : kNever;
    };
    const auto syns = net.segments(&Segment::is_syn);
    const Instant first_syn = syns.empty() ? Instant{} : syns[0].sent;
    const Segment second = syns.size() > 1 ? syns[1] : Segment{};
    const Duration first_wait = heard_at(0) - first_syn, second_wait = heard_at(1) - second.sent;
    if (!syns.empty())
        story.remark(
            net, syns[0],
            "The request is written already, and waits. A SYN may be old, and its source may be forged: what it "
            "brings must not reach an application before the other side has answered.",
            "请求已经写好，却在等待。SYN 可能是旧的，源地址可能是伪造的：对方回答之前，它带来的东西不能交给应用。");
    story.show(net, 0, {.until = first_syn + 6 * story.time("delay") + 1s});
    story.remark(net, second, "The same again. This SYN has {} octets of data.",
                 "再来一次。这个 SYN 带有 {} 字节数据。", second.length);
    story.show(net, 1, {.until = second.sent + 6 * story.time("delay") + 1s});
    story.tell("The request reached the application {} after the first SYN, and {} after the second.",
               "第一次，请求在 SYN 发出 {} 之后到达应用；第二次是 {} 之后。", show(first_wait), show(second_wait));
    story.tell(
        "TCP Fast Open (RFC 7413) saves the round trip for clients who have been here: a cookie in the SYN proves that "
        "the address is theirs. Against old SYNs it proves nothing: only requests that may arrive twice should go that "
        "way.",
        "TCP 快速打开（RFC 7413）为来过的客户端省去一个往返：SYN 里的 cookie 证明地址确实属于它。但它证明不了 SYN "
        "不是旧的："
        "只有重复到达也无妨的请求才该这样发。");
    story.check(!syns.empty() && syns[0].length == 0 && first_wait == 3 * story.time("delay"), "RFC 9293 3.5",
                "Without a cookie data waits for the handshake: {} to the application.",
                "没有 cookie 时数据要等握手完成：{} 之后到达应用。", show(first_wait));
    if (!cookies) {
        story.not_applicable("RFC 7413 4.2",
                             "data in the SYN: the server grants no cookies; both visits waited the same",
                             "SYN 携带数据：服务器不发 cookie，两次访问一样要等");
        return;
    }
    story.check(second.length == request.size() && second_wait == story.time("delay"), "RFC 7413 4.2.2",
                "With the cookie of the first visit {} octets go in the SYN and arrive after half a round trip: {}.",
                "凭第一次得到的 cookie，{} 字节随 SYN 发出，半个往返之后到达：{}。", second.length, show(second_wait));
}

}  // namespace

void add_handshake(Scenarios& all) {
    all.push_back(
        {.name = "handshake",
         .topic = Topic::opening,
         .title = {"The three-way handshake", "三次握手"},
         .teaches = {"How two ends that know nothing of each other agree on a connection: three segments, two "
                     "initial sequence numbers, and what becomes of the states.",
                     "互不相识的两端如何商定一个连接：三个报文段，两个初始序号，以及状态的变化。"},
         .settings = {delay_setting()},
         .play = play_handshake});
    all.push_back(
        {.name = "knowledge",
         .topic = Topic::opening,
         .title = {"What each side knows after each segment", "每个报文段之后双方各知道什么"},
         .teaches = {"Why it takes three segments and not two or four: each side has to learn that it can send and "
                     "receive, and that the other can.",
                     "为什么是三次，而不是两次或四次：双方都要确知自己能发能收，对方也能发能收。"},
         .settings = {delay_setting()},
         .play = play_knowledge});
    all.push_back(
        {.name = "data-in-third",
         .topic = Topic::opening,
         .title = {"Data in the third segment", "第三个报文段携带数据"},
         .teaches = {"The client may send as soon as the SYN-ACK has come; the third segment can take data along.",
                     "收到 SYN-ACK 后客户端即可发送；第三个报文段可以携带数据。"},
         .settings = {delay_setting(),
                      {.name = "write",
                       .kind = Setting::Kind::choice,
                       .what = {"When the application writes: at once, or after connect() has returned",
                                "应用何时写：立即，或在 connect() 返回之后"},
                       .initial = "at-once",
                       .another = "after-connect",
                       .choices = {"at-once", "after-connect"}}},
         .play = play_data_in_third});
    all.push_back(
        {.name = "data-in-syn",
         .topic = Topic::opening,
         .title = {"Data in the SYN, and why it waits", "SYN 携带数据，以及为何要等"},
         .teaches = {"Why a request that is ready still waits for a round trip, and how a cookie can save it.",
                     "请求已备好，为何仍要等一个往返；cookie 又如何省下它。"},
         .settings = {delay_setting(),
                      {.name = "server",
                       .kind = Setting::Kind::choice,
                       .what = {"Whether the server grants fast open cookies", "服务器是否发放快速打开 cookie"},
                       .initial = "with-cookies",
                       .another = "without",
                       .choices = {"with-cookies", "without"}}},
         .play = play_data_in_syn});
    all.push_back(
        {.name = "syn-fin-count",
         .topic = Topic::opening,
         .title = {"SYN and FIN each take a sequence number", "SYN 与 FIN 各占一个序号"},
         .teaches = {"What is to be acknowledged needs a number: every octet, and SYN and FIN as if they were one.",
                     "要得到确认就得有序号：每个字节都有，SYN 和 FIN 各当作一个字节。"},
         .settings = {delay_setting(),
                      {.name = "octets",
                       .kind = Setting::Kind::octets,
                       .what = {"What the client sends", "客户端发送的字节数"},
                       .initial = "100",
                       .another = "700",
                       .least = "1",
                       .most = "1000"}},
         .play = play_syn_fin_count});
    all.push_back(
        {.name = "refused",
         .topic = Topic::opening,
         .title = {"Connection refused", "连接被拒绝"},
         .teaches = {"What a host says when nobody listens at a port, and how fast.",
                     "端口上没有进程监听时，主机怎么说，说得多快。"},
         .settings = {delay_setting(),
                      {.name = "listen",
                       .kind = Setting::Kind::count,
                       .what = {"A port where the server listens all the same; the client asks for 80; 0: none",
                                "服务器仍在监听的端口；客户端要的是 80；0 表示没有"},
                       .initial = "0",
                       .another = "80",
                       .least = "0",
                       .most = "65535",
                       .breaks = true}},
         .play = play_refused});
    all.push_back({.name = "simultaneous-open",
                   .topic = Topic::opening,
                   .title = {"Simultaneous open", "同时打开"},
                   .teaches = {"Both ends call connect() at the same time: two SYNs cross and become one connection.",
                               "双方同时调用 connect()：两个 SYN 交错，成为一个连接。"},
                   .settings = {delay_setting(),
                                {.name = "later",
                                 .kind = Setting::Kind::time,
                                 .what = {"How much later the second side begins", "第二方晚多久开始"},
                                 .initial = "5ms",
                                 .another = "10ms",
                                 .least = "0ms",
                                 .most = "10s"}},
                   .play = play_simultaneous_open});
}

}  // namespace hourglass::lab
