#include "hourglass/trace/world_watch.h"

#include <string>

namespace hourglass::trace {

void WorldWatch::attach(sim::World& world, Recorder& recorder, EventLog& log) {
    recorder.attach(world);
    log.attach(world);
    // The recorder labels the packets that have no label; the log knows those of TCP by theirs.
    network_.add(recorder);
    network_.add(log);
    messages_.emplace(
        [&log](Instant time, std::string_view host, std::string_view text) { log.note(time, host, text); });
    network_.add(*messages_);
    world.set_observer(&network_);
    for (const std::string& name : world.host_names()) {
        tcp::Observers& both = hosts_.emplace_back();
        both.add(recorder.observer(name));
        both.add(log.observer(name));
        world.host(name).tcp().set_observer(&both);
    }
}

}  // namespace hourglass::trace
