// How much a sender may have in flight.

#include "lab/scenarios/all.h"
#include "lab/scenarios/common.h"

namespace hourglass::lab {

namespace {

constexpr Instant kBegin{1s};  // of the transfers; the connection is open by then

Setting queue_setting(std::string_view initial, std::string_view another) {
    return {.name = "queue",
            .kind = Setting::Kind::count,
            .what = {"Packets that may wait before the link", "链路前可排队的分组数"},
            .initial = initial,
            .another = another,
            .least = "10",
            .most = "2000"};
}

/// What was seen of a sender, at regular times.
struct Watched {
    std::vector<std::pair<Instant, double>> cwnd, round_trip;
    std::uint32_t ssthresh = 0;          ///< After that loss.
    std::uint32_t most_cwnd_before = 0;  ///< Until the first loss was noticed.
    std::optional<Instant> first_loss;
    std::uint64_t acked = 0, acked_late = 0;  ///< In all, and in the second half.
    std::uint32_t again = 0;
};

Watched send_and_watch(Story& story, Ground& net, tcp::Congestion congestion, bool hystart, Duration length) {
    tcp::Settings client, server;
    client.congestion = congestion;
    client.hystart = hystart;
    client.send_buffer = 8 << 20;
    server.receive_buffer = 8 << 20;
    const sim::Impairments way{.delay = story.time("delay"),
                               .rate = story.number("rate"),
                               .queue_packets = static_cast<std::uint32_t>(story.number("queue"))};
    net.pair(sim::LinkSettings().both(way), client, server);
    net.listen();
    App& app = net.connect();
    net.run_until([&] { return net.world.now() >= kBegin; }, Duration(kBegin.time_since_epoch()));
    net.world.run_until(kBegin);
    app.say_octets(
        static_cast<std::uint64_t>(to_seconds(length) * static_cast<double>(story.number("rate")) / 8 * 1.3) + 100'000);
    Watched seen;
    std::uint64_t acked_at_half = 0;
    for (Duration at{}; at <= length; at += 10ms) {
        net.world.run_until(kBegin + at);
        const tcp::ConnectionInfo info = app.stream.info();
        seen.cwnd.emplace_back(kBegin + at, info.cwnd / 1000.0);
        seen.round_trip.emplace_back(kBegin + at, to_seconds(info.srtt) * 1000);
        if (info.retransmissions > 0 && !seen.first_loss) seen.first_loss = kBegin + at;
        if (!seen.first_loss) seen.most_cwnd_before = std::max(seen.most_cwnd_before, info.cwnd);
        if (seen.first_loss && seen.ssthresh == 0) seen.ssthresh = info.ssthresh;
        if (at <= length / 2) acked_at_half = info.bytes_acked;
        seen.acked = info.bytes_acked;
        seen.again = info.retransmissions;
    }
    seen.acked_late = seen.acked - acked_at_half;
    app.abort();
    return seen;
}

/// When the window was first at least so large.
std::optional<Instant> reaches(const Watched& seen, double kilobytes) {
    for (const auto& [time, value] : seen.cwnd)
        if (value >= kilobytes) return time;
    return std::nullopt;
}

void play_slow_start(Story& story) {
    const bool reno = story.chosen("congestion", "new-reno");
    Ground& net = story.ground();
    const Watched seen = send_and_watch(story, net, reno ? tcp::Congestion::new_reno : tcp::Congestion::cubic,
                                        story.chosen("hystart", "on"), story.time("length"));
    const double first = seen.cwnd.front().second;
    const auto flight =
        net.segments([&](const Segment& s) { return from_client(s) && s.has_data() && s.sent == kBegin; });
    if (!flight.empty())
        story.remark(net, flight.front(), "The first flight: {} segments, before anything is known of the path.",
                     "第一批：{} 个报文段，此时对路径还一无所知。", flight.size());
    const Duration round_trip = 2 * story.time("delay");
    story.show(net, 0, {.from = kBegin, .until = kBegin + 3 * round_trip, .fold_after = 30});
    story.show(
        Plot{story.words("The congestion window over time", "拥塞窗口随时间的变化"), "kB", {{"cwnd", seen.cwnd}}});
    const auto two = reaches(seen, 2 * first), four = reaches(seen, 4 * first);
    if (seen.first_loss)
        story.tell(
            "Slow start: for each octet acknowledged one more may be sent, so the window doubles each round trip, "
            "until the queue overflows at {}: {} kB in the window. "
            "Then it is cut to {:.0f} %, and {}.",
            "慢开始：每确认一个字节就可以多发一个，窗口每个往返翻倍，直到 {} 队列溢出：窗口为 {} kB。随后减到 {:.0f} "
            "%，{}。",
            show(*seen.first_loss - kBegin), seen.most_cwnd_before / 1000,
            100.0 * seen.ssthresh / seen.most_cwnd_before,
            reno ? story.words("grows by one segment a round trip", "每个往返增加一个报文段")
                 : story.words("grows along a cubic curve: fast at first, slowly near the old height, then fast again",
                               "沿三次曲线增长：先快，接近旧高度时变慢，越过之后又变快"));
    story.check(flight.size() == 10, "RFC 6928 2", "The first flight has ten segments: {}.",
                "第一批有十个报文段：{} 个。", flight.size());
    if (two && four) {
        const Duration first_doubling = *two - kBegin, second_doubling = *four - *two;
        story.check(first_doubling <= 2 * round_trip && second_doubling <= 2 * round_trip &&
                        *four < seen.first_loss.value_or(kNever),
                    "RFC 5681 3.1",
                    "In slow start the window doubles about once a round trip, {}: after {} and {} more.",
                    "慢开始时窗口大约每个往返（{}）翻一番：先 {}，再 {}。", show(round_trip), show(first_doubling),
                    show(second_doubling));
    } else {
        story.check(false, "RFC 5681 3.1", "In slow start the window doubles twice; it reached {} kB.",
                    "慢开始时窗口至少翻两番；实际达到 {} kB。", seen.most_cwnd_before / 1000);
    }
    if (!seen.first_loss || story.chosen("hystart", "on")) {
        story.not_applicable("RFC 9438 4.6", "the cut after a loss: slow start did not end with one",
                             "丢失后的削减：慢开始并非因丢失而结束");
    } else {
        const double share = static_cast<double>(seen.ssthresh) / seen.most_cwnd_before;
        const double wanted = reno ? 0.5 : 0.7;
        story.check(share > wanted - 0.15 && share < wanted + 0.1, reno ? "RFC 5681 3.1" : "RFC 9438 4.6",
                    "A loss cuts the window to about {:.0f} %: {:.0f} %.", "丢失使窗口减到约 {:.0f} %：实际 {:.0f} %。",
                    100 * wanted, 100 * share);
    }
}

double most_after(const std::vector<std::pair<Instant, double>>& points, Instant from) {
    double most = 0;
    for (const auto& [time, value] : points)
        if (time >= from) most = std::max(most, value);
    return most;
}

void play_bufferbloat(Story& story) {
    const Duration length = story.time("length");
    Ground& filling = story.ground({"CUBIC", "CUBIC"});
    const Watched cubic = send_and_watch(story, filling, tcp::Congestion::cubic, true, length);
    Ground& modelling = story.ground({"BBR", "BBR"});
    const Watched bbr = send_and_watch(story, modelling, tcp::Congestion::bbr, true, length);
    const double base = to_seconds(2 * story.time("delay")) * 1000;
    const Instant settled = kBegin + length / 2;
    const double worst_cubic = most_after(cubic.round_trip, settled), worst_bbr = most_after(bbr.round_trip, settled);
    const auto rate = [&](const Watched& seen) {
        return static_cast<double>(seen.acked_late) * 8 / to_seconds(length / 2);
    };
    story.show(Plot{story.words("The round trip that the sender sees, ms", "发送方看到的往返时间（毫秒）"),
                    "ms",
                    {{"CUBIC", cubic.round_trip}, {"BBR", bbr.round_trip}}});
    story.show(
        Table{{{"", "CUBIC", "BBR"},
               {story.words("goodput, second half", "后半段吞吐量"), rate_text(rate(cubic)), rate_text(rate(bbr))},
               {story.words("round trip at most, second half", "后半段往返时间最大"),
                fmt::format("{:.0f} ms", worst_cubic), fmt::format("{:.0f} ms", worst_bbr)},
               {story.words("segments sent again", "重传的报文段"), grouped(cubic.again), grouped(bbr.again)}}});
    story.tell(
        "CUBIC learns only from losses: it fills the queue, however long, and whoever shares the link waits behind it. "
        "BBR measures rate and round trip and keeps in flight what fits the path.",
        "CUBIC 只从丢失中学习：队列再长也要填满，与它共用链路的人都得排在后面等。BBR "
        "测量速率和往返时间，只让路径容得下的数据在途。");
    const double wire = static_cast<double>(story.number("rate"));
    story.check(rate(cubic) > 0.8 * wire && rate(bbr) > 0.8 * wire, "draft-ietf-ccwg-bbr",
                "Both use the link of {}: {} and {}.", "两者都用满 {} 的链路：{} 与 {}。", rate_text(wire),
                rate_text(rate(cubic)), rate_text(rate(bbr)));
    story.check(worst_bbr < 2.5 * base, "draft-ietf-ccwg-bbr",
                "BBR keeps the round trip near {:.0f} ms: at most {:.0f} ms.",
                "BBR 使往返时间保持在 {:.0f} ms 附近：最大 {:.0f} ms。", base, worst_bbr);
    // What a full queue takes, and what the link itself holds.
    const double queue = static_cast<double>(story.number("queue")) * 1500 * 8 / wire * 1000;
    if (queue < 3 * base)
        story.not_applicable("RFC 9438 5.4",
                             "the bloat: a queue of {:.0f} ms is not much beside a round trip of {:.0f} ms",
                             "缓存膨胀：{:.0f} ms 的队列相对 {:.0f} ms 的往返不算长", queue, base);
    else
        story.check(worst_cubic > 3 * base, "RFC 9438 5.4",
                    "CUBIC fills the queue: the round trip of {:.0f} ms grows to {:.0f} ms.",
                    "CUBIC 填满队列：往返时间从 {:.0f} ms 涨到 {:.0f} ms。", base, worst_cubic);
}

}  // namespace

void add_congestion(Scenarios& all) {
    all.push_back({.name = "slow-start",
                   .topic = Topic::loss,
                   .title = {"Slow start and CUBIC", "慢开始与 CUBIC"},
                   .teaches = {"How a sender finds out what a path can carry, and what it does when it was too much.",
                               "发送方如何探明路径的容量，发多了又怎么办。"},
                   .settings = {{.name = "congestion",
                                 .kind = Setting::Kind::choice,
                                 .what = {"The congestion control", "拥塞控制算法"},
                                 .initial = "cubic",
                                 .another = "new-reno",
                                 .choices = {"cubic", "new-reno"}},
                                {.name = "hystart",
                                 .kind = Setting::Kind::choice,
                                 .what = {"HyStart++: slow start ends when the round trip grows",
                                          "HyStart++：往返时间变长就结束慢开始"},
                                 .initial = "off",
                                 .another = "on",
                                 .choices = {"off", "on"}},
                                {.name = "length",
                                 .kind = Setting::Kind::time,
                                 .what = {"How long it sends", "发送多久"},
                                 .initial = "5s",
                                 .another = "8s",
                                 .least = "1s",
                                 .most = "20s"},
                                queue_setting("60", "100"),
                                rate_setting(),
                                delay_setting("25ms", "40ms", "5ms", "200ms")},
                   .play = play_slow_start});
    all.push_back({.name = "bufferbloat",
                   .topic = Topic::loss,
                   .title = {"Bufferbloat: CUBIC beside BBR", "缓存膨胀：CUBIC 与 BBR"},
                   .teaches = {"A long queue costs no throughput but everybody's time.",
                               "长队列不损失吞吐量，却耗费所有人的时间。"},
                   .settings = {queue_setting("400", "20"),
                                rate_setting(),
                                delay_setting("20ms", "30ms", "5ms", "100ms"),
                                {.name = "length",
                                 .kind = Setting::Kind::time,
                                 .what = {"How long it sends", "发送多久"},
                                 .initial = "10s",
                                 .another = "12s",
                                 .least = "5s",
                                 .most = "20s"}},
                   .play = play_bufferbloat});
}

}  // namespace hourglass::lab
