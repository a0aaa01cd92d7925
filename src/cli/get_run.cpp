#include "cli/get_run.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fmt/core.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "cli/command.h"
#include "cli/terminal.h"
#include "cli/timing.h"
#include "hourglass/http/resume.h"
#include "hourglass/runtime/clock.h"

namespace hourglass::cli {

namespace {

using namespace std::chrono_literals;

constexpr auto kRefusedAgain = 50ms;  ///< Between attempts at a program's port, until it listens.
constexpr auto kClosingTime = 1s;     ///< For the servers' part of the close.
constexpr auto kClosingStep = 2ms;

std::chrono::sys_seconds date() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

std::string last_segment(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// What people would want to know next.
std::string advice_after(const std::string& text, GetExit code) {
    if (code == GetExit::certificate_refused)
        return "; --cacert FILE names whom to trust, --insecure takes any certificate";
    if (text.ends_with(dns::to_string(dns::ResolveError::no_servers))) return "; name one with --resolver ADDR";
    return "";
}

}  // namespace

GetRun::GetRun(asio::io_context& context, const GetOptions& options, Done done)
    : context_(context),
      options_(options),
      done_(std::move(done)),
      body_(make_body(context, options)),
      request_(make_request(options)),
      targets_(make_targets()),
      settings_(settings()),
      timer_(context) {
    if (!body_.content_type.empty() && !request_.fields.contains("Content-Type"))
        request_.fields.add("Content-Type", body_.content_type);
    load_cookies();
    if (!options.key.empty() && options.certificate.empty())
        throw Failure{kBadInput, "--key needs the certificate that it belongs to: add --cert FILE"};
    auto tls = runtime::TlsClient::make({.verify = !options.insecure,
                                         .ca_file = options.ca_file,
                                         .certificate_file = options.certificate,
                                         .key_file = options.key.empty() ? options.certificate : options.key});
    if (!tls) throw Failure{kBadInput, fmt::format("no TLS: {}", tls.error().message)};
    tls_ = std::move(*tls);
}

void GetRun::start(std::unique_ptr<http::ClientWorld> world) {
    world_ = std::move(world);
    agent_.emplace(*world_, std::move(settings_), tls_.get(), keeps_cookies_ ? &jar_ : nullptr);
    next();
}

std::vector<GetRun::Target> GetRun::make_targets() const {
    std::vector<Target> targets;
    if (options_.outputs.size() > options_.urls.size()) throw Failure{kBadInput, "there are more -o than URLs"};
    for (std::size_t i = 0; i < options_.urls.size(); ++i) {
        Target target{parse_url(options_.urls[i]), i < options_.outputs.size() ? options_.outputs[i] : ""};
        http::Url& url = target.url;
        if (!options_.upload.empty() && options_.upload != "-" && url.path.ends_with('/'))
            url.path += http::percent_encode(last_segment(options_.upload));
        if (!body_.query.empty()) url.query = url.query ? *url.query + "&" + body_.query : body_.query;
        if (options_.remote_name && target.output.empty()) {
            target.output = http::percent_decode(last_segment(url.path)).value_or("");
            const bool usable = !target.output.empty() && target.output != "." && target.output != ".." &&
                                target.output.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
            if (!usable)
                throw Failure{kBadInput,
                              fmt::format("-O: '{}' does not end in a file's name; give one with -o", url.to_string())};
        }
        targets.push_back(std::move(target));
    }
    return targets;
}

http::UserAgentSettings GetRun::settings() const {
    http::UserAgentSettings settings;
    settings.families = options_.only_v4   ? dns::Families::v4
                        : options_.only_v6 ? dns::Families::v6
                                           : dns::Families::both;
    settings.limits = phase_limits(options_);
    settings.redirections = options_.location ? options_.redirections : 0;
    settings.decode = options_.compressed;
    settings.retry.retries = options_.retries;
    if (options_.retry_delay > 0) {
        settings.retry.first_delay =
            std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options_.retry_delay));
        settings.retry.double_delay = false;
    }
    settings.proxies = proxy_rules(options_);
    settings.tunnel = options_.proxy_tunnel;
    settings.proxy_digest = options_.proxy_digest;
    settings.wall_clock = date;
    settings.random = [device = std::make_shared<std::random_device>()] {
        return std::uint64_t{(*device)()} << 32 | (*device)();
    };
    if (!options_.program.empty()) settings.refused_again = kRefusedAgain;
    return settings;
}

