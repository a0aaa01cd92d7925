#include "hourglass/http/user_agent.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "http/agent_connection.h"
#include "http/agent_exchange.h"

namespace hourglass::http {

using detail::AgentConnection;
using detail::AgentExchange;
using detail::Route;

class UserAgent::Implementation final : public detail::AgentEngine, public detail::AgentConnectionOwner, private Timed {
  public:
    Implementation(ClientWorld& world, UserAgentSettings settings, SecureClient* secure, CookieJar* jar)
        : world_(world), settings_(std::move(settings)), secure_(secure), jar_(jar) {
        world_.add(*this);
    }
    ~Implementation() {
        world_.remove(*this);
        waiting_.clear();
        exchanges_.clear();
    }

    ExchangeId send(AgentRequest request, std::shared_ptr<ResponseReceiver> receiver,
                    std::shared_ptr<ExchangeObserver> observer) {
        const ExchangeId id{++last_};
        exchanges_.emplace(id, std::make_shared<AgentExchange>(id, *this, settings_, std::move(request),
                                                               std::move(receiver), std::move(observer)));
        world_.wake();
        return id;
    }
    void cancel(ExchangeId id) {
        const auto found = exchanges_.find(id);
        if (found == exchanges_.end()) return;
        found->second->cancel();
        may_serve_ = true;
        world_.wake();
    }
    void close() {
        closing_ = true;
        for (const auto& connection : connections_)
            if (connection->idle()) connection->close();
        world_.wake();
    }
    [[nodiscard]] std::size_t exchanges() const {
        return static_cast<std::size_t>(
            std::ranges::count_if(exchanges_, [](const auto& entry) { return !entry.second->finished(); }));
    }
    [[nodiscard]] std::size_t connections() const {
        return static_cast<std::size_t>(std::ranges::count_if(
            connections_, [](const auto& one) { return one->state() != AgentConnection::State::gone; }));
    }

  private:
    struct Waiting {
        std::weak_ptr<AgentExchange> exchange;
        Route route;
        bool fresh = false;
    };

    // For exchanges.
    [[nodiscard]] Instant now() const override { return world_.now(); }
    [[nodiscard]] std::chrono::sys_seconds date() const override {
        return settings_.wall_clock ? settings_.wall_clock() : std::chrono::sys_seconds();
    }
    [[nodiscard]] CookieJar* jar() override { return jar_; }
    [[nodiscard]] bool speaks_tls() const override { return secure_ != nullptr; }
    void wake() override { world_.wake(); }

    void find_connection(AgentExchange& exchange, const Route& route, bool fresh) override {
        if (!try_connection(exchange, route, fresh)) waiting_.push_back({exchange.weak_from_this(), route, fresh});
    }

    bool try_connection(AgentExchange& exchange, const Route& route, bool fresh) {
        const std::string key = route.key();
        std::uint32_t of_origin = 0;
        AgentConnection* usable = nullptr;
        for (const auto& connection : connections_) {
            if (connection->key() != key || connection->state() == AgentConnection::State::gone) continue;
            if (connection->state() != AgentConnection::State::closing) ++of_origin;
            // The one used last is the likeliest to be there still.
            if (!fresh && connection->usable() && (usable == nullptr || usable->active() < connection->active()))
                usable = connection.get();
        }
        if (usable != nullptr) {
            exchange.on_connection(*usable);
            return true;
        }
        if (of_origin >= settings_.connections_per_origin && !(fresh && give_up_idle(key))) return false;
        if (!make_room()) return false;
        auto& connection =
            connections_.emplace_back(std::make_unique<AgentConnection>(route, *this, world_, settings_));
        exchange.on_opening(*connection);
        connection->open(exchange.limits(), secure_);
        return true;
    }

    /// True when there may be one more connection.
    bool make_room() {
        if (connections() < settings_.connections) return true;
        AgentConnection* const idle = idle_longest();
        if (idle == nullptr) return false;
        idle->abandon();
        return true;
    }
    /// One that is idle and perhaps stale makes room for a fresh one.
    bool give_up_idle(const std::string& key) {
        for (const auto& connection : connections_) {
            if (connection->key() != key || !connection->idle()) continue;
            connection->abandon();
            return true;
        }
        return false;
    }
    [[nodiscard]] AgentConnection* idle_longest() const {
        AgentConnection* longest = nullptr;
        for (const auto& connection : connections_)
            if (connection->idle() && (longest == nullptr || connection->active() < longest->active()))
                longest = connection.get();
        return longest;
    }

