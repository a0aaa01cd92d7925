#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "hourglass/http/cookie_jar.h"
#include "hourglass/http/url.h"
#include "http/set_cookie.h"

// A cookie that is kept can be sent: it puts nothing into a request that is no field value, goes to no other host, and
// survives being written to a file.

namespace {

using namespace hourglass::http;

constexpr std::size_t kMost = 4096;
constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'700'000'000)};

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto cookie = detail::parse_set_cookie(text, kMost))
        require(cookie->name.size() + cookie->value.size() <= kMost);

    const Url url = Url::parse("https://www.example.com/a/b").value();
    CookieJar jar;
    Fields fields;
    fields.add("Set-Cookie", text);
    jar.take(url, fields, kNow);
    const std::string sent = jar.field_for(url, kNow);
    require(is_field_value(sent));
    require(jar.field_for(Url::parse("https://example.org/a/b").value(), kNow).empty());
    CookieJar again;
    const std::string saved = jar.save();
    if (!again.load(saved, kNow)) std::abort();
    return 0;
}
