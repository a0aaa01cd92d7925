#include "cli/timing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/progress.h"

namespace hourglass::cli {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

Instant at(Duration time) { return Instant(1s) + time; }

http::Hop first_hop() {
    http::Hop hop;
    hop.url = http::Url::parse("https://a.example/x").value();
    hop.status = 302;
    hop.began = at(0ms);
    hop.resolved = at(10ms);
    hop.connected = at(30ms);
    hop.secured = at(60ms);
    hop.asked = at(60ms);
    hop.sent = at(61ms);
    hop.first_byte = at(80ms);
    hop.ended = at(80ms);
    return hop;
}

http::Hop second_hop() {
    http::Hop hop;
    hop.url = http::Url::parse("https://a.example/y").value();
    hop.status = 200;
    hop.reused = true;
    hop.bytes_received = 7;
    hop.began = hop.asked = hop.sent = at(80ms);
    hop.first_byte = at(100ms);
    hop.ended = at(160ms);
    return hop;
}

std::vector<std::string> names(const std::vector<Phase>& phases) {
    std::vector<std::string> result;
    for (const Phase& phase : phases) result.push_back(phase.name);
    return result;
}

TEST(Timing, PhasesFollowEachOtherWithoutAGap) {
    const auto phases = phases_of(first_hop());
    EXPECT_THAT(names(phases), ElementsAre("resolve", "connect", "tls", "send", "wait", "receive"));
    for (std::size_t i = 1; i < phases.size(); ++i) EXPECT_EQ(phases[i].from, phases[i - 1].to);
}

TEST(Timing, AConnectionThatIsUsedAgainHasNoPhasesOfItsOwn) {
    EXPECT_THAT(names(phases_of(second_hop())), ElementsAre("send", "wait", "receive"));
}

TEST(Timing, AHopThatFailedHasThePhasesItCameTo) {
    http::Hop hop;
    hop.began = at(0ms);
    hop.resolved = at(5ms);
    hop.ended = at(50ms);
    EXPECT_THAT(names(phases_of(hop)), ElementsAre("resolve", "connect"));
}

TEST(Timing, TheWaterfallIsOnOneScale) {
    const std::string text = waterfall({first_hop(), second_hop()}, 16);
    EXPECT_THAT(text, HasSubstr("GET https://a.example/x: 302, 0 bytes\n  resolve      10.00 ms  █\n"));
    EXPECT_THAT(text, HasSubstr("GET https://a.example/y: 200, 7 bytes, on the same connection\n"));
    EXPECT_THAT(text, HasSubstr("  receive      60.00 ms            ██████\n"));
    EXPECT_THAT(text, HasSubstr("  total       160.00 ms\n"));
}

TEST(Timing, JsonHasMicroseconds) {
    const auto list = to_json({first_hop(), second_hop()});
    EXPECT_EQ(list[0]["phases"]["connect"]["from"], 10'000);
    EXPECT_EQ(list[0]["phases"]["connect"]["to"], 30'000);
    EXPECT_EQ(list[1]["began"], 80'000);
    EXPECT_EQ(list[1]["reused"], true);
}

TEST(Progress, HasABarWhereTheWholeIsKnown) {
    Progress progress(at(0s));
    EXPECT_EQ(progress.line(2048, at(2s)), "2.0 KiB, 1.0 KiB/s");
    progress.expect(3 * 1024 * 1024, 1024 * 1024);
    EXPECT_EQ(progress.line(512 * 1024, at(1s)),
              " 50% [###############---------------] 1.5 MiB of 3.0 MiB, 512.0 KiB/s, 3 s left");
    EXPECT_EQ(progress.line(2 * 1024 * 1024, at(4s)),
              "100% [##############################] 3.0 MiB of 3.0 MiB, 512.0 KiB/s");
}

TEST(Progress, IsNotShownAllTheTime) {
    Progress progress(at(0s));
    EXPECT_TRUE(progress.moved(1, at(1s)));
    EXPECT_FALSE(progress.moved(2, at(1050ms)));
    EXPECT_TRUE(progress.moved(3, at(1100ms)));
}

}  // namespace
}  // namespace hourglass::cli
