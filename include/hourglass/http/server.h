#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/http/body.h"
#include "hourglass/http/message.h"
#include "hourglass/http/parser.h"
#include "hourglass/http/upgrade.h"

namespace hourglass::http {

namespace detail {
class ServerEngine;
struct Ticket;
}  // namespace detail

/// Sees an answer on its way out. The body is null for one in memory, or none. It must not throw.
using ResponseFilter = std::function<void(const Request&, Response&, std::unique_ptr<BodySource>& body)>;

/// The right to answer one request: at once or later, in any order; the connection sends responses in the order of
/// the requests (RFC 9112, section 9.3.2). Copies share the right. When the last copy goes without an answer, the
/// client gets 500. It may outlive the connection; answering is then without effect.
class Responder {
  public:
    Responder() = default;

    /// Answers with the response and its `body`. A second answer, and one that may not be sent (a 1xx status, a field
    /// with CR or LF in it), is refused: false, and for the latter the client gets 500.
    bool respond(Response response) const;
    /// Answers with content that is pulled from `body` while it is sent. A size that is not known means chunked, or for
    /// HTTP/1.0 until the connection closes. For HEAD the source is never read.
    bool respond(Response response, std::unique_ptr<BodySource> body) const;
    /// Sends an interim response (RFC 9110, section 15.2), such as 103, before the answer. Not to HTTP/1.0 clients, who
    /// don't know them, and not 101: false.
    bool inform(Response interim) const;

    /// Switches the connection to the protocol that `switching`, a 101, names in its Upgrade field: 101 is sent when
    /// the request is complete and its turn has come, and what the client sends from there on goes to `protocol`.
    /// False, and without effect, when the request does not offer that protocol (RFC 9110, section 7.8); it is then
    /// still to be answered, with 426 if there is nothing else to say.
    bool upgrade(Response switching, std::unique_ptr<Upgraded> protocol) const;

    /// Has `filter` see the application's answer before it is written: it may change it and its content. Filters run in
    /// the reverse of the order in which they were added. Not for what the connection itself answers to a malformed
    /// request.
    void on_response(ResponseFilter filter) const;

    /// For a router: what the names in its pattern stand for, into `request().path_parameters`.
    void set_path_parameters(std::vector<std::pair<std::string, std::string>> parameters) const;

    /// Calls `departed` once, should the client leave before there is an answer: the connection has gone, or the client
    /// has closed its side without having said that this is its last request (RFC 9112, section 9.6). The answer can
    /// still be given. It may be called from inside of the connection's destructor.
    void on_departure(std::function<void()> departed) const;
    /// The request, with its body when that was collected. It lives as long as a copy of this responder.
    [[nodiscard]] const Request& request() const;
    /// Who asks, as far as the transport said; otherwise the unspecified address.
    [[nodiscard]] SocketAddress client() const;
    /// True while an answer can still be given and sent.
    [[nodiscard]] bool awaited() const;

  private:
    friend class detail::ServerEngine;
    explicit Responder(std::shared_ptr<detail::Ticket> ticket) : ticket_(std::move(ticket)) {}
    std::shared_ptr<detail::Ticket> ticket_;
};

/// What answers requests. The request reference is the responder's own. A handler that throws has not answered: the
/// client gets 500.
using Handler = std::function<void(const Request&, Responder)>;

/// What stands between the connection and a handler. It answers itself, or calls `next`, at once or later, with the
/// request and the responder that it was given; with `Responder::on_response` it sees the answer, whenever that comes.
using Middleware = std::function<void(const Request&, Responder, const Handler& next)>;

/// The application behind a server connection.
struct Application {
    /// Called when a request is complete, its body collected.
    Handler on_request;
    /// Called when a request that has a body is known by its head. The sink that it returns receives the body, and
    /// `on_request` is not called for this request; with none the body is collected. May be absent. It may answer at
    /// once: a body that nobody reads then is discarded, or the connection closes.
    std::function<std::unique_ptr<BodySink>(const Request&, Responder)> on_head;
    /// Stands before both, and is called with the head of a request: the body is read, and a client that waits for 100
    /// asked for it (RFC 9110, section 10.1.1), when it has called `next`. May be absent.
    Middleware middleware{};
};

/// A server connection's settings. Sizes are in bytes.
struct ServerSettings {
    /// The parser's limits. `limits.body` holds for bodies that a sink receives.
    Limits limits;
    /// A body that is collected. Beyond: 413.
    std::uint64_t collected_body = 16 * 1024 * 1024;
    /// Of a body that nobody wants, this much is read to keep the connection.
    std::uint64_t discarded_body = 64 * 1024;
    /// Requests read and not yet answered, beyond which no input is wanted.
    std::uint32_t pipelined = 64;
    /// Output that waits for the transport, beyond which no input is wanted and no source is read.
    std::size_t output = 256 * 1024;
    /// Requests on one connection, after which it closes; 0 is without limit.
    std::uint64_t requests = 0;
    /// The wall clock, for Date. Without one no Date is sent (RFC 9110, section 6.6.1).
    std::function<std::chrono::sys_seconds()> wall_clock;
    /// The Server field; empty: none.
    std::string server_name = "hourglass";
};

/// The server's end of an HTTP/1.1 connection, from bytes to bytes (RFC 9112). The transport gives it what arrives and
/// sends what it has to say; it knows of no socket and no clock.
///
/// It may be destroyed at any time except from within its own callbacks.
class ServerConnection {
  public:
    /// `application` must outlive the connection. `client` is what responders say of the client.
    ServerConnection(const Application& application, const ServerSettings& settings, SocketAddress client = {});
    /// The same for one of many connections, which share both.
    ServerConnection(std::shared_ptr<const Application> application, std::shared_ptr<const ServerSettings> settings,
                     SocketAddress client = {});
    ~ServerConnection();
    ServerConnection(const ServerConnection&) = delete;
    ServerConnection& operator=(const ServerConnection&) = delete;

