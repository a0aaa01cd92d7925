// SYN floods (RFC 4987).

#include "lab/scenarios/all.h"
#include "lab/scenarios/common.h"

namespace hourglass::lab {

namespace {

constexpr auto kAttack = 3s;
constexpr std::size_t kHalfOpenEntry = 64;  // octets, at most

struct Defence {
    std::size_t asked = 0, came_in = 0;
    std::uint64_t most_half_open = 0, cookies_sent = 0, cookies_accepted = 0, dropped = 0;
    Duration longest{};
};

/// Sends SYNs from addresses that nobody has, evenly spaced.
void flood(Ground& net, std::uint64_t per_second) {
    if (per_second == 0) return;
    const Duration space = Duration(std::chrono::seconds(1)) / static_cast<std::int64_t>(per_second);
    auto random = std::make_shared<Random>(net.world.random("flood"));
    for (Duration at{}; at < Duration(kAttack); at += space)
        net.world.after(at, [&net, random] {
            const auto host = static_cast<std::uint8_t>(1 + random->below(254));
            const auto port = static_cast<std::uint16_t>(1024 + random->below(64000));
            const auto seq = tcp::Seq(static_cast<std::uint32_t>(random->next()));
            net.inject("attacker", {IpAddress::v4(192, 0, 2, host), Port(port)}, Ground::server_address(),
                       {.seq = seq, .flags = wire::TcpFlags::kSyn, .window = 65535});
        });
}

Defence defend(Story& story, Ground& net, tcp::SynCookies cookies) {
    tcp::Settings server;
    server.syn_cookies = cookies;
    net.add_host(kClient);
    net.add_host("attacker");
    net.add_host(kServer, server);
    net.world.connect({"client", {"10.0.0.1/24"}}, {"server", {"10.0.0.2/24"}}, link_of(story));
    net.world.connect({"attacker", {"10.0.1.1/24"}}, {"server", {"10.0.1.2/24"}}, link_of(story));
    net.world.add_route("server", "192.0.2.0/24", "10.0.1.1");
    net.watch();
    Service& service =
        net.listen(kServer, Ground::server_address(), {.half_open = static_cast<std::uint32_t>(story.number("queue"))});
    Defence result;
    net.world.set_step_hook([&] {
        if (service.listener.exists())
            result.most_half_open = std::max<std::uint64_t>(result.most_half_open, service.listener.half_open_count());
    });
    flood(net, story.number("attack"));
    std::vector<std::pair<App*, Instant>> clients;
    for (std::uint64_t i = 0; i < story.number("clients"); ++i) {
        net.run_for(Duration(kAttack) / static_cast<std::int64_t>(story.number("clients") + 1));
        clients.emplace_back(&net.connect(), net.world.now());
    }
    net.run_until([&] { return net.world.now() >= Instant(Duration(kAttack)); }, kAttack);
    net.world.set_step_hook({});
    result.asked = clients.size();
    for (const auto& [app, since] : clients) {
        if (!app->opened) continue;
        ++result.came_in;
        result.longest = std::max(result.longest, *app->opened - since);
    }
    const tcp::Counters& counters = net.tcp(kServer).counters();
    result.cookies_sent = counters.syn_cookies_sent;
    result.cookies_accepted = counters.syn_cookies_accepted;
    result.dropped = counters.dropped_half_open_full;
    return result;
}

void play_flood(Story& story) {
    Ground& bare = story.ground({"without cookies", "不用 cookie"});
    const Defence without = defend(story, bare, tcp::SynCookies::off);
    Ground& cooked = story.ground({"with cookies", "使用 cookie"});
    const Defence with = defend(story, cooked, tcp::SynCookies::when_full);

    story.tell(
        "For {} an attacker sends {} SYNs a second, each from an address that does not answer; meanwhile {} honest "
        "clients come. The server's half-open queue has room for {}.",
        "攻击者在 {} 内每秒发出 {} 个 SYN，来源地址都不会应答；其间有 {} 个守规矩的客户端到来。服务器的半连接队列容纳 "
        "{} 个。",
        show(Duration(kAttack)), story.number("attack"), without.asked, story.number("queue"));
    const auto first_answer = [](Ground& net, tcp::SendReason reason) {
        return net.segment([reason](const Segment& s) { return from_server(s) && s.reason == reason; });
    };
    const auto came = [](Ground& net) {
        return net.segment([](const Segment& s) { return from_client(s) && s.is_syn() && s.sent > Instant(1s); });
    };
    const Segment shut_out = came(bare), let_in = came(cooked);
    story.heading("Without cookies", "不用 cookie");
    story.remark(bare, shut_out, "An honest SYN finds the queue full of entries that will never be completed.",
                 "守规矩的 SYN 发现队列已被永远完不成的条目占满。");
    story.show(bare, shut_out.connection, {.until = Instant(Duration(kAttack))});
    story.heading("With cookies", "使用 cookie");
    const Segment cookie =
        cooked.segment([&](const Segment& s) { return s.connection == let_in.connection && s.is_syn_ack(); });
    story.remark(
        cooked, cookie,
        "The queue is full here too. The server keeps nothing: what it needs to know is in its initial "
        "sequence number {}, signed with a secret. Only who receives it can acknowledge it.",
        "这里队列同样是满的。服务器什么也不存：要记的都编在初始序号 {} 里，并用密钥签名。只有收到它的人才能确认它。",
        cookie.wire_seq.raw());
    story.show(cooked, let_in.connection);
    story.show(Table{
        {{"", story.words("without", "不用"), story.words("with cookies", "使用 cookie")},
         {story.words("honest clients that came in", "连上的守规矩客户端"),
          fmt::format("{} / {}", without.came_in, without.asked), fmt::format("{} / {}", with.came_in, with.asked)},
         {story.words("half-open entries at most", "半连接条目最多"), grouped(without.most_half_open),
          grouped(with.most_half_open)},
         {story.words("octets of memory for them at most", "所占内存最多（字节）"),
          grouped(without.most_half_open * kHalfOpenEntry), grouped(with.most_half_open * kHalfOpenEntry)},
         {story.words("SYNs dropped", "丢弃的 SYN"), grouped(without.dropped), grouped(with.dropped)},
         {story.words("SYNs answered with a cookie", "以 cookie 回答的 SYN"), grouped(without.cookies_sent),
          grouped(with.cookies_sent)}}});
    story.check(with.came_in == with.asked && with.longest <= 2 * story.time("delay"), "RFC 4987 3.6",
                "With cookies all {} clients come in, none later than after {}: {}.",
                "使用 cookie 时 {} 个客户端全部连上，最慢也只用 {}：{}。", with.asked, show(2 * story.time("delay")),
                show(with.longest));
    story.check(without.most_half_open <= story.number("queue") && with.most_half_open <= story.number("queue"),
                "RFC 4987 3", "The queue never holds more than {}: {} and {}.", "队列从不超过 {} 个：{} 和 {}。",
                story.number("queue"), without.most_half_open, with.most_half_open);
    const bool enough = story.number("attack") * 1 > story.number("queue");
    if (enough)
        story.check(without.came_in * 2 < without.asked && without.dropped > 0 &&
                        first_answer(cooked, tcp::SendReason::syn_cookie).exists,
                    "RFC 4987 2", "Without them the flood keeps most clients out: {} of {} came in.",
                    "不用 cookie 时洪水把大多数客户端挡在门外：{} / {} 连上。", without.came_in, without.asked);
    else
        story.not_applicable("RFC 4987 2",
                             "that the flood keeps clients out: {} SYNs a second do not fill {} places within a second",
                             "洪水把客户端挡在门外：每秒 {} 个 SYN 一秒内占不满 {} 个位置", story.number("attack"),
                             story.number("queue"));
}

}  // namespace

void add_floods(Scenarios& all) {
    all.push_back({.name = "syn-flood",
                   .topic = Topic::opening,
                   .title = {"SYN flood, without and with cookies", "SYN 洪水，不用与使用 cookie"},
                   .teaches = {"How SYNs with forged sources fill the half-open queue, and how a server can answer "
                               "without remembering anything.",
                               "源地址伪造的 SYN 如何占满半连接队列，服务器又如何做到不作任何记录就能回答。"},
                   .settings = {{.name = "attack",
                                 .kind = Setting::Kind::count,
                                 .what = {"Forged SYNs a second", "每秒伪造的 SYN 个数"},
                                 .initial = "1000",
                                 .another = "50",
                                 .least = "0",
                                 .most = "5000"},
                                {.name = "queue",
                                 .kind = Setting::Kind::count,
                                 .what = {"Places in the half-open queue", "半连接队列的长度"},
                                 .initial = "64",
                                 .another = "256",
                                 .least = "1",
                                 .most = "10000"},
                                {.name = "clients",
                                 .kind = Setting::Kind::count,
                                 .what = {"Honest clients", "守规矩的客户端个数"},
                                 .initial = "10",
                                 .another = "5",
                                 .least = "3",
                                 .most = "100"},
                                delay_setting("20ms", "50ms", "0ms", "200ms")},
                   .play = play_flood});
}

}  // namespace hourglass::lab
