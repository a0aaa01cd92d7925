#include "hourglass/http/websocket.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <openssl/sha.h>

#include "http/base64.h"
#include "http/websocket_core.h"

namespace hourglass::http {

namespace {

using detail::Opcode;
using detail::WebSocketCore;

constexpr std::size_t kNonce = 16;

/// RFC 6455, section 4.2.2, item 5.4.
std::string accept_key(std::string_view key) {
    const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
    ::SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    return detail::encode_base64(std::as_bytes(std::span(digest)));
}

/// RFC 6455, section 10.2: a browser lets every page connect anywhere, and says which page it is.
bool may_connect(const Request& request, const std::vector<std::string>& origins) {
    const auto origin = request.fields.get("Origin");
    if (!origin) return true;
    if (!origins.empty())
        return std::ranges::any_of(origins,
                                   [&](const std::string& o) { return o == "*" || equals_ignoring_case(o, *origin); });
    const std::size_t scheme = origin->find("://");
    return scheme != std::string_view::npos && equals_ignoring_case(origin->substr(scheme + 3), request.authority());
}

/// RFC 6455, section 4.2.1; the answer to a request that does not open a WebSocket.
std::optional<Response> check_handshake(const Request& request, const WebSocketSettings& settings) {
    if (!offers_upgrade(request, "websocket") || request.method.known() != Method::get ||
        request.fields.combined("Sec-WebSocket-Version") != "13") {
        Response response = upgrade_required("websocket");
        response.fields.add("Sec-WebSocket-Version", "13");
        return response;
    }
    const auto nonce = detail::decode_base64(request.fields.combined("Sec-WebSocket-Key"));
    if (!nonce || nonce->size() != kNonce)
        return Response::error(Status::bad_request,
                               "Sec-WebSocket-Key is not 16 bytes in base64. (RFC 6455, section 4.2.1)");
    if (!may_connect(request, settings.origins))
        return Response::error(Status::forbidden, "Pages of this origin may not connect.");
    return std::nullopt;
}

/// The first of ours that the client offers.
std::string choose_protocol(const Request& request, const std::vector<std::string>& ours) {
    const std::string field = request.fields.combined("Sec-WebSocket-Protocol");
    const auto offered = split_list(field);
    const auto chosen = std::ranges::find_if(ours, [&](const std::string& protocol) {
        return std::ranges::find(offered, std::string_view(protocol)) != offered.end();  // with regard to case
    });
    return chosen == ours.end() ? std::string() : *chosen;
}

/// Takes the answer to a client's handshake.
class OpeningReceiver final : public ResponseReceiver {
  public:
    OpeningReceiver(std::string key, WebSocketEvents events, std::function<std::uint64_t()> random,
                    WebSocketSettings settings)
        : key_(std::move(key)),
          events_(std::move(events)),
          random_(std::move(random)),
          settings_(std::move(settings)) {}

    std::unique_ptr<Upgraded> on_upgrade(const Response& response) override {
        const std::string protocol(response.fields.get("Sec-WebSocket-Protocol").value_or(""));
        auto core = std::make_shared<WebSocketCore>(std::exchange(events_, {}), settings_, protocol, random_);
        if (const std::string_view wrong = check(response, protocol); !wrong.empty()) core->refuse(wrong);
        return detail::make_websocket(std::move(core));
    }
    void on_head(Response response) override {
        failed(fmt::format("the server answered {} {}", to_number(response.status), reason_phrase(response.status)));
    }
    void on_body(std::span<const std::byte>) override {}
    void on_end(const Fields&) override {}
    void on_error(const ClientError& error) override { failed(error.text); }

  private:
    /// RFC 6455, section 4.1, what the client checks; empty when all is well.
    [[nodiscard]] std::string_view check(const Response& response, const std::string& protocol) const {
        if (!response.fields.list_contains("Connection", "upgrade")) return "the answer has no Connection: upgrade";
        if (response.fields.combined("Sec-WebSocket-Accept") != accept_key(key_))
            return "Sec-WebSocket-Accept is wrong";
        if (response.fields.contains("Sec-WebSocket-Extensions")) return "the server uses an extension unasked";
        if (!protocol.empty() && std::ranges::find(settings_.protocols, protocol) == settings_.protocols.end())
            return "the server chose a subprotocol that was not offered";
        return {};
    }
    void failed(std::string_view how) {
        const auto events = std::exchange(events_, {});
        if (events.on_close) events.on_close(WebSocket(), CloseCode::abnormal, how);
    }

