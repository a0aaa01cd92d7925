// A record that is replayed gives what the recorded run gave, to the octet; one that is cut short or damaged gives what
// it gave up to there.

#include "hourglass/trace/replay.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <sstream>

#include "hourglass/base/random.h"
#include "trace/record_codec.h"
#include "trace/record_file.h"
#include "trace/recorded_run.h"

namespace hourglass::trace {
namespace {

/// Where two texts part, with a little of what stands there.
std::string first_difference(const std::string& a, const std::string& b) {
    const auto [x, y] = std::ranges::mismatch(a, b);
    if (x == a.end() && y == b.end()) return "";
    const auto from = static_cast<std::size_t>(x - a.begin());
    const std::size_t line = from == 0 ? 0 : a.rfind('\n', from - 1) + 1;
    return "recorded: " + a.substr(line, 300) + "\nreplayed: " + b.substr(line, 300);
}

std::string head_of(const record::Head& head) {
    const auto octets = record::write_group(head, {});
    return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

class RandomRuns : public testing::TestWithParam<std::uint64_t> {};

constexpr std::uint64_t kRuns = 1000, kShards = 20;

TEST_P(RandomRuns, AreTheSameInTheReplay) {
    for (std::uint64_t seed = GetParam(); seed < kRuns; seed += kShards) {
        const RecordedRun run = recorded_run(seed);
        ReplayTranscript told;
        const auto replay = open_record(run.record, &told);
        ASSERT_TRUE(replay) << replay.error().text;
        EXPECT_TRUE((*replay)->run_to_end()) << (*replay)->problem()->text << "\n" << (*replay)->last_step();
        EXPECT_TRUE((*replay)->ended());
        ASSERT_EQ(first_difference(run.transcript, told.text), "") << "seed " << seed;
        ASSERT_EQ(first_difference(run.events, told.events()), "") << "seed " << seed;
    }
}

TEST(RandomRun, HasSomethingOfEverything) {
    std::string all;
    for (std::uint64_t seed = 0; seed < 100; ++seed) all += recorded_run(seed).transcript;
    for (const char* what : {" lost ", " spurious ", " queue ", " expired ", " notice ", " call ", " parameters ",
                             " dropped ", " closed ", "fate 3", "fate 4", "urgent", "delayed ACK", "challenge"})
        EXPECT_NE(all.find(what), std::string::npos) << what;
    EXPECT_GT(all.size(), 5'000'000u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomRuns, testing::Range<std::uint64_t>(0, kShards));

/// The first run whose record is larger than that.
std::uint64_t seed_of_run_above(std::size_t octets) {
    std::uint64_t seed = 0;
    while (recorded_run(seed).record.size() < octets) ++seed;
    return seed;
}

TEST(Replay, GoesToAnyMomentForwardsAndBackwards) {
    const RecordedRun run = recorded_run(seed_of_run_above(8'000));
    ReplayTranscript told;
    const auto replay = open_record(run.record, &told);
    ASSERT_TRUE(replay);
    ASSERT_TRUE((*replay)->go_to(40));
    const std::string first = told.text, step = (*replay)->last_step();
    ASSERT_TRUE((*replay)->go_to(200));
    EXPECT_GT(told.text.size(), first.size());
    ASSERT_TRUE((*replay)->go_to(40));
    EXPECT_EQ(told.text, first);
    EXPECT_EQ((*replay)->last_step(), step);
    EXPECT_FALSE((*replay)->go_to(1'000'000'000));
    EXPECT_EQ(told.text, run.transcript);
}

TEST(Replay, StopsAtATimeAndShowsTheConnections) {
    const RecordedRun run = recorded_run(seed_of_run_above(8'000));
    const auto replay = open_record(run.record);
    ASSERT_TRUE(replay);
    const Instant moment{std::chrono::milliseconds(300)};
    ASSERT_TRUE((*replay)->run_until(moment));
    EXPECT_LE((*replay)->now(), moment);
    const auto hosts = (*replay)->hosts();
    ASSERT_EQ(hosts.size(), 2u);
    EXPECT_EQ(hosts[1].name, "server");
    const auto connections = hosts[1].stack->connections();
    ASSERT_FALSE(connections.empty());
    EXPECT_EQ(connections[0].state, tcp::State::listen);
    EXPECT_TRUE((*replay)->run_to_end());
}

TEST(Replay, OfARecordThatReachedItsLimitGoesUpToThereAndSaysSo) {
    const std::uint64_t seed = seed_of_run_above(12'000);
    const std::size_t limit = recorded_run(seed).record.size() / 2;
    const RecordedRun run = recorded_run(seed, {.max_bytes = limit, .chunk = 512});
    EXPECT_TRUE(run.full);
    EXPECT_LE(run.record.size(), limit);
    EXPECT_GT(run.record.size(), limit - 2048);
    ReplayTranscript told;
    const auto replay = open_record(run.record, &told);
    ASSERT_TRUE(replay);
    EXPECT_TRUE((*replay)->run_to_end());
    EXPECT_TRUE((*replay)->was_full());
    EXPECT_TRUE(run.transcript.starts_with(told.text));
}

/// A record in many small chunks, and where they begin.
struct SmallRecord {
    RecordedRun run;
    std::vector<std::size_t> chunks;
    SmallRecord() {
        std::size_t best = SIZE_MAX;
        for (std::uint64_t seed = 0; seed < 30; ++seed) {
            RecordedRun candidate = recorded_run(seed, {.chunk = 256});
            if (candidate.record.size() < 3000 || candidate.record.size() >= best) continue;
            best = candidate.record.size();
            run = std::move(candidate);
        }
        for (std::size_t at = run.record.find("HGC1"); at != std::string::npos; at = run.record.find("HGC1", at + 1))
            chunks.push_back(at);
    }
};

TEST(Replay, OfARecordCutShortAnywhereGoesUpToThereAndSaysSo) {
    const SmallRecord small;
    ASSERT_GT(small.chunks.size(), 4u);
    const std::string& record = small.run.record;
    for (std::size_t size = 0; size < record.size(); ++size) {
        ReplayTranscript told;
        const auto replay = open_record(record.substr(0, size), &told);
        if (size < small.chunks[0]) {
            EXPECT_FALSE(replay) << size;
            continue;
        }
        ASSERT_TRUE(replay) << size;
        EXPECT_FALSE((*replay)->run_to_end()) << size;
        EXPECT_FALSE((*replay)->ended());
        ASSERT_TRUE((*replay)->problem());
        EXPECT_EQ((*replay)->problem()->kind, ReplayProblem::Kind::cut_short);
        ASSERT_TRUE(small.run.transcript.starts_with(told.text)) << size;
    }
}

TEST(Replay, OfADamagedRecordGoesUpToTheDamageAndSaysWhere) {
    const SmallRecord small;
    for (std::size_t i = 0; i < small.chunks.size(); ++i) {
        const std::size_t begin = small.chunks[i];
        const std::size_t end = i + 1 < small.chunks.size() ? small.chunks[i + 1] : small.run.record.size();
        for (const std::size_t at :
             {begin, begin + 8, begin + 12, begin + 20, begin + 28, (begin + end) / 2, end - 1}) {
            std::string record = small.run.record;
            record[at] = static_cast<char>(record[at] ^ 0x20);
            ReplayTranscript told;
            const auto replay = open_record(record, &told);
            ASSERT_TRUE(replay);
            EXPECT_FALSE((*replay)->run_to_end());
            ASSERT_TRUE((*replay)->problem());
            EXPECT_EQ((*replay)->problem()->kind, ReplayProblem::Kind::damaged);
            EXPECT_NE((*replay)->problem()->text.find("octet " + std::to_string(begin)), std::string::npos)
                << (*replay)->problem()->text;
            ASSERT_TRUE(small.run.transcript.starts_with(told.text));
        }
    }
}

TEST(Replay, OfAnotherVersionSaysWhichOneWroteIt) {
    const auto other = open_record(head_of({.format = 7, .layout = 1, .version = "9.8.7"}));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().kind, ReplayProblem::Kind::other_version);
    EXPECT_NE(other.error().text.find("hourglass 9.8.7"), std::string::npos) << other.error().text;

    std::string record = recorded_run(1).record;
    record[8] = 7;  // the version of the format alone: the head has a checksum
    const auto damaged = open_record(record);
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().kind, ReplayProblem::Kind::damaged);
}

TEST(Replay, ThatGoesAnotherWaySaysSo) {
    const RecordedRun run = recorded_run(1);
    record::RecordFile file(std::make_unique<std::istringstream>(run.record));
    const auto head = file.begin();
    ASSERT_TRUE(head);
    ASSERT_TRUE(file.find_groups());
    const auto chunk = file.next();
    ASSERT_TRUE(chunk && *chunk);
    record::ChunkHead other = **chunk;
    ++other.departures;  // as if the segments had been others then
    const auto octets = record::write_chunk(other, file.entries());
    const auto replay = open_record(head_of({.layout = head->layout, .version = "9.8.7"}) +
                                    std::string(reinterpret_cast<const char*>(octets.data()), octets.size()));
    ASSERT_TRUE(replay);
    EXPECT_FALSE((*replay)->run_to_end());
    ASSERT_TRUE((*replay)->problem());
    EXPECT_EQ((*replay)->problem()->kind, ReplayProblem::Kind::differs);
    EXPECT_NE((*replay)->problem()->text.find("hourglass 9.8.7"), std::string::npos) << (*replay)->problem()->text;
}

TEST(Replay, OfACallAtAHostThatIsNotThereSaysThatItIsDamaged) {
    record::RecordEncoder encoder;
    encoder.call(0, {.call = tcp::StreamCall::close});
    const auto octets = record::write_chunk({}, encoder.out.bytes());
    const auto replay = open_record(head_of({.layout = record::layout_of_records(), .version = "0"}) +
                                    std::string(reinterpret_cast<const char*>(octets.data()), octets.size()));
    ASSERT_TRUE(replay);
    EXPECT_FALSE((*replay)->run_to_end());
    ASSERT_TRUE((*replay)->problem());
    EXPECT_EQ((*replay)->problem()->kind, ReplayProblem::Kind::damaged);
}

// Whoever forges a record can make its checksums right.
TEST(Replay, OfForgedEntriesEndsWhateverTheySay) {
    const SmallRecord small;
    Random random(1);
    std::size_t stopped = 0;
    for (int round = 0; round < 2'000; ++round) {
        record::RecordFile file(std::make_unique<std::istringstream>(small.run.record));
        const auto head = file.begin();
        ASSERT_TRUE(head && file.find_groups());
        std::string forged = head_of(*head);
        for (auto chunk = file.next(); chunk && *chunk; chunk = file.next()) {
            std::vector<std::byte> entries(file.entries().begin(), file.entries().end());
            for (std::byte& octet : entries)
                if (random.chance(0.002)) octet = static_cast<std::byte>(random.next());
            const auto octets = record::write_chunk(**chunk, entries);
            forged.append(reinterpret_cast<const char*>(octets.data()), octets.size());
        }
        ReplayTranscript told;
        const auto replay = open_record(forged, &told);
        ASSERT_TRUE(replay);
        if (!(*replay)->run_to_end()) ++stopped;
        for (const Replay::Host& host : (*replay)->hosts()) EXPECT_EQ(host.stack->check_invariants(), "");
    }
    EXPECT_GT(stopped, 500u);
}

// A ring, whose file has the end of the run and as much of what was before as there is room for.

struct RingRun {
    RecordedRun run;
    ReplayTranscript told;
    std::unique_ptr<Replay> replay;

    explicit RingRun(std::uint64_t seed, std::uint64_t rounds = 60, std::size_t max_bytes = 128 * 1024)
        : run(recorded_run(seed, {.max_bytes = max_bytes, .ring = true, .chunk = 512, .rounds = rounds})) {
        replay = open_record(run.record, &told).value();
    }
    /// What the replay tells is the end of what the run told, or all of it.
    void expect_same_end() {
        ASSERT_TRUE(replay->run_to_end()) << replay->problem()->text << "\n" << replay->last_step();
        ASSERT_EQ(replay->was_full(), run.full);
        if (run.full) return;
        const std::string& all = run.transcript;
        const std::string end = all.substr(all.size() - std::min(all.size(), told.text.size()));
        ASSERT_EQ(first_difference(end, told.text), "");
        ASSERT_EQ(replay->has_beginning(), all.size() == told.text.size());
    }
};

TEST_P(RandomRuns, PassFromGroupToGroupInTheSameState) {
    std::size_t full = 0;
    for (std::uint64_t seed = GetParam(); seed < kRuns; seed += kShards) {
        RingRun ring(seed, 1, 64 * 1024);
        ASSERT_NO_FATAL_FAILURE(ring.expect_same_end()) << "seed " << seed;
        full += ring.run.full ? 1 : 0;
    }
    EXPECT_LT(full, 10u) << "the state of the hosts is small beside what they do";
}

TEST_P(RandomRuns, WhoseRecorderGoesRoundEndTheSameWay) {
    std::size_t went_round = 0;
    for (std::uint64_t seed = GetParam(); seed < 6 * kShards; seed += kShards) {
        RingRun ring(seed);
        EXPECT_LE(ring.run.record.size(), 128u * 1024);
        ASSERT_NO_FATAL_FAILURE(ring.expect_same_end()) << "seed " << seed;
        went_round += ring.replay->has_beginning() ? 0 : 1;
    }
    EXPECT_GT(went_round, 0u);
}

std::uint64_t seed_of_run_that_went_round() {
    for (std::uint64_t seed = 0; seed < 100; ++seed)
        if (const RingRun ring(seed); !ring.replay->has_beginning() && !ring.run.full) return seed;
    ADD_FAILURE() << "no run went round";
    return 0;
}

TEST(ReplayOfARing, BeginsInTheMiddleAndGoesBackThere) {
    RingRun ring(seed_of_run_that_went_round());
    ASSERT_TRUE(ring.replay->go_to(20));
    const std::string first = ring.told.text;
    EXPECT_EQ(ring.replay->hosts().size(), 2u);
    ASSERT_TRUE(ring.replay->go_to(60));
    ASSERT_TRUE(ring.replay->go_to(20));
    EXPECT_EQ(ring.told.text, first);
    EXPECT_FALSE(ring.replay->has_beginning());
}

// Whoever kills the recorder leaves what it was about to overwrite.
TEST(ReplayOfARing, WithoutItsEndIsCutShort) {
    const std::uint64_t seed = seed_of_run_that_went_round();
    const RingRun whole(seed);
    const std::string& record = whole.run.record;
    std::size_t tried = 0, chunk = 0;
    for (std::size_t at = record.find("HGC1"); at != std::string::npos; at = record.find("HGC1", at + 1)) {
        if (chunk++ % 10 != 0) continue;
        std::string cut = record;
        cut[at] = 'h';
        ReplayTranscript told;
        const auto replay = open_record(cut, &told);
        ASSERT_TRUE(replay);
        EXPECT_FALSE((*replay)->run_to_end() && (*replay)->ended() && (*replay)->has_beginning());
        if (!(*replay)->problem()) continue;  // what was overwritten in any case
        ++tried;
        EXPECT_TRUE((*replay)->problem()->kind == ReplayProblem::Kind::cut_short ||
                    (*replay)->problem()->kind == ReplayProblem::Kind::damaged)
            << (*replay)->problem()->text;
        EXPECT_NE(whole.run.transcript.find(told.text), std::string::npos) << at;
    }
    EXPECT_GT(tried, 5u);
}

TEST(ReplayOfARing, WhoseStateWasChangedSaysSo) {
    const RingRun ring(seed_of_run_that_went_round());
    record::RecordFile file(std::make_unique<std::istringstream>(ring.run.record));
    const auto head = file.begin();
    ASSERT_TRUE(head && file.find_groups());
    std::size_t refused = 0;
    Random random(3);
    for (int round = 0; round < 1'000; ++round) {
        ASSERT_TRUE(file.begin() && file.find_groups());
        std::string forged;
        bool first = true;
        for (auto chunk = file.next(); chunk && *chunk; chunk = file.next(), first = false) {
            if (first) {
                const auto group = record::write_group(*head, {.first_chunk = (*chunk)->number});
                forged.append(reinterpret_cast<const char*>(group.data()), group.size());
            }
            std::vector<std::byte> entries(file.entries().begin(), file.entries().end());
            for (std::byte& octet : entries)
                if (first && random.chance(0.002)) octet = static_cast<std::byte>(random.next());
            const auto octets = record::write_chunk(**chunk, entries);
            forged.append(reinterpret_cast<const char*>(octets.data()), octets.size());
        }
        const auto replay = open_record(forged);
        ASSERT_TRUE(replay);
        if (!(*replay)->run_to_end()) ++refused;
    }
    EXPECT_GT(refused, 100u);
}

TEST(Replay, OfSomethingElseSaysThatItIsNoRecord) {
    const auto replay = open_record("GET / HTTP/1.1\r\n\r\n and more of this kind");
    ASSERT_FALSE(replay);
    EXPECT_EQ(replay.error().kind, ReplayProblem::Kind::unreadable);
    EXPECT_FALSE(Replay::open("/nonexistent/record"));
}

}  // namespace
}  // namespace hourglass::trace
