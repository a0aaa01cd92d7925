#include "sim/switch.h"

#include <utility>

#include "hourglass/wire/ethernet.h"

namespace hourglass::sim {

Receiver& Switch::add_port() {
    ports_.push_back(std::make_unique<Port>(*this, ports_.size()));
    return *ports_.back();
}

void Switch::forward(std::size_t from, Packet packet) {
    const auto frame = wire::EthernetView::parse(packet.bytes());
    if (!frame) return;
    learn(frame->source(), from);
    const auto known = addresses_.find(frame->destination());
    if (frame->destination().is_group() || known == addresses_.end()) return flood(from, packet);
    if (known->second != from) ports_[known->second]->out->send(std::move(packet));
}

void Switch::learn(const MacAddress& source, std::size_t port) {
    if (source.is_group()) return;
    const auto known = addresses_.find(source);
    if (known != addresses_.end())
        known->second = port;
    else if (addresses_.size() < max_addresses_)
        addresses_.emplace(source, port);
}

void Switch::flood(std::size_t from, const Packet& packet) {
    for (const auto& port : ports_)
        if (port->index != from) port->out->send(copy_of(packet, pool_));
}

}  // namespace hourglass::sim
