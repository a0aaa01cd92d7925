#pragma once

#include <memory>
#include <optional>
#include <string>

#include "hourglass/http/user_agent.h"

namespace hourglass::http::detail {

/// Which connections serve a request: those to its origin, by the same way.
struct Route {
    Url origin;
    std::optional<Url> proxy;
    bool tunnel = false;  ///< through the proxy, as against requests that the proxy answers

    [[nodiscard]] std::string key() const;
};

class AgentConnection;

/// Who is told about an agent's connection. It must not be destroyed in these calls.
class AgentConnectionOwner {
  public:
    virtual void on_dial(AgentConnection& connection, const DialEvent& event) = 0;
    virtual void on_open(AgentConnection& connection) = 0;
    virtual void on_open_failed(AgentConnection& connection, const ClientError& error) = 0;
    /// Bytes may have moved, or the state may be another one.
    virtual void on_activity(AgentConnection& connection) = 0;

  protected:
    AgentConnectionOwner() = default;
    AgentConnectionOwner(const AgentConnectionOwner&) = delete;
    AgentConnectionOwner& operator=(const AgentConnectionOwner&) = delete;
    ~AgentConnectionOwner() = default;
};

/// A connection of a user agent: how it comes to be, and the HTTP on it.
class AgentConnection final : private TransportHandler {
  public:
    enum class State : std::uint8_t {
        opening,
        open,
        closing,  ///< no request any more; the transport sees to its close
        gone,
    };

    AgentConnection(Route route, AgentConnectionOwner& owner, ClientWorld& world, const UserAgentSettings& settings);
    ~AgentConnection() override = default;

    /// Begins to open. `secure` may be null where the route needs no TLS.
    void open(const PhaseLimits& limits, SecureClient* secure);
    /// False when the connection has come to its end meanwhile.
    bool send(Request request, std::unique_ptr<BodySource> body, std::shared_ptr<ResponseReceiver> receiver);
    void release_body() { http_.release_body(); }
    [[nodiscard]] bool awaits_continue() const { return http_.awaits_continue(); }
    [[nodiscard]] std::size_t output_size() const { return http_.output_size(); }
    /// Closes in order; what is under way fails.
    void close();
    /// Resets; what is under way fails.
    void abandon();

    [[nodiscard]] State state() const { return state_; }
    /// Another request may be sent now.
    [[nodiscard]] bool usable() const;
    [[nodiscard]] bool idle() const { return state_ == State::open && http_.pending() == 0 && !http_.upgraded(); }
    [[nodiscard]] bool was_used() const { return requests_ > 0; }
    [[nodiscard]] Instant active() const { return active_; }
    [[nodiscard]] const std::string& key() const { return key_; }
    [[nodiscard]] const Route& route() const { return route_; }
    /// The phases of its opening.
    [[nodiscard]] const Hop& opening() const { return opening_; }
    [[nodiscard]] std::optional<TransportInfo> info() const { return transport_ ? transport_->info() : std::nullopt; }

    [[nodiscard]] Instant next_deadline() const;
    void poll(Instant now);

  private:
    void on_connected() override;
    void on_ready() override;
    void on_closed(tcp::Error error) override;

    void note(const DialEvent& event);
    void pump();
    void fail_opening(ClientError::Kind kind, const std::string& text);
    [[nodiscard]] ClientError::Kind kind_of(tcp::Error error) const;

    Route route_;
    std::string key_;
    AgentConnectionOwner& owner_;
    ClientWorld& world_;
    const UserAgentSettings& settings_;
    ClientConnection http_;
    Hop opening_;
    Duration secure_limit_{};
    State state_ = State::opening;
    Instant active_;  ///< when a byte moved last
    std::uint32_t requests_ = 0;
    bool tried_ = false;  ///< there was an address to try
    bool tunnelled_ = false;
    bool heard_end_ = false;
    bool shut_down_ = false;  ///< this side, while the other goes on
    bool pumping_ = false;
    std::unique_ptr<Transport> transport_;
};

}  // namespace hourglass::http::detail