    std::string key_;
    WebSocketEvents events_;
    std::function<std::uint64_t()> random_;
    WebSocketSettings settings_;
};

}  // namespace

bool WebSocket::send_text(std::string_view text) const {
    const auto core = core_.lock();
    return core != nullptr && core->send(Opcode::text, text);
}
bool WebSocket::send_binary(std::span<const std::byte> bytes) const {
    const auto core = core_.lock();
    return core != nullptr && core->send(Opcode::binary, as_text(bytes));
}
bool WebSocket::send(const WebSocketMessage& message) const {
    return message.text ? send_text(message.data) : send_binary(as_bytes(message.data));
}
bool WebSocket::ping(std::string_view payload) const {
    const auto core = core_.lock();
    return core != nullptr && core->send(Opcode::ping, payload);
}
void WebSocket::close(CloseCode code, std::string_view reason) const {
    if (const auto core = core_.lock()) core->close(code, reason);
}
void WebSocket::pause() const {
    if (const auto core = core_.lock()) core->set_paused(true);
}
void WebSocket::resume() const {
    if (const auto core = core_.lock()) core->set_paused(false);
}
bool WebSocket::open() const {
    const auto core = core_.lock();
    return core != nullptr && core->is_open();
}
std::size_t WebSocket::buffered() const {
    const auto core = core_.lock();
    return core == nullptr ? 0 : core->out_.size();
}
std::string_view WebSocket::protocol() const {
    const auto core = core_.lock();
    return core == nullptr ? std::string_view() : std::string_view(core->protocol());
}

Handler websocket(WebSocketEvents events, WebSocketSettings settings) {
    return websocket([events = std::move(events)](const Request&) { return events; }, std::move(settings));
}

Handler websocket(std::function<WebSocketEvents(const Request&)> accept, WebSocketSettings settings) {
    return [accept = std::move(accept), settings = std::move(settings)](const Request& request,
                                                                        const Responder& responder) {
        if (auto refusal = check_handshake(request, settings)) {
            responder.respond(std::move(*refusal));
            return;
        }
        Response response = switching_protocols("websocket");
        response.fields.add("Sec-WebSocket-Accept", accept_key(request.fields.combined("Sec-WebSocket-Key")));
        std::string protocol = choose_protocol(request, settings.protocols);
        if (!protocol.empty()) response.fields.add("Sec-WebSocket-Protocol", protocol);
        auto core = std::make_shared<WebSocketCore>(accept(request), settings, std::move(protocol), nullptr);
        responder.upgrade(std::move(response), detail::make_websocket(std::move(core)));
    };
}

WebSocketOpening open_websocket(std::string_view authority, std::string_view target, WebSocketEvents events,
                                std::function<std::uint64_t()> random, WebSocketSettings settings) {
    const std::array<std::uint64_t, kNonce / 8> nonce{random(), random()};
    std::string key = detail::encode_base64(std::as_bytes(std::span(nonce)));
    WebSocketOpening opening;
    opening.request.target = target;
    opening.request.fields = {{"Host", authority},
                              {"Upgrade", "websocket"},
                              {"Connection", "Upgrade"},
                              {"Sec-WebSocket-Key", key},
                              {"Sec-WebSocket-Version", "13"}};
    if (!settings.protocols.empty())
        opening.request.fields.add("Sec-WebSocket-Protocol", fmt::format("{}", fmt::join(settings.protocols, ", ")));
    opening.receiver =
        std::make_shared<OpeningReceiver>(std::move(key), std::move(events), std::move(random), std::move(settings));
    return opening;
}

WebSocketEvents websocket_echo() {
    WebSocketEvents events;
    events.on_message = [](const WebSocket& socket, const WebSocketMessage& message) { socket.send(message); };
    return events;
}

}  // namespace hourglass::http
