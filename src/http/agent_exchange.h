#pragma once

#include <memory>
#include <optional>

#include "hourglass/http/redirect.h"
#include "hourglass/http/user_agent.h"
#include "http/agent_connection.h"
#include "http/digest_login.h"

namespace hourglass::http::detail {

class AgentExchange;

/// What an exchange asks of its agent.
class AgentEngine {
  public:
    [[nodiscard]] virtual Instant now() const = 0;
    [[nodiscard]] virtual std::chrono::sys_seconds date() const = 0;
    /// Null when no cookies are kept.
    [[nodiscard]] virtual CookieJar* jar() = 0;
    [[nodiscard]] virtual bool speaks_tls() const = 0;
    /// Calls `on_connection` once there is one, perhaps at once. `fresh`: not one that was used before.
    virtual void find_connection(AgentExchange& exchange, const Route& route, bool fresh) = 0;
    /// A deadline has come nearer.
    virtual void wake() = 0;

  protected:
    AgentEngine() = default;
    AgentEngine(const AgentEngine&) = delete;
    AgentEngine& operator=(const AgentEngine&) = delete;
    ~AgentEngine() = default;
};

/// What receives one answer for an exchange, until the exchange wants no more of it.
class Attempt final : public ResponseReceiver {
  public:
    explicit Attempt(AgentExchange& exchange) : exchange_(&exchange) {}
    void detach() { exchange_ = nullptr; }

    void on_interim(const Response& interim) override;
    std::unique_ptr<Upgraded> on_upgrade(const Response& response) override;
    void on_head(Response response) override;
    void on_body(std::span<const std::byte> bytes) override;
    void on_end(const Fields& trailers) override;
    void on_error(const ClientError& error) override;
    [[nodiscard]] bool ready() const override;
    void on_ready(std::function<void()> wake) override;
    /// Content of the request that was read; its end.
    void on_sent(std::size_t bytes);
    void on_all_sent();

  private:
    AgentExchange* exchange_;
};

/// One request to an agent: its hops over connections until there is an answer for who asked.
class AgentExchange final : public std::enable_shared_from_this<AgentExchange> {
  public:
    AgentExchange(ExchangeId id, AgentEngine& engine, const UserAgentSettings& settings, AgentRequest request,
                  std::shared_ptr<ResponseReceiver> receiver, std::shared_ptr<ExchangeObserver> observer);
    ~AgentExchange();
    AgentExchange(const AgentExchange&) = delete;
    AgentExchange& operator=(const AgentExchange&) = delete;

    [[nodiscard]] ExchangeId id() const { return id_; }
    [[nodiscard]] const PhaseLimits& limits() const { return limits_; }
    [[nodiscard]] AgentConnection* connection() const { return connection_; }
    [[nodiscard]] bool finished() const { return finished_; }
    /// Nobody is told any more.
    void cancel();

    // From the agent, about the connection that it has found.
    void on_opening(AgentConnection& connection) { connection_ = &connection; }
    void on_dial(const DialEvent& event);
    void on_connection(AgentConnection& connection);
    void on_open_failed(const ClientError& error);
    void on_activity();

    [[nodiscard]] Instant next_deadline() const;
    void poll(Instant now);

  private:
    friend class Attempt;
    void start(Instant now);
    [[nodiscard]] Request make_request();
    void log_in_to_proxy(Request& request);
    /// True when a proxy answers, as against a server behind one.
    [[nodiscard]] bool proxied() const { return route_.proxy && !route_.tunnel; }
    [[nodiscard]] bool takes_challenge(const Response& response);
    [[nodiscard]] std::unique_ptr<BodySource> make_body(const std::shared_ptr<Attempt>& attempt) const;
    void on_interim(const Response& interim);
    [[nodiscard]] std::unique_ptr<Upgraded> on_upgrade(const Response& response);
    void on_head(Response response);
    void on_body(std::span<const std::byte> bytes);
    void on_end(const Fields& trailers);
    void on_error(ClientError error);
    void pass_on(Response response);
    void leave_connection(bool abandon);
    void note_opening(const AgentConnection& connection);
    void end_hop();
    void go_on();
    void fail(ClientError error);
    [[nodiscard]] std::optional<std::pair<Instant, const char*>> phase_limit() const;

    ExchangeId id_;
    AgentEngine& engine_;
    const UserAgentSettings& settings_;
    AgentRequest request_;
    std::shared_ptr<ResponseReceiver> receiver_;
    std::shared_ptr<ExchangeObserver> observer_;
    PhaseLimits limits_;
    Route route_;
    Hop hop_;
    std::shared_ptr<Attempt> attempt_;
    AgentConnection* connection_ = nullptr;
    std::unique_ptr<ContentDecoder> decoder_;
    // What follows the answer that is being read, unless it is the final one.
    std::optional<Redirection> redirection_;
    std::optional<Duration> retry_after_;
    std::optional<ClientError> failure_;
    bool authenticates_ = false;
    DigestLogin login_;
    DigestLogin proxy_login_;
    Url login_origin_;
    std::uint64_t discarded_ = 0;
    std::uint32_t redirections_ = 0;
    std::uint32_t retries_ = 0;
    std::uint32_t stale_ = 0;  ///< connections in a row that had ended while they were idle
    Instant total_;
    Instant again_ = kNever;  ///< when the next hop begins
    bool asks_for_coding_ = false;
    bool all_read_ = true;  ///< of the request's content
    bool passes_on_ = false;
    bool finished_ = false;
    bool hop_open_ = false;
};

}  // namespace hourglass::http::detail
