#include <array>
#include <benchmark/benchmark.h>
#include <string>
#include <string_view>

#include "hourglass/http/parser.h"
#include "hourglass/http/server.h"
#include "hourglass/http/writer.h"
#include "http/whole_head.h"

// What a request costs: reading it, whole or in pieces, and the whole way through a server connection.

#ifdef HOURGLASS_HAVE_H2O
// picohttpparser as Debian's libh2o has it; its header is not installed.
struct PicoField {
    const char* name;
    std::size_t name_size;
    const char* value;
    std::size_t value_size;
};
extern "C" int phr_parse_request(const char* text, std::size_t size, const char** method, std::size_t* method_size,
                                 const char** path, std::size_t* path_size, int* minor_version, PicoField* fields,
                                 std::size_t* field_count, std::size_t last_size);
#endif

namespace {

using namespace hourglass::http;

constexpr std::string_view kShort = "GET /index.html HTTP/1.1\r\nHost: example.com\r\n\r\n";

/// What a browser sends: 16 fields in about 700 bytes.
constexpr std::string_view kBrowser =
    "GET /wp-content/uploads/2010/03/hello-kitty-darth-vader-pink.jpg HTTP/1.1\r\n"
    "Host: www.kittyhell.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Accept-Language: en-GB,en;q=0.7,de;q=0.3\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "DNT: 1\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: wp_ozh_wsa_visits=2; wp_ozh_wsa_visit_lasttime=xxxxxxxxxx; __utma=xxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.x\r\n"
    "Referer: http://www.kittyhell.com/index.html\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "If-None-Match: \"5f3c-5e4c1b2a7d0c0\"\r\n"
    "Cache-Control: max-age=0\r\n"
    "\r\n";

void read_request(benchmark::State& state, std::string_view text, std::size_t piece) {
    RequestParser parser;
    const auto all = std::as_bytes(std::span(text.data(), text.size()));
    for (auto _ : state) {
        std::size_t fields = 0;
        for (std::size_t at = 0; at < all.size(); at += piece) {
            auto bytes = all.subspan(at, std::min(piece, all.size() - at));
            for (auto step = parser.parse(bytes); step && step->kind != ParseStep::Kind::need_more;
                 step = parser.parse(bytes)) {
                bytes = bytes.subspan(step->consumed);
                fields = parser.request().fields.size();
            }
        }
        benchmark::DoNotOptimize(fields);
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(text.size()));
    state.SetLabel(std::to_string(text.size()) + " bytes");
}

void parse_short(benchmark::State& state) { read_request(state, kShort, kShort.size()); }
void parse_browser(benchmark::State& state) { read_request(state, kBrowser, kBrowser.size()); }
void parse_browser_in_two_pieces(benchmark::State& state) { read_request(state, kBrowser, kBrowser.size() / 2 + 1); }
void parse_browser_byte_by_byte(benchmark::State& state) { read_request(state, kBrowser, 1); }

/// The head alone, as places in the text: what picohttpparser does.
void read_head(benchmark::State& state, std::string_view text) {
    std::array<detail::FieldPlace, 64> places;
    for (auto _ : state) {
        benchmark::DoNotOptimize(text);
        benchmark::DoNotOptimize(detail::read_whole_head(text, {}, places).size);
        benchmark::DoNotOptimize(places.data());
    }
    state.SetLabel(std::to_string(text.size()) + " bytes");
}
void head_short(benchmark::State& state) { read_head(state, kShort); }
void head_browser(benchmark::State& state) { read_head(state, kBrowser); }
BENCHMARK(head_short);
BENCHMARK(head_browser);

#ifdef HOURGLASS_HAVE_H2O
void read_head_by_picohttpparser(benchmark::State& state, std::string_view text) {
    std::array<PicoField, 64> fields;
    for (auto _ : state) {
        const char* method = nullptr;
        const char* path = nullptr;
        std::size_t method_size = 0, path_size = 0, field_count = fields.size();
        int minor_version = 0;
        benchmark::DoNotOptimize(phr_parse_request(text.data(), text.size(), &method, &method_size, &path, &path_size,
                                                   &minor_version, fields.data(), &field_count, 0));
        benchmark::DoNotOptimize(fields.data());
    }
    state.SetLabel(std::to_string(text.size()) + " bytes");
}
void picohttpparser_short(benchmark::State& state) { read_head_by_picohttpparser(state, kShort); }
void picohttpparser_browser(benchmark::State& state) { read_head_by_picohttpparser(state, kBrowser); }
BENCHMARK(picohttpparser_short);
BENCHMARK(picohttpparser_browser);
#endif

BENCHMARK(parse_short);
BENCHMARK(parse_browser);
BENCHMARK(parse_browser_in_two_pieces);
BENCHMARK(parse_browser_byte_by_byte);

void write_response(benchmark::State& state) {
    Response response = Response::text(Status::ok, "hello", "text/plain");
    response.fields.add("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
    std::string out;
    for (auto _ : state) {
        out.clear();
        benchmark::DoNotOptimize(write_response_head(out, response, BodyFraming::of_length(5)).has_value());
    }
}
BENCHMARK(write_response);

/// Requests in batches of the given size, each answered with a short text.
void serve_requests(benchmark::State& state) {
    const Application application{[](const Request&, const Responder& responder) {
                                      responder.respond(Response::text(Status::ok, "hello", "text/plain"));
                                  },
                                  nullptr};
    ServerConnection connection(application, {});
    std::string batch;
    for (int i = 0; i < state.range(0); ++i) batch += kBrowser;
    for (auto _ : state) {
        connection.receive(std::as_bytes(std::span(batch)));
        while (!connection.output().empty()) connection.consume_output(connection.output().size());
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(serve_requests)->Arg(1)->Arg(16);

}  // namespace
