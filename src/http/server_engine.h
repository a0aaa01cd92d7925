#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hourglass/http/server.h"
#include "http/output.h"
#include "http/recycled_queue.h"

namespace hourglass::http::detail {

/// What copies of a responder share.
struct Ticket {
    Ticket(std::weak_ptr<ServerEngine> of, std::shared_ptr<const Application> asks, std::uint64_t number,
           RequestParser& asked, SocketAddress by)
        : engine(std::move(of)),
          application(std::move(asks)),
          sequence(number),
          request(asked.take_request()),
          client(by) {}
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    ~Ticket();

    std::weak_ptr<ServerEngine> engine;
    std::shared_ptr<const Application> application;  ///< whom the request was given to
    std::uint64_t sequence;
    Request request;
    SocketAddress client;
    std::vector<ResponseFilter> filters;
    bool let_in = false;  ///< by the application's middleware, if it has one

    /// Runs the filters, and forgets them.
    void filter(Response& response, std::unique_ptr<BodySource>& body);
};

/// One request and its response.
struct Exchange {
    std::uint64_t sequence = 0;
    Version version = kHttp11;
    bool is_head = false;
    bool keep_alive = true;
    bool last_of_client = false;  ///< the client sends nothing behind it
    bool wants_continue = false;  ///< the client waits for 100 before it sends the body
    bool offers_upgrade = false;
    bool received = false;  ///< the request is complete
    bool answered = false;
    bool started = false;       ///< the response is on its way out
    std::size_t collected = 0;  ///< bytes of the request's body that are held
    std::string interim;        ///< 1xx responses that wait for their turn
    std::string head;           ///< the response's head as it is sent
    std::string body;
    std::unique_ptr<BodySource> source;
    BodyFraming framing;
    std::unique_ptr<Upgraded> protocol;  ///< takes over behind this response
    std::function<void()> departed;      ///< called when the client leaves before the answer

    /// What follows the request may be of another protocol: it is not read before that is known.
    [[nodiscard]] bool may_switch() const { return offers_upgrade && (!answered || protocol != nullptr); }
};

/// The state of a server connection. Held by a shared pointer so that a responder can tell whether it is still there.
class ServerEngine : public std::enable_shared_from_this<ServerEngine> {
  public:
    ServerEngine(std::shared_ptr<const Application> application, std::shared_ptr<const ServerSettings> settings,
                 SocketAddress client);

    void receive(std::span<const std::byte> bytes);
    void peer_closed();
    [[nodiscard]] bool wants_input() const;
    std::size_t output(std::span<std::span<const std::byte>> pieces) const;
    [[nodiscard]] std::size_t output_size() const;
    void consume_output(std::size_t n);
    void send_from_files() { pump_.send_from_files(); }
    [[nodiscard]] std::optional<FilePart> file_output() const;
    void consume_file_output(std::optional<std::uint64_t> n);
    void close_when_idle();
    void time_out();
    [[nodiscard]] bool should_close() const;
    [[nodiscard]] bool ends_with_output() const;
    [[nodiscard]] bool should_shutdown() const {
        return upgraded_ != nullptr && out_.empty() && upgraded_->should_shutdown();
    }
    [[nodiscard]] bool client_is_done() const { return client_is_done_ && !surplus_; }
    [[nodiscard]] bool should_abort() const;
    [[nodiscard]] bool idle() const;
    [[nodiscard]] bool reading_head() const;
    [[nodiscard]] bool reading_body() const { return reading_body_ && !stopped_; }
    void set_application(std::shared_ptr<const Application> application) { application_ = std::move(application); }
    void set_client(const SocketAddress& client) { client_ = client; }
    [[nodiscard]] bool awaits_application() const;
    /// The client has left, or closed its side: who waits for an answer's sake is told.
    void depart(bool gone);

    bool respond(std::uint64_t sequence, Response&& response, std::unique_ptr<BodySource> source);
    bool inform(std::uint64_t sequence, const Response& interim);
    bool upgrade(std::uint64_t sequence, Response&& switching, std::unique_ptr<Upgraded> protocol);
    [[nodiscard]] bool awaited(std::uint64_t sequence) { return find_awaited(sequence) != nullptr; }
    void on_departure(std::uint64_t sequence, std::function<void()> departed);
    /// Takes back a request that nobody sees any more, for its memory.
    void recycle(Request&& spent);

    std::function<void()> changed_;
    std::unique_ptr<Upgraded> upgraded_;  ///< has taken over
    std::optional<Error> error_;
    std::uint64_t requests_ = 0;

  private:
    // Input.
    void run();
    void wake();
    [[nodiscard]] bool may_read() const;
    std::span<const std::byte> read(std::span<const std::byte> bytes);
    void read_waiting();
    void on_head();
    void on_body(std::span<const std::byte> bytes);
    void on_end();
    void on_error(Error error);
    void begin_body(Exchange& exchange, const std::shared_ptr<Ticket>& ticket);
    static void let_in(const Request& request, const Responder& responder);
    void settle_hold();
    void take_body(Exchange& exchange, const std::shared_ptr<Ticket>& ticket);
    void discard_body(Exchange& exchange);
    void stop_input();
    void abandon_body(Error reason);
    [[nodiscard]] std::optional<Error> check_expectation(Exchange& exchange, const Request& request) const;
    void call_handler(const std::shared_ptr<Ticket>& ticket);
    void answer_exception(const std::shared_ptr<Ticket>& ticket);

    // Output.
    [[nodiscard]] Exchange* find_awaited(std::uint64_t sequence);
    bool answer(Exchange& exchange, Response&& response, std::unique_ptr<BodySource> source);
    void answer_error(Exchange& exchange, Error error);
    void end_connection_with(Exchange& exchange);
    void complete_fields(const Exchange& exchange, Response& response);
    void pump();
    [[nodiscard]] bool pump_front(Exchange& exchange);
    BodyPump::State pump_body();
    void start(Exchange& exchange);
    void finish();
    void fail_response();
    void switch_to(std::unique_ptr<Upgraded> protocol);

    std::shared_ptr<const Application> application_;
    std::shared_ptr<const ServerSettings> shared_settings_;
    const ServerSettings& settings_ = *shared_settings_;
    const bool names_server_ = !settings_.server_name.empty() && is_field_value(settings_.server_name);
    SocketAddress client_;
    RequestParser parser_;
    OutputQueue out_;
    RecycledQueue<Exchange> exchanges_;
    std::uint64_t next_sequence_ = 0;
    std::string spent_head_;  ///< memory for the head of a response
    BodyPump pump_;
    std::unique_ptr<BodySink> sink_;      ///< of the request that is being read
    std::shared_ptr<Ticket> admitted_;    ///< the request whose body is held back, once it need not be any more
    std::shared_ptr<Ticket> collecting_;  ///< the request that is being read, when its body is collected
    std::size_t collected_ = 0;           ///< bytes of bodies that are held for all requests under way
    std::string waiting_;                 ///< input that came when none was wanted
    bool reading_body_ = false;           ///< between a request's head and its end
    bool held_ = false;                   ///< that is not read yet, because a middleware has not let the request in
    bool discarding_ = false;
    bool stopped_ = false;  ///< no further byte of input has a meaning
    bool surplus_ = false;  ///< such bytes have come
    bool client_is_done_ = false;
    bool peer_closed_ = false;
    bool draining_ = false;
    bool closing_ = false;
    bool abort_ = false;
    bool told_end_ = false;  ///< what has taken over knows that the peer has closed
    bool running_ = false;
    bool again_ = false;
};

}  // namespace hourglass::http::detail
