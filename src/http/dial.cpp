#include "hourglass/http/dial.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <utility>

namespace hourglass::http {

namespace {

/// Several attempts, of which the first that connects becomes the connection.
class Dialled final : public Transport, private Timed {
  public:
    Dialled(ClientWorld& world, std::string host, Port port, TransportHandler& handler, const DialSettings& settings,
            DialObserver observer)
        : world_(world),
          host_(std::move(host)),
          port_(port),
          handler_(handler),
          settings_(settings),
          observer_(std::move(observer)),
          planner_(settings.families, settings.eyeballs) {
        world_.add(*this);
        limit_ = world_.now() + settings_.resolve;
        begin();
        world_.wake();
    }
    ~Dialled() override { leave(); }

    std::size_t send(std::span<const std::span<const std::byte>> pieces) override {
        return connected_ ? connection_->send(pieces) : 0;
    }
    bool receive(const std::function<void(std::span<const std::byte>)>& take) override {
        return connected_ && connection_->receive(take);
    }
    [[nodiscard]] bool at_end() const override { return connected_ && connection_->at_end(); }
    void shutdown() override {
        if (connected_) connection_->shutdown();
    }
    void close() override {
        if (connected_) return connection_->close();
        give_up_ = tcp::Error::none;
        world_.wake();
    }
    void abort() override {
        if (connected_) return connection_->abort();
        give_up_ = tcp::Error::aborted;
        world_.wake();
    }
    [[nodiscard]] bool exists() const override {
        return connected_ ? connection_->exists() : !ended_ && !give_up_.has_value();
    }
    [[nodiscard]] std::optional<TransportInfo> info() const override {
        return connected_ ? connection_->info() : std::nullopt;
    }
    [[nodiscard]] std::string failure() const override { return failure_; }

  private:
    struct Attempt final : public TransportHandler {
        Attempt(Dialled& dialled, const IpAddress& to) : owner(dialled), address(to) {}
        void on_connected() override { owner.won(*this); }
        void on_ready() override {
            if (owner.connected_) owner.handler_.on_ready();
        }
        void on_closed(tcp::Error error) override { owner.closed(*this, error); }

        Dialled& owner;
        IpAddress address;
        std::unique_ptr<Transport> transport{};
    };

    void begin() {
        if (const auto literal = IpAddress::parse(host_)) {
            addresses_ = {*literal};
            limit_ = world_.now() + settings_.connect;
            return start_over();
        }
        observe({.kind = DialEvent::Kind::resolving, .name = host_});
        if (settings_.families != dns::Families::v4) ask(true);
        if (settings_.families != dns::Families::v6) ask(false);
    }

    void ask(bool v6) {
        world_.resolve(host_, v6 ? dns::Families::v6 : dns::Families::v4,
                       [this, v6, here = std::weak_ptr(here_)](const dns::ResolveResult& result) {
                           if (!here.expired() && !connected_ && !ended_) answered(v6, result);
                       });
    }

    void answered(bool v6, const dns::ResolveResult& result) {
        const Instant now = world_.now();
        if (result) {
            if (addresses_.empty()) limit_ = now + settings_.connect;
            addresses_.insert(addresses_.end(), result->addresses.begin(), result->addresses.end());
            observe({.kind = DialEvent::Kind::resolved,
                     .name = host_,
                     .addresses = result->addresses,
                     .source = result->source});
            planner_.resolved(v6, result->addresses, now);
        } else {
            observe(
                {.kind = DialEvent::Kind::unresolved, .name = host_, .text = std::string(to_string(result.error()))});
            // "No such data" of one family says less than any other failure.
            if (!resolve_error_ || *resolve_error_ == dns::ResolveError::no_data) resolve_error_ = result.error();
            planner_.resolved(v6, {}, now);
        }
        step(now);
    }

    /// Tries all addresses that are known from the first one on.
    void start_over() {
        planner_ = HappyEyeballs(settings_.families, settings_.eyeballs);
        std::vector<IpAddress> v6, v4;
        for (const IpAddress& address : addresses_) (address.is_v6() ? v6 : v4).push_back(address);
        planner_.resolved(true, v6, world_.now());
        planner_.resolved(false, v4, world_.now());
    }

