#include "hourglass/sim/link.h"

#include <numeric>
#include <utility>

#include "sim/pipe.h"

namespace hourglass::sim {

std::uint64_t LinkCounters::total_lost() const { return std::accumulate(lost.begin(), lost.end(), std::uint64_t{0}); }

Link::Link(std::uint32_t index, LinkSettings settings, std::unique_ptr<Pipe> a_to_b, std::unique_ptr<Pipe> b_to_a)
    : index_(index), settings_(std::move(settings)), pipes_{std::move(a_to_b), std::move(b_to_a)} {
    for (auto& pipe : pipes_) pipe->attach(*this);
}

Link::~Link() = default;

const std::string& Link::sender(Direction d) const { return pipe(d).ends().from; }

Impairments& Link::impairments(Direction d) { return pipe(d).impairments(); }

void Link::set_script(Direction d, Script script) { pipe(d).set_script(std::move(script)); }

void Link::set_up(bool up) {
    for (auto& pipe : pipes_) pipe->set_up(up);
}

const LinkCounters& Link::counters(Direction d) const { return pipe(d).counters(); }

}  // namespace hourglass::sim
