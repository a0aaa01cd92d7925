#include <gtest/gtest.h>

#include "http/support.h"

namespace hourglass::http {
namespace {

// Request smuggling lives on two recipients who disagree on where a message ends. Each vector is a request that some
// implementation has read in another way than the next one; here every one is refused, with the error that says why,
// and nothing behind it is read as a request.
struct Vector {
    const char* name;
    const char* fields;  ///< behind "Host: a", with line ends
    const char* body;
    Error error;
};

class Rfc9112Smuggling : public testing::TestWithParam<Vector> {};

TEST_P(Rfc9112Smuggling, IsRefusedBeforeAnythingBehindItIsRead) {
    const Vector& v = GetParam();
    const std::string input = std::string("POST / HTTP/1.1\r\nHost: a\r\n") + v.fields + "\r\n" + v.body +
                              "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, input.size()}) {
        const auto parsed = test::parse_requests(input, piece);
        ASSERT_TRUE(parsed.error);
        EXPECT_EQ(info(*parsed.error).name, info(v.error).name);
        EXPECT_TRUE(parsed.requests.empty());
    }
    EXPECT_TRUE(is_error(info(v.error).status));
    EXPECT_TRUE(info(v.error).clause.starts_with("RFC "));
}

constexpr const char* kTe = "Transfer-Encoding: chunked\r\n";

const Vector kVectors[] = {
    // Two lengths.
    {"ClTe", "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nG",
     Error::transfer_encoding_with_content_length},
    {"TeCl", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "1\r\nx\r\n0\r\n\r\n",
     Error::transfer_encoding_with_content_length},
    {"ClCl", "Content-Length: 0\r\nContent-Length: 5\r\n", "", Error::duplicate_content_length},
    {"ClClEqual", "Content-Length: 5\r\nContent-Length: 5\r\n", "hello", Error::duplicate_content_length},
    {"ClClOtherCase", "Content-Length: 5\r\ncontent-length: 6\r\n", "hello", Error::duplicate_content_length},
    {"ClList", "Content-Length: 5, 5\r\n", "hello", Error::invalid_content_length},
    {"ClListTwo", "Content-Length: 0,5\r\n", "hello", Error::invalid_content_length},
    // Numbers that are none.
    {"ClPlus", "Content-Length: +5\r\n", "hello", Error::invalid_content_length},
    {"ClMinus", "Content-Length: -5\r\n", "hello", Error::invalid_content_length},
    {"ClHex", "Content-Length: 0x5\r\n", "hello", Error::invalid_content_length},
    {"ClFraction", "Content-Length: 5.0\r\n", "hello", Error::invalid_content_length},
    {"ClSpace", "Content-Length: 1 0\r\n", "hello", Error::invalid_content_length},
    {"ClEmpty", "Content-Length:\r\n", "hello", Error::invalid_content_length},
    {"ClUnderscore", "Content-Length: 1_0\r\n", "hello", Error::invalid_content_length},
    {"ClQuoted", "Content-Length: \"5\"\r\n", "hello", Error::invalid_content_length},
    {"ClOverflow", "Content-Length: 18446744073709551621\r\n", "hello", Error::content_too_large},
    // Transfer-Encoding that one side does not see.
    {"TeSpaceBeforeColon", "Transfer-Encoding : chunked\r\n", "0\r\n\r\n", Error::whitespace_before_colon},
    {"TeTabBeforeColon", "Transfer-Encoding\t: chunked\r\n", "0\r\n\r\n", Error::whitespace_before_colon},
    {"TeFolded", "Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n", Error::obsolete_fold},
    {"TeBehindFold", "X: y\r\n Transfer-Encoding: chunked\r\n", "0\r\n\r\n", Error::obsolete_fold},
    {"TeBareLf", "X: y\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", Error::bare_line_feed},
    {"TeBareCr", "X: y\rTransfer-Encoding: chunked\r\n", "0\r\n\r\n", Error::bare_carriage_return},
    {"TeVerticalTab", "Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n", Error::invalid_field_value},
    {"TeFormFeed", "Transfer-Encoding: chunked\f\r\n", "0\r\n\r\n", Error::invalid_field_value},
    {"ControlInName", "Transfer\bEncoding: chunked\r\n", "0\r\n\r\n", Error::invalid_field_name},
    {"NoColon", "Transfer-Encoding chunked\r\n", "0\r\n\r\n", Error::whitespace_before_colon},
    // Codings that one side does not understand.
    {"TeUnknown", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n", Error::chunked_not_final},
    {"TeIdentity", "Transfer-Encoding: identity\r\n", "0\r\n\r\n", Error::chunked_not_final},
    {"TeChunkedIdentity", "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n", Error::chunked_not_final},
    {"TeTwiceChunked", "Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n", Error::chunked_not_final},
    {"TeTwoLines", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n",
     Error::chunked_not_final},
    {"TeQuoted", "Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n", Error::chunked_not_final},
    {"TeParameter", "Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n", Error::chunked_not_final},
    {"TeEmpty", "Transfer-Encoding:\r\n", "0\r\n\r\n", Error::chunked_not_final},
    {"TeGzipChunked", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n", Error::unknown_transfer_coding},
    // Chunks.
    {"ChunkBareLf", kTe, "5\nhello\r\n0\r\n\r\n", Error::bare_line_feed},
    {"ChunkBareCr", kTe, "5\rhello\r\n0\r\n\r\n", Error::bare_carriage_return},
    {"ChunkSpace", kTe, "5 \r\nhello\r\n0\r\n\r\n", Error::invalid_chunk_extension},
    {"ChunkLeadingSpace", kTe, " 5\r\nhello\r\n0\r\n\r\n", Error::invalid_chunk_size},
    {"ChunkHexPrefix", kTe, "0x5\r\nhello\r\n0\r\n\r\n", Error::invalid_chunk_size},
    {"ChunkPlus", kTe, "+5\r\nhello\r\n0\r\n\r\n", Error::invalid_chunk_size},
    {"ChunkMinus", kTe, "-0\r\n\r\n", Error::invalid_chunk_size},
    {"ChunkEmptySize", kTe, "\r\nhello\r\n0\r\n\r\n", Error::invalid_chunk_size},
    {"ChunkUnderscore", kTe, "1_0\r\nhello\r\n0\r\n\r\n", Error::invalid_chunk_size},
    {"ChunkOverflow", kTe, "10000000000000005\r\nhello\r\n0\r\n\r\n", Error::invalid_chunk_size},
    {"ChunkLfInExtension", kTe, "5;\nx\r\nhello\r\n0\r\n\r\n", Error::bare_line_feed},
    {"ChunkCrInExtension", kTe, "5;a\rx\r\nhello\r\n0\r\n\r\n", Error::bare_carriage_return},
    {"ChunkOpenQuote", kTe, "5;a=\"\r\nhello\r\n0\r\n\r\n", Error::invalid_chunk_extension},
    {"ChunkTooLong", kTe, "5\r\nhelloworld\r\n0\r\n\r\n", Error::invalid_chunk_end},
    {"ChunkEndLf", kTe, "5\r\nhello\n0\r\n\r\n", Error::invalid_chunk_end},
    {"ChunkEndCrX", kTe, "5\r\nhello\rX0\r\n\r\n", Error::invalid_chunk_end},
    // Trailers.
    {"TrailerContentLength", kTe, "0\r\nContent-Length: 40\r\n\r\n", Error::forbidden_trailer},
    {"TrailerTransferEncoding", kTe, "0\r\nTransfer-Encoding: chunked\r\n\r\n", Error::forbidden_trailer},
    {"TrailerHost", kTe, "0\r\nHost: b\r\n\r\n", Error::forbidden_trailer},
    {"TrailerBareLf", kTe, "0\r\n\n", Error::bare_line_feed},
    {"TrailerRequestLine", kTe, "0\r\nGET /x HTTP/1.1\r\n\r\n", Error::whitespace_before_colon},
    // Whom it is for.
    {"HostTwice", "Host: b\r\n", "", Error::duplicate_host},
};

INSTANTIATE_TEST_SUITE_P(Vectors, Rfc9112Smuggling, testing::ValuesIn(kVectors),
                         [](const auto& vector) { return std::string(vector.param.name); });

TEST(Rfc9112Section61, TransferEncodingInHttp10IsAFault) {
    EXPECT_EQ(test::request_error("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
              Error::transfer_encoding_in_http_1_0);
}

TEST(Rfc9112Smuggling, ThroughAServerTheFaultIsAnsweredAndTheConnectionCloses) {
    for (const Vector& v : kVectors) {
        int handled = 0;
        test::TestServer server([&](const Request&, const Responder& responder) {
            ++handled;
            responder.respond(Response());
        });
        const std::string answer = server.exchange(std::string("POST / HTTP/1.1\r\nHost: a\r\n") + v.fields + "\r\n" +
                                                   v.body + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_EQ(handled, 0) << v.name;
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(to_number(info(v.error).status)))) << v.name;
        EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << v.name;
        EXPECT_TRUE(server.connection.should_close()) << v.name;
    }
}

}  // namespace
}  // namespace hourglass::http
