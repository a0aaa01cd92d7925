// What a script expects counts: a thousand changes to the scripts of tests/scripts, none of which may pass or crash.

#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <sstream>

#include "hourglass/script/parser.h"
#include "hourglass/script/suite.h"
#include "hourglass/wire/tcp.h"

namespace hourglass::script {
namespace {

constexpr int kMutations = 1000;
constexpr std::uint32_t kSeed = 9293;

struct Source {
    std::string file, text;
    Script script;
};

std::vector<Source> sources() {
    std::vector<Source> result;
    const auto files = find_scripts(HOURGLASS_SCRIPTS);
    if (!files) return result;
    for (const std::string& file : *files) {
        std::ostringstream text;
        text << std::ifstream(file).rdbuf();
        result.push_back({file, text.str(), parse(text.str()).value()});
    }
    return result;
}

/// Changes expectations of a script, one at a time.
class Mutator {
  public:
    explicit Mutator(std::uint32_t seed) : random_(seed) {}

    std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }

    /// What was changed, in words; empty when the event that was drawn expects nothing.
    std::string mutate(Script& script) {
        Event& event = script.events[below(script.events.size())];
        std::string what;
        if (auto* call = std::get_if<CallSpec>(&event.action)) {
            what = mutate(*call);
        } else if (auto* packet = std::get_if<PacketSpec>(&event.action); packet != nullptr && !packet->inbound) {
            auto* tcp = std::get_if<TcpSpec>(&packet->body);
            what = below(6) == 0 || tcp == nullptr ? mutate(event.time) : mutate(*tcp);
        }
        return what.empty() ? what : "line " + std::to_string(event.position.line) + ": " + what;
    }

  private:
    std::string mutate(EventTime& time) {
        if (time.kind == EventTime::Kind::any) {
            time = {EventTime::Kind::relative_range, std::chrono::hours(2), std::chrono::hours(3)};
            return "not before two hours";
        }
        const Duration shift = std::chrono::milliseconds(5 + static_cast<int>(below(300))) + (time.until - time.at);
        time.at += shift;
        time.until += shift;
        return "time";
    }

    std::string mutate(TcpSpec& tcp) {
        using wire::TcpFlags;
        static constexpr std::uint16_t kFlags[] = {TcpFlags::kFin, TcpFlags::kRst, TcpFlags::kPsh,
                                                   TcpFlags::kUrg, TcpFlags::kEce, TcpFlags::kAck};
        const auto some = static_cast<std::uint32_t>(1 + below(1000));
        switch (below(6)) {
            case 0:
                tcp.flags ^= kFlags[below(std::size(kFlags))];
                return "flags";
            case 1:
                // The number of our own SYN is the script's to choose.
                if ((tcp.flags & TcpFlags::kSyn) != 0) return {};
                tcp.seq += some;
                return "seq";
            case 2:
                tcp.ack += some;
                return "ack";
            case 3:
                tcp.length += some;
                return "length";
            case 4:
                tcp.win = static_cast<std::uint16_t>(tcp.win.value_or(0) ^ 0x5a5a);
                return "window";
            default:
                return mutate(tcp.options, tcp.any_options);
        }
    }

    std::string mutate(std::vector<OptionSpec>& options, bool& any) {
        if (any) return {};
        const auto mss = std::ranges::find(options, 2, &OptionSpec::kind);
        if (mss != options.end()) {
            mss->data[1] ^= std::byte{1};
            return "mss";
        }
        options.push_back({253, {std::byte{1}, std::byte{2}}});
        return "options";
    }

    std::string mutate(CallSpec& call) {
        auto* result = std::get_if<Integer>(&call.result.value);
        // A descriptor is the script's to choose.
        const bool names = call.name == "socket" || call.name == "accept" || call.name == "fcntl";
        if (result == nullptr || (names && result->value > 0)) return {};
        if (!call.error.empty() && below(2) == 0) {
            call.error = call.error == "EINTR" ? "EPIPE" : "EINTR";
            return "error";
        }
        result->value += result->value < 0 ? 1 : 1 + static_cast<std::int64_t>(below(100));
        return "result";
    }

    std::mt19937 random_;
};

TEST(ScriptMutations, AChangedExpectationNeverPasses) {
    const auto all = sources();
    Mutator mutator(kSeed);
    int done = 0;
    while (done < kMutations) {
        const Source& source = all[mutator.below(all.size())];
        Script changed = source.script;
        const std::string what = mutator.mutate(changed);
        if (what.empty()) continue;
        ++done;
        EXPECT_EQ(to_string(run(changed).outcome), "failed") << source.file << ", " << what;
    }
}

TEST(ScriptMutations, ChangedTextNeverCrashes) {
    const auto all = sources();
    Mutator mutator(kSeed + 1);
    int passed = 0;
    for (int i = 0; i < kMutations; ++i) {
        std::string text = all[mutator.below(all.size())].text;
        for (std::size_t n = 1 + mutator.below(3); n > 0; --n) {
            const std::size_t at = mutator.below(text.size());
            switch (mutator.below(3)) {
                case 0:
                    text[at] = static_cast<char>(' ' + mutator.below(95));
                    break;
                case 1:
                    text.erase(at, 1 + mutator.below(20));
                    break;
                default:
                    text.insert(at, text.substr(mutator.below(text.size()), mutator.below(20)));
            }
            if (text.empty()) text = " ";
        }
        passed += run(text).outcome == Outcome::passed ? 1 : 0;
    }
    // Comments, white space and what the peer sends may change without harm.
    EXPECT_LT(passed, kMutations);
}

}  // namespace
}  // namespace hourglass::script
