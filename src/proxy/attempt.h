#pragma once

#include <memory>
#include <utility>

#include "proxy/exchange.h"
#include "proxy/upstream_connection.h"

namespace hourglass::proxy::detail {

/// One try of an exchange on one server. It holds the exchange for as long as the server may answer.
class Exchange::Attempt final : public UpstreamJob {
  public:
    explicit Attempt(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}

    /// The exchange wants nothing more of it.
    void cancel() {
        const auto exchange = std::exchange(exchange_, nullptr);
        if (UpstreamConnection* const connection = std::exchange(connection_, nullptr)) connection->cancel();
    }
    /// The same, but for the connection, which goes on to the end of the response.
    void leave() { exchange_.reset(); }
    /// The response's content may flow again.
    void wake() const {
        if (wake_) wake_();
    }

    [[nodiscard]] std::size_t server() const { return server_; }
    [[nodiscard]] bool reused() const { return reused_; }
    [[nodiscard]] bool heard() const { return connection_ != nullptr && connection_->heard(); }
    /// True when the request, or some of it, has been sent.
    [[nodiscard]] bool composed() const { return composed_; }
    [[nodiscard]] std::function<void()> waker() const { return wake_; }

    void on_assigned(std::size_t server, UpstreamConnection& connection) override {
        server_ = server;
        connection_ = &connection;
    }
    void on_refused(Refusal refusal) override {
        if (const auto exchange = std::exchange(exchange_, nullptr)) exchange->on_refused(refusal);
    }
    Outgoing compose() override {
        composed_ = true;
        reused_ = connection_ != nullptr && connection_->reused();
        return exchange_ == nullptr ? Outgoing{} : exchange_->compose();
    }
    [[nodiscard]] bool wanted() const override { return exchange_ != nullptr && exchange_->wanted(); }

    void on_interim(const http::Response& interim) override {
        if (exchange_ == nullptr || interim.status == http::Status::continue_) return;  // 100 was for us
        exchange_->responder_.inform(
            http::make_forwarded_response(interim, exchange_->request_.method, exchange_->context_));
    }
    std::unique_ptr<http::Upgraded> on_upgrade(const http::Response& response) override {
        const auto exchange = std::exchange(exchange_, nullptr);
        return exchange == nullptr ? nullptr : exchange->on_upgrade(response);
    }
    void on_head(http::Response response) override {
        if (const auto exchange = exchange_) exchange->on_head(std::move(response));
    }
    void on_body(std::span<const std::byte> bytes) override {
        if (const auto exchange = exchange_) exchange->on_body(bytes);
    }
    void on_pause() override {
        if (const auto exchange = exchange_) exchange->flush();
    }
    void on_end(const http::Fields& trailers) override {
        connection_ = nullptr;
        if (const auto exchange = std::exchange(exchange_, nullptr)) exchange->on_end(trailers);
    }
    void on_error(const http::ClientError& error) override {
        if (const auto exchange = std::exchange(exchange_, nullptr)) exchange->on_error(error);
    }
    [[nodiscard]] bool ready() const override {
        return exchange_ == nullptr || exchange_->sink_ == nullptr || exchange_->sink_->ready();
    }
    void on_ready(std::function<void()> wake) override { wake_ = std::move(wake); }

  private:
    std::shared_ptr<Exchange> exchange_;
    UpstreamConnection* connection_ = nullptr;
    std::function<void()> wake_;
    std::size_t server_ = 0;
    bool reused_ = false;
    bool composed_ = false;
};

}  // namespace hourglass::proxy::detail
