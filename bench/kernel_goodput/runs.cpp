#include "runs.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "hourglass/runtime/clock.h"
#include "our_flow.h"
#include "task.h"

namespace hourglass::bench {

namespace {

using namespace std::chrono_literals;

constexpr Duration kGrace = 15s;  // for handshake and end

/// Carries packets until the task has something to report.
nlohmann::json await_report(EmulatedLink& link, Task& task, Duration limit) {
    if (!link.run_until_readable(task.descriptor(), runtime::now() + limit))
        throw std::runtime_error("a flow did not end");
    return task.report();
}

double share_of(const nlohmann::json& received, const BulkPath& path, Duration duration) {
    return received.at("octets").get<double>() * 8 / static_cast<double>(path.rate) / to_seconds(duration);
}

}  // namespace

std::string name_of(tcp::Congestion congestion) {
    switch (congestion) {
        case tcp::Congestion::new_reno:
            return "reno";
        case tcp::Congestion::cubic:
            return "cubic";
        case tcp::Congestion::bbr:
            return "bbr";
    }
    return "?";
}

FlowResult run_flow(Ground& ground, const Flow& flow) {
    EmulatedLink link(link_of(flow.path), flow.seed, ground.sender_end(), ground.receiver_end());
    link.link().set_script(sim::Direction::a_to_b, late_packets(flow.path, Random(flow.seed)));
    Task receiver([&] { return receive_stream(ground.listener(), flow.duration); });
    Task sender([&] {
        return flow.sender == Sender::ours ? send_by_ours(flow.congestion, flow.capture)
                                           : send_by_kernel(name_of(flow.congestion));
    });
    const nlohmann::json received = await_report(link, receiver, flow.duration + kGrace);
    const nlohmann::json sent = await_report(link, sender, kGrace);
    const sim::LinkCounters& counters = link.link().counters(sim::Direction::a_to_b);
    return {.goodput = share_of(received, flow.path, flow.duration),
            .rtt = sent.at("rtt").get<double>(),
            .retransmitted = sent.at("retransmitted").get<std::uint64_t>(),
            .lost_in_queue = counters.lost_for(sim::LossReason::queue),
            .lost_by_chance = counters.lost_for(sim::LossReason::random),
            .lateness = link.lateness()};
}

Ceiling measure_ceiling(Ground& ground, const BulkPath& path, Duration duration) {
    EmulatedLink link(link_of(path), 1, ground.sender_end(), ground.receiver_end());
    Task receiver([&] { return receive_datagrams(ground.datagram_socket(), duration); });
    Task sender([&] { return send_datagrams(1.1 * static_cast<double>(path.rate), duration + 1s); });
    const nlohmann::json received = await_report(link, receiver, duration + kGrace);
    return {.share = share_of(received, path, duration), .lateness = link.lateness()};
}

}  // namespace hourglass::bench
