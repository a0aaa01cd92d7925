#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "hourglass/base/time.h"
#include "hourglass/http/client.h"
#include "hourglass/http/router.h"
#include "hourglass/http/task.h"

namespace hourglass::http {

/// A world's timer: calls the function after the time. `runtime::after` gives that of an Asio context, and
/// `sim::World::after` is one.
using After = std::function<void(Duration, std::function<void()>)>;

/// `co_await sleep_for(after, 300ms)`.
[[nodiscard]] inline auto sleep_for(After after, Duration time) {
    return await_callback<void>(
        [after = std::move(after), time](std::function<void()> done) { after(time, std::move(done)); });
}

/// `co_await fetch(client, request)`: the whole response or the error, from `TcpClient`, `runtime::OsClient` or
/// whatever else has their `send`. The client has to outlive the coroutine, which goes on inside of the client's
/// callback.
template <typename Client>
[[nodiscard]] auto fetch(Client& client, Request request) {
    return await_callback<std::expected<Response, ClientError>>(
        [&client, request = std::move(request)](Completion done) mutable {
            client.send(std::move(request), std::move(done));
        });
}

/// A request's body, piece by piece, in a coroutine. At most `buffer` bytes wait; then the client is held back.
class BodyReader {
  public:
    explicit BodyReader(std::size_t buffer = 256 * 1024);

    /// `co_await body.next()`: the next piece, empty at the end; or why there will be no end.
    [[nodiscard]] auto next() {
        return await_callback<std::expected<std::string, Error>>(
            [this](std::function<void(std::expected<std::string, Error>)> done) { read(std::move(done)); });
    }
    /// The rest of it in one, at most `limit` bytes; beyond that `content_too_large`.
    [[nodiscard]] Task<std::expected<std::string, Error>> rest(std::size_t limit);
    /// The other end, for the connection.
    [[nodiscard]] std::unique_ptr<BodySink> sink();

  private:
    class Sink;
    struct Shared;
    void read(std::function<void(std::expected<std::string, Error>)> done);
    std::shared_ptr<Shared> shared_;
    std::shared_ptr<void> here_;  ///< ends with the last copy
};

/// What answers by a coroutine that is given the body as it comes. The request lives as long as the coroutine.
using TaskStreamHandler = std::function<Task<Response>(const Request&, BodyReader)>;

/// For `Router::stream`. What the coroutine leaves of the body is discarded.
[[nodiscard]] StreamHandler stream_with(TaskStreamHandler handler, std::size_t buffer = 256 * 1024);

}  // namespace hourglass::http
