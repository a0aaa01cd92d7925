#include "hourglass/http/forward.h"

#include <gtest/gtest.h>

#include "hourglass/http/writer.h"

namespace hourglass::http {
namespace {

ForwardContext context() {
    ForwardContext c;
    c.client = {IpAddress::v4(192, 0, 2, 7), Port{5000}};
    c.name = "edge";
    return c;
}

TEST(Rfc9110Section761, FieldsOfOneConnectionAreNotPassedOn) {
    Request request;
    request.fields = {{"Host", "app.example"},
                      {"Connection", "close, X-Secret"},
                      {"X-Secret", "1"},
                      {"Keep-Alive", "5"},
                      {"TE", "trailers"},
                      {"Upgrade", "h2c"},
                      {"Proxy-Authorization", "x"},
                      {"Accept", "*/*"}};
    const Request out = make_forwarded_request(request, context()).value();
    for (const char* gone : {"Connection", "X-Secret", "Keep-Alive", "TE", "Upgrade", "Proxy-Authorization"})
        EXPECT_FALSE(out.fields.contains(gone)) << gone;
    EXPECT_EQ(out.fields.get("Accept"), "*/*");
    EXPECT_EQ(out.fields.get("Host"), "app.example");
}

TEST(Rfc9110Section763, ViaTellsTheWayAndTheReceivedVersion) {
    Request request;
    request.version = kHttp10;
    request.fields = {{"Host", "a"}, {"Via", "1.1 outer"}};
    EXPECT_EQ(make_forwarded_request(request, context())->fields.get("Via"), "1.1 outer, 1.0 edge");
    const Response response = make_forwarded_response(Response(), Method::get, context());
    EXPECT_EQ(response.fields.get("Via"), "1.1 edge");
}

TEST(Rfc7239Forwarded, NamesClientSchemeAndHost) {
    Request request;
    request.fields = {{"Host", "app.example:8080"}, {"X-Forwarded-For", "forged"}, {"Forwarded", "for=forged"}};
    Request out = make_forwarded_request(request, context()).value();
    EXPECT_EQ(out.fields.get("Forwarded"), "for=192.0.2.7;proto=http;host=\"app.example:8080\"");
    EXPECT_EQ(out.fields.get("X-Forwarded-For"), "192.0.2.7");
    EXPECT_EQ(out.fields.get("X-Forwarded-Proto"), "http");
    EXPECT_EQ(out.fields.get("X-Forwarded-Host"), "app.example:8080");

    ForwardContext trusted = context();
    trusted.trust_client = true;
    trusted.client.address = *IpAddress::parse("2001:db8::1");
    request.fields = {{"Host", "a"}, {"X-Forwarded-For", "203.0.113.1"}};
    out = make_forwarded_request(request, trusted).value();
    EXPECT_EQ(out.fields.get("X-Forwarded-For"), "203.0.113.1, 2001:db8::1");
    EXPECT_EQ(out.fields.get("Forwarded"), "for=\"[2001:db8::1]\";proto=http;host=a");
}

TEST(Rfc9112Section32, AbsoluteFormBecomesOriginFormAndItsHostCounts) {
    Request request;
    request.target = "http://real.example/x?y";
    request.fields = {{"Host", "other.example"}};
    Request out = make_forwarded_request(request, context()).value();
    EXPECT_EQ(out.target, "/x?y");
    EXPECT_EQ(out.fields.combined("Host"), "real.example");
    request.method = Method::options;
    request.target = "http://real.example";
    EXPECT_EQ(make_forwarded_request(request, context())->target, "*");
}

TEST(Forward, UpstreamHostMayReplaceTheClients) {
    ForwardContext c = context();
    c.upstream_host = "origin.internal";
    Request request;
    request.fields = {{"Host", "app.example"}};
    const Request out = make_forwarded_request(request, c).value();
    EXPECT_EQ(out.fields.get("Host"), "origin.internal");
    EXPECT_EQ(out.fields.get("X-Forwarded-Host"), "app.example");
}

TEST(Forward, LoopsTunnelsAndSpentHopsAreAnsweredHere) {
    Request request;
    request.fields = {{"Host", "a"}, {"Via", "1.1 other, 1.1 EDGE (comment)"}};
    EXPECT_EQ(make_forwarded_request(request, context()).error().status, Status::loop_detected);
    request.fields = {{"Host", "a"}, {"Max-Forwards", "0"}};
    request.method = Method::options;
    EXPECT_EQ(make_forwarded_request(request, context()).error().status, Status::no_content);
    request.fields.set("Max-Forwards", "3");
    EXPECT_EQ(make_forwarded_request(request, context())->fields.get("Max-Forwards"), "2");
    request.method = Method::connect;
    EXPECT_EQ(make_forwarded_request(request, context()).error().status, Status::not_implemented);
}

TEST(Forward, ChunkedRequestIsReframedByItsCollectedBody) {
    Request request;
    request.method = Method::post;
    request.fields = {{"Host", "a"}, {"Transfer-Encoding", "chunked"}, {"Expect", "100-continue"}};
    request.body = "abc";
    const auto wire = to_wire(make_forwarded_request(request, context()).value());
    ASSERT_TRUE(wire);
    EXPECT_EQ(wire->find("Transfer-Encoding"), std::string::npos);
    EXPECT_EQ(wire->find("Expect"), std::string::npos);
    EXPECT_TRUE(wire->ends_with("Content-Length: 3\r\n\r\nabc"));
}

TEST(Forward, ResponseKeepsItsLengthOnlyWhereThereIsNoBody) {
    Response response;
    response.fields = {{"Content-Length", "9"}, {"Connection", "close"}, {"Set-Cookie", "a"}, {"Set-Cookie", "b"}};
    EXPECT_EQ(make_forwarded_response(response, Method::head, context()).fields.get("Content-Length"), "9");
    const Response out = make_forwarded_response(response, Method::get, context());
    EXPECT_FALSE(out.fields.contains("Content-Length"));
    EXPECT_FALSE(out.fields.contains("Connection"));
    EXPECT_EQ(out.fields.count("Set-Cookie"), 2U);
}

}  // namespace
}  // namespace hourglass::http
