#include "hourglass/http/negotiation.h"

#include <array>
#include <gtest/gtest.h>

namespace hourglass::http {
namespace {

using Offers = std::vector<std::string_view>;

TEST(Rfc9110Section1242, WeightsHaveThreeDigitsAtMost) {
    const auto list = parse_preferences("a;q=0.5, b , c;q=0, d;Q=1.000, e;q=2, f;q=0.1234, g;q=x, h;x=y;q=0.001");
    ASSERT_EQ(list.size(), 5U);
    EXPECT_EQ(list[0].weight, 500);
    EXPECT_EQ(list[1].weight, 1000);
    EXPECT_EQ(list[2].weight, 0);
    EXPECT_EQ(list[3].value, "d");
    EXPECT_EQ(list[4].value, "h;x=y");
    EXPECT_EQ(list[4].weight, 1);
}

TEST(Rfc9110Section1251, TheMostSpecificRangeCounts) {
    const Offers offers{"text/html", "text/html;level=1", "text/plain", "image/png"};
    const std::string_view accept = "text/*;q=0.3, text/html;q=0.7, text/html;level=1, */*;q=0.5";
    EXPECT_EQ(negotiate_type(accept, offers), 1U);
    EXPECT_EQ(negotiate_type(accept, Offers{"text/plain", "image/png"}), 1U);
    EXPECT_EQ(negotiate_type("application/json", offers), std::nullopt);
    EXPECT_EQ(negotiate_type(std::nullopt, offers), 0U);
    EXPECT_EQ(negotiate_type("*/*, text/html;q=0", Offers{"text/html"}), std::nullopt);
}

TEST(Rfc9110Section1253, IdentityIsAcceptableUnlessItIsRuledOut) {
    const Offers offers{"br", "gzip", "identity"};
    EXPECT_EQ(negotiate_encoding("gzip, br;q=0.9", offers), 1U);
    EXPECT_EQ(negotiate_encoding("gzip, br", offers), 0U);
    EXPECT_EQ(negotiate_encoding("x-gzip", offers), 1U);
    EXPECT_EQ(negotiate_encoding("", offers), 2U);
    EXPECT_EQ(negotiate_encoding("zstd", offers), 2U);
    EXPECT_EQ(negotiate_encoding("*", offers), 0U);
    EXPECT_EQ(negotiate_encoding("gzip;q=0.5, identity", offers), 2U);
    EXPECT_EQ(negotiate_encoding("*;q=0", offers), std::nullopt);
    EXPECT_EQ(negotiate_encoding("identity;q=0", Offers{"identity"}), std::nullopt);
}

TEST(Rfc9110Section1254, ALanguageRangeMatchesItsDialects) {
    const Offers offers{"en", "de-AT", "fr"};
    EXPECT_EQ(negotiate_language("de, en;q=0.5", offers), 1U);
    EXPECT_EQ(negotiate_language("d, fr;q=0.1", offers), 2U);
    EXPECT_EQ(negotiate_language("de-CH", offers), std::nullopt);
    EXPECT_EQ(negotiate_language("*;q=0.1, fr", offers), 2U);
}

}  // namespace
}  // namespace hourglass::http
