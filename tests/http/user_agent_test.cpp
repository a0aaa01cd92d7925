#include "hourglass/http/user_agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

#include "hourglass/http/content_coding.h"
#include "hourglass/http/digest.h"
#include "hourglass/http/over_tcp.h"
#include "hourglass/http/router.h"
#include "hourglass/sim/world.h"
#include "http/support.h"

namespace hourglass::http {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr std::chrono::sys_seconds kDate{1'800'000'000s};

/// Writes down what it sees.
struct Notes final : ExchangeObserver {
    void on_dial(const DialEvent& event) override {
        if (event.kind == DialEvent::Kind::tunnelled) lines.push_back("tunnel " + event.name);
    }
    void on_request(const Hop& hop, const Request& request) override {
        lines.push_back((hop.reused ? "again " : "new ") + std::string(request.method.name()) + " " + request.target);
    }
    void on_redirect(const Redirection& redirection) override { lines.push_back("to " + redirection.url.to_string()); }
    void on_retry(Duration delay, const std::string&) override {
        lines.push_back("retry in " + std::to_string(to_ms(delay)));
    }
    void on_hop(const Hop& hop) override { hops.push_back(hop); }

    std::vector<std::string> lines;
    std::vector<Hop> hops;
};

/// A user agent, two servers and a proxy on one network of ten milliseconds, in virtual time.
class Agent : public testing::Test {
  protected:
    Agent() {
        for (const char* name : {"client", "one", "two"}) world.add_host(name);
        sim::LinkSettings link;
        world.connect({"client", {"10.0.1.1/24"}}, {"one", {"10.0.1.2/24"}}, link.both({.delay = 10ms}));
        world.connect({"client", {"10.0.2.1/24"}}, {"two", {"10.0.2.2/24"}}, link.both({.delay = 10ms}));
        outside = client_world(world.host("client"), {},
                               dns::HostsFile::parse("10.0.1.2 one.example www.one.example\n10.0.2.2 two.example"));
        settings.wall_clock = [] { return kDate; };
        one.mount("/", test::answer_target);
        two.mount("/", test::answer_target);
        one.route(Method::get, "/cookies", [](const Request& request, const Responder& responder) {
            responder.respond(Response::text(Status::ok, std::string(request.fields.combined("Cookie"))));
        });
    }
    /// A path that answers with what `make` gives.
    void serve(Router& router, std::string_view path, std::function<Response(const Request&)> make) {
        for (const Method& method : {Method(Method::get), Method(Method::post), Method(Method::put)})
            router.route(method, std::string(path), [make](const Request& request, const Responder& responder) {
                responder.respond(make(request));
            });
    }
    void listen(const TcpServerSettings& tcp = {}) {
        applications.push_back(one.application());
        applications.push_back(two.application());
        servers.push_back(
            std::make_unique<TcpServer>(world.host("one"), applications[0], test::TestServer::plain(), tcp));
        servers.push_back(
            std::make_unique<TcpServer>(world.host("two"), applications[1], test::TestServer::plain(), tcp));
        ASSERT_TRUE(servers[0]->listen({IpAddress::v4(10, 0, 1, 2), Port{80}}));
        ASSERT_TRUE(servers[1]->listen({IpAddress::v4(10, 0, 2, 2), Port{80}}));
    }
    UserAgent& agent() {
        if (!agent_) agent_.emplace(*outside, settings, nullptr, &jar);
        return *agent_;
    }
    AgentRequest request(std::string_view url, Method method = Method::get) {
        AgentRequest made{.url = Url::parse(url).value()};
        made.request.method = std::move(method);
        return made;
    }
    ExchangeId send(AgentRequest what) {
        return agent().send(std::move(what), collect_response([this](std::expected<Response, ClientError> result) {
                                results.push_back(result
                                                      ? std::to_string(to_number(result->status)) + " " + result->body
                                                      : "error " + result.error().text);
                                if (!result) error = result.error();
                            }),
                            notes);
    }
    /// The one result of one request.
    std::string get(std::string_view url) { return finish(request(url)); }
    std::string finish(AgentRequest what) {
        results.clear();
        send(std::move(what));
        world.run_for(2min);
        return results.size() == 1 ? results[0] : "results: " + std::to_string(results.size());
    }
    std::uint32_t connections_to(const char* host) {
        return static_cast<std::uint32_t>(world.host(host).tcp().counters().passive_opens);
    }

