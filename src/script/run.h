#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hourglass/script/ast.h"
#include "hourglass/script/runner.h"
#include "script/code.h"
#include "script/commands.h"
#include "script/flow.h"
#include "script/packets.h"
#include "script/values.h"
#include "script/world.h"

namespace hourglass::script {

/// What a system call came to.
struct CallOutcome {
    std::int64_t value = 0;    ///< -1 with an error.
    std::string error{};       ///< "EAGAIN"
    std::string difference{};  ///< What it wrote elsewhere and the script expects otherwise.
    std::string actual{};      ///< What it wrote, as a script would say it; empty when that is not worth a word.
};

/// A call under way.
struct Running {
    std::function<std::optional<CallOutcome>(Instant now)> step;
    std::function<Instant()> deadline = [] { return kNever; };  ///< Known from the first step on.
};

/// A script being performed. run.cpp has events, time and the end, run_packet.cpp packets, run_call.cpp the frame of
/// system calls; the calls themselves are in calls_*.cpp.
class Run {
  public:
    Run(const Script& script, const RunOptions& options, Report& report);
    /// Performs the script; throws `Stop` at the event that ends it early.
    void perform();
    /// Adds the packets that nobody has looked at to the report: they may be what went wrong.
    void note_unseen();
    /// The event that is performed; the end of the script is the last one.
    [[nodiscard]] Position position() const { return position_; }
    [[nodiscard]] Duration elapsed() const { return world_ ? world_->elapsed() : Duration{}; }

  private:
    /// When an event is to happen, counted from the beginning.
    struct Window {
        EventTime::Kind kind{};
        Duration offset{};  ///< That relative times were counted from.
        Duration from{};
        Duration until{};
        Duration tolerance{};
    };
    /// A call that blocks, while the script goes on.
    struct Blocked {
        const Event* event = nullptr;
        const CallSpec* call = nullptr;
        Running running;
        Window end;
        std::size_t row = 0;
    };
    using Handler = Running (Run::*)(const CallSpec& call);

    // run.cpp
    void configure();
    void perform(const UntimedCommand& command);
    void perform(const Event& event);
    void run_command(std::string_view text, bool before_start);
    void set_sysctl(const Assignment& assignment, bool before_start);
    void run_code(const CodeSpec& code, const Window& window);
    std::optional<std::int64_t> code_name(std::string_view name);
    [[nodiscard]] World& world();
    [[nodiscard]] Window window_of(const EventTime& time) const;
    [[nodiscard]] std::string late(const Window& window, Instant actual, std::string_view what) const;
    void wait_for(const Window& window, std::string_view what);
    /// Lets time pass up to `until`, or until `done`; true when `done` says so.
    bool pass_time(Instant until, const std::function<bool()>& done);
    void settle();
    void finish();
    std::size_t note(Row::Kind kind, std::string text);

    // run_packet.cpp
    void run_packet(const PacketSpec& packet, const Window& window);
    void arrive(const PacketSpec& packet, const Window& window);
    void expect(const PacketSpec& packet, const Window& window);
    [[nodiscard]] Flow& flow_of(const PacketSpec& packet);
    [[nodiscard]] Flow& child_of_listener(const PacketSpec& packet);
    [[nodiscard]] Flow* flow_with_ports(const Ports& ports, bool inbound);
    void learn_from_arrival(Flow& flow, const PacketSpec& packet);
    void learn_from_sending(Flow& flow, const PacketSpec& packet, const LivePacket& live);
    [[nodiscard]] bool belongs(const LivePacket& live, const Flow& flow, const PacketSpec& packet) const;
    std::optional<LivePacket> take_packet(Flow& flow, const PacketSpec& packet, Instant until);
    void compare(const PacketSpec& expected, Flow& flow, const std::vector<LivePacket>& pieces, const Window& window);
    [[nodiscard]] PacketSpec joined(const PacketSpec& expected, Flow& flow, const std::vector<LivePacket>& pieces);

    // run_call.cpp
    void run_call(const Event& event, const CallSpec& call, const Window& window);
    void await_blocked();
    void step_blocked();
    void check(const CallSpec& call, const CallOutcome& outcome, std::size_t row);
    [[nodiscard]] Handler handler_of(const CallSpec& call) const;
    [[nodiscard]] int result_descriptor(const CallSpec& call) const;
    [[nodiscard]] Flow* flow_of_descriptor(int descriptor);
    [[nodiscard]] Flow& add_flow(Flow flow);

    // calls_socket.cpp
    Running call_socket(const CallSpec& call);
    Running call_bind(const CallSpec& call);
    Running call_listen(const CallSpec& call);
    Running call_accept(const CallSpec& call);
    Running call_connect(const CallSpec& call);
    Running call_shutdown(const CallSpec& call);
    Running call_close(const CallSpec& call);
    Running call_name(const CallSpec& call);
    Running call_fcntl(const CallSpec& call);
    Running call_ioctl(const CallSpec& call);
    Running call_open(const CallSpec& call);
    Running call_pipe(const CallSpec& call);
    SocketAddress peer_of(const CallSpec& call, std::size_t argument, bool& disconnects);

    // calls_data.cpp
    Running call_read(const CallSpec& call);
    Running call_recv(const CallSpec& call);
    Running call_readv(const CallSpec& call);
    Running call_recvmsg(const CallSpec& call);
    Running call_write(const CallSpec& call);
    Running call_send(const CallSpec& call);
    Running call_sendto(const CallSpec& call);
    Running call_writev(const CallSpec& call);
    Running call_sendmsg(const CallSpec& call);
    Running call_sendfile(const CallSpec& call);
    Running call_splice(const CallSpec& call);
    Running receive(int descriptor, std::vector<std::size_t> sizes, int flags, const Structure* expected);
    Running transmit(int descriptor, std::vector<std::size_t> sizes, int flags, std::optional<SocketAddress> to,
                     const std::string* text);
    std::string compare_received(int descriptor, const std::vector<std::byte>& bytes, std::size_t size, int flags);
    [[nodiscard]] std::size_t size_argument(const Expression& e) const;
    [[nodiscard]] std::vector<std::size_t> vector_sizes(const Expression& e) const;

    // calls_option.cpp
    Running call_getsockopt(const CallSpec& call);
    Running call_setsockopt(const CallSpec& call);
    Running compare_tcp_info(int descriptor, const Structure& expected);
    Running call_poll(const CallSpec& call);
    Running call_epoll_create(const CallSpec& call);
    Running call_epoll_ctl(const CallSpec& call);
    Running call_epoll_wait(const CallSpec& call);

    const Script& script_;
    const RunOptions& options_;
    Report& report_;
    Config config_;
    ip::HostSettings settings_;
    std::unique_ptr<World> world_;
    CodeRunner code_;
    Position position_;
    std::optional<Duration> last_event_;
    std::vector<std::unique_ptr<Flow>> flows_;
    Flow* current_ = nullptr;  // that packets without ports are about
    std::optional<Blocked> blocked_;
    std::vector<int> files_;  // descriptors of open()
    std::uint16_t next_port_ = 0;
    std::uint32_t polls_ = 0;
};

}  // namespace hourglass::script
