#include "hourglass/lab/journey.h"

#include <fmt/format.h>
#include <stdexcept>

#include "hourglass/dns/over_host.h"
#include "hourglass/http/forward.h"
#include "hourglass/http/writer.h"
#include "hourglass/sim/world.h"
#include "hourglass/trace/world_watch.h"
#include "lab/web.h"

namespace hourglass::lab {

namespace {

using namespace std::chrono_literals;

constexpr auto kAppTime = 3ms;     // the application thinks
constexpr auto kReadTime = 5ms;    // the client looks at the answer before it closes
constexpr auto kNoticeTime = 1ms;  // a server sees that its client has closed
constexpr auto kShortLink = 1ms;

const IpAddress kResolverAddress = IpAddress::v4(192, 0, 2, 53);
const IpAddress kProxyAddress = IpAddress::v4(198, 51, 100, 80);
const IpAddress kOriginAddress = IpAddress::v4(203, 0, 113, 80);

enum StageNumber : std::size_t { resolve, connect, request, hop, app, answer, close, quiet, kStages };

std::vector<Stage> fresh_stages() {
    std::vector<Stage> stages(kStages);
    stages[resolve].name = "DNS: name to address";
    stages[connect].name = "TCP: three-way handshake";
    stages[request].name = "HTTP: request to the proxy";
    stages[hop].name = "reverse proxy: own connection to the origin";
    stages[app].name = "origin: the application answers";
    stages[answer].name = "response back through the proxy";
    stages[close].name = "TCP: four-way close";
    stages[quiet].name = "TIME-WAIT: 2 MSL, then CLOSED";
    return stages;
}

std::string escape_html(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        switch (c) {
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '&':
                safe += "&amp;";
                break;
            default:
                safe += c;
        }
    }
    return safe;
}

/// The application of the origin: a page that says what it was asked.
http::Response application(const http::Request& r) {
    std::string page = fmt::format(
        "<!doctype html>\n<title>Hourglass</title>\n<h1>Hello</h1>\n<p>You asked for {}.</p>\n", escape_html(r.path()));
    for (const auto& [name, value] : http::parse_query(r.query()))
        page += fmt::format("<p>{} is {}.</p>\n", escape_html(name), escape_html(value));
    return http::Response::text(http::Status::ok, std::move(page), "text/html; charset=utf-8");
}

dns::Zone zone_for(const std::string& host) {
    // The zone begins above the first label, when there is one.
    const std::size_t dot = host.find('.');
    const std::string origin = dot == std::string::npos || dot + 1 == host.size() ? host : host.substr(dot + 1);
    const std::string text = fmt::format(
        "$ORIGIN {}.\n$TTL 300\n@ IN SOA ns hostmaster 1 3600 600 86400 60\n@ IN NS ns\nns IN A {}\n{}. IN A {}\n",
        origin, kResolverAddress.to_string(), host, kProxyAddress.to_string());
    auto zone = dns::Zone::parse(text);
    if (!zone) throw std::invalid_argument(fmt::format("'{}' can't be a host name in DNS", host));
    return std::move(*zone);
}

}  // namespace

class Journey::Implementation {
  public:
    explicit Implementation(const JourneySettings& settings)
        : settings_(settings), world_(settings.seed), stages_(fresh_stages()) {
        build_network();
        if (settings.events) events_ = std::make_unique<trace::EventLog>();
        watch_.attach(world_, recorder_, events_.get(), settings_.flight);
        start_servers();
    }
    ~Implementation() {
        if (settings_.flight != nullptr) settings_.flight->close();
    }
    Implementation(const Implementation&) = delete;
    Implementation& operator=(const Implementation&) = delete;

    bool run();

    JourneySettings settings_;
    trace::Recorder recorder_;
    std::unique_ptr<trace::EventLog> events_;
    trace::WorldWatch watch_;
    sim::World world_;
    std::vector<Stage> stages_;
    std::vector<Message> messages_;
    std::string failure_;
    int status_ = 0;

  private:
    void build_network();
    void start_servers();
    void begin();
    void on_resolved(const dns::ResolveResult& result);
    void on_connected();
    void on_answer(std::expected<http::Response, http::ClientError> answer);
    void forward(const http::Request& request, http::Responder responder, SocketAddress client);
    void serve(const http::Request& request, http::Responder responder);

