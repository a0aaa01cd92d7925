#include <fmt/format.h>
#include <utility>

#include "hourglass/http/body.h"
#include "hourglass/http/dial.h"
#include "hourglass/http/parser.h"
#include "hourglass/http/writer.h"

namespace hourglass::http {

namespace {

/// A connection to a proxy, which becomes one to a server behind it.
class ProxyTunnel final : public Transport, private TransportHandler {
  public:
    ProxyTunnel(std::string authority, const std::string& credentials, TransportHandler& handler, DialObserver observer)
        : authority_(std::move(authority)), handler_(handler), observer_(std::move(observer)) {
        Request request;
        request.method = Method::connect;
        request.target = authority_;
        request.fields.add("Host", authority_);
        if (!credentials.empty()) request.fields.add("Proxy-Authorization", credentials);
        request_ = to_wire(request).value_or("");
        parser_.expect(Method::connect);
    }

    void begin(const OpenTransport& open) { inner_ = open(*this); }

    std::size_t send(std::span<const std::span<const std::byte>> pieces) override {
        return open_ ? inner_->send(pieces) : 0;
    }
    bool receive(const std::function<void(std::span<const std::byte>)>& take) override {
        if (!open_) return false;
        if (early_.empty()) return inner_->receive(take);
        const std::string bytes = std::exchange(early_, {});
        take(as_bytes(bytes));
        return true;
    }
    [[nodiscard]] bool at_end() const override { return open_ && early_.empty() && inner_->at_end(); }
    void shutdown() override { inner_->shutdown(); }
    void close() override { inner_->close(); }
    void abort() override { inner_->abort(); }
    [[nodiscard]] bool exists() const override { return inner_->exists(); }
    [[nodiscard]] std::optional<TransportInfo> info() const override { return inner_->info(); }
    [[nodiscard]] std::string failure() const override { return failure_.empty() ? inner_->failure() : failure_; }

  private:
    void on_connected() override { ask(); }
    void on_ready() override {
        if (open_) return handler_.on_ready();
        ask();
        while (!open_ && failure_.empty()) {
            if (!inner_->receive([this](std::span<const std::byte> bytes) { take(bytes); })) break;
        }
        if (open_) {
            if (observer_) observer_({.kind = DialEvent::Kind::tunnelled, .name = authority_});
            return handler_.on_connected();
        }
        if (failure_.empty() && inner_->at_end()) fail("the proxy closed the connection");
    }
    void on_closed(tcp::Error error) override {
        if (open_) return handler_.on_closed(error);
        if (failure_.empty() && error == tcp::Error::none) failure_ = "the proxy closed the connection";
        handler_.on_closed(failure_.empty() ? error : tcp::Error::refused);
    }

    void ask() {
        while (asked_ < request_.size()) {
            const auto rest = as_bytes(std::string_view(request_).substr(asked_));
            const std::size_t n = inner_->send(std::span(&rest, 1));
            if (n == 0) return;
            asked_ += n;
        }
    }

    void take(std::span<const std::byte> bytes) {
        while (!open_ && failure_.empty() && !bytes.empty()) {
            const auto step = parser_.parse(bytes);
            if (!step) return fail(fmt::format("the proxy's answer is malformed: {}", info_of(step.error())));
            bytes = bytes.subspan(step->consumed);
            if (step->kind == ParseStep::Kind::head) take_head();
        }
        if (open_) early_.append(as_text(bytes));
    }
    /// RFC 9110, section 9.3.6: any 2xx makes the tunnel; an interim response does not.
    void take_head() {
        const Response& response = parser_.response();
        if (is_success(response.status)) {
            open_ = true;
        } else if (!is_informational(response.status)) {
            const std::string_view reason =
                response.reason.empty() ? reason_phrase(response.status) : std::string_view(response.reason);
            fail(
                fmt::format("the proxy does not connect to {}: {} {}", authority_, to_number(response.status), reason));
        }
    }
    static std::string_view info_of(Error error) { return http::info(error).text; }

    /// The handler is told when the transport has gone.
    void fail(std::string failure) {
        failure_ = std::move(failure);
        inner_->abort();
    }

    std::string authority_;
    TransportHandler& handler_;
    DialObserver observer_;
    std::string request_;
    std::size_t asked_ = 0;
    ResponseParser parser_;
    std::string early_;  ///< What came behind the proxy's answer.
    std::string failure_;
    bool open_ = false;
    std::unique_ptr<Transport> inner_;
};

}  // namespace

std::unique_ptr<Transport> open_tunnel(const std::string& authority, const std::string& credentials,
                                       TransportHandler& handler, const OpenTransport& open, DialObserver observer) {
    auto tunnel = std::make_unique<ProxyTunnel>(authority, credentials, handler, std::move(observer));
    tunnel->begin(open);
    return tunnel;
}

}  // namespace hourglass::http
