#include "hourglass/lab/scenario.h"

#include <algorithm>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

#include "trace/text.h"

namespace hourglass::lab {
namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

Lesson played(const Scenario& scenario, const PlaySettings& settings = {}) {
    auto lesson = play(scenario, settings);
    if (!lesson) throw std::runtime_error(lesson.error());
    return std::move(*lesson);
}

const Scenario& named(std::string_view name) {
    const Scenario* found = find_scenario(name);
    if (found == nullptr) throw std::runtime_error(fmt::format("no scenario is called {}", name));
    return *found;
}

std::string failures(const Lesson& lesson) {
    std::string text;
    for (const Check& check : lesson.checks)
        if (check.outcome == Check::Outcome::fails) text += check.text + "\n";
    return text;
}

std::size_t count(const Lesson& lesson, Check::Outcome outcome) {
    return static_cast<std::size_t>(std::ranges::count(lesson.checks, outcome, &Check::outcome));
}

/// The widest line, in columns, without the colours.
std::size_t widest(const std::string& text) {
    std::size_t most = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) most = std::max(most, trace::columns(line));
    return most;
}

bool has_wide_characters(const std::string& text) {
    return trace::columns(text) > 0 && text.find("\xe3\x80\x82") != text.npos;
}

/// When each packet was sent, and its octets, on all networks.
std::vector<std::pair<Instant, std::vector<std::byte>>> packets_of(const Lesson& lesson) {
    std::vector<std::pair<Instant, std::vector<std::byte>>> packets;
    for (const Recording& recording : lesson.recordings)
        for (const trace::Step& step : recording.recorder->steps())
            if (const auto* trip = std::get_if<trace::PacketTrip>(&step.what))
                packets.emplace_back(step.time, trip->bytes);
    return packets;
}

class EveryScenario : public testing::TestWithParam<const Scenario*> {};

TEST_P(EveryScenario, HoldsInEnglishAndInChinese) {
    const Lesson english = played(*GetParam());
    EXPECT_TRUE(english.holds()) << failures(english);
    EXPECT_GE(english.checks.size(), 2u);
    EXPECT_EQ(count(english, Check::Outcome::not_applicable), 0u) << "with its defaults a story tells everything";
    const Lesson chinese = played(*GetParam(), {.language = Language::zh});
    EXPECT_TRUE(chinese.holds()) << failures(chinese);
    EXPECT_EQ(chinese.checks.size(), english.checks.size());
    EXPECT_EQ(chinese.parts.size(), english.parts.size());
    for (std::size_t i = 0; i < english.checks.size(); ++i) {
        EXPECT_NE(chinese.checks[i].text, english.checks[i].text);
        EXPECT_EQ(chinese.checks[i].clause, english.checks[i].clause);
        EXPECT_NE(english.checks[i].clause, "");
    }
}

TEST_P(EveryScenario, TheSameSeedGivesTheSameBytes) {
    const PlaySettings settings{.seed = 7};
    const Lesson one = played(*GetParam(), settings), other = played(*GetParam(), settings);
    EXPECT_EQ(to_text(one, {.absolute = true}), to_text(other, {.absolute = true}));
    EXPECT_TRUE(packets_of(one) == packets_of(other));
}

TEST_P(EveryScenario, NoLineIsWiderThanTheTerminal) {
    for (const Language language : {Language::en, Language::zh}) {
        const Lesson lesson = played(*GetParam(), {.language = language});
        for (const std::size_t width : {80u, 160u}) {
            const std::string text = to_text(lesson, {.width = width});
            EXPECT_LE(widest(text), width);
            EXPECT_LE(widest(describe(*GetParam(), language, {.width = width})), width);
            EXPECT_EQ(has_wide_characters(text), language == Language::zh);
        }
    }
}

TEST_P(EveryScenario, EverySettingChangesTheRun) {
    const Scenario& scenario = *GetParam();
    const Lesson usual = played(scenario);
    for (const Setting& setting : scenario.settings) {
        const Values changed{{std::string(setting.name), std::string(setting.another)}};
        Lesson other = played(scenario, {.values = changed});
        EXPECT_FALSE(other.checks.empty());
        other.settings = usual.settings;  // that they are printed does not count
        EXPECT_TRUE(to_text(other) != to_text(usual) || packets_of(other) != packets_of(usual)) << setting.name;
        EXPECT_NE(other.holds(), setting.breaks) << setting.name << "=" << setting.another << "\n" << failures(other);
    }
}

TEST_P(EveryScenario, ASettingAtEitherEndOfItsRangeIsTaken) {
    const Scenario& scenario = *GetParam();
    for (const Setting& setting : scenario.settings) {
        if (setting.kind == Setting::Kind::choice) continue;
        for (const std::string_view value : {setting.least, setting.most}) {
            const auto lesson = play(scenario, {.values = {{std::string(setting.name), std::string(value)}}});
            ASSERT_TRUE(lesson) << lesson.error();
            EXPECT_FALSE(lesson->checks.empty()) << setting.name << "=" << value;
        }
    }
}

