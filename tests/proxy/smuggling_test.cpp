#include "http/smuggling.h"

#include <gtest/gtest.h>

#include "http/support.h"
#include "proxy/support.h"

namespace hourglass::proxy {
namespace {

using namespace std::chrono_literals;
using http::test::SmugglingCase;
using Verdict = SmugglingCase::Verdict;

/// A client that sends bytes as they are.
class RawClient final : public tcp::ConnectionHandler {
  public:
    explicit RawClient(std::string bytes) : bytes_(std::move(bytes)) {}
    void on_established(tcp::Stream stream) override { on_writable(stream); }
    void on_writable(tcp::Stream stream) override { bytes_.erase(0, stream.send(http::as_bytes(bytes_))); }
    void on_readable(tcp::Stream stream) override {
        while (!stream.receive_slice(65536).empty()) {
        }
    }

  private:
    std::string bytes_;
};

// Between the client and the origin two parsers and a writer could disagree. Each message of the corpus goes through
// the proxy with a request behind it, and the origin must see what our parser read: no request more, none less, none
// else.
class SmugglingThroughTheProxy : public test::ProxyWorld, public testing::WithParamInterface<SmugglingCase> {};

TEST_P(SmugglingThroughTheProxy, OriginSeesTheRequestsThatWereSentAndNoOthers) {
    const SmugglingCase& c = GetParam();
    serve("a");
    start(to("a"));
    const std::string input = c.message + http::test::kNextRequest;
    RawClient client(input);
    ASSERT_TRUE(
        world.host("client").tcp().connect({IpAddress::v4(10, 0, 0, 9), Port{80}}, {.local = {}, .handler = &client}));
    run(5s);
    if (c.verdict != Verdict::accept) {
        EXPECT_TRUE(seen.empty()) << seen[0].target;
        return;
    }
    auto sent = http::test::parse_requests(input).requests;
    sent.resize(std::min(sent.size(), static_cast<std::size_t>(c.handled)));
    ASSERT_EQ(seen.size(), sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) {
        EXPECT_EQ(seen[i].method, sent[i].method);
        EXPECT_EQ(seen[i].path(), sent[i].path());
        EXPECT_EQ(seen[i].body, sent[i].body);
        EXPECT_EQ(seen[i].authority(), sent[i].authority());
    }
}

std::vector<SmugglingCase> requests() {
    auto cases = http::test::load_smuggling_corpus();
    std::erase_if(cases, [](const SmugglingCase& c) { return c.group == "responses"; });
    return cases;
}

std::string test_name(const testing::TestParamInfo<SmugglingCase>& info) {
    std::string name = info.param.group + "_" + info.param.name;
    for (char& c : name)
        if (c == '-' || c == '.') c = '_';
    return name;
}

INSTANTIATE_TEST_SUITE_P(Corpus, SmugglingThroughTheProxy, testing::ValuesIn(requests()), test_name);

// The other direction: what a server says must not become the answer to somebody else's request.
class ResponsesThroughTheProxy : public test::ProxyWorld, public testing::WithParamInterface<SmugglingCase> {};

TEST_P(ResponsesThroughTheProxy, EachIsOneAnswerOrAnError) {
    const SmugglingCase& c = GetParam();
    const bool interim = c.message.starts_with("HTTP/1.1 1");
    serve_raw("a", c.message + (interim ? "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" : ""), true);
    start(to("a"));
    const std::string first = get("/first");
    if (c.verdict == Verdict::accept)
        EXPECT_EQ(first.substr(std::min<std::size_t>(4, first.size())), c.body.value_or(""));
    else
        EXPECT_TRUE(first.starts_with("502 ") || first.starts_with("error ")) << first;
}

std::vector<SmugglingCase> responses() {
    auto cases = http::test::load_smuggling_corpus();
    std::erase_if(cases, [](const SmugglingCase& c) { return c.group != "responses"; });
    return cases;
}

INSTANTIATE_TEST_SUITE_P(Corpus, ResponsesThroughTheProxy, testing::ValuesIn(responses()), test_name);

}  // namespace
}  // namespace hourglass::proxy
