#include "hourglass/http/middleware.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "hourglass/http/parameters.h"
#include "http/base64.h"
#include "http/scan.h"

namespace hourglass::http {

namespace {

std::string join(const std::vector<std::string>& items) { return fmt::format("{}", fmt::join(items, ", ")); }

void add_to_vary(Response& response, std::string_view field) {
    if (response.fields.list_contains("Vary", field)) return;
    const std::string before = response.fields.combined("Vary");
    response.fields.set("Vary", before.empty() ? std::string(field) : before + ", " + std::string(field));
}

/// The fields of CORS for one origin.
class CorsPolicy {
  public:
    explicit CorsPolicy(CorsSettings settings) : settings_(std::move(settings)) {
        all_ = std::ranges::find(settings_.origins, "*") != settings_.origins.end();
    }
    [[nodiscard]] bool allows(std::string_view origin) const {
        return all_ || std::ranges::find(settings_.origins, origin) != settings_.origins.end();
    }
    void mark(Response& response, std::string_view origin) const {
        const bool names_origin = !all_ || settings_.credentials;
        if (names_origin) add_to_vary(response, "Origin");
        if (origin.empty() || !allows(origin)) return;
        response.fields.set("Access-Control-Allow-Origin", names_origin ? origin : std::string_view("*"));
        if (settings_.credentials) response.fields.set("Access-Control-Allow-Credentials", "true");
        if (!settings_.exposed_headers.empty())
            response.fields.set("Access-Control-Expose-Headers", join(settings_.exposed_headers));
    }
    [[nodiscard]] Response preflight(std::string_view origin) const {
        Response response;
        response.status = Status::no_content;
        mark(response, origin);
        response.fields.remove("Access-Control-Expose-Headers");
        add_to_vary(response, "Access-Control-Request-Method");
        add_to_vary(response, "Access-Control-Request-Headers");
        if (!allows(origin)) return response;
        response.fields.add("Access-Control-Allow-Methods", join(settings_.methods));
        if (!settings_.headers.empty()) response.fields.add("Access-Control-Allow-Headers", join(settings_.headers));
        if (settings_.max_age)
            response.fields.add("Access-Control-Max-Age", fmt::format("{}", settings_.max_age->count()));
        return response;
    }

  private:
    CorsSettings settings_;
    bool all_ = false;
};

}  // namespace

Handler wrap(std::vector<Middleware> middlewares, Handler handler) {
    for (auto middleware = middlewares.rbegin(); middleware != middlewares.rend(); ++middleware)
        handler = [outer = std::move(*middleware), inner = std::move(handler)](
                      const Request& request, Responder responder) { outer(request, std::move(responder), inner); };
    return handler;
}

Application wrap(std::vector<Middleware> middlewares, Application application) {
    if (application.middleware) middlewares.push_back(std::move(application.middleware));
    application.middleware = nullptr;
    for (auto middleware = middlewares.rbegin(); middleware != middlewares.rend(); ++middleware) {
        if (!application.middleware) {
            application.middleware = std::move(*middleware);
            continue;
        }
        const auto inner = std::make_shared<const Middleware>(std::move(application.middleware));
        application.middleware = [outer = std::move(*middleware), inner](const Request& request, Responder responder,
                                                                         const Handler& next) {
            outer(request, std::move(responder),
                  [inner, next](const Request& asked, Responder answer) { (*inner)(asked, std::move(answer), next); });
        };
    }
    return application;
}

Middleware cors(CorsSettings settings) {
    return [policy = std::make_shared<const CorsPolicy>(std::move(settings))](
               const Request& request, const Responder& responder, const Handler& next) {
        const auto origin = request.fields.get("Origin");
        const bool preflight = request.method.known() == Method::options && origin &&
                               request.fields.contains("Access-Control-Request-Method");
        if (preflight) {
            responder.respond(policy->preflight(*origin));
            return;
        }
        responder.on_response([policy](const Request& asked, Response& response, std::unique_ptr<BodySource>&) {
            policy->mark(response, asked.fields.get("Origin").value_or(std::string_view()));
        });
        next(request, responder);
    };
}

std::optional<std::pair<std::string, std::string>> parse_basic_credentials(std::string_view field) {
    constexpr std::string_view scheme = "Basic ";
    if (!equals_ignoring_case(field.substr(0, scheme.size()), scheme)) return std::nullopt;
    field.remove_prefix(scheme.size());
    while (field.starts_with(' ')) field.remove_prefix(1);
    const auto pair = detail::decode_base64(field);
    const std::size_t colon = pair ? pair->find(':') : std::string::npos;
    if (colon == std::string::npos) return std::nullopt;
    return std::pair(pair->substr(0, colon), pair->substr(colon + 1));
}

Middleware basic_authentication(std::string realm,
                                std::function<bool(std::string_view user, std::string_view password)> check) {
    std::string challenge = "Basic realm=" + quoted(realm) + ", charset=\"UTF-8\"";
    return [challenge = std::move(challenge), check = std::move(check)](
               const Request& request, const Responder& responder, const Handler& next) {
        const auto field = request.fields.get("Authorization");
        const auto credentials = field ? parse_basic_credentials(*field) : std::nullopt;
        if (credentials && check(credentials->first, credentials->second)) return next(request, responder);
        Response response = Response::error(Status::unauthorized);
        response.fields.add("WWW-Authenticate", challenge);
        responder.respond(std::move(response));
    };
}

Middleware limit_rate(std::function<std::optional<Duration>(const SocketAddress& client)> take) {
    return [take = std::move(take)](const Request& request, const Responder& responder, const Handler& next) {
        const auto wait = take(responder.client());
        if (!wait) return next(request, responder);
        Response response = Response::error(Status::too_many_requests);
        response.fields.add(
            "Retry-After",
            fmt::format("{}", std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(*wait).count())));
        responder.respond(std::move(response));
    };
}

bool equals_in_constant_time(std::string_view given, std::string_view secret) noexcept {
    // Volatile, so that the loop may not end early.
    volatile unsigned char difference = given.size() == secret.size() ? 0 : 1;
    for (std::size_t i = 0; i < given.size(); ++i) {
        const char other = secret.empty() ? '\0' : secret[i % secret.size()];
        difference = static_cast<unsigned char>(difference | (given[i] ^ other));
    }
    return difference == 0;
}

}  // namespace hourglass::http
