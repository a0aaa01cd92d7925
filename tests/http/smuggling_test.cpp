#include "http/smuggling.h"

#include <gtest/gtest.h>

#include "http/support.h"

namespace hourglass::http {
namespace {

using test::SmugglingCase;
using Verdict = SmugglingCase::Verdict;

// Request smuggling lives on two recipients who disagree on where a message ends. Each case is a message that some
// implementation has read in another way than the next one, with the verdict of the RFC.
class Smuggling : public testing::TestWithParam<SmugglingCase> {};
class SmugglingRequests : public Smuggling {};
class SmugglingResponses : public Smuggling {};

TEST_P(SmugglingRequests, TheParserHoldsTheVerdictHoweverTheInputIsSplit) {
    const SmugglingCase& c = GetParam();
    const std::string input = c.message + test::kNextRequest;
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, input.size()}) {
        const auto parsed = test::parse_requests(input, piece);
        const std::string error = parsed.error ? std::string(info(*parsed.error).name) : "none";
        if (c.verdict == Verdict::reject) {
            EXPECT_EQ(error, c.error);
            EXPECT_TRUE(parsed.requests.empty());
            continue;
        }
        EXPECT_EQ(error, "none");
        if (c.verdict == Verdict::waits) {
            EXPECT_TRUE(parsed.requests.empty());
            continue;
        }
        ASSERT_EQ(parsed.requests.size(), 2U);
        EXPECT_EQ(parsed.requests[0].body, c.body.value_or(parsed.requests[0].body));
        EXPECT_EQ(parsed.requests[1].target, "/next");
    }
}

TEST_P(SmugglingRequests, TheServerAnswersTheFaultAndClosesOrAnswersEachRequestOnce) {
    const SmugglingCase& c = GetParam();
    int handled = 0;
    test::TestServer server([&](const Request&, const Responder& responder) {
        ++handled;
        responder.respond(Response());
    });
    const std::string answer = server.exchange(c.message + test::kNextRequest);
    switch (c.verdict) {
        case Verdict::reject:
        case Verdict::refuse: {
            const ErrorInfo& what = info(test::error_by_name(c.error));
            EXPECT_EQ(handled, 0);
            EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(to_number(what.status)) + " ")) << answer;
            EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
            EXPECT_TRUE(server.connection.should_close());
            break;
        }
        case Verdict::accept:
            EXPECT_EQ(handled, c.handled);
            EXPECT_EQ(server.connection.should_close(), c.handled == 1);
            break;
        case Verdict::waits:
            EXPECT_EQ(handled, 0);
            EXPECT_EQ(answer, "");
            server.connection.peer_closed();
            EXPECT_TRUE(server.take_output().starts_with("HTTP/1.1 400 "));
            EXPECT_EQ(handled, 0);
            break;
    }
}

TEST_P(SmugglingResponses, TheClientsParserHoldsTheVerdict) {
    const SmugglingCase& c = GetParam();
    const std::string read = test::parse_response(c.message);
    if (c.verdict == Verdict::reject) {
        EXPECT_TRUE(read.ends_with("!" + c.error)) << read;
        EXPECT_EQ(read.find(';'), std::string::npos) << "a message was completed";
    } else {
        ASSERT_EQ(c.verdict, Verdict::accept);
        EXPECT_EQ(read.substr(4), c.body.value_or("") + ";");
    }
}

TEST(SmugglingCorpus, NamesTheClauseThatEachErrorNames) {
    const auto corpus = test::load_smuggling_corpus();
    EXPECT_GE(corpus.size(), 150U);
    for (const SmugglingCase& c : corpus) {
        EXPECT_TRUE(c.clause.starts_with("RFC ")) << c.name;
        if (c.error.empty()) continue;
        const ErrorInfo& what = info(test::error_by_name(c.error));
        EXPECT_TRUE(c.clause.starts_with(what.clause)) << c.name << ": " << what.clause;
        EXPECT_TRUE(is_error(what.status));
    }
}

std::vector<SmugglingCase> select(bool responses) {
    auto cases = test::load_smuggling_corpus();
    std::erase_if(cases, [&](const SmugglingCase& c) { return (c.group == "responses") != responses; });
    return cases;
}

std::string test_name(const testing::TestParamInfo<SmugglingCase>& info) {
    std::string name = info.param.group + "_" + info.param.name;
    for (char& c : name)
        if (c == '-' || c == '.') c = '_';
    return name;
}

INSTANTIATE_TEST_SUITE_P(Corpus, SmugglingRequests, testing::ValuesIn(select(false)), test_name);
INSTANTIATE_TEST_SUITE_P(Corpus, SmugglingResponses, testing::ValuesIn(select(true)), test_name);

}  // namespace
}  // namespace hourglass::http
