#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "lab/scenarios/common.h"
#include "lab/web.h"

namespace hourglass::lab {

/// A network with a web server, and clients that ask it.
class WebGround {
  public:
    explicit WebGround(Ground& ground) : net(ground) {}
    WebGround(const WebGround&) = delete;
    WebGround& operator=(const WebGround&) = delete;

    Ground& net;

    /// The usual pair of hosts; the server answers at port 80.
    void serve(Duration delay, LessonServer::Handler handler);
    /// A connection of its own that keeps so many requests on their way.
    LessonClient& connect(std::uint32_t pipelined = 1);
    void close_all();
    /// Sends one request on a connection of its own and waits for the answer; the connection is closed.
    http::Response ask(http::Request request);
    /// What a client of this lesson asks.
    [[nodiscard]] static http::Request request(std::string_view method, std::string_view target,
                                               std::string_view body = {});

  private:
    std::unique_ptr<LessonServer> server_;
    std::list<LessonClient> clients_;
};

/// A message as it goes over the wire.
[[nodiscard]] std::string wire_text(const http::Request& message);
[[nodiscard]] std::string wire_text(const http::Response& message);

}  // namespace hourglass::lab
