#include "cli/access_log.h"

#include <chrono>
#include <cstdio>
#include <fmt/chrono.h>
#include <fmt/core.h>
#include <utility>

#include "cli/terminal.h"

namespace hourglass::cli {

namespace {

void log(const http::Request& request) {
    const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const auto agent = request.fields.get("User-Agent");
    fmt::print(stderr, "{:%FT%T}Z {} {} HTTP/{}.{}{}\n", now, printable(request.method.name()),
               printable(request.target), request.version.major, request.version.minor,
               agent ? fmt::format(" \"{}\"", printable(*agent)) : std::string());
}

}  // namespace

http::Application with_access_log(http::Application application, bool on) {
    if (!on) return application;
    http::Application logged;
    logged.on_request = [inner = application.on_request](const http::Request& request, http::Responder responder) {
        log(request);
        inner(request, std::move(responder));
    };
    if (application.on_head)
        logged.on_head = [inner = application.on_head](const http::Request& request, http::Responder responder) {
            auto sink = inner(request, std::move(responder));
            if (sink) log(request);
            return sink;
        };
    return logged;
}

}  // namespace hourglass::cli
