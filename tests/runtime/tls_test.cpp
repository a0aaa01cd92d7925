#include "hourglass/runtime/tls.h"

#include <array>
#include <asio/io_context.hpp>
#include <chrono>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <optional>

#include "hourglass/http/over_tcp.h"
#include "hourglass/http/router.h"
#include "hourglass/http/user_agent.h"
#include "hourglass/runtime/clock.h"
#include "hourglass/runtime/os_client_world.h"
#include "hourglass/runtime/os_http.h"
#include "hourglass/runtime/os_stream.h"
#include "hourglass/sim/world.h"
#include "runtime/certificate.h"

namespace hourglass::runtime {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

http::Router make_router() {
    http::Router router;
    router.mount("/", [](const http::Request& request, const http::Responder& responder) {
        responder.respond(http::Response::text(http::Status::ok, request.target));
    });
    router.route(http::Method::get, "/large", [](const http::Request&, const http::Responder& responder) {
        responder.respond(http::Response::text(http::Status::ok, std::string(5'000'000, 'l')));
    });
    router.stream(http::Method::post, "/echo", http::echo_stream(64 * 1024));
    return router;
}

http::AgentRequest request_to(const std::string& url) {
    return {.url = http::Url::parse(url).value(), .request = {}, .body = {}, .limits = {}};
}

/// Says what becomes of it.
http::Completion into(std::optional<std::string>& result) {
    return [&result](std::expected<http::Response, http::ClientError> answer) {
        result = answer ? answer->body : "error " + answer.error().text;
    };
}

/// A server and an agent of the operating system's TCP on loopback.
class Tls : public testing::Test {
  protected:
    void serve(const Certificate& certificate) {
        secure = TlsServer::make({certificate.certificate_file, certificate.key_file}).value();
        server.emplace(loop, application);
        here = server->listen({IpAddress::v4(127, 0, 0, 1), Port{0}}, secure.get()).value();
    }
    std::string get(const TlsClientSettings& trust, const std::string& host, const std::string& path,
                    std::string body = {}) {
        const auto tls = TlsClient::make(trust).value();
        const auto world = client_world(loop, {}, dns::HostsFile::parse("127.0.0.1 other.example"));
        http::UserAgent agent(*world, {}, tls.get());
        auto request = request_to("https://" + host + ":" + std::to_string(to_number(here.port)) + path);
        if (!body.empty()) request.request.method = http::Method::post;
        request.request.body = std::move(body);
        std::optional<std::string> result;
        agent.send(std::move(request), into(result));
        for (const Instant end = now() + 20s; !result && now() < end;) context.run_for(1ms);
        agent.close();
        for (const Instant end = now() + 5s; agent.connections() > 0 && now() < end;) context.run_for(1ms);
        EXPECT_EQ(agent.connections(), 0U);
        return result.value_or("no result");
    }

