#include <gtest/gtest.h>

#include "hourglass/http/router.h"
#include "http/support.h"

namespace hourglass::http {
namespace {

using test::TestServer;

std::string post(std::string_view fields, std::string_view body = "") {
    return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

/// Gives `size` bytes without announcing them, in reads of at most `step`, and then does as told.
class Pattern final : public BodySource {
  public:
    Pattern(std::size_t size, std::optional<std::uint64_t> announced, State at_end = State::end)
        : remaining_(size), announced_(announced), at_end_(at_end) {}
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return announced_; }
    Read read(std::span<std::byte> into) override {
        const std::size_t n = std::min(into.size(), remaining_);
        if (n == 0) return {at_end_, 0};
        std::fill_n(into.begin(), n, std::byte{'p'});
        remaining_ -= n;
        return {State::data, n};
    }
    [[nodiscard]] Fields trailers() override { return {{"Sum", "1"}}; }

  private:
    std::size_t remaining_;
    std::optional<std::uint64_t> announced_;
    State at_end_;
};

Handler answer_with(std::size_t size, std::optional<std::uint64_t> announced,
                    BodySource::State at_end = BodySource::State::end) {
    return [=](const Request&, const Responder& responder) {
        responder.respond(Response(), std::make_unique<Pattern>(size, announced, at_end));
    };
}

/// Remembers what it is given and can be made not ready.
struct SinkRecord {
    std::string data;
    bool ended = false;
    std::optional<Error> aborted;
    bool ready = true;
    std::function<void()> wake;
};
class RecordingSink final : public BodySink {
  public:
    explicit RecordingSink(SinkRecord& record) : record_(record) {}
    void write(std::span<const std::byte> bytes) override { record_.data += as_text(bytes); }
    void end(const Fields&) override { record_.ended = true; }
    void abort(Error reason) override { record_.aborted = reason; }
    [[nodiscard]] bool ready() const override { return record_.ready; }
    void on_ready(std::function<void()> wake) override { record_.wake = std::move(wake); }