    /// Whom responders name as the client of the requests that follow.
    void set_client(const SocketAddress& client);
    /// Has requests answered by another application from the next one on. The one before lives until what was asked of
    /// it is answered.
    void set_application(std::shared_ptr<const Application> application);

    /// Bytes from the client. All are taken, also when no input is wanted; they then wait.
    void receive(std::span<const std::byte> bytes);
    /// The client has closed its side. What it asked for before is still answered.
    void peer_closed();
    /// False while the transport should not read: too much output or too many requests are pending, a sink is not
    /// ready, or the connection is about to close.
    [[nodiscard]] bool wants_input() const;

    /// The next bytes to send, in one piece; empty when there are none. Valid until the next call on this object.
    [[nodiscard]] std::span<const std::byte> output() const;
    /// The same in several pieces, at most `pieces.size()` of them: for a transport that gathers. Returns how many.
    std::size_t output(std::span<std::span<const std::byte>> pieces) const;
    /// All bytes that wait to be sent.
    [[nodiscard]] std::size_t output_size() const;
    /// The transport has sent the first `n` bytes.
    void consume_output(std::size_t n);
    /// For a transport that sends from files: large bodies that lie in one are no output any more, but wait here.
    void send_from_files();
    /// What is to be sent when `output` is empty.
    [[nodiscard]] std::optional<FilePart> file_output() const;
    /// The transport has sent the first `n` bytes of it; nothing when the file was at an end before, and the response
    /// is cut off.
    void consume_file_output(std::optional<std::uint64_t> n);
    /// Gives the function to call when output, or a wish for input, has come up outside of the calls above: a late
    /// answer, a body source that has more. It must not destroy the connection.
    void on_change(std::function<void()> changed);

    /// Everything has been said: the transport should close its side, after the output is sent, and go on discarding
    /// input for a while so that no reset destroys the last response on its way (RFC 9112, section 9.6).
    [[nodiscard]] bool should_close() const;
    /// Nothing but the output that waits is left to be said: once it is sent, the connection should close. The end may
    /// so leave in one segment with it. Not told of other protocols that have taken over.
    [[nodiscard]] bool ends_with_output() const;
    /// Another protocol has said everything, and may hear more: the transport should close its side, and go on reading.
    [[nodiscard]] bool should_shutdown() const;
    /// The client has said that nothing follows its last request, and nothing has: closing at once can't make a reset
    /// of it. A client "MUST NOT send further requests" then (RFC 9112, section 9.6). To be asked with `should_close`.
    [[nodiscard]] bool client_is_done() const;
    /// A response was cut off: the connection has to be aborted, because an orderly close could pass for its end.
    [[nodiscard]] bool should_abort() const;
    /// True when no request is under way, in whole or in part: the time to close an idle connection.
    [[nodiscard]] bool idle() const;
    /// True when a header section has begun and is not complete.
    [[nodiscard]] bool reading_head() const;
    /// True when a body has begun and is not complete.
    [[nodiscard]] bool reading_body() const;
    /// True when it is the application's turn, and not the client's, to do something.
    [[nodiscard]] bool awaits_application() const;
    /// True when another protocol has taken over.
    [[nodiscard]] bool upgraded() const;
    /// Answers what has been asked and then closes, for a graceful stop. Another protocol is asked to close.
    void close_when_idle();
    /// The client was too slow with its request: 408 (RFC 9110, section 15.5.9), then close. Without a request under
    /// way the connection just closes. Another protocol is asked whether to go on.
    void time_out();

    /// Why the connection gave up on its input, if it did.
    [[nodiscard]] std::optional<Error> error() const;
    /// Requests whose heads have been read.
    [[nodiscard]] std::uint64_t requests() const;

  private:
    std::shared_ptr<detail::ServerEngine> engine_;
};

}  // namespace hourglass::http
