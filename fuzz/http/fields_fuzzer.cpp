#include <algorithm>
#include <string_view>

#include "hourglass/http/cookies.h"
#include "hourglass/http/middleware.h"
#include "hourglass/http/negotiation.h"
#include "hourglass/http/parameters.h"
#include "http/conditions.h"
#include "transcript.h"

using namespace hourglass::http;

namespace {

void check_ranges(std::string_view text) {
    constexpr std::uint64_t size = 1000;
    Request request;
    request.fields.add("Range", text);
    const auto ranges = detail::requested_ranges(request, {}, size, 16);
    const bool parts = ranges.kind == detail::RequestedRanges::Kind::parts;
    fuzz::require(parts == !ranges.parts.empty(), "parts are given when there are some");
    fuzz::require(ranges.parts.size() <= 16, "the limit of ranges holds");
    std::uint64_t sum = 0;
    for (const auto& range : ranges.parts) {
        fuzz::require(range.length > 0 && range.offset < size && range.length <= size - range.offset,
                      "a range lies in the representation");
        sum += range.length;
    }
    fuzz::require(sum <= size, "no byte is sent twice");
}

void check_preferences(std::string_view text) {
    constexpr std::string_view offers[] = {"br", "gzip", "identity", "text/html", "en"};
    for (const Preference& preference : parse_preferences(text))
        fuzz::require(preference.weight <= 1000 && !preference.value.empty(), "a preference has a value and a weight");
    for (const auto& chosen :
         {negotiate_type(text, offers), negotiate_encoding(text, offers), negotiate_language(text, offers)})
        fuzz::require(!chosen || *chosen < std::size(offers), "what is chosen was offered");
}

void check_cookies(std::string_view text) {
    Fields fields;
    fields.add("Cookie", text);
    static_cast<void>(parse_cookies(fields));
    const std::size_t middle = text.size() / 2;
    const SetCookie set{.name = std::string(text.substr(0, middle)), .value = std::string(text.substr(middle))};
    const auto written = set.to_field();
    if (!written) return;
    fuzz::require(is_field_value(*written) && written->find(';') == std::string::npos, "a cookie has no way out");
    Fields back;
    back.add("Cookie", *written);
    fuzz::require(cookie(back, set.name) == set.value, "a cookie comes back as it was set");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = as_text(std::as_bytes(std::span(data, size)));
    check_ranges(text);
    check_preferences(text);
    check_cookies(text);
    static_cast<void>(parse_basic_credentials(text));
    const std::string with_quotes = "a;b=" + quoted(text);
    if (const auto parsed = Parameterised::parse(with_quotes))
        fuzz::require(parsed->get("b") == text, "what is quoted comes back");
    AccessRecord record;
    record.target = record.user_agent = text;
    record.method = "GET";
    for (const LogFormat format : {LogFormat::common, LogFormat::combined, LogFormat::json}) {
        const std::string line = format_access(record, format);
        fuzz::require(std::ranges::none_of(line, [](char c) { return c < 0x20 || c >= 0x7f; }),
                      "a log line is one line");
    }
    return 0;
}
