#include <string_view>

#include "hourglass/http/date.h"
#include "hourglass/http/files.h"
#include "hourglass/http/url.h"
#include "transcript.h"

using namespace hourglass::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = as_text(std::as_bytes(std::span(data, size)));
    if (const auto url = Url::parse(text)) {
        const auto again = Url::parse(url->to_string());
        fuzz::require(again.has_value(), "a URL that is printed can be parsed");
        fuzz::require(again->to_string() == url->to_string(), "printing and parsing come to rest");
        fuzz::require(Authority::parse(url->authority()).has_value(), "the authority is fit for a Host field");
        fuzz::require(url->path.starts_with('/'), "a path begins with a slash");
    }
    const Url base = Url::parse("http://example.com/a/b?c").value();
    if (const auto resolved = base.resolve(text))
        fuzz::require(Url::parse(resolved->to_string()).has_value(), "a resolved reference is a URL");

    fuzz::require(percent_decode(percent_encode(text)) == std::string(text),
                  "encoding and decoding give the text back");
    static_cast<void>(percent_decode(text));
    static_cast<void>(parse_query(text));
    if (const auto path = file_path(text)) {
        const std::string inside = "/" + *path + "/";
        fuzz::require(inside.find("/../") == std::string::npos && inside.find('\0') == std::string::npos &&
                          (path->empty() || inside.find("//") == std::string::npos),
                      "a file path stays inside of its root");
    }
    if (const auto date = parse_date(text)) fuzz::require(parse_date(format_date(*date)) == date, "a date survives");
    return 0;
}
