#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <utility>

#include "hourglass/http/date.h"
#include "hourglass/http/url.h"
#include "http/byteranges.h"
#include "http/conditions.h"
#include "proxy/attempt.h"
#include "proxy/exchange.h"

namespace hourglass::proxy::detail {

using http::Method;
using http::Response;
using http::Status;

namespace {

constexpr std::string_view kBypass = "bypass";  ///< RFC 9211, section 2.2: the request is not for the cache

/// Content of a stored response, or a part of it, which stays as long as it is sent.
class SharedBody final : public http::BodySource {
  public:
    SharedBody(std::shared_ptr<const std::string> content, std::uint64_t offset, std::uint64_t length)
        : content_(std::move(content)), at_(offset), end_(offset + length) {}
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return end_ - at_; }
    Read read(std::span<std::byte> into) override {
        const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), end_ - at_));
        if (n == 0) return {State::end, 0};
        std::memcpy(into.data(), content_->data() + at_, n);
        at_ += n;
        return {State::data, n};
    }

  private:
    std::shared_ptr<const std::string> content_;
    std::uint64_t at_;
    std::uint64_t end_;
};

/// RFC 9110, section 15.4.5: what a 304 tells of the response that it stands for.
Response not_modified(const Response& whole) {
    constexpr std::array<std::string_view, 9> names = {
        "Age", "Cache-Control", "Cache-Status", "Content-Location", "Date", "ETag", "Expires", "Vary", "Via"};
    Response out;
    out.status = Status::not_modified;
    for (const http::Field field : whole.fields)
        if (std::ranges::any_of(names, [&](auto name) { return http::equals_ignoring_case(name, field.name); }))
            out.fields.add(field.name, field.value);
    return out;
}

http::detail::Validators validators_of(const Response& response, bool weakly) {
    http::detail::Validators out;
    std::string_view tag = response.fields.get("ETag").value_or("");
    if (tag.starts_with("W/")) tag = weakly ? tag.substr(2) : "";
    out.entity_tag = tag;
    if (const auto modified = response.fields.get("Last-Modified")) out.modified = http::parse_date(*modified);
    return out;
}

bool has_validator(const Response& response) {
    return response.fields.contains("ETag") || response.fields.contains("Last-Modified");
}

}  // namespace

std::string Exchange::cache_status(std::string_view what) const {
    return fmt::format("{}; {}", site_->configuration().name, what);
}

/// RFC 9111, section 4. True when the request is answered.
bool Exchange::answer_from_cache() {
    if (!uses_cache()) return false;
    const std::string query = asked().query().empty() ? "" : fmt::format("?{}", asked().query());
    key_ = cache_key(context_.scheme, asked().authority(), fmt::format("{}{}", asked().path(), query));
    const bool reads = request_.method.known() == Method::get || request_.method.known() == Method::head;
    if (!reads) forward_reason_ = "method";
    // Section 4.3.2: two of the conditions are for the origin alone. Content in a request has no part in the key, so
    // its answer must not become that of others.
    const bool has_content = body_ != nullptr || !asked().body.empty();
    const bool bypasses = has_content || !upgrade_.empty() || asked().fields.contains("If-Match") ||
                          asked().fields.contains("If-Unmodified-Since");
    if (bypasses) forward_reason_ = kBypass;
    if (!reads || bypasses) return false;

    const CacheControl control = request_cache_control(asked());
    const auto found = site_->shared().cache->find(key_, request_);
    const WallTime now = site_->shared().wall_clock();
    if (found != nullptr && may_use(control, found->control, found->freshness, now)) {
        answer_with(*found, fmt::format("hit; ttl={}", found->freshness.left(now).count()));
        return true;
    }
    if (control.only_if_cached) {  // section 5.2.1.7
        Response response = Response::error(Status::gateway_timeout, "No stored response can be used.");
        response.fields.add("Cache-Status", cache_status("fwd=miss; fwd-status=504"));
        answered_ = true;
        responder_.respond(std::move(response));
        return true;
    }
    if (found != nullptr) forward_reason_ = control.no_cache ? "request" : "stale";
    if (found != nullptr && answer_while_revalidating(control, *found)) return true;
    stored_ = found;
    return wait_for_another(control);
}

