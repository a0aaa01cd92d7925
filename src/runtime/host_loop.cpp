#include "hourglass/runtime/host_loop.h"

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <cerrno>
#include <fcntl.h>
#include <utility>
#include <vector>

#include "hourglass/runtime/clock.h"

namespace hourglass::runtime {

namespace {

/// A link with what is on its way to and from it.
struct Port {
    Port(asio::io_context& context, ip::InterfaceId id, link::Link& wire)
        : interface(id), link(wire), descriptor(context, ::fcntl(wire.descriptor(), F_DUPFD_CLOEXEC, 0)) {}

    ip::InterfaceId interface;
    link::Link& link;
    asio::posix::stream_descriptor descriptor;  ///< Of its own, so that its end does not close the link's.
    std::vector<Packet> arriving;
    std::vector<Packet> leaving;
    std::size_t left = 0;  ///< Packets of `leaving` that the link has taken.
    bool awaits_room = false;
    bool failed = false;
};

}  // namespace

class HostLoop::Implementation : public std::enable_shared_from_this<Implementation> {
  public:
    Implementation(asio::io_context& context, ip::Host& host, const HostLoopSettings& settings)
        : context_(context), host_(host), settings_(settings), timer_(context) {}

    void attach(ip::InterfaceId interface, link::Link& link) {
        ports_.push_back(std::make_unique<Port>(context_, interface, link));
        await_input(*ports_.back());
        wake();
    }

    void on_failure(std::function<void(ip::InterfaceId, std::error_code)> handler) { on_failure_ = std::move(handler); }

    void wake() {
        if (awake_ || stopped_) return;
        awake_ = true;
        asio::post(context_, [self = shared_from_this()] {
            self->awake_ = false;
            self->run();
        });
    }

    void stop() {
        stopped_ = true;
        timer_.cancel();
        ports_.clear();
    }

  private:
    void await_input(Port& port) {
        port.descriptor.async_wait(asio::posix::descriptor_base::wait_read,
                                   [self = shared_from_this(), &port](std::error_code error) {
                                       if (!error && !self->stopped_) self->read(port);
                                   });
    }

    void read(Port& port) {
        for (std::size_t i = 0; i < settings_.batches && !port.failed; ++i) {
            const auto count = port.link.read(port.arriving, settings_.batch);
            if (!count) return fail(port, count.error());
            const Instant time = now();
            for (Packet& packet : port.arriving) host_.receive(port.interface, std::move(packet), time);
            port.arriving.clear();
            run();
            if (stopped_) return;
            if (*count < settings_.batch) break;
        }
        if (!port.failed) await_input(port);
    }

    /// One turn of the host: what is due, then what it has to send.
    void run() {
        if (stopped_) return;
        host_.poll(now());
        for (std::size_t i = 0; !stopped_ && i < ports_.size(); ++i) write(*ports_[i]);
        if (!stopped_) set_timer();
    }

    void write(Port& port) {
        while (!port.failed && !port.awaits_room) {
            if (port.left == port.leaving.size()) {
                port.leaving.clear();
                port.left = 0;
                host_.take_output(port.interface, port.leaving);
                if (port.leaving.empty()) return;
            }
            const auto count = port.link.write(std::span(port.leaving).subspan(port.left));
            if (!count) return fail(port, count.error());
            port.left += *count;
            if (port.left < port.leaving.size()) await_room(port);
        }
    }

    void await_room(Port& port) {
        port.awaits_room = true;
        port.descriptor.async_wait(asio::posix::descriptor_base::wait_write,
                                   [self = shared_from_this(), &port](std::error_code error) {
                                       if (error || self->stopped_) return;
                                       port.awaits_room = false;
                                       self->run();
                                   });
    }

    void set_timer() {
        const Instant deadline = host_.next_deadline();
        if (deadline <= now()) return wake();
        // A timer that comes too early finds nothing due and is set again: cheaper than to move it with every batch.
        if (deadline >= timer_set_for_) return;
        timer_set_for_ = deadline;
        timer_.expires_at(std::chrono::steady_clock::time_point(
            std::chrono::duration_cast<std::chrono::steady_clock::duration>(deadline.time_since_epoch())));
        timer_.async_wait([self = shared_from_this()](std::error_code error) {
            if (error || self->stopped_) return;
            self->timer_set_for_ = kNever;
            self->run();
        });
    }

    void fail(Port& port, std::error_code error) {
        port.failed = true;
        if (on_failure_) on_failure_(port.interface, error);
    }

    asio::io_context& context_;
    ip::Host& host_;
    HostLoopSettings settings_;
    asio::steady_timer timer_;
    Instant timer_set_for_ = kNever;
    std::vector<std::unique_ptr<Port>> ports_;
    std::function<void(ip::InterfaceId, std::error_code)> on_failure_;
    bool awake_ = false;
    bool stopped_ = false;
};

HostLoop::HostLoop(asio::io_context& context, ip::Host& host, const HostLoopSettings& settings)
    : implementation_(std::make_shared<Implementation>(context, host, settings)) {}
HostLoop::~HostLoop() { implementation_->stop(); }
void HostLoop::attach(ip::InterfaceId interface, link::Link& link) { implementation_->attach(interface, link); }
void HostLoop::on_failure(std::function<void(ip::InterfaceId, std::error_code)> handler) {
    implementation_->on_failure(std::move(handler));
}
void HostLoop::wake() { implementation_->wake(); }
void HostLoop::stop() { implementation_->stop(); }

}  // namespace hourglass::runtime
