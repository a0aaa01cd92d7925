// How losses are found and repaired.

#include "lab/scenarios/all.h"
#include "lab/scenarios/common.h"

namespace hourglass::lab {

namespace {

Setting octets_setting(std::string_view initial, std::string_view another, std::string_view least) {
    return {.name = "octets",
            .kind = Setting::Kind::octets,
            .what = {"What the client sends", "客户端发送的字节数"},
            .initial = initial,
            .another = another,
            .least = least,
            .most = "1M"};
}

struct Transfer {
    Duration took{};
    std::size_t data = 0, again = 0, needless = 0;
    std::size_t heard = 0;
};

/// Sends `octets` and waits for the end; `script` sees the data segments, numbered from 1, at their first sending.
Transfer transfer(Story& story, Ground& net, const tcp::Settings& settings, std::uint64_t octets,
                  std::function<sim::Verdict(std::uint64_t number, std::uint64_t last)> script) {
    sim::Link& link = net.pair(link_of(story), settings, settings);
    const std::uint64_t last = (octets + 1447) / 1448;
    link.set_script(kToServer, [script, last, highest = std::optional<tcp::Seq>(), number = std::uint64_t{0}](
                                   const sim::PacketView& packet, std::uint64_t) mutable {
        const auto tcp = packet.tcp();
        if (!tcp || tcp->payload().empty()) return sim::Verdict{};
        if (highest && tcp->seq() <= *highest) return sim::Verdict{};
        highest = tcp->seq();
        return script(++number, last);
    });
    Service& service = net.listen();
    App& client = net.connect();
    net.run_for(2s);
    const Instant begin = net.world.now();
    client.say_octets(octets);
    net.run_until([&] { return !service.apps.empty() && service.apps.front().heard.size() >= octets; }, 10min);
    Transfer result;
    result.took = net.world.now() - begin;
    net.run_for(5s);
    result.heard = service.apps.empty() ? 0 : service.apps.front().heard.size();
    for (const Segment& s : net.segments([](const Segment& x) { return from_client(x) && x.has_data(); })) {
        ++result.data;
        if (s.again) ++result.again;
        if (s.verdict == tcp::Verdict::duplicate) ++result.needless;
    }
    return result;
}

std::string round_trips(Story& story, Duration d) {
    const auto trip = to_seconds(2 * story.time("delay"));
    return trip > 0 ? fmt::format("{:.1f}", to_seconds(d) / trip) : std::string("-");
}

void play_sack(Story& story) {
    const std::uint64_t lost = story.number("lost");
    // The losses are two segments apart, so that each is a hole of its own.
    const auto script = [lost](std::uint64_t number, std::uint64_t) {
        const bool hole = number >= 3 && number % 2 == 1 && (number - 3) / 2 < lost;
        return sim::Verdict{.lose = hole};
    };
    tcp::Settings with;
    tcp::Settings without;
    without.sack = false;
    Ground& sack = story.ground({"with SACK", "使用 SACK"});
    const Transfer fast = transfer(story, sack, with, story.number("octets"), script);
    Ground& bare = story.ground({"without SACK", "不用 SACK"});
    const Transfer slow = transfer(story, bare, without, story.number("octets"), script);

    story.heading("With SACK", "使用 SACK");
    const Segment told = sack.segment([](const Segment& s) { return s.has_sack_blocks; });
    const auto repairs = sack.segments([](const Segment& s) { return from_client(s) && s.again; });
    story.remark(sack, told, "The receiver tells what it has beyond the hole: ack={} is missing, the block is there.",
                 "接收方说明缺口之后已收到什么：缺 {}，而 sack 块里的已在手中。", told.ack);
    if (!repairs.empty())
        story.remark(sack, repairs.front(), "The sender knows each hole and fills them all in the same round trip.",
                     "发送方知道每一个缺口，在同一个往返里全部补上。");
    story.show(sack, 0, {.from = Instant(2s), .fold_after = 24});
    story.heading("Without SACK", "不用 SACK");
    const Segment third = bare.segment([](const Segment& s) { return s.reason == tcp::SendReason::fast_retransmit; });
    const Segment partial = bare.segment([](const Segment& s) { return s.reason == tcp::SendReason::partial_ack; });
    story.remark(bare, third, "Three duplicate ACKs tell of one hole, the first. Of the others nothing is known.",
                 "三个重复确认只说明一个缺口，即第一个。其余的一无所知。");
    story.remark(bare, partial,
                 "Only when the first hole is filled does the acknowledgement show the next: one hole a round trip.",
                 "第一个缺口补上之后，确认号才暴露下一个：每个往返只补一个。");
    story.show(bare, 0, {.from = Instant(2s), .fold_after = 24});
    story.show(Table{
        {{"", story.words("with SACK", "使用 SACK"), story.words("without", "不用")},
         {story.words("until all has arrived", "全部到达所需时间"), show(fast.took), show(slow.took)},
         {story.words("in round trips", "合往返数"), round_trips(story, fast.took), round_trips(story, slow.took)},
         {story.words("segments sent again", "重传的报文段"), grouped(fast.again), grouped(slow.again)},
         {story.words("of these needless", "其中多余的"), grouped(fast.needless), grouped(slow.needless)}}});
    story.check(fast.heard == story.number("octets") && slow.heard == story.number("octets"), "RFC 9293 3.8",
                "All {} octets arrive both ways: {} and {}.", "两种方式下 {} 字节都全部到达：{} 与 {}。",
                grouped(story.number("octets")), grouped(fast.heard), grouped(slow.heard));
    story.check(fast.again == lost && fast.needless == 0, "RFC 6675 5",
                "With SACK exactly what was lost goes again: {} of {} lost.",
                "使用 SACK，只重传丢失的：{} 个，丢失 {} 个。", fast.again, lost);
    if (lost < 2)
        story.not_applicable("RFC 6582 3.2", "that SACK saves round trips: with {} loss both repair it at once",
                             "SACK 节省往返：只丢 {} 个时两者一样快", lost);
    else
        story.check(slow.took >= fast.took + static_cast<std::int64_t>(lost - 1) * 2 * story.time("delay"),
                    "RFC 6582 3.2", "Without it {} holes take {} more round trips: {} instead of {}.",
                    "不用 SACK，{} 个缺口多花 {} 个往返：{}，而不是 {}。", lost, lost - 1, show(slow.took),
                    show(fast.took));
}

void play_tail_loss(Story& story) {
    const auto script = [](std::uint64_t number, std::uint64_t last) { return sim::Verdict{.lose = number == last}; };
    tcp::Settings with, without;
    without.rack_tlp = false;
    Ground& probed = story.ground({"with a tail loss probe", "使用尾部丢失探测"});
    const Transfer fast = transfer(story, probed, with, story.number("octets"), script);
    Ground& bare = story.ground({"without", "不用探测"});
    const Transfer slow = transfer(story, bare, without, story.number("octets"), script);
    const auto repair = [](Ground& net) {
        return net.segment([](const Segment& s) { return from_client(s) && s.again; });
    };
    const Segment probe = repair(probed), timeout = repair(bare);
    story.heading("With a tail loss probe", "使用尾部丢失探测");
    story.remark(probed, probe,
                 "Nothing follows the last segment, so nothing can tell that it is missing. After about two round "
                 "trips of silence TCP sends it once more, to be told.",
                 "最后一个报文段之后再无数据，也就没有什么能表明它缺失。沉默约两个往返之后，TCP 再发一次，以求回音。");
    story.show(probed, 0, {.from = Instant(2s)});
    story.heading("Without it", "不用探测");
    story.remark(
        bare, timeout,
        "Only the retransmission timeout is left, at least 1 s; and afterwards the window begins at one segment again.",
        "只剩重传超时，至少 1 秒；此后窗口又从一个报文段开始。");
    story.show(bare, 0, {.from = Instant(2s)});
    story.check(probe.reason == tcp::SendReason::tail_loss_probe, "RFC 8985 7.3", "The probe repairs it: {}.",
                "由探测修复：{}。",
                story.language() == Language::zh ? trace::in_language(Language::zh, to_string(probe.reason))
                                                 : to_string(probe.reason));
    story.check(timeout.reason == tcp::SendReason::retransmit_timeout && slow.took >= 1s, "RFC 6298 2.4",
                "Without it only the timeout does, and it takes {}.", "不用探测则只有超时，花了 {}。", show(slow.took));
    story.check(fast.took < slow.took, "RFC 8985 7", "The probe saves {}: {} instead of {}.",
                "探测省下 {}：{} 而不是 {}。", show(slow.took - fast.took), show(fast.took), show(slow.took));
}

void play_reordering(Story& story) {
    const Duration extra = story.time("extra");
    const auto script = [extra](std::uint64_t number, std::uint64_t) {
        return sim::Verdict{.delay = number == 9 || number == 15 ? extra : Duration{}};
    };
    tcp::Settings rack, counting;
    counting.rack_tlp = false;
    Ground& patient = story.ground({"losses by time (RACK)", "按时间判定丢失（RACK）"});
    const Transfer calm = transfer(story, patient, rack, story.number("octets"), script);
    Ground& hasty = story.ground({"three duplicate ACKs", "三个重复确认"});
    const Transfer nervous = transfer(story, hasty, counting, story.number("octets"), script);
    const auto late = patient.segments([&](const Segment& s) {
        return from_client(s) && s.has_data() && !s.again && s.arrived && *s.arrived - s.sent > story.time("delay");
    });
    story.heading("By time: RACK", "按时间判定：RACK");
    if (!late.empty())
        story.remark(patient, late.front(),
                     "This segment takes {} longer, and one behind it overtakes it. One is no proof of a loss; but the "
                     "sender sees that this path reorders.",
                     "这个报文段多花了 {}，后面有一个超过了它。一个还不足以证明丢失；但发送方由此得知这条路径会乱序。",
                     show(extra));
    if (late.size() > 1)
        story.remark(
            patient, late[1],
            "Late again, and more overtake it. The sender knows this path by now and waits for a quarter of the "
            "round trip before it calls anything lost.",
            "又迟到了，超过它的更多。发送方已了解这条路径，先等四分之一个往返，再判定丢失。");
    story.show(patient, 0, {.from = Instant(2s), .fold_after = 20});
    story.heading("By counting: three duplicate ACKs", "按计数判定：三个重复确认");
    const Segment needless = hasty.segment([](const Segment& s) { return from_client(s) && s.again; });
    story.remark(hasty, needless, "Three duplicate ACKs: it counts as lost and goes again, needlessly.",
                 "三个重复确认：被当作丢失而重传，其实多余。");
    story.show(hasty, 0, {.from = Instant(2s), .fold_after = 20});
    story.show(
        Table{{{"", "RACK", story.words("three duplicate ACKs", "三个重复确认")},
               {story.words("segments sent again", "重传的报文段"), grouped(calm.again), grouped(nervous.again)},
               {story.words("until all has arrived", "全部到达所需时间"), show(calm.took), show(nervous.took)}}});
    const Duration patience = story.time("delay") / 2;  // a quarter of the round trip
    story.check(calm.heard == story.number("octets") && nervous.heard == story.number("octets"), "RFC 9293 3.8",
                "Everything arrives both ways: {} and {} octets.", "两种方式都全部到达：{} 与 {} 字节。",
                grouped(calm.heard), grouped(nervous.heard));
    if (extra >= patience)
        story.not_applicable("RFC 8985 6.2", "that RACK waits: {} is more than a quarter of the round trip, {}",
                             "RACK 的耐心：{} 超过了四分之一个往返 {}", show(extra), show(patience));
    else
        story.check(calm.again == 0, "RFC 8985 6.2",
                    "RACK has seen that the path reorders, waits for up to {}, and sends nothing again: {}.",
                    "RACK 已知路径会乱序，等待至多 {}，没有重传：{} 个。", show(patience), calm.again);
    story.check(nervous.again >= 1, "RFC 5681 3.2", "Counting takes the late segment for lost: {} sent again.",
                "计数法把迟到的报文段当作丢失：重传 {} 个。", nervous.again);
}

}  // namespace

void add_recovery(Scenarios& all) {
    all.push_back({.name = "sack",
                   .topic = Topic::loss,
                   .title = {"Losses with SACK and without", "丢失，使用与不用 SACK"},
                   .teaches = {"What a sender knows of the holes at the receiver, and how many round trips that saves.",
                               "发送方对接收方的缺口知道多少，能省下几个往返。"},
                   .settings = {{.name = "lost",
                                 .kind = Setting::Kind::count,
                                 .what = {"Segments lost of one window", "一个窗口里丢失的报文段数"},
                                 .initial = "3",
                                 .another = "1",
                                 .least = "1",
                                 .most = "3"},
                                octets_setting("40k", "60k", "15k"),
                                delay_setting()},
                   .play = play_sack});
    all.push_back({.name = "tail-loss",
                   .topic = Topic::loss,
                   .title = {"Tail loss", "尾部丢失"},
                   .teaches = {"The last segment is lost and nothing follows that could tell: probe or timeout.",
                               "最后一个报文段丢失，其后再无数据可供察觉：探测，或超时。"},
                   .settings = {octets_setting("15k", "25k", "6k"), delay_setting()},
                   .play = play_tail_loss});
    all.push_back(
        {.name = "reordering",
         .topic = Topic::loss,
         .title = {"Reordering is not loss", "乱序不是丢失"},
         .teaches = {"A segment that others overtake looks lost to who counts, and late to who looks at the time.",
                     "被超过的报文段，数个数的人以为丢了，看时间的人知道只是迟到。"},
         .settings = {{.name = "extra",
                       .kind = Setting::Kind::time,
                       .what = {"How much longer one segment takes", "一个报文段多花的时间"},
                       .initial = "5ms",
                       .another = "8ms",
                       .least = "1ms",
                       .most = "100ms"},
                      octets_setting("30k", "50k", "30k"),
                      delay_setting("20ms", "40ms", "5ms", "500ms")},
         .play = play_reordering});
}

}  // namespace hourglass::lab
