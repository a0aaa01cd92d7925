#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/buffer.h"
#include "sim/pipe.h"

namespace hourglass::sim {

/// An Ethernet switch that learns which port an address is behind (IEEE 802.1D-2004, section 7.8) and floods what it
/// does not know. It takes no time; queues are those of the links to its ports.
class Switch {
  public:
    Switch(std::string name, std::size_t max_addresses, BufferPool& pool)
        : name_(std::move(name)), max_addresses_(max_addresses), pool_(pool) {}

    [[nodiscard]] const std::string& name() const { return name_; }
    /// A new port: where the link's direction towards the switch is to end.
    [[nodiscard]] Receiver& add_port();
    /// Gives the last port the link's direction away from the switch.
    void connect_last_port(Pipe& out) { ports_.back()->out = &out; }

  private:
    struct Port : Receiver {
        Port(Switch& s, std::size_t i) : owner(s), index(i) {}
        void receive(Packet packet) override { owner.forward(index, std::move(packet)); }
        Switch& owner;
        std::size_t index;
        Pipe* out = nullptr;
    };

    void forward(std::size_t from, Packet packet);
    void learn(const MacAddress& source, std::size_t port);
    void flood(std::size_t from, const Packet& packet);

    std::string name_;
    std::size_t max_addresses_;
    BufferPool& pool_;
    std::vector<std::unique_ptr<Port>> ports_;
    std::map<MacAddress, std::size_t> addresses_;
};

}  // namespace hourglass::sim
