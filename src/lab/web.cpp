#include "lab/web.h"

#include <utility>

namespace hourglass::lab {

class LessonServer::Session : public tcp::ConnectionHandler {
  public:
    Session(LessonServer& server, tcp::Stream stream)
        : server_(server),
          stream_(stream),
          application_{.on_request = [this](const http::Request& r,
                                            http::Responder a) { server_.handler_(r, std::move(a), stream_.remote()); },
                       .on_head = {}},
          http_(application_, {}) {
        stream_.set_no_delay(true);  // as web servers do: the end of an answer must not wait for an ACK
        http_.on_change([this] { pump(stream_, http_); });
    }
    void on_readable(tcp::Stream stream) override {
        pump(stream, http_);
        if (stream.at_end() && !closing_) {
            closing_ = true;
            if (server_.on_client_closed) server_.on_client_closed();
            server_.world_.after(server_.close_delay_, [stream]() mutable { stream.close(); });
        }
    }
    void on_writable(tcp::Stream stream) override { pump(stream, http_); }
    void on_closed(tcp::Stream, tcp::Error) override {
        http_.on_change({});
        stream_ = {};
    }

  private:
    LessonServer& server_;
    tcp::Stream stream_;
    http::Application application_;
    http::ServerConnection http_;
    bool closing_ = false;
};

LessonServer::LessonServer(sim::World& world, std::string host, Duration close_delay, Handler handler)
    : world_(world), host_(std::move(host)), close_delay_(close_delay), handler_(std::move(handler)) {}

LessonServer::~LessonServer() = default;

void LessonServer::on_acceptable(tcp::Listener listener) {
    while (auto stream = listener.accept()) {
        sessions_.push_back(std::make_unique<Session>(*this, *stream));
        stream->set_handler(sessions_.back().get());
    }
}

LessonClient::LessonClient(sim::World& world, std::string host, const http::ClientSettings& settings)
    : world_(world), host_(std::move(host)), http_(settings) {
    http_.on_change([this] {
        if (established_) pump(stream_, http_);
    });
}

void LessonClient::connect(SocketAddress server) {
    const auto stream = world_.host(host_).tcp().connect(server, {.local = {}, .handler = this});
    if (stream)
        stream_ = *stream;
    else
        on_closed({}, stream.error());
}

void LessonClient::send(http::Request request, http::Completion done) {
    http_.send(std::move(request), std::move(done));
    if (established_) pump(stream_, http_);
}

void LessonClient::close() { stream_.close(); }

void LessonClient::on_established(tcp::Stream) {
    // connect() returns to the application, which then writes: the third segment of the handshake goes by itself.
    world_.after(Duration::zero(), [this, alive = std::weak_ptr(alive_)] {
        if (alive.expired()) return;
        established_ = true;
        if (on_connected) on_connected();
        pump(stream_, http_);
    });
}

void LessonClient::on_readable(tcp::Stream stream) { pump(stream, http_); }
void LessonClient::on_writable(tcp::Stream stream) { pump(stream, http_); }

void LessonClient::on_closed(tcp::Stream, tcp::Error error) {
    if (error != tcp::Error::none) {
        http::ClientError failure;
        failure.kind = http::ClientError::Kind::connection_failed;
        failure.text = to_string(error);
        http_.fail(failure);
    }
    if (on_end) on_end(error);
}

}  // namespace hourglass::lab