  private:
    SinkRecord& record_;
};

TEST(ServerBody, IsCollectedBeforeTheHandlerIsCalled) {
    TestServer server(echo_handler());
    EXPECT_EQ(server.exchange(post("Content-Length: 5\r\n", "he")), "");
    EXPECT_TRUE(server.exchange("llo").ends_with("\r\n\r\nhello"));
    EXPECT_TRUE(server.exchange(post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"))
                    .ends_with("\r\n\r\nabcd"));
}

TEST(ServerBody, BeyondTheCollectedLimitIs413) {
    ServerSettings settings = TestServer::plain();
    settings.collected_body = 4;
    for (const std::string& request :
         {post("Content-Length: 5\r\n", "hello"), post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n")}) {
        TestServer server(echo_handler(), settings);
        EXPECT_TRUE(server.exchange(request).starts_with("HTTP/1.1 413 Content Too Large\r\n"));
        EXPECT_TRUE(server.connection.should_close());
    }
}

TEST(ServerBody, SourceOfKnownSizeIsSentWithItsLength) {
    TestServer server(answer_with(200'000, 200'000));
    const std::string answer = server.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\nppp"));
    EXPECT_EQ(answer.size(), std::string("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n").size() + 200'000);
}

TEST(ServerBody, LargeSourceNeverLiesInMemoryAsAWhole) {
    constexpr std::size_t size = 100'000'000;
    TestServer server(answer_with(size, size));
    server.connection.receive(as_bytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    std::size_t sent = 0;
    std::size_t most = 0;
    while (!server.connection.output().empty()) {
        most = std::max(most, server.connection.output_size());
        const std::size_t n = std::min<std::size_t>(server.connection.output().size(), 100'000);
        sent += n;
        server.connection.consume_output(n);
    }
    EXPECT_GT(sent, size);
    EXPECT_LT(most, 400'000U);
}

TEST(ServerBody, SourceOfUnknownSizeIsSentInChunksWithTrailers) {
    TestServer server(answer_with(5, std::nullopt));
    EXPECT_EQ(server.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nppppp\r\n0\r\nSum: 1\r\n\r\n");
    EXPECT_FALSE(server.connection.should_close());
}

TEST(ServerBody, LargeChunksAreWellFormed) {
    TestServer server(answer_with(300'000, std::nullopt));
    const std::string answer = server.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(test::parse_response(answer), "200 " + std::string(300'000, 'p') + ";");
}

TEST(Rfc9112Section63, UnknownSizeToHttp10EndsWithTheConnection) {
    TestServer server(answer_with(5, std::nullopt));
    EXPECT_EQ(server.exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
              "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nppppp");
    EXPECT_TRUE(server.connection.should_close());
}

TEST(ServerBody, SourceThatFailsOrIsTooShortAbortsTheConnection) {
    for (const auto& handler : {answer_with(5, 10), answer_with(5, std::nullopt, BodySource::State::failed)}) {
        TestServer server(handler);
        server.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_TRUE(server.connection.should_abort());
        EXPECT_FALSE(server.connection.should_close());
    }
}

/// Content that lies in a file, as far as a transport is concerned.
class InFile final : public BodySource {
  public:
    explicit InFile(std::uint64_t size) : part_{.descriptor = 7, .offset = 100, .length = size} {}
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return part_.length; }
    Read read(std::span<std::byte> into) override {
        const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), part_.length));
        if (n == 0) return {State::end, 0};
        std::fill_n(into.begin(), n, std::byte{'f'});
        skip(n);
        return {State::data, n};
    }
    [[nodiscard]] std::optional<FilePart> file_part() const override { return part_; }
    void skip(std::uint64_t n) override {
        part_.offset += n;
        part_.length -= n;
    }

  private:
    FilePart part_;
};

Handler answer_from_file(std::uint64_t size) {
    return [size](const Request&, const Responder& responder) {
        responder.respond(Response(), std::make_unique<InFile>(size));
    };
}

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(ServerBody, InAFileIsLeftThereForATransportThatSendsFromFiles) {
    TestServer server(answer_from_file(50'000));
    server.connection.send_from_files();
    EXPECT_EQ(server.exchange(kGet), "HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n");
    EXPECT_FALSE(server.connection.idle());
    ASSERT_TRUE(server.connection.file_output());
    server.connection.consume_file_output(20'000);
    const auto rest = server.connection.file_output();
    ASSERT_TRUE(rest);
    EXPECT_EQ(rest->descriptor, 7);
    EXPECT_EQ(rest->offset, 20'100U);
    EXPECT_EQ(rest->length, 30'000U);
    server.connection.consume_file_output(30'000);
    EXPECT_FALSE(server.connection.file_output());
    EXPECT_TRUE(server.connection.idle());
    EXPECT_TRUE(server.exchange(kGet).starts_with("HTTP/1.1 200 OK"));
}

TEST(ServerBody, InAFileThatIsShorterThanItWasAbortsTheConnection) {
    TestServer server(answer_from_file(50'000));
    server.connection.send_from_files();
    server.exchange(kGet);
    server.connection.consume_file_output(std::nullopt);
    EXPECT_TRUE(server.connection.should_abort());
}

TEST(ServerBody, InAFileIsOutputLikeAnyOtherElsewhereAndWhenItIsSmall) {
    TestServer plain(answer_from_file(50'000));
    EXPECT_TRUE(plain.exchange(kGet).ends_with("\r\n\r\n" + std::string(50'000, 'f')));
    TestServer small(answer_from_file(500));
    small.connection.send_from_files();
    EXPECT_TRUE(small.exchange(kGet).ends_with("\r\n\r\n" + std::string(500, 'f')));
}

/// Has nothing at first, and something by the time that somebody wants to be told of it.
class ReadyMeanwhile final : public BodySource {
  public:
    explicit ReadyMeanwhile(std::function<void()>& wake) : wake_(wake) {}
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return 10; }
    Read read(std::span<std::byte> into) override {
        if (!std::exchange(ready_, false)) return {State::pending, 0};
        std::fill_n(into.begin(), 5, std::byte{'r'});
        return {State::data, 5};
    }
    void on_ready(std::function<void()> wake) override {
        ready_ = true;
        wake_ = [this, wake] {
            ready_ = true;
            wake();
        };
    }

  private:
    std::function<void()>& wake_;
    bool ready_ = false;
};

TEST(ServerBody, SourceThatHasNothingYetIsListenedTo) {
    std::function<void()> wake;
    TestServer server([&](const Request&, const Responder& responder) {
        responder.respond(Response(), std::make_unique<ReadyMeanwhile>(wake));
    });
    EXPECT_TRUE(server.exchange(post("")).ends_with("\r\n\r\nrrrrr"));
    wake();
    EXPECT_EQ(server.exchange(""), "rrrrr");
    EXPECT_TRUE(server.connection.idle());
}

TEST(ServerBody, HeadNeverReadsTheSource) {
    TestServer server(answer_with(5, std::nullopt));
    EXPECT_EQ(server.exchange("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"),
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_TRUE(server.connection.idle());
}

TEST(Rfc9110Section1011, ContinueIsSaidOnceTheBodyIsWanted) {
    TestServer server(echo_handler());
    EXPECT_EQ(server.exchange(post("Expect: 100-continue\r\nContent-Length: 2\r\n")), "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_TRUE(server.exchange("ab").starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST(Rfc9110Section1011, ContinueIsLeftOutWhenTheBodyIsThereOrThereIsNone) {
    TestServer server(echo_handler());
    EXPECT_TRUE(
        server.exchange(post("Expect: 100-continue\r\nContent-Length: 2\r\n", "ab")).starts_with("HTTP/1.1 200"));
    EXPECT_TRUE(server.exchange(post("Expect: 100-continue\r\n")).starts_with("HTTP/1.1 200"));
}

TEST(Rfc9110Section1011, ContinueWaitsForTheResponsesBeforeIt) {
    std::vector<Responder> waiting;
    TestServer server([&](const Request&, Responder r) { waiting.push_back(std::move(r)); });
    EXPECT_EQ(
        server.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n" + post("Expect: 100-continue\r\nContent-Length: 1\r\n")),
        "");
    waiting[0].respond(Response());
    EXPECT_EQ(server.take_output(), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
}

TEST(Rfc9110Section1011, OtherExpectationsFailAndHttp10HasNone) {
    TestServer server(echo_handler());
    EXPECT_TRUE(server.exchange(post("Expect: miracles\r\nContent-Length: 1\r\n")).starts_with("HTTP/1.1 417 "));
    TestServer old(echo_handler());
    EXPECT_EQ(old.exchange("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"), "");
}

TEST(ServerBody, SinkReceivesItAsItComes) {
    SinkRecord record;
    std::optional<Responder> responder;
    TestServer server(Application{nullptr, [&](const Request&, Responder r) {
                                      responder = std::move(r);
                                      return std::make_unique<RecordingSink>(record);
                                  }});
    server.exchange(post("Content-Length: 6\r\n", "abc"));
    EXPECT_EQ(record.data, "abc");
    EXPECT_FALSE(record.ended);
    server.exchange("def");
    EXPECT_EQ(record.data, "abcdef");
    EXPECT_TRUE(record.ended);
    responder->respond(Response());
    EXPECT_EQ(server.take_output(), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

TEST(ServerBody, SinkThatIsNotReadyHoldsTheConnectionBack) {
    SinkRecord record;
    TestServer server(Application{nullptr, [&](const Request&, const Responder& r) {
                                      r.respond(Response());
                                      return std::make_unique<RecordingSink>(record);
                                  }});
    record.ready = false;
    server.exchange(post("Content-Length: 3\r\n", "abc"));
    EXPECT_EQ(record.data, "");
    EXPECT_FALSE(server.connection.wants_input());
    record.ready = true;
    record.wake();
    EXPECT_EQ(record.data, "abc");
    EXPECT_TRUE(record.ended);
    EXPECT_TRUE(server.connection.wants_input());
}

TEST(ServerBody, SinkLearnsThatTheBodyBrokeOff) {
    SinkRecord record;
    const auto application = [&] {
        return Application{nullptr,
                           [&](const Request&, const Responder&) { return std::make_unique<RecordingSink>(record); }};
    };
    TestServer malformed(application());
    EXPECT_TRUE(
        malformed.exchange(post("Transfer-Encoding: chunked\r\n", "1\r\nx\r\nzz\r\n")).starts_with("HTTP/1.1 500"));
    EXPECT_EQ(record.aborted, Error::invalid_chunk_size);
    TestServer closed(application());
    closed.exchange(post("Content-Length: 6\r\n", "abc"));
    closed.connection.peer_closed();
    EXPECT_EQ(record.aborted, Error::incomplete_message);
}

TEST(ServerBody, RefusedByItsHeadIsDiscardedWhenSmallAndEndsTheConnectionWhenLarge) {
    const Application refuse{nullptr, [](const Request&, const Responder& r) -> std::unique_ptr<BodySink> {
                                 r.respond(Response::error(Status::forbidden));
                                 return nullptr;
                             }};
    TestServer small(refuse);
    EXPECT_TRUE(small.exchange(post("Content-Length: 3\r\n", "abc") + post("Content-Length: 1\r\n", "d"))
                    .starts_with("HTTP/1.1 403"));
    EXPECT_EQ(small.connection.requests(), 2U);
    EXPECT_FALSE(small.connection.should_close());
    TestServer large(refuse);
    EXPECT_NE(large.exchange(post("Content-Length: 10000000\r\n", "abc")).find("Connection: close"), std::string::npos);
    EXPECT_TRUE(large.connection.should_close());
    TestServer expecting(refuse);
    const std::string answer = expecting.exchange(post("Expect: 100-continue\r\nContent-Length: 3\r\n"));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 403"));
    EXPECT_TRUE(expecting.connection.should_close());
}

TEST(ServerBody, EchoStreamHoldsNoMoreThanItsBuffer) {
    Router router;
    router.stream(Method::post, "/", echo_stream(64 * 1024));
    ServerSettings settings = TestServer::plain();
    settings.output = 64 * 1024;
    TestServer server(router.application(), settings);
    constexpr std::size_t size = 10'000'000;
    server.connection.receive(as_bytes(post("Content-Length: " + std::to_string(size) + "\r\n")));
    const std::string piece(16 * 1024, 'e');
    std::size_t given = 0;
    std::size_t received = 0;
    while (given < size || !server.connection.output().empty()) {
        while (given < size && server.connection.wants_input()) {
            const std::size_t n = std::min(piece.size(), size - given);
            server.connection.receive(as_bytes(std::string_view(piece).substr(0, n)));
            given += n;
        }
        ASSERT_LT(given - received, 400'000U);
        const std::size_t n = server.connection.output().size();
        ASSERT_GT(n, 0U);
        received += n;
        server.connection.consume_output(n);
    }
    EXPECT_GT(received, size);
    EXPECT_TRUE(server.connection.idle());
}

TEST(BodyPipe, CarriesDataBackPressureAndFailure) {
    BodyPipe pipe = BodyPipe::make(4, std::nullopt);
    int woken = 0;
    pipe.sink->on_ready([&] { ++woken; });
    std::byte room[3];
    EXPECT_EQ(pipe.source->read(room).state, BodySource::State::pending);
    pipe.sink->write(as_bytes("hello"));
    EXPECT_FALSE(pipe.sink->ready());
    EXPECT_EQ(pipe.source->read(room).size, 3U);
    EXPECT_EQ(woken, 1);
    EXPECT_EQ(pipe.source->read(room).size, 2U);
    pipe.sink->abort(Error::incomplete_message);
    EXPECT_EQ(pipe.source->read(room).state, BodySource::State::failed);
    pipe.source.reset();
    EXPECT_TRUE(pipe.sink->ready());
}

}  // namespace
}  // namespace hourglass::http
