// Names and addresses (RFC 1034, RFC 1035).

#include "hourglass/dns/over_host.h"
#include "lab/scenarios/all.h"
#include "lab/scenarios/common.h"

namespace hourglass::lab {

namespace {

void play_dns_cache(Story& story) {
    const Duration ttl = story.time("ttl");
    Ground& net = story.ground();
    net.add_host(kClient);
    net.add_host("resolver");
    const IpAddress resolver_address = IpAddress::v4(192, 0, 2, 53);
    net.world.connect({"client", {"192.0.2.10/24"}}, {"resolver", {"192.0.2.53/24"}}, link_of(story));
    net.watch();
    auto zone = dns::Zone::parse(
        fmt::format("$ORIGIN example.com.\n$TTL {}\n@ IN SOA ns hostmaster 1 3600 600 86400 60\n@ IN NS ns\nns IN A "
                    "192.0.2.53\nwww IN A 198.51.100.80\n",
                    std::max<std::int64_t>(1, std::chrono::duration_cast<std::chrono::seconds>(ttl).count())));
    if (!zone) throw std::runtime_error("the lesson's zone is wrong");
    std::vector<dns::Zone> zones;
    zones.push_back(std::move(*zone));
    dns::HostServer server(net.world.host("resolver"), std::move(zones));
    if (auto ok = server.listen({resolver_address, Port(53)}); !ok) throw std::runtime_error(ok.error());
    dns::ResolverSettings settings;
    settings.servers = {{resolver_address, Port(53)}};
    dns::HostResolver resolver(net.world.host(kClient), settings);
    const std::string name = story.text("name") == "exists" ? "www.example.com" : "ww.example.com";

    struct Asked {
        Instant at{};
        Duration took{};
        std::string answer{};
        std::size_t queries = 0;
    };
    const auto queries_sent = [&] {
        return static_cast<std::size_t>(std::ranges::count_if(net.recorder.steps(), [](const trace::Step& step) {
            const auto* trip = std::get_if<trace::PacketTrip>(&step.what);
            return trip != nullptr && step.host == kClient && trip->summary.protocol == "DNS";
        }));
    };
    const auto ask = [&] {
        Asked asked{.at = net.world.now()};
        net.world.host(kClient).poll(asked.at);  // so that the resolver knows how old its answers are
        const std::size_t before = queries_sent();
        net.note(kClient, story.words("resolve {}", "解析 {}", name));
        bool done = false;
        resolver.resolve(name, dns::Families::v4, [&](const dns::ResolveResult& result, Instant now) {
            asked.took = now - asked.at;
            asked.answer = result ? result->addresses.front().to_string() : std::string(to_string(result.error()));
            done = true;
        });
        net.run_until([&] { return done; }, 1min);
        asked.queries = queries_sent() - before;
        return asked;
    };
    const Asked first = ask();
    net.run_for(1s);
    const Asked second = ask();
    net.world.run_until(first.at + first.took + ttl + 1s);
    const Asked third = ask();
    net.run_for(1s);

    story.show_datagrams(net, kClient, "resolver");
    story.show(Table{{{story.words("asked", "第几次"), story.words("at", "时刻"), story.words("answer", "回答"),
                       story.words("packets sent", "发出的分组"), story.words("took", "用时")},
                      {"1", show(first.at), first.answer, grouped(first.queries), show(first.took)},
                      {"2", show(second.at), second.answer, grouped(second.queries), show(second.took)},
                      {"3", show(third.at), third.answer, grouped(third.queries), show(third.took)}}});
    story.tell(
        "An answer may be kept for as long as its time to live says, here {}. A name that does not exist is remembered "
        "as well, for as long as the zone's SOA says.",
        "回答可以保存到它的生存时间 TTL 为止，这里是 {}。名字不存在这件事同样会被记住，时长由区的 SOA 规定。",
        show(ttl));
    const bool exists = story.text("name") == "exists";
    story.check(first.queries == 1 && first.took == 2 * story.time("delay"), "RFC 1035 4.2.1",
                "The first question takes one datagram and a round trip: {} sent, {}.",
                "第一次要发一个数据报，花一个往返：{} 个，{}。", first.queries, show(first.took));
    if (ttl <= 1s + first.took)
        story.not_applicable("RFC 1035 3.2.1", "the cache: a time to live of {} is over when the second question comes",
                             "缓存：生存时间 {} 在第二次提问前已过", show(ttl));
    else
        story.check(second.queries == 0 && second.took == Duration::zero() && second.answer == first.answer,
                    "RFC 1035 3.2.1", "The second is answered from the cache: {} sent, {}.",
                    "第二次由缓存回答：发出 {} 个，{}。", second.queries, show(second.took));
    if (exists)
        story.check(third.queries == 1, "RFC 1035 3.2.1", "After the time to live it is asked again: {} sent.",
                    "生存时间过后再次询问：发出 {} 个。", third.queries);
    else
        story.check(first.answer == third.answer && first.answer.find('.') == std::string::npos, "RFC 2308 5",
                    "A name that does not exist is an answer too: {}.", "名字不存在也是一种回答：{}。", third.answer);
}

}  // namespace

void add_names(Scenarios& all) {
    all.push_back({.name = "dns-cache",
                   .topic = Topic::web,
                   .title = {"DNS with a cache", "DNS 与缓存"},
                   .teaches = {"How a name becomes an address, and why mostly nobody has to be asked.",
                               "名字如何变成地址，又为何多半无须询问任何人。"},
                   .settings = {{.name = "ttl",
                                 .kind = Setting::Kind::time,
                                 .what = {"The time to live of the address", "地址记录的生存时间"},
                                 .initial = "300s",
                                 .another = "30s",
                                 .least = "1s",
                                 .most = "24h"},
                                {.name = "name",
                                 .kind = Setting::Kind::choice,
                                 .what = {"Whether the name exists", "名字是否存在"},
                                 .initial = "exists",
                                 .another = "missing",
                                 .choices = {"exists", "missing"}},
                                delay_setting()},
                   .play = play_dns_cache});
}

}  // namespace hourglass::lab