    void start(StageNumber n) { stages_[n].begin = world_.now(); }
    void finish(StageNumber n, std::string outcome) {
        stages_[n].end = world_.now();
        stages_[n].outcome = std::move(outcome);
    }
    template <typename M>
    void write_down(std::string_view from, std::string_view to, const M& message);

    std::unique_ptr<dns::HostServer> name_server_;
    std::unique_ptr<dns::HostResolver> resolver_;
    std::unique_ptr<LessonServer> proxy_server_, origin_server_;
    std::unique_ptr<LessonClient> client_, upstream_;
};

void Journey::Implementation::build_network() {
    for (const auto* name : {"client", "resolver", "proxy", "origin"}) world_.add_host(name);
    const auto settings = [&](std::string name, Duration delay) {
        sim::LinkSettings link;
        link.name = std::move(name);
        link.a_to_b.delay = link.b_to_a.delay = delay;
        link.a_to_b.loss = link.b_to_a.loss = settings_.loss;
        return link;
    };
    world_.connect({"client", {"192.0.2.10/24"}}, {"resolver", {"192.0.2.53/24"}}, settings("lan", kShortLink));
    world_.connect({"client", {"198.51.100.10/24"}}, {"proxy", {"198.51.100.80/24"}},
                   settings("internet", settings_.delay));
    world_.connect({"proxy", {"203.0.113.10/24"}}, {"origin", {"203.0.113.80/24"}}, settings("backend", kShortLink));
}

void Journey::Implementation::start_servers() {
    std::vector<dns::Zone> zones;
    zones.push_back(zone_for(settings_.url.host));
    name_server_ = std::make_unique<dns::HostServer>(world_.host("resolver"), std::move(zones));
    if (auto ok = name_server_->listen({kResolverAddress, Port(53)}); !ok) throw std::runtime_error(ok.error());
    dns::ResolverSettings resolver;
    resolver.servers = {{kResolverAddress, Port(53)}};
    resolver_ = std::make_unique<dns::HostResolver>(world_.host("client"), resolver);

    proxy_server_ = std::make_unique<LessonServer>(
        world_, "proxy", kNoticeTime,
        [this](const http::Request& r, http::Responder a, SocketAddress from) { forward(r, std::move(a), from); });
    proxy_server_->on_client_closed = [this] {
        // A proxy of one client has no further use for its own connection.
        if (upstream_) upstream_->close();
    };
    origin_server_ = std::make_unique<LessonServer>(
        world_, "origin", kNoticeTime,
        [this](const http::Request& r, http::Responder a, SocketAddress) { serve(r, std::move(a)); });
    const Port port = settings_.url.effective_port();
    const auto listen = [&](std::string_view host, SocketAddress at, tcp::AcceptHandler* handler) {
        if (const auto listener = world_.host(host).tcp().listen(at, {.handler = handler}); !listener)
            throw std::runtime_error(fmt::format("{}: {}", at.to_string(), to_string(listener.error())));
    };
    listen("proxy", {kProxyAddress, port}, proxy_server_.get());
    listen("origin", {kOriginAddress, Port(8080)}, origin_server_.get());
}

template <typename M>
void Journey::Implementation::write_down(std::string_view from, std::string_view to, const M& message) {
    const std::string wire = http::to_wire(message).value_or("");
    const std::size_t end = std::min(wire.find("\r\n\r\n"), wire.size());
    messages_.push_back({world_.now(), std::string(from), std::string(to), wire.substr(0, end), message.body});
}

void Journey::Implementation::begin() {
    start(resolve);
    watch_.note(world_.now(), "client", "resolve " + settings_.url.host);
    if (const auto address = IpAddress::parse(settings_.url.host)) {
        on_resolved(dns::Resolution{{kProxyAddress}, {}, Duration::max(), dns::Source::literal});
        return;
    }
    resolver_->resolve(settings_.url.host, dns::Families::v4,
                       [this](const dns::ResolveResult& result, Instant) { on_resolved(result); });
}

void Journey::Implementation::on_resolved(const dns::ResolveResult& result) {
    if (!result) {
        failure_ = fmt::format("'{}': {}", settings_.url.host, to_string(result.error()));
        return finish(resolve, failure_);
    }
    const IpAddress address = result->addresses.front();
    finish(resolve, fmt::format("{} is {}", settings_.url.host, address.to_string()));
    start(connect);
    client_ = std::make_unique<LessonClient>(world_, "client");
    client_->on_connected = [this] { on_connected(); };
    client_->on_end = [this](tcp::Error error) {
        if (error == tcp::Error::none)
            finish(close, "both directions closed");
        else if (failure_.empty())
            failure_ = std::string(to_string(error));
        start(quiet);
    };
    client_->connect({address, settings_.url.effective_port()});
}

