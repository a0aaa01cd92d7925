#include "hourglass/http/upgrade.h"

#include <algorithm>

#include "http/output.h"

namespace hourglass::http {

bool offers_upgrade(const Request& request, std::string_view protocol) {
    // RFC 9110, section 7.8: Upgrade in an HTTP/1.0 request is ignored, and so is one without its connection option,
    // which an intermediary has passed on without understanding it.
    return request.version >= kHttp11 && request.fields.list_contains("Connection", "upgrade") &&
           request.fields.list_contains("Upgrade", protocol);
}

Response switching_protocols(std::string_view protocol) {
    Response response;
    response.status = Status::switching_protocols;
    response.fields.add("Upgrade", protocol);
    return response;
}

Response upgrade_required(std::string_view protocol) {
    Response response = Response::error(Status::upgrade_required);
    response.fields.add("Upgrade", protocol);
    return response;
}

namespace {

/// One direction of a tunnel.
struct Lane {
    detail::OutputQueue bytes{};
    bool ended = false;  ///< no more will come
    bool reset = false;  ///< with that, the connection: the other side was lost
};

/// What the two ends share.
struct TunnelState {
    std::size_t capacity = 0;
    Lane lanes[2];  ///< what end 0 and end 1 have to say
    std::function<void()> changed[2];
    bool lost[2] = {false, false};
};

class TunnelEnd final : public Upgraded {
  public:
    TunnelEnd(std::shared_ptr<TunnelState> state, std::size_t self) : state_(std::move(state)), self_(self) {}
    ~TunnelEnd() override {
        incoming().reset = !should_close();
        state_->lost[self_] = true;
        state_->changed[self_] = nullptr;
        incoming().ended = true;
        outgoing().ended = true;  // what the other still hears reaches nobody
        outgoing().bytes.clear();
        wake_other();
    }

    void receive(std::span<const std::byte> bytes) override {
        if (state_->lost[other()]) return;
        incoming().bytes.append(as_text(bytes));
        wake_other();
    }
    void peer_closed() override {
        incoming().ended = true;
        wake_other();
    }
    [[nodiscard]] bool wants_input() const override {
        return !incoming().ended && incoming().bytes.size() < state_->capacity;
    }
    std::size_t output(std::span<std::span<const std::byte>> pieces) const override {
        return outgoing().bytes.front(pieces);
    }
    [[nodiscard]] std::size_t output_size() const override { return outgoing().bytes.size(); }
    void consume_output(std::size_t n) override {
        const bool was_full = outgoing().bytes.size() >= state_->capacity;
        outgoing().bytes.consume(n);
        if (was_full && outgoing().bytes.size() < state_->capacity) wake_other();
    }
    void on_change(std::function<void()> changed) override { state_->changed[self_] = std::move(changed); }
    [[nodiscard]] bool should_close() const override { return should_shutdown() && incoming().ended; }
    [[nodiscard]] bool should_shutdown() const override { return outgoing().ended && outgoing().bytes.empty(); }
    [[nodiscard]] bool should_abort() const override { return outgoing().reset && outgoing().bytes.empty(); }

  private:
    [[nodiscard]] std::size_t other() const { return 1 - self_; }
    [[nodiscard]] Lane& outgoing() const { return state_->lanes[self_]; }
    [[nodiscard]] Lane& incoming() const { return state_->lanes[other()]; }
    void wake_other() {
        // A copy: the call may end in this end's destruction, or the other's.
        if (const auto changed = state_->changed[other()]) changed();
    }

    std::shared_ptr<TunnelState> state_;
    std::size_t self_;
};

}  // namespace

Tunnel Tunnel::make(std::size_t capacity) {
    auto state = std::make_shared<TunnelState>();
    state->capacity = capacity;
    return {std::make_unique<TunnelEnd>(state, 0), std::make_unique<TunnelEnd>(state, 1)};
}

}  // namespace hourglass::http