void GetRun::load_cookies() {
    keeps_cookies_ = !options_.cookie_jar.empty();
    for (const std::string& name : options_.cookies) {
        if (name.find('=') != std::string::npos) continue;
        keeps_cookies_ = true;
        // The file of the first time is not there yet.
        if (name.empty() || (name != "-" && ::access(name.c_str(), F_OK) != 0)) continue;
        if (const auto read = jar_.load(read_file(name, "-b "), date()); !read)
            throw Failure{kBadInput, fmt::format("-b {}: line {} is no cookie", name, read.error())};
    }
}

bool GetRun::save_cookies() {
    const std::string& name = options_.cookie_jar;
    if (name.empty()) return true;
    const std::string text = jar_.save();
    if (name == "-") return std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    errno = 0;
    std::ofstream file(name, std::ios::binary);
    file << text;
    file.close();
    if (file) return true;
    fmt::print(stderr, "hourglass get: -c {}: the file cannot be written: {}\n", name,
               std::generic_category().message(errno));
    return false;
}

http::AgentRequest GetRun::make_request_to(const Target& target, const ResponseOutput& output) const {
    http::AgentRequest request{.url = target.url, .request = request_, .body = body_.open, .limits = {}};
    if (options_.digest) {
        const std::size_t colon = options_.user.find(':');
        request.digest = http::Login{options_.user.substr(0, colon), options_.user.substr(colon + 1)};
    }
    if (request_.fields.contains("Authorization")) request.url.user_information.reset();
    if (output.have() > 0) http::ask_for_rest(request.request, output.have(), output.validator());
    return request;
}

void GetRun::next() {
    if (at_ == targets_.size()) return leave();
    const Target& target = targets_[at_++];
    std::shared_ptr<ResponseOutput> output;
    try {
        output = std::make_shared<ResponseOutput>(
            options_, target.output, [this](GetExit code, const std::string& message) { ended(code, message); });
    } catch (const Failure& failure) {
        return ended(GetExit::bad_input, failure.message);
    }
    const bool to_file = !target.output.empty() && target.output != "-";
    const bool shows_progress = to_file && !options_.silent && !options_.verbose && ::isatty(STDERR_FILENO) == 1;
    report_ = std::make_shared<GetReport>(options_, shows_progress, output->have());
    agent_->send(make_request_to(target, *output), output, report_);
}

void GetRun::ended(GetExit code, const std::string& message) {
    if (report_) hops_.insert(hops_.end(), report_->hops().begin(), report_->hops().end());
    report_.reset();
    if (!message.empty()) fmt::print(stderr, "hourglass get: {}{}\n", printable(message), advice_after(message, code));
    if (result_ == GetExit::done) result_ = code;
    // Not from inside of what has ended.
    timer_.expires_after(0s);
    timer_.async_wait([this](std::error_code error) {
        if (!error) next();
    });
}

void GetRun::tell_times() {
    if (options_.timing) fmt::print(stderr, "{}", waterfall(hops_));
    if (options_.json) fmt::print("{}\n", to_json(hops_).dump(2));
}

void GetRun::leave() {
    if (patience_ == Instant{}) {
        tell_times();
        if (!save_cookies() && result_ == GetExit::done) result_ = GetExit::not_written;
        patience_ = runtime::now() + kClosingTime;
        agent_->close();
    }
    if (agent_->connections() == 0 || runtime::now() >= patience_) {
        if (done_) std::exchange(done_, nullptr)(result_);
        return;
    }
    timer_.expires_after(kClosingStep);
    timer_.async_wait([this](std::error_code error) {
        if (!error) leave();
    });
}

}  // namespace hourglass::cli