    sim::World world{1};
    Router one, two;
    std::vector<Application> applications = [] {
        std::vector<Application> room;
        room.reserve(2);
        return room;
    }();
    std::vector<std::unique_ptr<TcpServer>> servers;
    std::unique_ptr<ClientWorld> outside;
    UserAgentSettings settings;
    CookieJar jar;
    std::vector<std::string> results;
    ClientError error;
    std::shared_ptr<Notes> notes = std::make_shared<Notes>();

  private:
    std::optional<UserAgent> agent_;
};

TEST_F(Agent, ConnectionsAreNotKeptForEver) {
    listen();
    for (int i = 0; i < 5; ++i) EXPECT_EQ(get("http://one.example/" + std::to_string(i)), "200 /" + std::to_string(i));
    EXPECT_EQ(connections_to("one"), 5U) << "each was idle for longer than a minute";
}

TEST_F(Agent, OneConnectionServesManyRequestsToAnOrigin) {
    settings.idle = 70s;
    listen();
    for (int i = 0; i < 5; ++i) {
        send(request("http://one.example/a"));
        world.run_for(1s);
    }
    EXPECT_EQ(results.size(), 5U);
    EXPECT_EQ(connections_to("one"), 1U);
    EXPECT_EQ(agent().connections(), 1U);
    EXPECT_THAT(notes->lines,
                ElementsAre("new GET /a", "again GET /a", "again GET /a", "again GET /a", "again GET /a"));
    world.run_for(80s);
    EXPECT_EQ(agent().connections(), 0U);
    EXPECT_EQ(world.host("one").tcp().counters().resets_in, 0U) << "closed in order";
}

TEST_F(Agent, ConnectionsPerOriginAreLimited) {
    settings.connections_per_origin = 2;
    listen();
    for (int i = 0; i < 20; ++i) send(request("http://one.example/" + std::to_string(i)));
    send(request("http://two.example/"));
    world.run_for(5s);
    EXPECT_EQ(results.size(), 21U);
    EXPECT_EQ(connections_to("one"), 2U);
    EXPECT_EQ(connections_to("two"), 1U);
}

TEST_F(Agent, IdleConnectionsMakeRoomForOtherOrigins) {
    settings.connections = 1;
    listen();
    send(request("http://one.example/"));
    world.run_for(1s);
    send(request("http://two.example/"));
    send(request("http://one.example/"));
    world.run_for(5s);
    EXPECT_EQ(results.size(), 3U);
    EXPECT_EQ(agent().connections(), 1U);
}

// RFC 9112, section 9.3.1.
TEST_F(Agent, AConnectionThatTheServerHasClosedIsNoError) {
    TcpServerSettings tcp;
    tcp.idle = 5s;
    listen(tcp);
    settings.idle = 10min;
    EXPECT_EQ(get("http://one.example/a"), "200 /a");
    EXPECT_EQ(get("http://one.example/b"), "200 /b");
    EXPECT_EQ(connections_to("one"), 2U);
}

TEST_F(Agent, ARequestThatCrossesTheServersCloseIsSentAgain) {
    int requests = 0;
    one.stream(Method::put, "/x", echo_stream(1000));
    listen();
    send(request("http://one.example/a"));
    world.run_for(1s);
    servers[0]->close();  // its FIN meets the request on the way
    servers[0] = std::make_unique<TcpServer>(world.host("one"), applications[0], test::TestServer::plain());
    ASSERT_TRUE(servers[0]->listen({IpAddress::v4(10, 0, 1, 2), Port{80}}));
    AgentRequest put = request("http://one.example/x", Method::put);
    put.body = [&requests] {
        ++requests;
        return std::make_unique<StringBody>("content");
    };
    send(std::move(put));
    world.run_for(1s);
    EXPECT_THAT(results, ElementsAre("200 /a", "200 content"));
    EXPECT_EQ(requests, 2);
    EXPECT_THAT(notes->lines, ElementsAre("new GET /a", "again PUT /x", "new PUT /x"));
}

TEST_F(Agent, RedirectionsAreFollowedToOtherOrigins) {
    serve(one, "/start", [](const Request&) { return Response::redirect(Status::found, "http://two.example/end?q"); });
    listen();
    AgentRequest start = request("http://one.example/start", Method::post);
    start.request.body = "form";
    start.request.fields.add("Authorization", "Basic secret");
    EXPECT_EQ(finish(std::move(start)), "200 /end?q");
    EXPECT_THAT(notes->lines, ElementsAre("new POST /start", "to http://two.example/end?q", "new GET /end?q"));
    ASSERT_EQ(notes->hops.size(), 2U);
    EXPECT_EQ(notes->hops[0].status, 302);
    EXPECT_EQ(notes->hops[0].bytes_sent, 4U);
}

TEST_F(Agent, TheBodyIsSentAgainAfter307) {
    serve(one, "/start",
          [](const Request&) { return Response::redirect(Status::temporary_redirect, "http://two.example/echo"); });
    two.stream(Method::post, "/echo", echo_stream(1000));
    listen();
    AgentRequest start = request("http://one.example/start", Method::post);
    start.body = [] { return std::make_unique<StringBody>(std::string(100'000, 'b')); };
    EXPECT_EQ(finish(std::move(start)), "200 " + std::string(100'000, 'b'));
}

TEST_F(Agent, RedirectionsHaveALimit) {
    serve(one, "/loop", [](const Request&) { return Response::redirect(Status::found, "/loop"); });
    settings.redirections = 5;
    listen();
    EXPECT_EQ(get("http://one.example/loop"), "error more redirections than the limit");
    EXPECT_EQ(error.kind, ClientError::Kind::redirect_refused);
    EXPECT_EQ(notes->hops.size(), 6U);
}

TEST_F(Agent, WithoutRedirectionsThe3xxIsTheAnswer) {
    serve(one, "/start", [](const Request&) { return Response::redirect(Status::found, "/end"); });
    settings.redirections = 0;
    listen();
    EXPECT_THAT(get("http://one.example/start"), testing::StartsWith("302"));
}

TEST_F(Agent, ALongAnswerThatIsNotWantedDoesNotHoldTheRedirectionUp) {
    serve(one, "/start", [](const Request&) {
        Response response = Response::redirect(Status::found, "/end");
        response.body.assign(50'000'000, 'x');
        return response;
    });
    listen();
    EXPECT_EQ(get("http://one.example/start"), "200 /end");
    EXPECT_LT(notes->hops[0].bytes_received, 1'000'000U);
}

TEST_F(Agent, CookiesComeAndGoWithTheirSite) {
    serve(one, "/set", [](const Request&) {
        Response response = Response::redirect(Status::found, "/cookies");
        response.fields.add("Set-Cookie", "a=1; Path=/");
        response.fields.add("Set-Cookie", "b=2; Domain=one.example; Max-Age=60");
        return response;
    });
    listen();
    EXPECT_EQ(get("http://www.one.example/set"), "200 a=1; b=2");
    EXPECT_EQ(get("http://one.example/cookies"), "200 b=2");
    AgentRequest more = request("http://one.example/cookies");
    more.request.fields.add("Cookie", "c=3");
    EXPECT_EQ(finish(std::move(more)), "200 c=3; b=2");
}

TEST_F(Agent, ContentIsDecoded) {
    serve(one, "/text", [](const Request& request) {
        EXPECT_EQ(request.fields.get("Accept-Encoding"), "gzip, deflate, br");
        const auto source = encode_body(std::make_unique<StringBody>(std::string(100'000, 't')), ContentCoding::gzip);
        Response response;
        std::array<std::byte, 65536> piece;
        for (auto read = source->read(piece); read.size > 0; read = source->read(piece))
            response.body += as_text(std::span(piece).first(read.size));
        response.fields.add("Content-Encoding", "gzip");
        return response;
    });
    serve(one, "/broken", [](const Request&) {
        Response response = Response::text(Status::ok, "this is no gzip");
        response.fields.add("Content-Encoding", "gzip");
        return response;
    });
    listen();
    EXPECT_EQ(get("http://one.example/text"), "200 " + std::string(100'000, 't'));
    EXPECT_LT(notes->hops[0].bytes_received, 1000U);
    EXPECT_EQ(get("http://one.example/broken"), "error the compressed content is malformed");
}

TEST_F(Agent, RetriesWithPatience) {
    int asked = 0;
    serve(one, "/busy", [&](const Request&) {
        if (++asked == 3) return Response::text(Status::ok, "at last");
        Response response = Response::error(Status::service_unavailable);
        if (asked == 2) response.fields.add("Retry-After", "7");
        return response;
    });
    settings.retry.retries = 3;
    listen();
    EXPECT_EQ(get("http://one.example/busy"), "200 at last");
    EXPECT_THAT(notes->lines,
                ElementsAre("new GET /busy", "retry in 1000", "again GET /busy", "retry in 7000", "again GET /busy"));
}

TEST_F(Agent, PostIsNotRepeatedForAServersError) {
    serve(one, "/busy", [](const Request&) { return Response::error(Status::service_unavailable, "busy"); });
    settings.retry.retries = 3;
    listen();
    EXPECT_THAT(finish(request("http://one.example/busy", Method::post)), testing::StartsWith("503"));
}

TEST_F(Agent, ARefusedConnectionIsTriedAgain) {
    settings.retry.retries = 2;
    EXPECT_EQ(get("http://one.example/"), "error no connection to one.example:80: connection refused");
    EXPECT_THAT(notes->lines, ElementsAre("retry in 1000", "retry in 2000"));
    EXPECT_EQ(error.kind, ClientError::Kind::not_connected);
}

TEST_F(Agent, ANameThatIsNotThereIsNotResolved) {
    EXPECT_EQ(get("http://three.invalid/"), "error 'three.invalid' has no address: the name does not exist");
    EXPECT_EQ(error.kind, ClientError::Kind::not_resolved);
}

TEST_F(Agent, HttpsNeedsSomeoneWhoSpeaksIt) {
    EXPECT_EQ(get("https://one.example/"), "error https is not spoken here");
    EXPECT_EQ(error.kind, ClientError::Kind::not_secured);
}

TEST_F(Agent, EveryPhaseHasALimit) {
    std::vector<Responder> kept;
    one.route(Method::get, "/silent",
              [&](const Request&, Responder responder) { kept.push_back(std::move(responder)); });
    listen();
    AgentRequest silent = request("http://one.example/silent");
    silent.limits = PhaseLimits{.response = 3s};
    EXPECT_EQ(finish(silent), "error one.example: no answer in time");
    EXPECT_EQ(error.kind, ClientError::Kind::timed_out);
    EXPECT_NEAR(to_seconds(notes->hops.back().ended - notes->hops.back().sent), 3, 0.1);
    silent.limits = PhaseLimits{.total = 2s};
    EXPECT_EQ(finish(silent), "error not done in 2 s");
    AgentRequest nowhere = request("http://10.0.1.77/");
    nowhere.limits = PhaseLimits{.connect = 1s};
    EXPECT_EQ(finish(nowhere), "error no connection to 10.0.1.77:80 in time");
    EXPECT_NE(notes->hops.back().resolved, kNever);
    EXPECT_EQ(notes->hops.back().connected, kNever);
}

TEST_F(Agent, PhasesAreTimed) {
    listen();
    get("http://one.example/a");
    ASSERT_EQ(notes->hops.size(), 1U);
    const Hop& hop = notes->hops[0];
    EXPECT_LE(hop.began, hop.resolved);
    EXPECT_NEAR(static_cast<double>(to_ms(hop.connected - hop.resolved)), 20, 2);
    EXPECT_EQ(hop.secured, kNever);
    EXPECT_NEAR(static_cast<double>(to_ms(hop.first_byte - hop.sent)), 20, 2);
    EXPECT_GE(hop.ended, hop.first_byte);
    EXPECT_EQ(hop.remote.to_string(), "10.0.1.2:80");
    EXPECT_EQ(hop.transport->local.address.to_string(), "10.0.1.1");
    EXPECT_EQ(hop.bytes_received, 2U);
}

TEST_F(Agent, CancelledExchangesAreToldNoMore) {
    listen();
    const ExchangeId first = send(request("http://one.example/a"));
    world.run_for(15ms);
    agent().cancel(first);
    const ExchangeId second = send(request("http://one.example/b"));
    world.run_for(30ms);
    agent().cancel(second);
    world.run_for(1min);
    EXPECT_THAT(results, ElementsAre());
    EXPECT_EQ(agent().exchanges(), 0U);
    EXPECT_EQ(agent().connections(), 0U);
}

TEST_F(Agent, CredentialsOfTheUrlAreSent) {
    serve(one, "/who", [](const Request& request) {
        return Response::text(Status::ok, std::string(request.fields.get("Authorization").value_or("")));
    });
    listen();
    EXPECT_EQ(get("http://Aladdin:open%20sesame@one.example/who"), "200 Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

TEST_F(Agent, AProxyIsAskedForTheWholeUrl) {
    serve(two, "/a", [](const Request& request) {
        return Response::text(
            Status::ok, request.target + " " + std::string(request.fields.get("Proxy-Authorization").value_or("")));
    });
    settings.proxies.http = parse_proxy("http://u:p@two.example:80").value();
    settings.proxies.direct = {"10.0.1.2"};
    listen();
    EXPECT_EQ(get("http://one.example/a?b"), "200 http://one.example/a?b Basic dTpw");
    EXPECT_EQ(get("http://10.0.1.2/direct"), "200 /direct");
}

/// A proxy that answers a CONNECT with `answer`, and then speaks as the server would.
struct TinyProxy final : tcp::ConnectionHandler, tcp::AcceptHandler {
    TinyProxy(ip::Host& host, std::string with) : answer(std::move(with)) {
        listener = host.tcp().listen({IpAddress::v4(10, 0, 2, 2), Port{3128}}, {.handler = this}).value();
    }
    void on_acceptable(tcp::Listener ready) override {
        while (auto stream = ready.accept()) stream->set_handler(this);
    }
    void on_readable(tcp::Stream stream) override {
        for (Slice piece = stream.receive_slice(); !piece.empty(); piece = stream.receive_slice())
            received += as_text(piece.bytes());
        if (!answered && received.ends_with("\r\n\r\n")) {
            answered = true;
            stream.send(as_bytes(answer));
        } else if (received.ends_with("\r\n\r\n")) {
            stream.send(as_bytes("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nbehind"));
        }
    }

    std::string answer;
    std::string received;
    bool answered = false;
    tcp::Listener listener;
};

// RFC 9110, section 9.3.6.
TEST_F(Agent, TunnelsThroughAProxyWhenAsked) {
    TinyProxy proxy(world.host("two"), "HTTP/1.1 200 Go on\r\nX-Proxy: yes\r\n\r\n");
    settings.proxies.http = parse_proxy("two.example:3128").value();
    settings.tunnel = true;
    EXPECT_EQ(get("http://one.example/a"), "200 behind");
    EXPECT_THAT(notes->lines, ElementsAre("tunnel one.example:80", "new GET /a"));
    EXPECT_THAT(proxy.received, testing::StartsWith("CONNECT one.example:80 HTTP/1.1\r\nHost: one.example:80\r\n"));
}

TEST_F(Agent, AProxyThatRefusesATunnelIsNoConnection) {
    TinyProxy proxy(world.host("two"), "HTTP/1.1 403 Not there\r\nContent-Length: 0\r\n\r\n");
    settings.proxies.http = parse_proxy("two.example:3128").value();
    settings.tunnel = true;
    EXPECT_EQ(get("http://one.example/a"), "error the proxy does not connect to one.example:80: 403 Not there");
    EXPECT_EQ(error.kind, ClientError::Kind::not_connected);
}

/// A proxy that has an answer for each request, in order, and the last one for all that follow. It closes behind one
/// that says so.
struct ScriptedProxy final : tcp::ConnectionHandler, tcp::AcceptHandler {
    ScriptedProxy(ip::Host& host, std::vector<std::string> says) : answers(std::move(says)) {
        listener = host.tcp().listen({IpAddress::v4(10, 0, 2, 2), Port{3128}}, {.handler = this}).value();
    }
    void on_acceptable(tcp::Listener ready) override {
        while (auto stream = ready.accept()) {
            stream->set_handler(this);
            ++connections;
        }
    }
    void on_readable(tcp::Stream stream) override {
        for (Slice piece = stream.receive_slice(); !piece.empty(); piece = stream.receive_slice())
            head += as_text(piece.bytes());
        if (!head.ends_with("\r\n\r\n")) return;
        const std::string& answer = answers[std::min(heads.size(), answers.size() - 1)];
        heads.push_back(std::exchange(head, {}));
        stream.send(as_bytes(answer));
        if (answer.find("Connection: close") != std::string::npos) stream.close();
    }

    std::vector<std::string> answers;
    std::string head;
    std::vector<std::string> heads;
    int connections = 0;
    tcp::Listener listener;
};

constexpr std::string_view kChallenge = "Digest realm=\"proxy\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256";
constexpr std::string_view kNoRandom = "00000000000000000000000000000000";
std::string proxy_answer(std::string_view more) {
    return "HTTP/1.1 407 Who?\r\nContent-Length: 5\r\nProxy-Authenticate: Basic realm=\"x\", " +
           std::string(kChallenge) + std::string(more) + "\r\n\r\nwho?\n";
}
std::string mufasas_answer(std::string_view method, std::string_view target) {
    const auto challenge = DigestChallenge::find({{"A", kChallenge}}, "A").value();
    return "Proxy-Authorization: " + digest_credentials(challenge, {"Mufasa", "Circle"}, method, target, 1, kNoRandom) +
           "\r\n";
}

class DigestToAProxy : public Agent {
  protected:
    DigestToAProxy() {
        settings.proxies.http = parse_proxy("http://Mufasa:Circle@two.example:3128").value();
        settings.proxy_digest = true;
    }
    const std::string opened = "HTTP/1.1 200 Go on\r\n\r\n";
    const std::string behind = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nbehind";
};

TEST_F(DigestToAProxy, Rfc9110Section117ARequestForTheWholeUrlIsSentAgainWithTheAnswer) {
    ScriptedProxy proxy(world.host("two"), {proxy_answer(""), behind});
    AgentRequest post = request("http://one.example/a", Method::post);
    post.request.body = "body\r\n\r\n";
    EXPECT_EQ(finish(std::move(post)), "200 behind");
    ASSERT_EQ(proxy.heads.size(), 2U);
    EXPECT_THAT(proxy.heads[0], testing::Not(testing::HasSubstr("Proxy-Authorization")));
    EXPECT_THAT(proxy.heads[1], testing::HasSubstr(mufasas_answer("POST", "http://one.example/a")));
    EXPECT_THAT(proxy.heads[1], testing::EndsWith("body\r\n\r\n"));
    EXPECT_EQ(proxy.connections, 1);
}

TEST_F(DigestToAProxy, Rfc9110Section936ATunnelIsAskedForAgainOnTheSameConnection) {
    settings.tunnel = true;
    ScriptedProxy proxy(world.host("two"), {proxy_answer(""), opened, behind});
    EXPECT_EQ(get("http://one.example/a"), "200 behind");
    ASSERT_EQ(proxy.heads.size(), 3U);
    EXPECT_THAT(proxy.heads[0], testing::Not(testing::HasSubstr("Proxy-Authorization")));
    EXPECT_THAT(proxy.heads[1], testing::HasSubstr(mufasas_answer("CONNECT", "one.example:80")));
    EXPECT_THAT(proxy.heads[2], testing::Not(testing::HasSubstr("Proxy-Authorization"))) << "that is the server's";
    EXPECT_EQ(proxy.connections, 1);
}

TEST_F(DigestToAProxy, AProxyThatClosesWithItsChallengeIsAskedOnAnotherConnection) {
    settings.tunnel = true;
    ScriptedProxy proxy(world.host("two"), {proxy_answer("\r\nConnection: close"), opened, behind});
    EXPECT_EQ(get("http://one.example/a"), "200 behind");
    ASSERT_EQ(proxy.heads.size(), 3U);
    EXPECT_THAT(proxy.heads[1], testing::HasSubstr(mufasas_answer("CONNECT", "one.example:80")));
    EXPECT_EQ(proxy.connections, 2);
}

TEST_F(DigestToAProxy, AStaleNonceIsAnsweredAndAWrongLoginIsNotTriedAgain) {
    settings.tunnel = true;
    ScriptedProxy proxy(world.host("two"), {proxy_answer(""), proxy_answer(", stale=true"), proxy_answer("")});
    EXPECT_EQ(get("http://one.example/a"), "error the proxy does not connect to one.example:80: 407 Who?");
    EXPECT_EQ(proxy.heads.size(), 3U);
}

TEST_F(DigestToAProxy, NobodyIsToldThePasswordWhereTheProxyWantsItAsItIs) {
    const std::string basic = "HTTP/1.1 407 Who?\r\nContent-Length: 0\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n";
    ScriptedProxy proxy(world.host("two"), {basic});
    EXPECT_EQ(get("http://one.example/a"), "407 ");
    EXPECT_EQ(proxy.heads.size(), 1U);
    EXPECT_THAT(proxy.heads[0], testing::Not(testing::HasSubstr("Proxy-Authorization")));
}

TEST_F(Agent, ATunnelIsAskedForWithBasicCredentialsUnasked) {
    ScriptedProxy proxy(world.host("two"), {"HTTP/1.1 200 Go on\r\n\r\n", "HTTP/1.1 204 Done\r\n\r\n"});
    settings.proxies.http = parse_proxy("http://u:p@two.example:3128").value();
    settings.tunnel = true;
    EXPECT_EQ(get("http://one.example/a"), "204 ");
    EXPECT_THAT(proxy.heads.at(0), testing::HasSubstr("Proxy-Authorization: Basic dTpw\r\n"));
}

TEST_F(Agent, ExpectedContinueIsNotWaitedForForEver) {
    TinyProxy silent(world.host("two"), "");
    AgentRequest put = request("http://two.example:3128/", Method::put);
    put.request.fields.add("Expect", "100-continue");
    put.request.body = "content\r\n\r\n";
    EXPECT_EQ(finish(std::move(put)), "200 behind");
    EXPECT_NEAR(to_seconds(notes->hops[0].sent - notes->hops[0].asked), 1, 0.1);
}

}  // namespace
}  // namespace hourglass::http
