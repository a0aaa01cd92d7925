#include "hourglass/uwsgi/layer.h"

#include <gtest/gtest.h>

#include "hourglass/http/connector.h"
#include "hourglass/http/over_tcp.h"
#include "hourglass/sim/world.h"
#include "hourglass/uwsgi/packet.h"

namespace hourglass::uwsgi {
namespace {

using namespace std::chrono_literals;

/// A gateway that sends bytes as they are, and keeps what it hears.
class RawGateway final : public tcp::ConnectionHandler {
  public:
    explicit RawGateway(std::string bytes) : bytes_(std::move(bytes)) {}
    void on_established(tcp::Stream stream) override { stream.send(http::as_bytes(bytes_)); }
    void on_readable(tcp::Stream stream) override {
        for (Slice piece = stream.receive_slice(65536); !piece.empty(); piece = stream.receive_slice(65536))
            heard += http::as_text(piece.bytes());
        if (stream.at_end()) stream.close();
    }
    std::string heard;

  private:
    std::string bytes_;
};

TEST(UwsgiLayer, ServerOfHttpAnswersAGateway) {
    sim::World world(1);
    world.add_host("gateway");
    world.add_host("server");
    world.connect({"gateway", {"10.0.0.1/24"}}, {"server", {"10.0.0.2/24"}});
    IpAddress asked_by;
    const http::Application application{
        [&](const http::Request& request, const http::Responder& responder) {
            asked_by = responder.client().address;
            responder.respond(http::Response::text(http::Status::ok, request.target + request.body, "t/t"));
        },
        nullptr};
    http::TcpServer server(world.host("server"), application);
    ServerLayer layer;
    const SocketAddress address{IpAddress::v4(10, 0, 0, 2), Port{3031}};
    ASSERT_TRUE(server.listen(address, &layer));
    const auto answer_to = [&](std::string bytes) {
        RawGateway gateway(std::move(bytes));
        EXPECT_TRUE(world.host("gateway").tcp().connect(address, {.local = {}, .handler = &gateway}));
        world.run_for(5s);
        return gateway.heard;
    };
    const std::string packet =
        write_packet(
            {{"REQUEST_METHOD", "POST"}, {"REQUEST_URI", "/form"}, {"HTTP_HOST", "a"}, {"CONTENT_LENGTH", "3"}})
            .value();
    const std::string answer = answer_to(packet + "a=b");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\n/forma=b")) << answer;
    EXPECT_EQ(asked_by, IpAddress::v4(10, 0, 0, 1));  // the gateway did not say whom it speaks for
    answer_to(write_packet({{"REQUEST_METHOD", "GET"}, {"REQUEST_URI", "/"}, {"REMOTE_ADDR", "192.0.2.7"}}).value());
    EXPECT_EQ(asked_by, IpAddress::v4(192, 0, 2, 7));
    EXPECT_TRUE(answer_to("GET / HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 400 "));
    EXPECT_EQ(server.connections(), 0U);
}

}  // namespace
}  // namespace hourglass::uwsgi
