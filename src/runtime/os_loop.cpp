#include "hourglass/runtime/os_loop.h"

#include <algorithm>
#include <array>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <cerrno>
#include <span>
#include <sys/epoll.h>
#include <system_error>
#include <utility>
#include <vector>

namespace hourglass::runtime {

namespace {

constexpr std::size_t kBatch = 256;  ///< Events taken at a time.
constexpr int kRounds = 16;          ///< Batches before the context's other business has its turn.

int make_epoll() {
    const int descriptor = ::epoll_create1(EPOLL_CLOEXEC);
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
    return descriptor;
}

}  // namespace

class OsLoop::Implementation : public std::enable_shared_from_this<Implementation> {
  public:
    explicit Implementation(asio::io_context& context) : context_(context), epoll_(context, make_epoll()) {}

    void await() {
        epoll_.async_wait(asio::posix::descriptor_base::wait_read, [self = shared_from_this()](std::error_code error) {
            if (error || self->stopped_) return;
            self->run();
            if (!self->stopped_) self->await();
        });
    }

    [[nodiscard]] bool watch(int descriptor, Watcher& watcher) {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
        event.data.ptr = &watcher;
        return ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, descriptor, &event) == 0;
    }

    void later(Watcher& watcher) {
        later_.push_back(&watcher);
        if (!running_) run_soon();
    }

    void forget(const Watcher& watcher) {
        for (epoll_event& event : batch_)
            if (event.data.ptr == &watcher) event.data.ptr = nullptr;
        std::ranges::replace(later_, &watcher, nullptr);
        std::ranges::replace(now_, &watcher, nullptr);
    }

    void stop() {
        stopped_ = true;
        batch_ = {};
        later_.clear();
        now_.clear();
        epoll_.close();
    }

    asio::io_context& context_;

  private:
    void run() {
        running_ = true;
        for (int round = 0; round < kRounds && !stopped_; ++round) {
            const int count = ::epoll_wait(epoll_.native_handle(), events_.data(), static_cast<int>(kBatch), 0);
            if (count <= 0 && later_.empty()) break;
            batch_ = std::span(events_).first(static_cast<std::size_t>(std::max(count, 0)));
            for (std::size_t i = 0; i < batch_.size(); ++i) tell(batch_[i]);
            batch_ = {};
            if (!stopped_) run_later();
        }
        running_ = false;
        if (!stopped_ && !later_.empty()) run_soon();
    }

    /// For what somebody asks for when no event has brought the loop here.
    void run_soon() {
        if (std::exchange(posted_, true)) return;
        asio::post(context_, [self = shared_from_this()] {
            self->posted_ = false;
            if (!self->stopped_) self->run();
        });
    }

    static void tell(const epoll_event& event) {
        if (event.data.ptr == nullptr) return;
        const auto has = [&](std::uint32_t events) { return (event.events & events) != 0; };
        static_cast<Watcher*>(event.data.ptr)
            ->on_ready({.readable = has(EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR),
                        .writable = has(EPOLLOUT | EPOLLHUP | EPOLLERR),
                        .ended = has(EPOLLRDHUP | EPOLLHUP),
                        .failed = has(EPOLLERR)});
    }

    /// What is asked for in these calls has its turn after what is ready by then.
    void run_later() {
        now_.swap(later_);
        for (std::size_t i = 0; i < now_.size(); ++i)
            if (Watcher* const watcher = std::exchange(now_[i], nullptr)) watcher->on_later();
        now_.clear();
    }

    asio::posix::stream_descriptor epoll_;
    std::array<epoll_event, kBatch> events_;
    std::span<epoll_event> batch_;  ///< What is left of the events under way.
    std::vector<Watcher*> later_;
    std::vector<Watcher*> now_;
    bool running_ = false;
    bool posted_ = false;
    bool stopped_ = false;
};

OsLoop::OsLoop(asio::io_context& context) : implementation_(std::make_shared<Implementation>(context)) {
    implementation_->await();
}
OsLoop::~OsLoop() { implementation_->stop(); }
asio::io_context& OsLoop::context() const { return implementation_->context_; }
bool OsLoop::watch(int descriptor, Watcher& watcher) { return implementation_->watch(descriptor, watcher); }
void OsLoop::later(Watcher& watcher) { implementation_->later(watcher); }
void OsLoop::forget(Watcher& watcher) { implementation_->forget(watcher); }

}  // namespace hourglass::runtime