    asio::io_context context{1};
    OsLoop loop{context};
    http::Router router = make_router();
    http::Application application = router.application();
    std::unique_ptr<TlsServer> secure;
    std::optional<OsServer> server;
    SocketAddress here;
};

TEST_F(Tls, BothWaysWithTheServersNameChecked) {
    const Certificate certificate("DNS:localhost,IP:127.0.0.1");
    serve(certificate);
    const TlsClientSettings trust{.ca_file = certificate.certificate_file};
    EXPECT_EQ(get(trust, "localhost", "/name"), "/name");
    EXPECT_EQ(get(trust, "127.0.0.1", "/address"), "/address");
    EXPECT_EQ(get(trust, "localhost", "/large"), std::string(5'000'000, 'l'));
    const std::string content(3'000'000, 'c');
    EXPECT_EQ(get(trust, "localhost", "/echo", content), content);
    EXPECT_EQ(server->connections(), 0U);
}

TEST_F(Tls, ACertificateForAnotherNameIsRefused) {
    const Certificate certificate("DNS:localhost");
    serve(certificate);
    const TlsClientSettings trust{.ca_file = certificate.certificate_file};
    EXPECT_EQ(get(trust, "other.example", "/"),
              "error the certificate of other.example is not right: hostname mismatch");
    EXPECT_EQ(get(trust, "127.0.0.1", "/"), "error the certificate of 127.0.0.1 is not right: IP address mismatch");
}

TEST_F(Tls, ACertificateThatNobodyTrustedHasSignedIsRefusedUnlessAnyIsTaken) {
    const Certificate certificate("DNS:localhost");
    serve(certificate);
    EXPECT_EQ(get({}, "localhost", "/"), "error the certificate of localhost is not right: self-signed certificate");
    EXPECT_EQ(get({.verify = false}, "localhost", "/insecure"), "/insecure");
    EXPECT_EQ(get({.verify = false}, "other.example", "/insecure"), "/insecure");
}

TEST_F(Tls, AHandshakeThatIsNotCompleteInTimeEndsTheConnection) {
    const Certificate certificate("DNS:localhost");
    secure = TlsServer::make({certificate.certificate_file, certificate.key_file}).value();
    http::TcpServerSettings settings;
    settings.handshake = 100ms;
    server.emplace(loop, application, http::ServerSettings{}, settings);
    here = server->listen({IpAddress::v4(127, 0, 0, 1), Port{0}}, secure.get()).value();
    struct Silent final : OsStreamHandler {
        void on_ready() override {}
        void on_closed(tcp::Error error) override { ended = error; }
        std::optional<tcp::Error> ended;
    } silent;
    const auto stream = OsStream::connect(loop, here, silent);
    for (const Instant end = now() + 5s; !silent.ended && now() < end;) context.run_for(5ms);
    EXPECT_EQ(silent.ended, tcp::Error::reset);
    EXPECT_EQ(server->connections(), 0U);
}

TEST_F(Tls, PlainHttpOnItsPortIsNoTls) {
    server.emplace(loop, application);
    here = server->listen({IpAddress::v4(127, 0, 0, 1), Port{0}}).value();
    EXPECT_THAT(get({.verify = false}, "localhost", "/"), HasSubstr("error no TLS with localhost:"));
}

TEST(TlsFiles, SayWhatIsWrong) {
    const Certificate good("DNS:localhost"), other("DNS:localhost"), old("DNS:localhost", -1);
    const auto problem = [](const std::string& certificate, const std::string& key) {
        const auto made = TlsServer::make({certificate, key});
        return made ? std::string() : made.error().message;
    };
    EXPECT_EQ(problem(good.certificate_file, good.key_file), "");
    EXPECT_EQ(problem("/nowhere.pem", good.key_file),
              "the certificate '/nowhere.pem' can't be read: No such file or directory");
    EXPECT_EQ(problem(good.certificate_file, "/nowhere.key"),
              "the key '/nowhere.key' can't be read: No such file or directory");
    EXPECT_THAT(problem(good.key_file, good.key_file), HasSubstr("holds no certificate in PEM"));
    EXPECT_THAT(problem(good.certificate_file, good.certificate_file), HasSubstr("holds no key in PEM"));
    EXPECT_THAT(problem(good.certificate_file, other.key_file), HasSubstr("does not belong to the certificate"));
    EXPECT_THAT(problem(old.certificate_file, old.key_file), HasSubstr("has expired on "));
    const auto trust = TlsClient::make({.ca_file = good.key_file});
    ASSERT_FALSE(trust);
    EXPECT_THAT(trust.error().message, HasSubstr("holds no certificate in PEM"));
}

TEST(TlsFiles, OfAClientAreCheckedAsTheServers) {
    const Certificate mine("DNS:me"), other("DNS:me"), old("DNS:me", -1);
    const auto problem = [](const std::string& certificate, const std::string& key) {
        const auto made = TlsClient::make({.certificate_file = certificate, .key_file = key});
        return made ? std::string() : made.error().message;
    };
    EXPECT_EQ(problem(mine.certificate_file, mine.key_file), "");
    EXPECT_EQ(problem(mine.certificate_file, ""), "the key '' can't be read: No such file or directory");
    EXPECT_THAT(problem(mine.certificate_file, other.key_file), HasSubstr("does not belong to the certificate"));
    EXPECT_THAT(problem(old.certificate_file, old.key_file), HasSubstr("has expired on "));
}

/// A server in memory, under the client's TLS, that asks for a certificate and takes any.
class AskingServer final : public http::Transport {
  public:
    AskingServer(const Certificate& own, http::TransportHandler& handler)
        : handler_(handler), context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free) {
        SSL_CTX_use_certificate_file(context_.get(), own.certificate_file.c_str(), SSL_FILETYPE_PEM);
        SSL_CTX_use_PrivateKey_file(context_.get(), own.key_file.c_str(), SSL_FILETYPE_PEM);
        SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_bio(ssl_.get(), in_, out_);
        SSL_set_accept_state(ssl_.get());
    }
    std::size_t send(std::span<const std::span<const std::byte>> pieces) override {
        std::size_t sent = 0;
        for (const auto piece : pieces)
            sent += static_cast<std::size_t>(BIO_write(in_, piece.data(), static_cast<int>(piece.size())));
        done = SSL_do_handshake(ssl_.get()) == 1;
        return sent;
    }
    bool receive(const std::function<void(std::span<const std::byte>)>& take) override {
        std::array<std::byte, 4096> buffer;
        const int size = BIO_read(out_, buffer.data(), static_cast<int>(buffer.size()));
        if (size <= 0) return false;
        take(std::span(buffer).first(static_cast<std::size_t>(size)));
        return true;
    }
    [[nodiscard]] bool at_end() const override { return false; }
    void shutdown() override {}
    void close() override {}
    void abort() override {}
    [[nodiscard]] bool exists() const override { return true; }

