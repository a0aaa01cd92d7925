#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "hourglass/ip/host.h"
#include "hourglass/sim/world.h"
#include "sim/pipe.h"

namespace hourglass::sim {

/// A host with the pipes that its interfaces send into.
class Node {
  public:
    Node(std::string name, ip::HostSettings settings, Fabric& fabric)
        : name_(std::move(name)), fabric_(fabric), host_(std::move(settings), *fabric.pool) {}

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] ip::Host& host() { return host_; }

    /// A new interface: where the direction towards this host is to end.
    [[nodiscard]] Receiver& add_interface(ip::InterfaceSettings settings) {
        const ip::InterfaceId id = host_.add_interface(std::move(settings));
        ports_.push_back(std::make_unique<Port>(*this, id));
        return *ports_.back();
    }
    /// Gives the last interface the direction away from this host.
    void connect_last_interface(Pipe& out) { ports_.back()->out = &out; }

    /// When the host wants to be polled, not before now.
    [[nodiscard]] Instant next_time() {
        return has_received_ ? fabric_.now : std::max(fabric_.now, host_.next_deadline());
    }
    /// Polls the host and sends what it has to send.
    void run() {
        has_received_ = false;
        host_.poll(fabric_.now);
        send_output();
    }
    /// Sends a packet that the host knows nothing of.
    void send(ip::InterfaceId interface, Packet packet) {
        const auto& port = ports_.at(static_cast<std::size_t>(interface));
        if (port->out != nullptr) port->out->send(std::move(packet));
    }
    void set_guest(Guest guest) { guest_ = std::move(guest); }
    /// Sends what waits: calls from outside a poll (a datagram, a ping) may leave packets at the interfaces.
    void send_output() {
        for (const auto& port : ports_) {
            host_.take_output(port->id, batch_);
            for (Packet& packet : batch_)
                if (port->out != nullptr) port->out->send(std::move(packet));
            batch_.clear();
        }
    }

  private:
    struct Port : Receiver {
        Port(Node& n, ip::InterfaceId i) : node(n), id(i) {}
        void receive(Packet packet) override {
            if (node.guest_ && node.guest_(id, packet.bytes(), packet.id)) return;
            node.has_received_ = true;
            node.host_.receive(id, std::move(packet), node.fabric_.now);
        }
        Node& node;
        ip::InterfaceId id;
        Pipe* out = nullptr;
    };

    std::string name_;
    Fabric& fabric_;
    ip::Host host_;
    std::vector<std::unique_ptr<Port>> ports_;
    std::vector<Packet> batch_;
    Guest guest_;
    bool has_received_ = false;
};

}  // namespace hourglass::sim