/// RFC 5861, section 3: the client gets what there is, and the next ones what is fetched meanwhile.
bool Exchange::answer_while_revalidating(const CacheControl& control, const StoredResponse& found) {
    Shared& shared = site_->shared();
    const WallTime now = shared.wall_clock();
    if (!may_use_while_revalidating(control, found.control, found.freshness, now, shared.cache->limits())) return false;
    if (!shared.flights.contains(key_))
        std::make_shared<Exchange>(site_, route_, http::Responder(), nullptr, context_.scheme)->revalidate(*this);
    answer_with(found, fmt::format("hit; ttl={}; detail=stale-while-revalidate", found.freshness.left(now).count()));
    return true;
}

/// Fetches what `asker` wants, as a whole, for the cache.
void Exchange::revalidate(const Exchange& asker) {
    background_ = asker.asked();
    context_ = asker.context_;
    request_ = asker.request_;
    request_.method = Method::get;
    for (const std::string_view name : {"If-None-Match", "If-Modified-Since", "Range", "If-Range"})
        request_.fields.remove(name);
    key_ = asker.key_;
    stored_ = site_->shared().cache->find(key_, request_);
    forward_reason_ = "stale";
    leads_ = site_->shared().flights.try_emplace(key_).second;
    attempt();
}

/// RFC 9111, section 4: requests that one response can satisfy may be collapsed into one. True when this one waits.
bool Exchange::wait_for_another(const CacheControl& control) {
    Shared& shared = site_->shared();
    const Duration most = shared.cache->limits().collapse;
    if (most <= Duration::zero() || control.no_store || request_.method.known() != Method::get ||
        asked().fields.contains("Range") || asked().fields.contains("Authorization"))
        return false;
    const auto [flight, first] = shared.flights.try_emplace(key_);
    if (first) leads_ = true;
    if (first || std::exchange(collapsed_, true)) return false;
    flight->second.push_back(weak_from_this());
    pause(shared.around.now() + most);
    return true;
}

/// What others wait for is there, or will not come.
void Exchange::land() {
    if (!std::exchange(leads_, false)) return;
    const auto flight = site_->shared().flights.extract(key_);
    if (!flight) return;
    for (const auto& waiting : flight.mapped())
        if (const auto exchange = waiting.lock()) exchange->on_landed();
}

void Exchange::on_landed() {
    if (paused_until_ == kNever) return;  // it had waited long enough
    end_pause();
    if (wanted() && !answer_from_cache()) attempt();
}

/// Section 4.3.2: conditions and ranges are evaluated on what is stored.
void Exchange::answer_with(const StoredResponse& stored, const std::string& status) {
    answered_ = true;
    if (background_) return;
    Response out = stored.head;
    out.fields.set("Age", fmt::format("{}", stored.freshness.age(site_->shared().wall_clock()).count()));
    out.fields.add("Cache-Status", cache_status(status));
    finish_response(out);
    const std::uint64_t size = stored.content->size();
    std::uint64_t offset = 0;
    std::uint64_t length = size;
    if (out.status == Status::ok) {
        if (http::detail::evaluate_conditions(asked(), validators_of(stored.head, true)) == Status::not_modified) {
            responder_.respond(not_modified(out));
            return;
        }
        const auto ranges = http::detail::requested_ranges(asked(), validators_of(stored.head, false), size, 1);
        using Kind = http::detail::RequestedRanges::Kind;
        if (ranges.kind == Kind::unsatisfiable) {
            Response refused = Response::error(Status::range_not_satisfiable);
            refused.fields.add("Content-Range", fmt::format("bytes */{}", size));
            responder_.respond(std::move(refused));
            return;
        }
        if (ranges.kind == Kind::parts && ranges.parts.size() == 1) {
            offset = ranges.parts[0].offset;
            length = ranges.parts[0].length;
            out.status = Status::partial_content;
            out.reason.clear();
            out.fields.set("Content-Range", http::detail::content_range(ranges.parts[0], size));
        }
    }
    responder_.respond(std::move(out), std::make_unique<SharedBody>(stored.content, offset, length));
}