void Journey::Implementation::on_connected() {
    finish(connect,
           fmt::format("{} to {}", client_->stream().local().to_string(), client_->stream().remote().to_string()));
    start(request);
    http::Request r;
    r.target = settings_.url.request_target();
    r.fields.add("Host", settings_.url.authority());
    r.fields.add("User-Agent", "hourglass");
    r.fields.add("Accept", "*/*");
    write_down("client", "proxy", r);
    client_->send(std::move(r), [this](auto answer) { on_answer(std::move(answer)); });
}

void Journey::Implementation::forward(const http::Request& r, http::Responder responder, SocketAddress from) {
    finish(request, fmt::format("{} {}", r.method.name(), r.target));
    start(hop);
    http::ForwardContext context;
    context.client = from;
    context.name = "proxy";
    auto forwarded = http::make_forwarded_request(r, context);
    if (!forwarded) {
        responder.respond(std::move(forwarded.error()));
        return;
    }
    upstream_ = std::make_unique<LessonClient>(world_, "proxy");
    upstream_->on_connected = [this] {
        stages_[hop].outcome =
            fmt::format("{} to {}", upstream_->stream().local().to_string(), upstream_->stream().remote().to_string());
    };
    write_down("proxy", "origin", *forwarded);
    upstream_->send(std::move(*forwarded), [this, responder, context](auto answer) {
        http::Response response = answer ? http::make_forwarded_response(*answer, responder.request().method, context)
                                         : http::Response::error(http::Status::bad_gateway, answer.error().text);
        write_down("proxy", "client", response);
        responder.respond(std::move(response));
    });
    upstream_->connect({kOriginAddress, Port(8080)});
}

void Journey::Implementation::serve(const http::Request& r, http::Responder responder) {
    finish(hop, stages_[hop].outcome);
    start(app);
    world_.after(kAppTime, [this, responder = std::move(responder), response = application(r)]() mutable {
        finish(app, fmt::format("{} in {} ms", static_cast<int>(response.status), to_ms(kAppTime)));
        start(StageNumber::answer);
        write_down("origin", "proxy", response);
        responder.respond(std::move(response));
    });
}

void Journey::Implementation::on_answer(std::expected<http::Response, http::ClientError> result) {
    if (!result) {
        if (failure_.empty()) failure_ = result.error().text;
        return;
    }
    status_ = static_cast<int>(result->status);
    finish(answer, fmt::format("status {} {}, {} octets of body", status_, result->reason, result->body.size()));
    world_.after(kReadTime, [this] {
        start(close);
        watch_.note(world_.now(), "client", "close()");
        client_->close();
    });
}

bool Journey::Implementation::run() {
    begin();
    const bool idle = world_.run_until_idle(settings_.limit);
    if (!idle && failure_.empty()) failure_ = "not everything had ended after an hour of virtual time";
    if (status_ == 0 && failure_.empty()) failure_ = "no answer";
    if (idle && stages_[close].end != kNever) finish(quiet, "every connection is CLOSED, no timer is left");
    return failure_.empty();
}

Journey::Journey(const JourneySettings& settings) : implementation_(std::make_unique<Implementation>(settings)) {}
Journey::~Journey() = default;
bool Journey::run() { return implementation_->run(); }
const std::vector<Stage>& Journey::stages() const { return implementation_->stages_; }
const std::vector<Message>& Journey::messages() const { return implementation_->messages_; }
const std::string& Journey::failure() const { return implementation_->failure_; }
int Journey::status() const { return implementation_->status_; }
const trace::Recorder& Journey::recorder() const { return implementation_->recorder_; }
const trace::EventLog* Journey::events() const { return implementation_->events_.get(); }

std::vector<std::pair<std::string, std::string>> Journey::hosts() const {
    return {{"client", "192.0.2.10, 198.51.100.10"},
            {"resolver", kResolverAddress.to_string()},
            {"proxy", kProxyAddress.to_string() + ", 203.0.113.10"},
            {"origin", kOriginAddress.to_string()}};
}

}  // namespace hourglass::lab
