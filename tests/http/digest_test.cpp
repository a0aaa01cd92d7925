#include "hourglass/http/digest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hourglass::http {
namespace {

using testing::HasSubstr;
using testing::Not;

// RFC 7616, section 3.9.1.
const Login kMufasa{"Mufasa", "Circle of Life"};
constexpr std::string_view kClientNonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
constexpr std::string_view kRest =
    "realm=\"http-auth@example.org\", qop=\"auth, auth-int\", "
    "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";

std::optional<DigestChallenge> find(std::string_view value) {
    return DigestChallenge::find({{"WWW-Authenticate", value}});
}
std::string with(std::string_view algorithm) {
    return "Digest " + std::string(kRest) + ", algorithm=" + std::string(algorithm);
}

TEST(Rfc7616Section391, AnswersWithMd5AndSha256) {
    const auto md5 = digest_credentials(find(with("MD5")).value(), kMufasa, "GET", "/dir/index.html", 1, kClientNonce);
    EXPECT_THAT(md5, HasSubstr("response=\"8ca523f5e9506fed4657c9700eebdbec\""));
    const auto sha =
        digest_credentials(find(with("SHA-256")).value(), kMufasa, "GET", "/dir/index.html", 1, kClientNonce);
    EXPECT_THAT(sha, HasSubstr("response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""));
    EXPECT_THAT(sha, HasSubstr("username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", "
                               "algorithm=SHA-256, nonce="));
    EXPECT_THAT(sha, HasSubstr("nc=00000001, qop=auth, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\""));
    EXPECT_THAT(sha, HasSubstr("opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""));
}

TEST(Rfc7616Section37, TheStrongestChallengeThatIsUnderstoodIsAnswered) {
    const auto found = find("Basic realm=\"a, b\", " + with("MD5") + ", " + with("SHA-256") + ", " + with("SHA-3"));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->algorithm, DigestChallenge::Algorithm::sha_256);
    EXPECT_EQ(found->realm, "http-auth@example.org");
    EXPECT_FALSE(find("Basic realm=\"x\""));
    EXPECT_FALSE(find("Digest realm=\"x\", qop=\"auth-int\", nonce=\"n\""));
    EXPECT_FALSE(find("Digest realm=\"no nonce\""));
    EXPECT_FALSE(find(""));
}

TEST(Rfc7616Section34, CountsRequestsAndLeavesThatOutForServersOfRfc2069) {
    const auto modern = find(with("MD5")).value();
    EXPECT_THAT(digest_credentials(modern, kMufasa, "GET", "/", 31, "c"), HasSubstr("nc=0000001f"));
    const auto old = find("Digest realm=\"r\", nonce=\"n\"").value();
    const auto answer = digest_credentials(old, {"u", "p"}, "GET", "/", 1, "c");
    EXPECT_THAT(answer, Not(HasSubstr("qop")));
    EXPECT_THAT(answer, Not(HasSubstr("cnonce")));
}

TEST(Rfc7616Section34, ASessionKeysItsSecretWithBothNonces) {
    const auto plain = find("Digest realm=\"r\", nonce=\"n\", qop=auth, algorithm=MD5").value();
    const auto session = find("Digest realm=\"r\", nonce=\"n\", qop=auth, algorithm=md5-sess").value();
    EXPECT_TRUE(session.session);
    const auto answer = digest_credentials(session, {"u", "p"}, "GET", "/", 1, "c");
    EXPECT_THAT(answer, HasSubstr("algorithm=MD5-sess"));
    EXPECT_NE(answer, digest_credentials(plain, {"u", "p"}, "GET", "/", 1, "c"));
}

TEST(Rfc7616Section344, NamesBeyondAsciiAreHashedOrEncoded) {
    auto challenge = find(with("SHA-256")).value();
    const Login login{"J\xc3\xa4s\xc3\xb8n Doe", "Secret, or not?"};
    EXPECT_THAT(digest_credentials(challenge, login, "GET", "/doe.json", 1, "c"),
                HasSubstr("username*=UTF-8''J%C3%A4s%C3%B8n%20Doe,"));
    challenge.user_hash = true;
    const auto hashed = digest_credentials(challenge, login, "GET", "/doe.json", 1, "c");
    EXPECT_THAT(hashed, HasSubstr("userhash=true"));
    EXPECT_THAT(hashed, Not(HasSubstr("Doe\"")));
}

TEST(Rfc7616Section33, AStaleNonceIsToldFromAWrongLogin) {
    EXPECT_TRUE(find(with("MD5") + ", stale=TRUE")->stale);
    EXPECT_FALSE(find(with("MD5"))->stale);
}

}  // namespace
}  // namespace hourglass::http
