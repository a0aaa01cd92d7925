#include "cli/get_report.h"

#include <charconv>
#include <cstdio>
#include <fmt/core.h>

#include "cli/terminal.h"
#include "hourglass/http/status.h"
#include "hourglass/runtime/clock.h"

namespace hourglass::cli {

namespace {

std::string list_of(const std::vector<IpAddress>& addresses) {
    std::string text;
    for (const IpAddress& address : addresses) text += (text.empty() ? "" : ", ") + address.to_string();
    return text;
}

void show(Colour colour, const char* mark, const std::string& text) {
    fmt::print(stderr, "{}{}{}\n", paint(mark, colour, shows_colour(stderr)), text.empty() ? "" : " ", printable(text));
}

std::optional<std::uint64_t> length_of(const http::Response& response) {
    const auto field = response.fields.get("Content-Length");
    std::uint64_t length = 0;
    if (!field || std::from_chars(field->data(), field->data() + field->size(), length).ec != std::errc())
        return std::nullopt;
    return length;
}

}  // namespace

GetReport::GetReport(const GetOptions& options, bool shows_progress, std::uint64_t have)
    : options_(options), have_(have) {
    if (shows_progress) progress_.emplace(runtime::now());
}

GetReport::~GetReport() {
    if (line_open_) fmt::print(stderr, "\n");
}

void GetReport::note(const std::string& text) {
    if (options_.verbose) show(Colour::grey, "*", text);
}

void GetReport::on_dial(const http::DialEvent& event) {
    using Kind = http::DialEvent::Kind;
    switch (event.kind) {
        case Kind::resolving:
            return note(fmt::format("looking up {}", event.name));
        case Kind::resolved:
            return note(
                fmt::format("{} is {} ({})", event.name, list_of(event.addresses), dns::to_string(event.source)));
        case Kind::unresolved:
            return note(fmt::format("{}: {}", event.name, event.text));
        case Kind::attempt:
            tried_ = runtime::now();
            return note(fmt::format("trying {}", event.remote.to_string()));
        case Kind::attempt_failed:
            return note(fmt::format("{}: {}", event.remote.to_string(), event.text));
        case Kind::connected:
            return note(fmt::format("connected to {} from {} in {} us", event.remote.to_string(),
                                    event.local.to_string(), to_us(runtime::now() - tried_)));
        case Kind::tunnelled:
            return note(fmt::format("the proxy has connected us to {}", event.name));
        case Kind::secured:
            return note(fmt::format("TLS with {}: {}", event.name, event.text));
    }
}

void GetReport::on_request(const http::Hop& hop, const http::Request& request) {
    if (!options_.verbose) return;
    if (hop.reused) note(fmt::format("the connection to {} is used again", hop.remote.to_string()));
    show(Colour::green, ">", fmt::format("{} {} HTTP/1.1", request.method.name(), request.target));
    for (const http::Field field : request.fields)
        show(Colour::green, ">", fmt::format("{}: {}", field.name, field.value));
    show(Colour::green, ">", "");
}

void GetReport::on_response(const http::Response& response) {
    if (progress_) {
        const std::uint64_t before = response.status == http::Status::partial_content ? have_ : 0;
        const auto length = length_of(response);
        progress_->expect(length ? std::optional(before + *length) : std::nullopt, before);
    }
    if (!options_.verbose) return;
    const std::string_view reason =
        response.reason.empty() ? http::reason_phrase(response.status) : std::string_view(response.reason);
    show(Colour::blue, "<",
         fmt::format("HTTP/{}.{} {} {}", response.version.major, response.version.minor,
                     http::to_number(response.status), reason));
    for (const http::Field field : response.fields)
        show(Colour::blue, "<", fmt::format("{}: {}", field.name, field.value));
    show(Colour::blue, "<", "");
}

void GetReport::on_progress(const http::Hop& hop) {
    if (!progress_) return;
    const std::uint64_t bytes = hop.status == 0 ? hop.bytes_sent : hop.bytes_received;
    if (const auto line = progress_->moved(bytes, runtime::now())) show_progress(*line);
}

void GetReport::on_hop(const http::Hop& hop) {
    hops_.push_back(hop);
    if (progress_ && line_open_) show_progress(progress_->line(hop.bytes_received, runtime::now()));
    if (!options_.verbose) return;
    if (hop.bytes_sent > 0) note(fmt::format("{} bytes of content sent", hop.bytes_sent));
    if (hop.transport)
        note(fmt::format("round trip {} us, {} retransmissions, window {} bytes", to_us(hop.transport->round_trip),
                         hop.transport->retransmissions, hop.transport->window));
}

void GetReport::on_redirect(const http::Redirection& redirection) {
    note(fmt::format("redirected to {}", redirection.url.to_string()));
}

void GetReport::on_retry(Duration delay, const std::string& why) {
    if (!options_.silent)
        fmt::print(stderr, "hourglass get: {}; trying again in {:.3g} s\n", printable(why), to_seconds(delay));
}

void GetReport::show_progress(const std::string& line) {
    fmt::print(stderr, "\r\x1b[K{}", line);
    std::fflush(stderr);
    line_open_ = true;
}

}  // namespace hourglass::cli
