#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "hourglass/http/body.h"
#include "hourglass/http/message.h"
#include "hourglass/http/parser.h"
#include "hourglass/http/upgrade.h"
#include "hourglass/http/writer.h"

namespace hourglass::http {

namespace detail {
class ClientEngine;
}

/// Why a request got no complete response.
struct ClientError {
    enum class Kind : std::uint8_t {
        malformed_response,   ///< `reason` says what is wrong with it
        connection_closed,    ///< the connection ended before the response did
        invalid_request,      ///< the request may not be sent; `write_error` says why
        body_failed,          ///< the request's body source failed
        response_too_large,   ///< more content than the limit of whoever collects it
        connection_failed,    ///< the transport failed; `text` says how
        timed_out,            ///< the caller's time limit
        not_resolved,         ///< the host's name has no address
        not_connected,        ///< there was no connection, to the server or the proxy
        not_secured,          ///< TLS was not agreed on
        certificate_refused,  ///< the server's certificate is not right
        redirect_refused,     ///< a redirection that is not followed
        content_undecodable,  ///< compressed content that is malformed or swells beyond a limit
    };
    Kind kind = Kind::connection_closed;
    std::optional<Error> reason;
    std::optional<WriteError> write_error;
    std::string text;  ///< one line for a person
    /// The request may be sent again on another connection: it is idempotent, or nothing of it was sent, and nothing of
    /// a final response has come (RFC 9112, section 9.3.1).
    bool retryable = false;
};

/// Who receives a response. Every request ends in exactly one call of `on_end` or `on_error`, or in an `on_upgrade`
/// that gives a protocol.
class ResponseReceiver {
  public:
    ResponseReceiver() = default;
    ResponseReceiver(const ResponseReceiver&) = delete;
    ResponseReceiver& operator=(const ResponseReceiver&) = delete;
    virtual ~ResponseReceiver() = default;

    /// A 1xx response; the final one follows.
    virtual void on_interim(const Response& interim) { static_cast<void>(interim); }
    /// The server switches to the protocol that was asked for (101), or has made the tunnel (2xx to CONNECT). What is
    /// returned takes over the connection. With none, the response comes as any other, and what the server goes on to
    /// send as its body.
    virtual std::unique_ptr<Upgraded> on_upgrade(const Response& response) {
        static_cast<void>(response);
        return nullptr;
    }
    /// The head of the final response.
    virtual void on_head(Response response) = 0;
    virtual void on_body(std::span<const std::byte> bytes) = 0;
    virtual void on_end(const Fields& trailers) = 0;
    virtual void on_error(const ClientError& error) = 0;
    /// False while no more of the body is wanted.
    [[nodiscard]] virtual bool ready() const { return true; }
    /// Gives the function to call when `ready` has become true again.
    virtual void on_ready(std::function<void()> wake) { static_cast<void>(wake); }
};

/// Called once with the whole response, its body collected, or with the error.
using Completion = std::function<void(std::expected<Response, ClientError>)>;

/// A receiver that collects a body of at most `limit` bytes and then calls `done`.
[[nodiscard]] std::shared_ptr<ResponseReceiver> collect_response(Completion done,
                                                                 std::uint64_t limit = 64 * 1024 * 1024);

/// A client connection's settings. Sizes are in bytes.
struct ClientSettings {
    /// The parser's limits.
    Limits limits;
    /// Requests on their way without a response; 1 is no pipelining. Behind a request that is not idempotent none is
    /// sent before its response has come (RFC 9112, section 9.3.2).
    std::uint32_t pipelined = 1;
    /// Requests that wait in the queue, those on their way included.
    std::uint32_t queued = 256;
    /// Output that waits for the transport, beyond which no source is read.
    std::size_t output = 256 * 1024;
    /// Interim responses to one request. Beyond: `malformed_response`.
    std::uint32_t interim_responses = 16;
};

/// The client's end of an HTTP/1.1 connection, from bytes to bytes (RFC 9112).
class ClientConnection {
  public:
    explicit ClientConnection(const ClientSettings& settings = {});
    ~ClientConnection();
    ClientConnection(const ClientConnection&) = delete;
    ClientConnection& operator=(const ClientConnection&) = delete;

    /// Queues a request. Its content is `body` or, without one, `request.body`; a source of unknown size is sent in
    /// chunks. With `Expect: 100-continue` the body waits for the interim response, or for `release_body`. Host is the
    /// caller's to set; so are Upgrade and its connection option, behind which no request is sent before the answer.
    /// False when the queue is full or the connection is at its end; `receiver` is then not called.
    bool send(Request request, std::unique_ptr<BodySource> body, std::shared_ptr<ResponseReceiver> receiver);
    /// Queues a request and collects the response.
    bool send(Request request, Completion done);
    /// The server has not said 100 for long enough: sends the body all the same (RFC 9110, section 10.1.1).
    void release_body();
    /// True while a body waits for the server's 100.
    [[nodiscard]] bool awaits_continue() const;

    /// Bytes from the server. All are taken, also when no input is wanted; they then wait.
    void receive(std::span<const std::byte> bytes);
    /// The server has closed its side.
    void peer_closed();
    /// The transport has failed, or time is up: every request that is under way ends with `error`.
    void fail(const ClientError& error);
    /// False while the transport should not read.
    [[nodiscard]] bool wants_input() const;

    /// The next bytes to send, in one piece; empty when there are none. Valid until the next call on this object.
    [[nodiscard]] std::span<const std::byte> output() const;
    /// The same in several pieces, at most `pieces.size()` of them: for a transport that gathers. Returns how many.
    std::size_t output(std::span<std::span<const std::byte>> pieces) const;
    /// All bytes that wait to be sent.
    [[nodiscard]] std::size_t output_size() const;
    /// The transport has sent the first `n` bytes.
    void consume_output(std::size_t n);
    /// Gives the function to call when output, or a wish for input, has come up outside of the calls above.
    void on_change(std::function<void()> changed);

    /// True when another protocol has taken over.
    [[nodiscard]] bool upgraded() const;
    /// No request follows: the connection closes when those under way are done. Another protocol is asked to close.
    void close();
    /// No byte has moved for long on a connection that another protocol has taken over: it is asked whether to go on.
    void time_out();
    /// Another protocol has said everything, and may hear more: the transport should close its side, and go on reading.
    [[nodiscard]] bool should_shutdown() const;
    /// The connection has to be reset.
    [[nodiscard]] bool should_abort() const;

    /// Requests queued or under way.
    [[nodiscard]] std::size_t pending() const;
    /// True when another request may be sent on this connection now or later.
    [[nodiscard]] bool reusable() const;
    /// Nothing more will be said or heard: the transport should close.
    [[nodiscard]] bool should_close() const;

  private:
    std::shared_ptr<detail::ClientEngine> engine_;
};

}  // namespace hourglass::http