    /// Begins what is due. To be called from outside of the handler's calls alone: it may end in one.
    void step(Instant now) {
        while (const auto address = planner_.next_attempt(now)) {
            attempts_.push_back(std::make_unique<Attempt>(*this, *address));
            const SocketAddress remote{*address, port_};
            observe({.kind = DialEvent::Kind::attempt, .remote = remote});
            attempts_.back()->transport = world_.connect(remote, *attempts_.back());
        }
        if (!planner_.exhausted()) return world_.wake();
        if (error_ == tcp::Error::refused && settings_.refused_again > Duration::zero()) {
            again_ = now + settings_.refused_again;
            return world_.wake();
        }
        if (addresses_.empty()) {
            const auto why = resolve_error_.value_or(dns::ResolveError::no_data);
            return fail(tcp::Error::unreachable, fmt::format("'{}' has no address: {}", host_, to_string(why)));
        }
        fail(error_, fmt::format("no connection to {}: {}", name(), to_string(error_)));
    }

    void won(Attempt& attempt) {
        if (connected_) return;
        connected_ = true;
        connection_ = attempt.transport.get();
        std::erase_if(attempts_, [&](const auto& other) { return other.get() != &attempt; });
        leave();
        const auto info = connection_->info();
        observe({.kind = DialEvent::Kind::connected,
                 .remote = {attempt.address, port_},
                 .local = info ? info->local : SocketAddress()});
        handler_.on_connected();
    }

    void closed(Attempt& attempt, tcp::Error error) {
        if (connected_) {
            failure_ = error == tcp::Error::none
                           ? ""
                           : fmt::format("the connection to {} ended: {}", name(), to_string(error));
            return handler_.on_closed(error);
        }
        error_ = error;
        observe({.kind = DialEvent::Kind::attempt_failed,
                 .remote = {attempt.address, port_},
                 .text = std::string(to_string(error))});
        planner_.failed(attempt.address);
        std::erase_if(attempts_, [&](const auto& one) { return one.get() == &attempt; });
        step(world_.now());
    }

    void poll(Instant now) override {
        if (now < next_deadline()) return;
        if (give_up_) return fail(*give_up_, "");
        if (now >= limit_) {
            const std::string what = addresses_.empty() ? fmt::format("no address for '{}' in time", host_)
                                                        : fmt::format("no connection to {} in time", name());
            return fail(tcp::Error::timed_out, what);
        }
        if (now >= again_) {
            again_ = kNever;
            start_over();
        }
        step(now);
    }
    [[nodiscard]] Instant next_deadline() const override {
        if (connected_ || ended_) return kNever;
        if (give_up_) return Instant::min();
        return std::min({limit_, again_, planner_.next_deadline()});
    }

    void fail(tcp::Error error, std::string failure) {
        failure_ = std::move(failure);
        ended_ = true;
        attempts_.clear();
        leave();
        handler_.on_closed(error);
    }
    void leave() {
        if (std::exchange(timed_, false)) world_.remove(*this);
    }
    void observe(const DialEvent& event) const {
        if (observer_) observer_(event);
    }
    [[nodiscard]] std::string name() const {
        return host_.find(':') == std::string::npos ? fmt::format("{}:{}", host_, to_number(port_))
                                                    : fmt::format("[{}]:{}", host_, to_number(port_));
    }

    ClientWorld& world_;
    std::string host_;
    Port port_;
    TransportHandler& handler_;
    DialSettings settings_;
    DialObserver observer_;
    HappyEyeballs planner_;
    std::vector<IpAddress> addresses_;  ///< All that were found.
    std::vector<std::unique_ptr<Attempt>> attempts_;
    Transport* connection_ = nullptr;  ///< Of the attempt that has won.
    Instant limit_ = kNever;
    Instant again_ = kNever;
    std::optional<tcp::Error> give_up_;  ///< The owner wants no connection any more.
    std::optional<dns::ResolveError> resolve_error_;
    tcp::Error error_ = tcp::Error::none;  ///< Of the attempt that failed last.
    std::string failure_;
    bool connected_ = false;
    bool ended_ = false;
    bool timed_ = true;
    std::shared_ptr<bool> here_ = std::make_shared<bool>();  ///< An answer can come after the end.
};

}  // namespace

std::unique_ptr<Transport> dial(ClientWorld& world, const std::string& host, Port port, TransportHandler& handler,
                                const DialSettings& settings, DialObserver observer) {
    return std::make_unique<Dialled>(world, host, port, handler, settings, std::move(observer));
}

}  // namespace hourglass::http