    void shake_hands() {
        handler_.on_connected();
        for (int flights = 0; !done && flights < 5; ++flights) handler_.on_ready();
    }
    /// True when the client has shown this certificate; without one: true when it has shown none.
    [[nodiscard]] bool was_shown(const std::string& file) const {
        const std::unique_ptr<X509, decltype(&X509_free)> shown(SSL_get1_peer_certificate(ssl_.get()), &X509_free);
        if (file.empty()) return shown == nullptr;
        const std::unique_ptr<BIO, decltype(&BIO_free)> text(BIO_new_file(file.c_str(), "r"), &BIO_free);
        const std::unique_ptr<X509, decltype(&X509_free)> expected(
            PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr), &X509_free);
        return shown != nullptr && X509_cmp(shown.get(), expected.get()) == 0;
    }
    bool done = false;

  private:
    http::TransportHandler& handler_;
    BIO* in_ = BIO_new(BIO_s_mem());
    BIO* out_ = BIO_new(BIO_s_mem());
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, &SSL_free};
};

// RFC 8446, section 4.4.2.
TEST(TlsClientCertificate, IsShownToAServerThatAsksAndOnlyWhenThereIsOne) {
    struct Quiet final : http::TransportHandler {
        void on_connected() override {}
        void on_ready() override {}
        void on_closed(tcp::Error) override {}
    } quiet;
    const Certificate server_certificate("DNS:localhost"), mine("DNS:me");
    for (const bool shows : {true, false}) {
        TlsClientSettings settings{.ca_file = server_certificate.certificate_file};
        if (shows) settings.certificate_file = mine.certificate_file;
        if (shows) settings.key_file = mine.key_file;
        const auto client = TlsClient::make(settings).value();
        AskingServer* server = nullptr;
        const auto transport = client->secure("localhost", quiet,
                                              [&](http::TransportHandler& handler) {
                                                  auto made =
                                                      std::make_unique<AskingServer>(server_certificate, handler);
                                                  server = made.get();
                                                  return made;
                                              },
                                              {});
        server->shake_hands();
        EXPECT_TRUE(server->done);
        EXPECT_TRUE(server->was_shown(shows ? mine.certificate_file : ""));
    }
}

/// The same over our own TCP, on a bad link in virtual time.
class TlsOverOwnTcp : public testing::Test {
  protected:
    TlsOverOwnTcp() {
        world.add_host("client");
        world.add_host("server");
        sim::LinkSettings link;
        world.connect({"client", {"10.0.0.1/24"}}, {"server", {"10.0.0.2/24"}},
                      link.both({.delay = 10ms, .loss = 0.02}));
        outside = http::client_world(world.host("client"), {});
    }
    sim::World world{3};
    std::unique_ptr<http::ClientWorld> outside;
};

