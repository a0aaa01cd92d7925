#include "hourglass/http/message.h"

#include <gtest/gtest.h>

#include "http/recycled_queue.h"

namespace hourglass::http {
namespace {

TEST(Fields, KeepOrderAndDuplicatesAndAreFoundInAnyCase) {
    const Fields fields{{"Set-Cookie", "a=1"}, {"Date", "x"}, {"set-cookie", "b=2"}};
    EXPECT_EQ(fields.get("SET-COOKIE"), "a=1");
    EXPECT_EQ(fields.count("Set-Cookie"), 2U);
    EXPECT_EQ(fields[2].name, "set-cookie");
    EXPECT_FALSE(fields.get("Cookie"));
}

TEST(Fields, LinesOfOneNameCombineWithCommas) {
    const Fields fields{{"Via", "1.0 a"}, {"X", "y"}, {"Via", "1.1 b"}};
    EXPECT_EQ(fields.combined("via"), "1.0 a, 1.1 b");
}

TEST(Fields, SetReplacesAllLinesEvenWithOneOfItsOwnValues) {
    Fields fields{{"A", "first"}, {"B", "other"}, {"a", "second"}};
    fields.set("A", *fields.get("B"));
    EXPECT_EQ(fields, (Fields{{"B", "other"}, {"A", "other"}}));
}

TEST(Fields, AddTakesAValueFromTheSameSection) {
    Fields fields{{"A", std::string(100, 'x')}};
    for (int i = 0; i < 20; ++i) fields.add("B", *fields.get("A"));
    EXPECT_EQ(fields[20].value, std::string(100, 'x'));
}

TEST(Fields, AddTakesAValueFromACopyOfAShortSection) {
    const Fields original{{"A", "short value"}};
    Fields copy = original;
    copy.add(copy[0].name, copy[0].value);
    EXPECT_EQ(copy, (Fields{{"A", "short value"}, {"A", "short value"}}));
}

TEST(Fields, AreFoundAndNotFoundAmongManyNames) {
    Fields fields;
    for (int i = 0; i < 200; i += 2) fields.add("X-" + std::to_string(i), std::to_string(i));
    for (int i = 0; i < 200; ++i) {
        const std::string number = std::to_string(i);
        EXPECT_EQ(fields.get("x-" + number).value_or("none"), i % 2 == 0 ? number : "none");
    }
    for (int i = 0; i < 200; i += 4) EXPECT_EQ(fields.remove("x-" + std::to_string(i)), 1U);
    for (int i = 0; i < 200; ++i) EXPECT_EQ(fields.contains("X-" + std::to_string(i)), i % 4 == 2) << i;
    EXPECT_FALSE(fields.contains(""));
}

TEST(Rfc9110Section55, EveryByteOfAValueIsJudgedWhereverItStands) {
    for (std::size_t size = 3; size <= 40; ++size) {
        for (std::size_t at = 1; at + 1 < size; ++at) {
            for (int byte = 0; byte < 256; ++byte) {
                std::string value(size, 'v');
                value[at] = static_cast<char>(byte);
                const bool allowed = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
                ASSERT_EQ(is_field_value(value), allowed) << byte << " at " << at << " of " << size;
            }
        }
    }
}

TEST(RecycledQueue, KeepsItsOrderWhileItGrowsAndGivesNewElements) {
    detail::RecycledQueue<std::string> queue;
    int next = 0, first = 0;
    for (int round = 0; round < 50; ++round) {
        for (int i = 0; i < round % 7; ++i) {
            EXPECT_EQ(queue.push(), "");
            queue.back() = std::to_string(next++);
        }
        for (int i = 0; i < round % 5 && !queue.empty(); ++i) {
            EXPECT_EQ(queue.front(), std::to_string(first++));
            queue.pop();
        }
        ASSERT_EQ(queue.size(), static_cast<std::size_t>(next - first));
        for (std::size_t i = 0; i < queue.size(); ++i) EXPECT_EQ(queue[i], std::to_string(first + static_cast<int>(i)));
    }
    queue.clear();
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.push(), "");
}

TEST(Rfc9110Lists, MembersLoseWhitespaceAndQuotedCommasStay) {
    EXPECT_EQ(split_list(" a ,, \"b,\\\"c\",d"), (std::vector<std::string_view>{"a", "\"b,\\\"c\"", "d"}));
    const Fields fields{{"Connection", "keep-alive, Upgrade"}, {"Connection", "X"}};
    EXPECT_TRUE(fields.list_contains("Connection", "upgrade"));
    EXPECT_TRUE(fields.list_contains("Connection", "x"));
    EXPECT_FALSE(fields.list_contains("Connection", "close"));
}

TEST(Rfc9110Methods, AreCaseSensitiveAndKnowTheirProperties) {
    EXPECT_EQ(Method("GET"), Method::get);
    EXPECT_EQ(Method("get").known(), Method::extension);
    EXPECT_EQ(Method("PROPFIND").name(), "PROPFIND");
    EXPECT_TRUE(Method(Method::put).is_idempotent());
    EXPECT_FALSE(Method(Method::put).is_safe());
    EXPECT_FALSE(Method(Method::post).is_idempotent());
    EXPECT_FALSE(Method("PROPFIND").is_idempotent());
}

TEST(StatusRegistry, GivesThePhrasesOfTheRegistry) {
    EXPECT_EQ(reason_phrase(Status::ok), "OK");
    EXPECT_EQ(reason_phrase(Status::content_too_large), "Content Too Large");
    EXPECT_EQ(reason_phrase(Status{421}), "Misdirected Request");
    EXPECT_EQ(reason_phrase(Status{511}), "Network Authentication Required");
    EXPECT_EQ(reason_phrase(Status{299}), "");
    int registered = 0;
    for (std::uint16_t code = 100; code < 600; ++code) registered += reason_phrase(Status{code}).empty() ? 0 : 1;
    EXPECT_EQ(registered, 62);
}

TEST(Rfc9112RequestTarget, OriginFormHasPathAndQuery) {
    const auto target = Target::parse(Method::get, "/a%20b?c=d?e");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->form, TargetForm::origin);
    EXPECT_EQ(target->path, "/a%20b");
    EXPECT_EQ(target->query, "c=d?e");
}

