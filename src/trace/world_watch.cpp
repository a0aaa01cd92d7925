#include "hourglass/trace/world_watch.h"

#include <string>

namespace hourglass::trace {

void WorldWatch::attach(sim::World& world, Recorder& recorder, EventLog* log, FlightRecorder* flight) {
    recorder_ = &recorder;
    log_ = log;
    flight_ = flight;
    recorder.attach(world);
    if (log == nullptr && flight == nullptr) return;
    // The recorder labels the packets that have no label; the log knows those of TCP by theirs.
    network_.add(recorder);
    if (log != nullptr) {
        network_.add(*log);
        for (const std::string& name : world.host_names()) {
            tcp::Observers& both = hosts_.emplace_back();
            both.add(recorder.observer(name));
            both.add(log->observer(name));
            world.host(name).tcp().set_observer(&both);
        }
    }
    messages_.emplace(
        [this](Instant time, std::string_view host, std::string_view text) { note_message(time, host, text); });
    network_.add(*messages_);
    world.set_observer(&network_);
    if (flight != nullptr) flight->record(world);
}

void WorldWatch::note(Instant time, std::string_view host, std::string_view text) {
    if (recorder_ != nullptr) recorder_->note(time, host, text);
    note_message(time, host, text);
}

void WorldWatch::note_message(Instant time, std::string_view host, std::string_view text) {
    if (log_ != nullptr) log_->note(time, host, text);
    if (flight_ != nullptr) flight_->note(time, host, text);
}

}  // namespace hourglass::trace
