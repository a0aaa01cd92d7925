#include "tcp/pacing.h"

#include "tcp/engine.h"

namespace hourglass::tcp {

Pace pace_of(const Engine& e, const Connection& c) {
    const double rate = c.congestion.pacing_rate(c.rto.srtt(), e.settings);
    if (rate <= 0) return {};
    return {rate, c.congestion.send_quantum(c.snd_mss, rate)};
}

bool pacing_allows(const Engine& e, const Connection& c, const Pace& pace) {
    return pace.rate <= 0 || c.outbox->congestion.pacer.may_send(e.now);
}

void after_emission(const Engine& e, Connection& c, const Pace& pace, std::uint32_t size) {
    if (pace.rate > 0) c.outbox->congestion.pacer.on_sent(e.now, size, pace.rate, pace.quantum);
}

}  // namespace hourglass::tcp