TEST(Rfc9112RequestTarget, AbsoluteFormNamesTheAuthority) {
    const auto target = Target::parse(Method::get, "http://example.com:8080?q");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->form, TargetForm::absolute);
    EXPECT_EQ(target->authority, "example.com:8080");
    EXPECT_EQ(target->path, "/");
    EXPECT_EQ(target->query, "q");
}

TEST(Rfc9112RequestTarget, AuthorityFormIsForConnectAndOnlyThat) {
    EXPECT_EQ(Target::parse(Method::connect, "example.com:443")->form, TargetForm::authority);
    EXPECT_FALSE(Target::parse(Method::connect, "example.com"));
    EXPECT_FALSE(Target::parse(Method::connect, "/"));
    EXPECT_FALSE(Target::parse(Method::get, "example.com:443"));
}

TEST(Rfc9112RequestTarget, AsteriskIsForOptionsAndOnlyThat) {
    EXPECT_EQ(Target::parse(Method::options, "*")->form, TargetForm::asterisk);
    EXPECT_FALSE(Target::parse(Method::get, "*"));
}

TEST(Rfc9112RequestTarget, FragmentsSpacesAndOtherBytesAreRefused) {
    for (const char* bad :
         {"", "/a#b", "/a b", "/\x7f", "/\xc3\xa4", "a/b", "http://", "http:///x", "://a/", "http://u@h/"})
        EXPECT_FALSE(Target::parse(Method::get, bad)) << bad;
}

TEST(Rfc9112Host, TheTargetsAuthorityComesBeforeTheHostField) {
    Request request;
    request.fields.add("Host", "field.example");
    request.target = "/x?y";
    EXPECT_EQ(request.authority(), "field.example");
    request.target = "http://target.example/x?y";
    EXPECT_EQ(request.authority(), "target.example");
    EXPECT_EQ(request.path(), "/x");
    EXPECT_EQ(request.query(), "y");
}

TEST(Rfc9112Persistence, DependsOnVersionAndConnection) {
    EXPECT_TRUE(wants_keep_alive(kHttp11, {}));
    EXPECT_FALSE(wants_keep_alive(kHttp11, {{"Connection", "X, Close"}}));
    EXPECT_FALSE(wants_keep_alive(kHttp10, {}));
    EXPECT_TRUE(wants_keep_alive(kHttp10, {{"Connection", "Keep-Alive"}}));
    EXPECT_FALSE(wants_keep_alive(kHttp10, {{"Connection", "keep-alive, close"}}));
}

}  // namespace
}  // namespace hourglass::http