    // From connections.
    [[nodiscard]] std::shared_ptr<AgentExchange> exchange_on(const AgentConnection& connection) const {
        for (const auto& [id, exchange] : exchanges_)
            if (exchange->connection() == &connection && !exchange->finished()) return exchange;
        return nullptr;
    }
    void on_dial(AgentConnection& connection, const DialEvent& event) override {
        if (const auto exchange = exchange_on(connection)) exchange->on_dial(event);
    }
    void on_open(AgentConnection& connection) override {
        if (const auto exchange = exchange_on(connection)) exchange->on_connection(connection);
    }
    void on_open_failed(AgentConnection& connection, const ClientError& error) override {
        if (const auto exchange = exchange_on(connection)) exchange->on_open_failed(error);
        may_serve_ = true;
        world_.wake();
    }
    void on_activity(AgentConnection& connection) override {
        for (const auto& [id, exchange] : exchanges_)
            if (exchange->connection() == &connection) exchange->on_activity();
        may_serve_ = true;
        world_.wake();
    }

    /// Whatever begins or ends does so here, and not in the middle of a call of who asked.
    void poll(Instant now) override {
        if (now < next_deadline() || std::exchange(polling_, true)) return;
        std::erase_if(exchanges_, [](const auto& entry) { return entry.second->finished(); });
        std::erase_if(connections_, [](const auto& one) { return one->state() == AgentConnection::State::gone; });
        for (std::size_t i = 0; i < connections_.size(); ++i) connections_[i]->poll(now);
        std::vector<std::shared_ptr<AgentExchange>> due;
        for (const auto& [id, exchange] : exchanges_)
            if (exchange->next_deadline() <= now) due.push_back(exchange);
        for (const auto& exchange : due) exchange->poll(now);
        serve_waiting();
        trim_idle();
        polling_ = false;
    }

    void serve_waiting() {
        may_serve_ = false;
        for (std::size_t left = waiting_.size(); left > 0; --left) {
            Waiting next = std::move(waiting_.front());
            waiting_.pop_front();
            const auto exchange = next.exchange.lock();
            if (!exchange || exchange->finished()) continue;
            if (!try_connection(*exchange, next.route, next.fresh)) waiting_.push_back(std::move(next));
        }
    }
    void trim_idle() {
        auto count = std::ranges::count_if(connections_, [](const auto& one) { return one->idle(); });
        const auto most = closing_ ? 0 : static_cast<std::ptrdiff_t>(settings_.idle_connections);
        for (; count > most; --count) idle_longest()->close();
    }

    [[nodiscard]] Instant next_deadline() const override {
        Instant deadline = kNever;
        for (const auto& [id, exchange] : exchanges_) deadline = std::min(deadline, exchange->next_deadline());
        for (const auto& connection : connections_) {
            if (connection->state() == AgentConnection::State::gone) return Instant::min();
            deadline = std::min(deadline, connection->next_deadline());
        }
        return may_serve_ && !waiting_.empty() ? Instant::min() : deadline;
    }

    ClientWorld& world_;
    UserAgentSettings settings_;
    SecureClient* secure_;
    CookieJar* jar_;
    std::vector<std::unique_ptr<AgentConnection>> connections_;
    std::map<ExchangeId, std::shared_ptr<AgentExchange>> exchanges_;
    std::deque<Waiting> waiting_;  ///< Exchanges for which there is no connection yet.
    std::uint64_t last_ = 0;
    bool may_serve_ = false;  ///< There may be a connection for them now.
    bool closing_ = false;
    bool polling_ = false;
};

UserAgent::UserAgent(ClientWorld& world, UserAgentSettings settings, SecureClient* secure, CookieJar* jar)
    : implementation_(std::make_unique<Implementation>(world, std::move(settings), secure, jar)) {}
UserAgent::~UserAgent() = default;

ExchangeId UserAgent::send(AgentRequest request, std::shared_ptr<ResponseReceiver> receiver,
                           std::shared_ptr<ExchangeObserver> observer) {
    return implementation_->send(std::move(request), std::move(receiver), std::move(observer));
}
ExchangeId UserAgent::send(AgentRequest request, Completion done) {
    return send(std::move(request), collect_response(std::move(done)));
}
void UserAgent::cancel(ExchangeId exchange) { implementation_->cancel(exchange); }
void UserAgent::close() { implementation_->close(); }
std::size_t UserAgent::exchanges() const { return implementation_->exchanges(); }
std::size_t UserAgent::connections() const { return implementation_->connections(); }

}  // namespace hourglass::http
