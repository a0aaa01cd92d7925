#pragma once

#include <memory>
#include <optional>
#include <string>

#include "hourglass/http/forward.h"
#include "hourglass/http/server.h"
#include "proxy/site.h"
#include "proxy/upstream_job.h"

namespace hourglass::proxy::detail {

/// One request of a client on its way through the proxy: from the cache, or to a server and back, and to another server
/// when that fails.
class Exchange final : public std::enable_shared_from_this<Exchange>, private Timed {
  public:
    /// `body`: what comes of the request's body, where it was not collected. `scheme`: how the client came.
    Exchange(std::shared_ptr<Site> site, SiteRoute& route, http::Responder responder,
             std::unique_ptr<http::BodySource> body, std::string scheme);
    ~Exchange() override;
    void start();
    /// The proxy is being shut down while this waits.
    void abandon();

  private:
    class Attempt;
    class ClientBody;

    // To the servers: exchange.cpp.
    void attempt();
    void attempt_again();
    void pause(Instant until);
    void end_pause();
    [[nodiscard]] Instant deadline() const override { return paused_until_; }
    void run_out(Instant now) override;
    void on_departed();
    void cancel_attempt();
    [[nodiscard]] Outgoing compose();
    void on_refused(Refusal refusal);
    void on_error(const http::ClientError& error);
    [[nodiscard]] bool may_repeat(bool sent) const;
    void give_up(http::Status status, std::string_view kind, std::string_view why);
    [[nodiscard]] std::uint64_t balance_hash() const;
    [[nodiscard]] bool adapt_target();

    // Back to the client: exchange_response.cpp.
    void on_head(http::Response response);
    void on_body(std::span<const std::byte> bytes);
    void on_end(const http::Fields& trailers);
    [[nodiscard]] std::unique_ptr<http::Upgraded> on_upgrade(const http::Response& response);
    void respond(http::Response forwarded, std::optional<std::uint64_t> length);
    void flush();
    void on_client_gone();
    void discard_content();
    void finish_response(http::Response& response) const;

    // The cache: exchange_cache.cpp.
    [[nodiscard]] bool answer_from_cache();
    [[nodiscard]] bool answer_while_revalidating(const CacheControl& control, const StoredResponse& found);
    void revalidate(const Exchange& asker);
    [[nodiscard]] bool wait_for_another(const CacheControl& control);
    void land();
    void on_landed();
    void answer_with(const StoredResponse& stored, const std::string& status);
    [[nodiscard]] bool answer_stale();
    [[nodiscard]] bool take_validated(const http::Response& response);
    void begin_storing(const http::Response& forwarded, const http::Response& response);
    void finish_storing();
    void invalidate(const http::Response& response);
    void add_conditions(http::Request& request) const;
    [[nodiscard]] std::string cache_status(std::string_view what) const;
    [[nodiscard]] bool uses_cache() const { return route_.configuration.cache && site_->shared().cache != nullptr; }

    [[nodiscard]] const http::Request& asked() const { return background_ ? *background_ : responder_.request(); }
    [[nodiscard]] bool wanted() const { return background_ || responder_.awaited(); }

    std::shared_ptr<Site> site_;
    SiteRoute& route_;
    http::Responder responder_;
    std::optional<http::Request> background_;  ///< what is fetched for the cache alone
    std::unique_ptr<http::BodySource> body_;   ///< of a request that is passed on as it comes, until it is on its way
    http::ForwardContext context_;
    http::Request request_;  ///< as it goes to a server
    std::string upgrade_;    ///< the protocols that the client offers to switch to

    std::shared_ptr<Attempt> attempt_;
    std::uint32_t attempts_ = 0;
    std::vector<std::size_t> tried_;
    bool body_gone_ = false;  ///< the body has been read, and can't be sent again
    Instant paused_until_ = kNever;
    bool leads_ = false;      ///< others may wait for the response
    bool collapsed_ = false;  ///< it has waited for another one's
    bool fresh_ = false;      ///< the next attempt needs a new connection
    bool answered_ = false;
    std::string last_error_;  ///< why the last attempt failed
    http::Status last_status_ = http::Status::bad_gateway;
    std::string_view last_kind_;

    /// The response's head and body until the first of its content has come, so that they leave in one piece.
    std::optional<http::Response> held_;
    std::unique_ptr<http::BodySource> held_body_;
    std::unique_ptr<http::BodySink> sink_;  ///< where the response's content goes
    std::optional<std::uint64_t> length_;   ///< of the content, if it is known
    std::uint64_t passed_ = 0;              ///< bytes of it that went to the sink

    std::string key_;                               ///< of the cache; empty: it is not used
    std::shared_ptr<const StoredResponse> stored_;  ///< stale, or to be validated
    std::optional<StoredResponse> storing_;         ///< what is being stored
    std::string content_;                           ///< its content so far
    WallTime asked_at_{};
    std::string forward_reason_ = "uri-miss";  ///< of Cache-Status
};

}  // namespace hourglass::proxy::detail