TEST_F(TlsOverOwnTcp, CarriesRequestsBothWays) {
    const Certificate certificate("IP:10.0.0.2");
    const auto secure = TlsServer::make({certificate.certificate_file, certificate.key_file}).value();
    const auto tls = TlsClient::make({.ca_file = certificate.certificate_file}).value();
    const http::Router router = make_router();
    const http::Application application = router.application();
    http::TcpServer server(world.host("server"), application);
    ASSERT_TRUE(server.listen({IpAddress::v4(10, 0, 0, 2), Port{443}}, secure.get()));
    http::UserAgent agent(*outside, {}, tls.get());
    std::optional<std::string> small, large;
    agent.send(request_to("https://10.0.0.2/a"), into(small));
    agent.send(request_to("https://10.0.0.2/large"), into(large));
    world.run_until([&] { return small && large; }, 10min);
    EXPECT_EQ(small, "/a");
    EXPECT_EQ(large, std::string(5'000'000, 'l'));
    agent.close();
    world.run_for(10s);
    EXPECT_EQ(server.connections(), 0U);
}

// RFC 8446, section 6.1: without close_notify an end may be someone else's doing.
TEST_F(TlsOverOwnTcp, AnEndWithoutCloseNotifyIsAnError) {
    const Certificate certificate("IP:10.0.0.2");
    const auto secure = TlsServer::make({certificate.certificate_file, certificate.key_file}).value();
    const auto tls = TlsClient::make({.ca_file = certificate.certificate_file}).value();

    /// Answers until the connection's end, and then either says so or not.
    struct Server final : tcp::AcceptHandler, http::TransportHandler {
        void on_acceptable(tcp::Listener listener) override {
            stream = *listener.accept();
            transport = tls->accept(*this, [this](http::TransportHandler& handler) {
                lower = &handler;
                return std::make_unique<Lower>(stream);
            });
            forwarder.owner = this;
            stream.set_handler(&forwarder);
            lower->on_ready();
        }
        void on_connected() override { on_ready(); }
        void on_ready() override {
            while (transport->receive([](std::span<const std::byte>) {})) asked = true;
            if (!asked || answered) return;
            answered = true;
            const auto answer = http::as_bytes("HTTP/1.0 200 OK\r\n\r\nto the end");
            transport->send(std::span(&answer, 1));
            if (says_so)
                transport->close();
            else
                stream.shutdown();
        }
        void on_closed(tcp::Error) override {}

        struct Lower final : http::Transport {
            explicit Lower(tcp::Stream s) : stream(s) {}
            std::size_t send(std::span<const std::span<const std::byte>> pieces) override {
                return stream.send(pieces.front());
            }
            bool receive(const std::function<void(std::span<const std::byte>)>& take) override {
                const Slice piece = stream.receive_slice();
                if (!piece.empty()) take(piece.bytes());
                return !piece.empty();
            }
            [[nodiscard]] bool at_end() const override { return stream.at_end(); }
            void shutdown() override { stream.shutdown(); }
            void close() override { stream.close(); }
            void abort() override { stream.abort(); }
            [[nodiscard]] bool exists() const override { return stream.exists(); }
            tcp::Stream stream;
        };
        struct Forwarder final : tcp::ConnectionHandler {
            void on_readable(tcp::Stream) override { owner->lower->on_ready(); }
            Server* owner = nullptr;
        };
        TlsServer* tls = nullptr;
        tcp::Stream stream;
        http::TransportHandler* lower = nullptr;
        std::unique_ptr<http::Transport> transport;
        Forwarder forwarder;
        bool asked = false, answered = false, says_so = false;
    };
    for (const bool says_so : {true, false}) {
        Server server;
        server.tls = secure.get();
        server.says_so = says_so;
        auto listener =
            world.host("server").tcp().listen({IpAddress::v4(10, 0, 0, 2), Port{443}}, {.handler = &server});
        ASSERT_TRUE(listener);
        http::UserAgent agent(*outside, {}, tls.get());
        std::optional<std::string> result;
        agent.send(request_to("https://10.0.0.2/"), into(result));
        world.run_for(30s);
        EXPECT_EQ(result,
                  says_so ? "to the end" : "error 10.0.0.2 cut the connection off without the end that TLS asks for");
        listener->close();
        server.stream.set_handler(nullptr);
        server.stream.abort();
        world.run_for(1s);
    }
}

}  // namespace
}  // namespace hourglass::runtime