TEST_P(EveryScenario, IsDescribedInFull) {
    const Scenario& scenario = *GetParam();
    for (const Text& text : {scenario.title, scenario.teaches}) {
        EXPECT_FALSE(text.en.empty());
        EXPECT_FALSE(text.zh.empty());
    }
    EXPECT_FALSE(scenario.settings.empty());
    const std::string described = describe(scenario, Language::en);
    for (const Setting& setting : scenario.settings) {
        EXPECT_NE(described.find(fmt::format("{}={}", setting.name, setting.initial)), described.npos);
        EXPECT_NE(setting.another, setting.initial) << setting.name;
        EXPECT_FALSE(setting.what.zh.empty());
    }
}

std::vector<const Scenario*> all_scenarios() {
    std::vector<const Scenario*> all;
    for (const Scenario& scenario : scenarios()) all.push_back(&scenario);
    return all;
}

INSTANTIATE_TEST_SUITE_P(Lab, EveryScenario, testing::ValuesIn(all_scenarios()), [](const auto& instance) {
    std::string name(instance.param->name);
    std::ranges::replace(name, '-', '_');
    return name;
});

TEST(Scenarios, HaveNamesOfTheirOwnAndStandByTopic) {
    std::set<std::string_view> names;
    for (const Scenario& scenario : scenarios()) names.insert(scenario.name);
    EXPECT_EQ(names.size(), scenarios().size());
    EXPECT_TRUE(std::ranges::is_sorted(scenarios(), {}, &Scenario::topic));
}

TEST(Scenarios, AnUnknownSettingSuggestsTheNearest) {
    const auto lesson = play(named("handshake"), {.values = {{"dleay", "80ms"}}});
    ASSERT_FALSE(lesson);
    EXPECT_NE(lesson.error().find("did you mean 'delay'?"), std::string::npos) << lesson.error();
}

TEST(Scenarios, AValueOutsideOfItsRangeIsToldTheRange) {
    const auto wrong = [](std::string_view name, std::string value) {
        const auto lesson = play(named("lost-syn"), {.values = {{std::string(name), std::move(value)}}});
        return lesson ? std::string("taken") : lesson.error();
    };
    EXPECT_EQ(wrong("lost", "9"), "lost goes from 0 to 8, and 9 is outside");
    EXPECT_EQ(wrong("lost", "1.5"), "lost: '1.5' is not a whole number");
    EXPECT_EQ(wrong("delay", "soon"), "delay: 'soon' is not a time, as in 20ms, 1.5s or 2min");
    EXPECT_EQ(wrong("delay", "-1ms"), "delay goes from 0ms to 2s, and -1ms is outside");
    EXPECT_EQ(wrong("delay", "1h"), "delay goes from 0ms to 2s, and 1h is outside");
    EXPECT_EQ(wrong("delay", "nan"), "delay: 'nan' is not a time, as in 20ms, 1.5s or 2min");
    EXPECT_EQ(wrong("delay", ""), "delay: '' is not a time, as in 20ms, 1.5s or 2min");
}

TEST(Scenarios, TheNearestNameIsFound) {
    const std::vector<std::string_view> names{"handshake", "half-close", "syn-flood"};
    EXPECT_EQ(nearest_of("handshak", names), "handshake");
    EXPECT_EQ(nearest_of("synflood", names), "syn-flood");
    EXPECT_EQ(nearest_of("flood", names), "syn-flood");
    EXPECT_EQ(nearest_of("close", names), "half-close");
}

/// Settings that take the ground from under a story, and how many of its checks then fail or have nothing to say.
struct Broken {
    const char* name;
    Values values;
    std::size_t fail;
    std::size_t not_applicable;
};

class ABrokenPremise : public testing::TestWithParam<Broken> {};

TEST_P(ABrokenPremise, IsNoticedByTheChecks) {
    const Lesson lesson = played(named(GetParam().name), {.values = GetParam().values});
    EXPECT_EQ(count(lesson, Check::Outcome::fails), GetParam().fail) << failures(lesson);
    EXPECT_EQ(count(lesson, Check::Outcome::not_applicable), GetParam().not_applicable);
    EXPECT_EQ(lesson.holds(), GetParam().fail == 0);
}

INSTANTIATE_TEST_SUITE_P(
    Lab, ABrokenPremise,
    testing::Values(Broken{"refused", {{"listen", "80"}}, 3, 0},                // somebody listens
                    Broken{"lost-last-ack", {{"msl", "1ms"}}, 2, 0},            // nobody is left to answer
                    Broken{"lost-last-ack", {{"lost", "0"}}, 0, 1},             // nothing is lost
                    Broken{"simultaneous-open", {{"later", "1s"}}, 0, 1},       // one after the other
                    Broken{"three-segment-close", {{"notice", "50ms"}}, 0, 1},  // the server thinks
                    Broken{"half-open-full", {{"strangers", "2"}}, 0, 1},       // nobody fills the queue
                    Broken{"time-wait-pile-up", {{"visits", "3"}}, 0, 1},       // ports enough
                    Broken{"black-hole", {{"mtu", "1500"}}, 0, 1},              // nothing is swallowed
                    Broken{"udp-beside-tcp", {{"loss", "0"}}, 0, 1},            // nothing is lost
                    Broken{"reordering", {{"extra", "30ms"}}, 0, 1},            // later than anybody waits
                    Broken{"zero-window", {{"octets", "1k"}}, 0, 1}),           // never full
    [](const auto& instance) {
        std::string name = fmt::format("{}_{}", instance.param.name, instance.param.values.front().first);
        std::ranges::replace(name, '-', '_');
        return name;
    });

}  // namespace
}  // namespace hourglass::lab
