#include <fmt/format.h>
#include <utility>

#include "hourglass/http/body.h"
#include "hourglass/http/dial.h"
#include "hourglass/http/parser.h"
#include "hourglass/http/writer.h"
#include "http/digest_login.h"

namespace hourglass::http {

namespace {

constexpr std::uint64_t kMostDiscarded = 64 * 1024;  ///< Of a proxy's page beside a challenge, to keep the connection.

/// A connection to a proxy, which becomes one to a server behind it.
class ProxyTunnel final : public Transport, private TransportHandler {
  public:
    ProxyTunnel(std::string authority, std::optional<ProxyLogin> login, TransportHandler& handler, OpenTransport open,
                DialObserver observer)
        : authority_(std::move(authority)),
          login_(std::move(login)),
          handler_(handler),
          open_transport_(std::move(open)),
          observer_(std::move(observer)) {}

    void begin() {
        parser_ = ResponseParser();
        parser_.expect(Method::connect);
        request_ = compose();
        asked_ = 0;
        inner_ = open_transport_(*this);
    }

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
    void abort() override {
        given_up_ = true;
        inner_->abort();
    }
    [[nodiscard]] bool exists() const override { return inner_->exists(); }
    [[nodiscard]] std::optional<TransportInfo> info() const override { return inner_->info(); }
    [[nodiscard]] std::string failure() const override { return failure_.empty() ? inner_->failure() : failure_; }

  private:
    void on_connected() override { ask(); }
    void on_ready() override {
        if (open_) return handler_.on_ready();
        ask();
        while (reading() && inner_->receive([this](std::span<const std::byte> bytes) { take(bytes); })) {
        }
        if (open_) {
            if (observer_) observer_({.kind = DialEvent::Kind::tunnelled, .name = authority_});
            return handler_.on_connected();
        }
        if (reading() && inner_->at_end()) end();
    }
    void on_closed(tcp::Error error) override {
        if (open_) return handler_.on_closed(error);
        if (reading() && (challenged_ || error == tcp::Error::none)) end();
        if (again_ && !given_up_) return begin_again();
        handler_.on_closed(failure_.empty() ? error : tcp::Error::refused);
    }

    [[nodiscard]] std::string compose() {
        Request request;
        request.method = Method::connect;
        request.target = authority_;
        request.fields.add("Host", authority_);
        if (login_ && !login_->digest)
            request.fields.add("Proxy-Authorization", basic_credentials(login_->login.user, login_->login.password));
        else if (digest_.challenged())
            request.fields.add("Proxy-Authorization",
                               digest_.credentials(login_->login, "CONNECT", authority_, login_->random));
        return to_wire(request).value_or("");
    }

    void ask() {
        while (asked_ < request_.size()) {
            const auto rest = as_bytes(std::string_view(request_).substr(asked_));
            const std::size_t n = inner_->send(std::span(&rest, 1));
            if (n == 0) return;
            asked_ += n;
        }
    }

    /// True while the proxy's answer is waited for on this connection.
    [[nodiscard]] bool reading() const { return !open_ && !again_ && failure_.empty(); }

    void take(std::span<const std::byte> bytes) {
        while (reading()) {
            const auto step = parser_.parse(bytes);
            if (!step) return fail(fmt::format("the proxy's answer is malformed: {}", info_of(step.error())));
            bytes = bytes.subspan(step->consumed);
            switch (step->kind) {
                case ParseStep::Kind::need_more:
                    return;
                case ParseStep::Kind::head:
                    take_head();
                    break;
                case ParseStep::Kind::body:
                    discarded_ += step->data.size();
                    if (discarded_ > kMostDiscarded) ask_on_another_connection();
                    break;
                case ParseStep::Kind::end:
                    if (std::exchange(challenged_, false)) ask_again();
                    break;
            }
        }
        if (open_) early_.append(as_text(bytes));
    }
    /// RFC 9110, section 9.3.6: any 2xx makes the tunnel; an interim response does not.
    void take_head() {
        const Response& response = parser_.response();
        if (is_success(response.status)) {
            open_ = true;
        } else if (!is_informational(response.status)) {
            challenged_ = takes_challenge(response);
            if (challenged_) return;
            const std::string_view reason =
                response.reason.empty() ? reason_phrase(response.status) : std::string_view(response.reason);
            fail(
                fmt::format("the proxy does not connect to {}: {} {}", authority_, to_number(response.status), reason));
        }
    }
    /// RFC 9110, section 11.7.1.
    [[nodiscard]] bool takes_challenge(const Response& response) {
        if (response.status != Status::proxy_authentication_required || !login_ || !login_->digest) return false;
        discarded_ = 0;
        keeps_ = wants_keep_alive(response.version, response.fields);
        return digest_.takes(response);
    }
    void ask_again() {
        if (!keeps_) return ask_on_another_connection();
        parser_.expect(Method::connect);
        request_ = compose();
        asked_ = 0;
        ask();
    }
    /// One is opened when this one has gone.
    void ask_on_another_connection() {
        again_ = true;
        inner_->abort();
    }
    void begin_again() {
        again_ = challenged_ = false;
        spent_ = std::move(inner_);  // which is calling
        begin();
    }
    /// The proxy has closed the connection.
    void end() {
        if (challenged_) return ask_on_another_connection();
        fail("the proxy closed the connection");
    }
    static std::string_view info_of(Error error) { return http::info(error).text; }

    /// The handler is told when the transport has gone.
    void fail(std::string failure) {
        failure_ = std::move(failure);
        inner_->abort();
    }

    std::string authority_;
    std::optional<ProxyLogin> login_;
    TransportHandler& handler_;
    OpenTransport open_transport_;
    DialObserver observer_;
    detail::DigestLogin digest_;
    std::string request_;
    std::size_t asked_ = 0;
    ResponseParser parser_;
    std::uint64_t discarded_ = 0;
    std::string early_;  ///< What came behind the proxy's answer.
    std::string failure_;
    bool open_ = false;
    bool challenged_ = false;  ///< The answer that is being read is a challenge, which has an answer.
    bool keeps_ = false;       ///< The connection on which that came goes on.
    bool again_ = false;       ///< This connection is about to go, and another one is opened.
    bool given_up_ = false;
    std::unique_ptr<Transport> spent_;
    std::unique_ptr<Transport> inner_;
};

}  // namespace

std::unique_ptr<Transport> open_tunnel(const std::string& authority, std::optional<ProxyLogin> login,
                                       TransportHandler& handler, OpenTransport open, DialObserver observer) {
    auto tunnel =
        std::make_unique<ProxyTunnel>(authority, std::move(login), handler, std::move(open), std::move(observer));
    tunnel->begin();
    return tunnel;
}

}  // namespace hourglass::http
