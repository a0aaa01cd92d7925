#include "hourglass/proxy/proxy.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <utility>
#include <vector>

#include "proxy/exchange.h"
#include "proxy/site.h"
#include "proxy/timers.h"

namespace hourglass::proxy {

namespace {

using http::BodySink;
using http::Responder;
using http::Response;
using http::Status;

std::optional<std::uint64_t> told_length(const http::Request& request) {
    const auto value = request.fields.get("Content-Length");
    if (!value) return std::nullopt;
    std::uint64_t length = 0;
    std::from_chars(value->data(), value->data() + value->size(), length);
    return length;
}

/// Ends a body that turns out to be longer than its route allows.
class LimitedSink final : public BodySink {
  public:
    LimitedSink(std::unique_ptr<BodySink> sink, std::uint64_t limit, Responder responder)
        : sink_(std::move(sink)), left_(limit), responder_(std::move(responder)) {}
    void write(std::span<const std::byte> bytes) override {
        if (sink_ == nullptr) return;
        if (bytes.size() > left_) {
            responder_.respond(Response::error(Status::content_too_large));
            return abort(http::Error::content_too_large);
        }
        left_ -= bytes.size();
        sink_->write(bytes);
    }
    void end(const http::Fields& trailers) override {
        if (const auto sink = std::exchange(sink_, nullptr)) sink->end(trailers);
        responder_ = {};
    }
    void abort(http::Error reason) override {
        if (const auto sink = std::exchange(sink_, nullptr)) sink->abort(reason);
        responder_ = {};
    }
    [[nodiscard]] bool ready() const override { return sink_ == nullptr || sink_->ready(); }
    void on_ready(std::function<void()> wake) override { sink_->on_ready(std::move(wake)); }

  private:
    std::unique_ptr<BodySink> sink_;
    std::uint64_t left_;
    Responder responder_;
};

}  // namespace

class ReverseProxy::Implementation {
  public:
    Implementation(http::Connector& connector, const Configuration& configuration, Environment environment)
        : environment_(std::move(environment)),
          shared_{{connector, timers_, environment_.now,
                   [this](const std::string& line) {
                       if (environment_.log) environment_.log(line);
                   },
                   environment_.secure_client, environment_.random},
                  environment_.wall_clock} {
        timers_.on_sooner(environment_.on_sooner);
        reload(configuration);
    }
    ~Implementation() {
        timers_.on_sooner(nullptr);
        for (const auto& exchange : std::exchange(shared_.paused, {})) exchange->abandon();
        for (const auto& site : retired_) site->shut_down();
        if (site_ != nullptr) site_->shut_down();
    }

    void reload(const Configuration& configuration) {
        if (!configuration.cache)
            shared_.cache.reset();
        else if (shared_.cache == nullptr)
            shared_.cache = std::make_unique<ResponseCache>(*configuration.cache);
        else
            shared_.cache->set_limits(*configuration.cache);
        if (site_ != nullptr) {
            site_->retire();
            retired_.push_back(std::move(site_));
        }
        site_ = std::make_shared<detail::Site>(shared_, configuration);
    }

    http::Application application(const std::string& scheme) {
        http::Application out;
        out.on_request = [this, scheme](const http::Request& request, Responder responder) {
            detail::SiteRoute* const route = admit(request, responder);
            if (route == nullptr) return;
            if (request.body.size() > route->configuration.max_body) {
                responder.respond(Response::error(Status::content_too_large));
                return;
            }
            std::make_shared<detail::Exchange>(site_, *route, std::move(responder), nullptr, scheme)->start();
        };
        out.on_head = [this, scheme](const http::Request& request, Responder responder) {
            return on_head(request, std::move(responder), scheme);
        };
        return out;
    }

    [[nodiscard]] Instant deadline() const { return timers_.next_deadline(); }
    void poll(Instant now) {
        timers_.poll(now);
        std::erase_if(retired_, [](const auto& site) { return site->empty(); });
    }

  private:
    /// The route of a request that may go on; otherwise it is answered.
    detail::SiteRoute* admit(const http::Request& request, const Responder& responder) {
        detail::SiteRoute* const route = site_->find(request);
        if (route == nullptr) {
            responder.respond(Response::error(Status::not_found, "No route leads there."));
            return nullptr;
        }
        if (route->limiter == nullptr) return route;
        const auto wait = route->limiter->take(responder.client().address, environment_.now());
        if (!wait) return route;
        Response response = Response::error(Status::too_many_requests);
        response.fields.add("Retry-After", fmt::format("{}", std::chrono::ceil<std::chrono::seconds>(*wait).count()));
        responder.respond(std::move(response));
        return nullptr;
    }

    /// A request with a body: it is collected when it is small, or when the server must know its length in advance,
    /// and passed on as it comes otherwise.
    std::unique_ptr<BodySink> on_head(const http::Request& request, Responder responder, const std::string& scheme) {
        const auto length = told_length(request);
        const detail::SiteRoute* const found = site_->find(request);
        if (found == nullptr) return nullptr;  // answered when it is complete, so that the connection can go on
        const RouteConfiguration& configuration = found->configuration;
        if (length && *length > configuration.max_body) {
            responder.respond(Response::error(Status::content_too_large));
            return nullptr;
        }
        const bool needs_length = found->upstream.configuration().protocol == Protocol::uwsgi;
        if (length ? *length <= configuration.request_buffer : needs_length) return nullptr;
        detail::SiteRoute* const route = admit(request, responder);
        if (route == nullptr) return nullptr;
        auto pipe = http::BodyPipe::make(configuration.response_buffer, length);
        auto sink = std::make_unique<LimitedSink>(std::move(pipe.sink), configuration.max_body, responder);
        std::make_shared<detail::Exchange>(site_, *route, std::move(responder), std::move(pipe.source), scheme)
            ->start();
        return sink;
    }

    Environment environment_;
    detail::Timers timers_;
    detail::Shared shared_;
    std::shared_ptr<detail::Site> site_;
    std::vector<std::shared_ptr<detail::Site>> retired_;
};

ReverseProxy::ReverseProxy(http::Connector& connector, const Configuration& configuration, Environment environment)
    : implementation_(std::make_unique<Implementation>(connector, configuration, std::move(environment))) {}
ReverseProxy::~ReverseProxy() = default;

http::Application ReverseProxy::application(std::string scheme) { return implementation_->application(scheme); }
void ReverseProxy::reload(const Configuration& configuration) { implementation_->reload(configuration); }
Instant ReverseProxy::deadline() const { return implementation_->deadline(); }
void ReverseProxy::poll(Instant now) { implementation_->poll(now); }

http::ServerSettings server_settings(const Configuration& configuration, const Environment& environment) {
    http::ServerSettings settings;
    settings.requests = configuration.client_requests;
    settings.wall_clock = environment.wall_clock;
    settings.server_name = "";  // it is the origin that says what it is
    return settings;
}

}  // namespace hourglass::proxy
