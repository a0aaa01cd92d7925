#include <algorithm>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "hourglass/http/middleware.h"

namespace hourglass::http {

namespace {

/// What a client sent, with controls, quotes and backslashes as escapes, and "-" for nothing.
std::string escaped(std::string_view text) {
    if (text.empty()) return "-";
    std::string out;
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet < 0x20 || octet >= 0x7f || c == '"' || c == '\\')
            out += fmt::format("\\x{:02x}", octet);
        else
            out += c;
    }
    return out;
}

std::string format_json(const AccessRecord& record) {
    nlohmann::ordered_json line;
    const auto second = std::chrono::floor<std::chrono::seconds>(record.at);
    line["time"] = fmt::format("{:%FT%T}.{:06}Z", second, (record.at - second).count());
    line["client"] = record.client.address.to_string();
    line["method"] = record.method;
    line["target"] = record.target;
    line["version"] = fmt::format("{}.{}", record.version.major, record.version.minor);
    line["status"] = to_number(record.status);
    if (record.size) line["size"] = *record.size;
    line["seconds"] = std::chrono::duration<double>(record.took).count();
    if (!record.user.empty()) line["user"] = record.user;
    if (!record.referer.empty()) line["referer"] = record.referer;
    if (!record.user_agent.empty()) line["user_agent"] = record.user_agent;
    return line.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

AccessRecord describe(const Request& request, const SocketAddress& client) {
    AccessRecord record;
    record.client = client;
    record.method = request.method.name();
    record.target = request.target;
    record.version = request.version;
    const auto field = [&](std::string_view name) {
        return std::string(request.fields.get(name).value_or(std::string_view()));
    };
    record.referer = field("Referer");
    record.user_agent = field("User-Agent");
    if (const auto credentials = parse_basic_credentials(field("Authorization"))) record.user = credentials->first;
    return record;
}

}  // namespace

std::string format_access(const AccessRecord& record, LogFormat format) {
    if (format == LogFormat::json) return format_json(record);
    std::string line = fmt::format("{} - {} [{:%d/%b/%Y:%H:%M:%S} +0000] \"{} {} HTTP/{}.{}\" {} {}",
                                   record.client.address.to_string(), escaped(record.user),
                                   std::chrono::floor<std::chrono::seconds>(record.at), escaped(record.method),
                                   escaped(record.target), record.version.major, record.version.minor,
                                   to_number(record.status), record.size ? fmt::format("{}", *record.size) : "-");
    if (format == LogFormat::combined)
        line += fmt::format(" \"{}\" \"{}\"", escaped(record.referer), escaped(record.user_agent));
    return line;
}

Middleware access_log(WallClock clock, AccessLog log) {
    return [clock = std::move(clock), log = std::move(log)](const Request& request, const Responder& responder,
                                                            const Handler& next) {
        responder.on_response([clock, log, began = clock(), client = responder.client()](
                                  const Request& asked, Response& response, std::unique_ptr<BodySource>& body) {
            AccessRecord record = describe(asked, client);
            record.status = response.status;
            record.size = body ? body->size() : std::optional<std::uint64_t>(response.body.size());
            record.at = began;
            record.took = clock() - began;
            log(record);
        });
        next(request, responder);
    };
}

Application with_access_log(Application application, WallClock clock, AccessLog log) {
    return wrap({access_log(std::move(clock), std::move(log))}, std::move(application));
}

}  // namespace hourglass::http
