#pragma once

#include <deque>
#include <memory>
#include <span>
#include <string>

#include "hourglass/http/client.h"
#include "http/output.h"

namespace hourglass::http::detail {

/// A request that is queued or under way.
struct Pending {
    Request request;
    std::unique_ptr<BodySource> body;
    std::shared_ptr<ResponseReceiver> receiver;
    BodyFraming framing;
    std::uint32_t interims = 0;
    bool has_source = false;     ///< the body came from a source, which can be read only once
    bool started = false;        ///< its head is in the output
    bool holds_body = false;     ///< the body waits for 100
    bool sent = false;           ///< all of it is in the output
    bool head_received = false;  ///< of its final response
};

/// The state of a client connection. Held by a shared pointer so that a late wake-up can tell whether it is still
/// there.
class ClientEngine : public std::enable_shared_from_this<ClientEngine> {
  public:
    explicit ClientEngine(const ClientSettings& settings) : settings_(settings), parser_(settings.limits) {}

    bool send(Request&& request, std::unique_ptr<BodySource> body, std::shared_ptr<ResponseReceiver> receiver);
    void release_body();
    [[nodiscard]] bool awaits_continue() const;
    void receive(std::span<const std::byte> bytes);
    void peer_closed();
    void fail(const ClientError& error);
    std::size_t output(std::span<std::span<const std::byte>> pieces) const;
    [[nodiscard]] std::size_t output_size() const;
    void consume_output(std::size_t n);
    void close();
    void time_out();
    [[nodiscard]] bool wants_input() const { return waiting_.empty() && may_read(); }
    [[nodiscard]] bool reusable() const { return !last_ && !finished_ && !peer_closed_; }
    [[nodiscard]] bool should_close() const;
    [[nodiscard]] bool should_shutdown() const {
        return upgraded_ != nullptr && out_.empty() && upgraded_->should_shutdown();
    }
    [[nodiscard]] bool should_abort() const { return abort_ || (upgraded_ != nullptr && upgraded_->should_abort()); }

    std::unique_ptr<Upgraded> upgraded_;  ///< has taken over
    std::function<void()> changed_;
    std::deque<Pending> queue_;

  private:
    void run();
    void wake();
    [[nodiscard]] bool may_read() const;
    void read_waiting();
    [[nodiscard]] std::span<const std::byte> read(std::span<const std::byte> bytes);
    void on_head();
    void on_end();
    [[nodiscard]] bool switch_protocols(const Response& response);

    void write();
    [[nodiscard]] bool may_start(std::size_t index) const;
    [[nodiscard]] bool start(Pending& pending);
    void refuse(std::size_t index);
    [[nodiscard]] bool pump(Pending& pending);

    ClientSettings settings_;
    ResponseParser parser_;
    OutputQueue out_;
    BodyPump pump_;
    WriteError write_error_{};  ///< why `start` failed
    std::string waiting_;       ///< input that came when none was wanted
    bool reading_ = false;      ///< between the head and the end of a final response
    bool closes_ = false;       ///< the connection ends with the response that is being read
    bool last_ = false;         ///< no request follows those under way
    bool finished_ = false;
    bool peer_closed_ = false;
    bool told_end_ = false;  ///< what has taken over knows that the peer has closed
    bool abort_ = false;
    bool running_ = false;
    bool again_ = false;
};

}  // namespace hourglass::http::detail
