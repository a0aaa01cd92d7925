#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <utility>

#include "proxy/attempt.h"
#include "proxy/exchange.h"

namespace hourglass::proxy::detail {

using http::Response;
using http::Status;

namespace {

/// The length that the server has told; its parser has found it to be a number, and to hold.
std::optional<std::uint64_t> told_length(const http::Fields& fields) {
    const auto value = fields.get("Content-Length");
    if (!value) return std::nullopt;
    std::uint64_t length = 0;
    std::from_chars(value->data(), value->data() + value->size(), length);
    return length;
}

/// RFC 5861, section 4: answers that count as errors.
bool is_server_error(Status status) {
    return status == Status::internal_server_error || status == Status::bad_gateway ||
           status == Status::service_unavailable || status == Status::gateway_timeout;
}

}  // namespace

/// What the client is sent, which shows when the client does not want it any more.
class Exchange::ClientBody final : public http::BodySource {
  public:
    ClientBody(std::unique_ptr<BodySource> source, std::weak_ptr<Exchange> exchange)
        : source_(std::move(source)), exchange_(std::move(exchange)) {}
    ~ClientBody() override {
        source_.reset();
        if (const auto exchange = exchange_.lock()) exchange->on_client_gone();
    }
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return source_->size(); }
    Read read(std::span<std::byte> into) override { return source_->read(into); }
    [[nodiscard]] http::Fields trailers() override { return source_->trailers(); }
    void on_ready(std::function<void()> wake) override { source_->on_ready(std::move(wake)); }

  private:
    std::unique_ptr<BodySource> source_;
    std::weak_ptr<Exchange> exchange_;
};

void Exchange::on_head(Response response) {
    const UpstreamConfiguration& upstream = route_.upstream.configuration();
    const std::size_t server = attempt_->server();
    const auto number = to_number(response.status);
    const bool counts_as_failure = std::ranges::find(upstream.retry_status, number) != upstream.retry_status.end();
    if (counts_as_failure) {
        route_.upstream.failed(server, fmt::format("status {}", number));
        tried_.push_back(server);
        if (may_repeat(true) && attempts_ < upstream.tries && tried_.size() < upstream.servers.size()) {
            cancel_attempt();
            return attempt_again();
        }
    } else {
        route_.upstream.succeeded(server);
    }
    if (is_server_error(response.status) && answer_stale()) return cancel_attempt();
    if (take_validated(response)) return;
    invalidate(response);

    const auto length = told_length(response.fields);
    Response forwarded = http::make_forwarded_response(response, request_.method, context_);
    begin_storing(forwarded, response);
    if (!storing_) land();
    if (uses_cache())
        forwarded.fields.add("Cache-Status",
                             cache_status(fmt::format("fwd={}{}", forward_reason_, storing_ ? "; stored" : "")));
    respond(std::move(forwarded), length);
}

void Exchange::finish_response(Response& response) const {
    for (const auto& [name, value] : route_.configuration.response_headers) {
        response.fields.remove(name);
        if (!value.empty()) response.fields.add(name, value);
    }
}

void Exchange::respond(Response forwarded, std::optional<std::uint64_t> length) {
    answered_ = true;
    if (background_) {
        if (!storing_) cancel_attempt();
        return;
    }
    finish_response(forwarded);
    const bool bodiless = request_.method.known() == http::Method::head || forwarded.status == Status::no_content ||
                          forwarded.status == Status::not_modified;
    if (bodiless) {
        if (!responder_.respond(std::move(forwarded))) cancel_attempt();
        return;
    }
    auto pipe = http::BodyPipe::make(route_.configuration.response_buffer, length);
    sink_ = std::move(pipe.sink);
    sink_->on_ready([attempt = std::weak_ptr(attempt_)] {
        if (const auto still = attempt.lock()) still->wake();
    });
    length_ = length;
    held_ = std::move(forwarded);
    held_body_ = std::make_unique<ClientBody>(std::move(pipe.source), weak_from_this());
}

void Exchange::flush() {
    if (!held_) return;
    Response response = std::move(*held_);
    held_.reset();
    if (!responder_.respond(std::move(response), std::move(held_body_))) cancel_attempt();
}

/// The client's side has dropped the content: because it has all of it, or because it has gone.
void Exchange::on_client_gone() {
    if (length_ && passed_ == *length_) return;
    storing_.reset();
    cancel_attempt();
}

/// The response is not to be stored after all.
void Exchange::discard_content() {
    storing_.reset();
    content_ = {};
    land();
    if (background_) cancel_attempt();
}

void Exchange::on_body(std::span<const std::byte> bytes) {
    passed_ += bytes.size();
    if (storing_) {
        if (content_.size() + bytes.size() > site_->shared().cache->limits().entry) {
            discard_content();
        } else {
            content_.append(http::as_text(bytes));
        }
    }
    if (sink_ != nullptr) sink_->write(bytes);
    flush();
}

void Exchange::on_end(const http::Fields& trailers) {
    attempt_.reset();
    finish_storing();
    if (const auto sink = std::exchange(sink_, nullptr)) sink->end(trailers);
    flush();
}

std::unique_ptr<http::Upgraded> Exchange::on_upgrade(const Response& response) {
    attempt_.reset();
    Response forwarded = http::make_forwarded_response(response, request_.method, context_);
    forwarded.fields.set("Upgrade", response.fields.combined("Upgrade"));
    http::Tunnel tunnel = http::Tunnel::make(route_.configuration.response_buffer);
    answered_ = true;
    if (!responder_.upgrade(std::move(forwarded), std::move(tunnel.near))) return nullptr;
    return std::move(tunnel.far);
}

}  // namespace hourglass::proxy::detail