/// A stale response is better than none, where both sides agree. True when the request is answered.
bool Exchange::answer_stale() {
    if (stored_ == nullptr || answered_ || background_) return false;
    const WallTime now = site_->shared().wall_clock();
    const auto& limits = site_->shared().cache->limits();
    if (!may_use_on_error(request_cache_control(asked()), stored_->control, stored_->freshness, now, limits))
        return false;
    answer_with(*stored_, fmt::format("hit; ttl={}; detail=stale-if-error", stored_->freshness.left(now).count()));
    return true;
}

/// Section 4.3.1: asks whether what is stored is still right. The client's own conditions, and its range, are evaluated
/// on the outcome.
void Exchange::add_conditions(http::Request& request) const {
    if (stored_ == nullptr || request.method.known() != Method::get || !has_validator(stored_->head)) return;
    for (const std::string_view name : {"If-None-Match", "If-Modified-Since", "Range", "If-Range"})
        request.fields.remove(name);
    if (const auto tag = stored_->head.fields.get("ETag")) request.fields.add("If-None-Match", *tag);
    if (const auto date = stored_->head.fields.get("Last-Modified")) request.fields.add("If-Modified-Since", *date);
}

/// Section 4.3.3. True when what is stored is still right, and has been sent.
bool Exchange::take_validated(const Response& response) {
    if (response.status != Status::not_modified || stored_ == nullptr || !has_validator(stored_->head) ||
        request_.method.known() != Method::get)
        return false;
    Shared& shared = site_->shared();
    const Response forwarded = http::make_forwarded_response(response, request_.method, context_);
    const auto fresh = shared.cache->refresh(key_, request_, *stored_, forwarded, asked_at_, shared.wall_clock());
    attempt_->leave();
    attempt_.reset();
    land();
    answer_with(*fresh, fmt::format("hit; fwd={}; fwd-status=304", forward_reason_));
    return true;
}

void Exchange::begin_storing(const Response& forwarded, const Response& response) {
    if (!uses_cache() || forward_reason_ == kBypass) return;
    Shared& shared = site_->shared();
    const auto& limits = shared.cache->limits();
    if (!may_store(request_, response, limits)) return;
    const WallTime now = shared.wall_clock();
    StoredResponse& storing = storing_.emplace();
    storing.head = forwarded;
    storing.control = CacheControl::parse(response.fields);
    // Fields that are for one client, or good only after validation, are not kept (sections 5.2.2.4 and 5.2.2.7).
    for (const auto* names : {&storing.control.private_fields, &storing.control.no_cache_fields})
        for (const std::string& name : *names) storing.head.fields.remove(name);
    if (!storing.head.fields.contains("Date")) storing.head.fields.add("Date", http::format_date(now));
    storing.head.fields.remove("Age");
    storing.freshness = Freshness::of(response, asked_at_, now, limits);
    storing.selecting = selecting_fields(response, request_);
}

void Exchange::finish_storing() {
    if (!storing_) return;
    storing_->content = std::make_shared<const std::string>(std::move(content_));
    site_->shared().cache->store(key_, request_, std::move(*storing_));
    storing_.reset();
    land();
}

/// Section 4.4: a change of state that succeeded makes what is stored for these URIs invalid.
void Exchange::invalidate(const Response& response) {
    const auto number = to_number(response.status);
    if (!uses_cache() || request_.method.is_safe() || number < 200 || number > 399) return;
    ResponseCache& cache = *site_->shared().cache;
    cache.invalidate(key_);
    const auto target = http::Url::parse(key_);
    if (!target) return;
    for (const std::string_view name : {"Location", "Content-Location"}) {
        const auto reference = response.fields.get(name);
        const auto url = reference ? target->resolve(*reference) : std::unexpected(http::UrlError::missing_host);
        // Only of the same origin: others are not this server's to invalidate.
        if (url && url->host == target->host && url->effective_port() == target->effective_port())
            cache.invalidate(url->normalized().to_string());
    }
}

}  // namespace hourglass::proxy::detail
