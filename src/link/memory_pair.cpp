#include "hourglass/link/memory_pair.h"

#include <algorithm>
#include <utility>

namespace hourglass::link {

namespace {

/// A queue of packets in a ring that never grows.
class Ring {
  public:
    explicit Ring(std::size_t capacity) : slots_(std::max<std::size_t>(capacity, 1)) {}

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t room() const { return slots_.size() - size_; }
    void push(Packet packet) {
        std::size_t at = first_ + size_;
        if (at >= slots_.size()) at -= slots_.size();
        slots_[at] = std::move(packet);
        ++size_;
    }
    [[nodiscard]] Packet pop() {
        Packet packet = std::move(slots_[first_]);
        if (++first_ == slots_.size()) first_ = 0;
        --size_;
        return packet;
    }

  private:
    std::vector<Packet> slots_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

}  // namespace

class MemoryPair::End : public Link {
  public:
    End(Properties properties, std::size_t capacity) : properties_(std::move(properties)), arrived_(capacity) {}
    void join(End& peer) { peer_ = &peer; }

    std::expected<std::size_t, std::error_code> read(std::vector<Packet>& batch, std::size_t max) override {
        const std::size_t n = std::min(max, arrived_.size());
        for (std::size_t i = 0; i < n; ++i) batch.push_back(arrived_.pop());
        return n;
    }
    std::expected<std::size_t, std::error_code> write(std::span<Packet> batch) override {
        const std::size_t n = std::min(batch.size(), peer_->arrived_.room());
        for (Packet& packet : batch.first(n)) peer_->arrived_.push(std::move(packet));
        return n;
    }
    [[nodiscard]] const Properties& properties() const override { return properties_; }

  private:
    Properties properties_;
    Ring arrived_;
    End* peer_ = nullptr;
};

MemoryPair::MemoryPair(const MemoryPairSettings& settings) {
    Properties properties = settings.properties;
    properties.name = "a";
    a_ = std::make_unique<End>(properties, settings.queue_packets);
    properties.name = "b";
    b_ = std::make_unique<End>(properties, settings.queue_packets);
    a_->join(*b_);
    b_->join(*a_);
}

MemoryPair::~MemoryPair() = default;

Link& MemoryPair::a() { return *a_; }
Link& MemoryPair::b() { return *b_; }

}  // namespace hourglass::link
