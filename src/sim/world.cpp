#include "hourglass/sim/world.h"

#include <fmt/format.h>
#include <span>
#include <stdexcept>
#include <utility>

#include "hourglass/base/siphash.h"
#include "sim/node.h"
#include "sim/switch.h"

namespace hourglass::sim {

namespace {

// What the keyed hash of a seed is used for; each purpose has numbers of its own.
enum class Purpose : std::uint64_t { host_secret = 1, link = 2, named = 3 };

std::uint64_t derive(std::uint64_t seed, Purpose purpose, std::span<const std::byte> what) {
    return siphash({seed, static_cast<std::uint64_t>(purpose)}, what);
}

std::uint64_t derive(std::uint64_t seed, Purpose purpose, std::uint64_t what) {
    return derive(seed, purpose, std::as_bytes(std::span(&what, 1)));
}

std::vector<Prefix> parse_prefixes(std::initializer_list<std::string_view> texts) {
    std::vector<Prefix> prefixes;
    for (const std::string_view text : texts) {
        const auto prefix = Prefix::parse(text);
        if (!prefix) throw std::invalid_argument(fmt::format("{}: {}", text, prefix.error()));
        prefixes.push_back(*prefix);
    }
    return prefixes;
}

template <typename Owner>
auto* find_by_name(const std::vector<std::unique_ptr<Owner>>& all, std::string_view name) {
    for (const auto& one : all)
        if (one->name() == name) return one.get();
    return static_cast<Owner*>(nullptr);
}

}  // namespace

End::End(std::string name, std::initializer_list<std::string_view> prefixes)
    : host(std::move(name)), addresses(parse_prefixes(prefixes)) {}

class World::Implementation {
  public:
    Implementation(std::uint64_t seed, const WorldSettings& settings) : seed_(seed), settings_(settings) {
        fabric_.pool = &pool_;
    }

    ip::Host& add_host(std::string name, ip::HostSettings settings);
    Link& connect(const End& a, const End& b, LinkSettings settings);
    void add_switch(std::string name, const std::vector<End>& ends, const LinkSettings& settings);
    void add_route(std::string_view host, std::string_view destination, std::string_view gateway);

    Node& node(std::string_view name) const {
        if (Node* found = find_by_name(nodes_, name)) return *found;
        throw std::invalid_argument(fmt::format("no host is called {}", name));
    }
    Link& link(std::string_view name) const {
        if (Link* found = find_by_name(links_, name)) return *found;
        throw std::invalid_argument(fmt::format("no link is called {}", name));
    }

    /// Does the next thing if it is due by `limit`.
    bool step(Instant limit);
    [[nodiscard]] Instant next_time() { return next().time; }
    void advance_to(Instant time) { fabric_.now = std::max(fabric_.now, time); }
    /// Somebody outside of the hosts is about to act, maybe on them: what is called there is observed at this time.
    void tell_time() {
        for (const auto& node : nodes_) node->host().advance(fabric_.now);
    }

    std::uint64_t seed_;
    WorldSettings settings_;
    BufferPool pool_;
    Fabric fabric_;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::vector<std::unique_ptr<Switch>> switches_;
    std::vector<std::unique_ptr<Link>> links_;
    std::function<void()> step_hook_;

  private:
    struct Next {
        Instant time = kNever;
        Node* node = nullptr;  // null: the queue's first event
    };

    Next next();
    void run_event();
    void count_step(const Next& next);
    Receiver& add_interface(const End& end, const LinkSettings& settings);
    MacAddress next_mac();
    struct Made {
        Link& link;
        Pipe& a_to_b;
        Pipe& b_to_a;
    };
    Made add_link(LinkSettings settings, PipeEnds to_b, PipeEnds to_a);
    void require_new_name(std::string_view name) const;

    std::uint64_t steps_at_this_instant_ = 0;
    std::uint32_t interfaces_ = 0;
};

void World::Implementation::require_new_name(std::string_view name) const {
    if (find_by_name(nodes_, name) != nullptr || find_by_name(switches_, name) != nullptr)
        throw std::invalid_argument(fmt::format("there is a host or switch called {} already", name));
}

ip::Host& World::Implementation::add_host(std::string name, ip::HostSettings settings) {
    require_new_name(name);
    if (settings.secret == SipKey{}) {
        const std::uint64_t number = nodes_.size();
        settings.secret = {derive(seed_, Purpose::host_secret, 2 * number),
                           derive(seed_, Purpose::host_secret, 2 * number + 1)};
    }
    nodes_.push_back(std::make_unique<Node>(std::move(name), std::move(settings), fabric_));
    nodes_.back()->host().tcp().number_packets_from(tcp::kFirstPacketId * nodes_.size());
    return nodes_.back()->host();
}

// Locally administered (IEEE 802-2014, 8.4), numbered in the order of the interfaces.
MacAddress World::Implementation::next_mac() {
    const std::uint32_t n = ++interfaces_;
    return {{2, 0, static_cast<std::uint8_t>(n >> 24), static_cast<std::uint8_t>(n >> 16),
             static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)}};
}

Receiver& World::Implementation::add_interface(const End& end, const LinkSettings& settings) {
    Node& to = node(end.host);
    return to.add_interface({.name = fmt::format("hg{}", to.host().interface_count()),
                             .medium = settings.medium,
                             .mac = next_mac(),
                             .mtu = settings.interface_mtu.value_or(settings.mtu),
                             .addresses = end.addresses});
}

World::Implementation::Made World::Implementation::add_link(LinkSettings settings, PipeEnds to_b, PipeEnds to_a) {
    if (settings.name.empty()) settings.name = fmt::format("{}-{}", to_b.from, to_b.to);
    if (find_by_name(links_, settings.name) != nullptr)
        throw std::invalid_argument(fmt::format("there is a link called {} already", settings.name));
    const std::uint64_t index = links_.size();
    auto a_to_b = std::make_unique<Pipe>(fabric_, Direction::a_to_b, std::move(to_b), settings.a_to_b,
                                         Random(derive(seed_, Purpose::link, 2 * index)));
    auto b_to_a = std::make_unique<Pipe>(fabric_, Direction::b_to_a, std::move(to_a), settings.b_to_a,
                                         Random(derive(seed_, Purpose::link, 2 * index + 1)));
    Pipe& to_b_pipe = *a_to_b;
    Pipe& to_a_pipe = *b_to_a;
    links_.push_back(std::make_unique<Link>(static_cast<std::uint32_t>(index), std::move(settings), std::move(a_to_b),
                                            std::move(b_to_a)));
    return {*links_.back(), to_b_pipe, to_a_pipe};
}

Link& World::Implementation::connect(const End& a, const End& b, LinkSettings settings) {
    Receiver& at_a = add_interface(a, settings);
    Receiver& at_b = add_interface(b, settings);
    PipeEnds to_b{.from = a.host, .to = b.host, .to_host = true, .receiver = &at_b};
    PipeEnds to_a{.from = b.host, .to = a.host, .to_host = true, .receiver = &at_a};
    const Made made = add_link(std::move(settings), std::move(to_b), std::move(to_a));
    node(a.host).connect_last_interface(made.a_to_b);
    node(b.host).connect_last_interface(made.b_to_a);
    return made.link;
}

void World::Implementation::add_switch(std::string name, const std::vector<End>& ends, const LinkSettings& settings) {
    require_new_name(name);
    switches_.push_back(std::make_unique<Switch>(std::move(name), settings_.max_switch_addresses, pool_));
    Switch& made = *switches_.back();
    for (const End& end : ends) {
        LinkSettings own = settings;
        own.name = fmt::format("{}-{}", end.host, made.name());
        own.medium = ip::Medium::ethernet;
        Receiver& at_host = add_interface(end, own);
        PipeEnds up{.from = end.host, .to = made.name(), .to_host = false, .receiver = &made.add_port()};
        PipeEnds down{.from = made.name(), .to = end.host, .to_host = true, .receiver = &at_host};
        const Made cable = add_link(std::move(own), std::move(up), std::move(down));
        node(end.host).connect_last_interface(cable.a_to_b);
        made.connect_last_port(cable.b_to_a);
    }
}

void World::Implementation::add_route(std::string_view host, std::string_view destination, std::string_view gateway) {
    const Prefix prefix = parse_prefixes({destination}).front();
    const auto address = IpAddress::parse(gateway);
    if (!address) throw std::invalid_argument(fmt::format("{} is no address", gateway));
    ip::Host& to = node(host).host();
    for (std::size_t i = 0; i < to.interface_count(); ++i) {
        const auto id = static_cast<ip::InterfaceId>(i);
        for (const Prefix& own : to.interface(id).addresses)
            if (own.contains(*address)) return to.add_route({prefix, *address, id});
    }
    throw std::invalid_argument(fmt::format("{} has no interface towards {}", host, gateway));
}

World::Implementation::Next World::Implementation::next() {
    if (fabric_.queue.next_time() <= fabric_.now) return {fabric_.now, nullptr};
    for (const auto& sender : nodes_) sender->send_output();
    Next first{std::max(fabric_.queue.next_time(), fabric_.now), nullptr};
    if (first.time == fabric_.now) return first;
    for (const auto& candidate : nodes_) {
        const Instant time = candidate->next_time();
        if (time < first.time) first = {time, candidate.get()};
    }
    return first;
}

bool World::Implementation::step(Instant limit) {
    const Next due = next();
    if (due.time == kNever || due.time > limit) return false;
    count_step(due);
    fabric_.now = due.time;
    if (due.node != nullptr)
        due.node->run();
    else
        run_event();
    if (step_hook_) step_hook_();
    return true;
}

void World::Implementation::count_step(const Next& next) {
    if (next.time > fabric_.now) steps_at_this_instant_ = 0;
    if (++steps_at_this_instant_ <= settings_.max_steps_per_instant) return;
    throw std::runtime_error(fmt::format("time stands still at {} ns: {} keeps having something to do",
                                         fabric_.now.time_since_epoch().count(),
                                         next.node != nullptr ? next.node->name() : "the network"));
}

void World::Implementation::run_event() {
    Event event = fabric_.queue.take();
    if (auto* arrival = std::get_if<Arrival>(&event)) {
        arrival->pipe->arrive(std::move(arrival->packet));
        return;
    }
    tell_time();
    std::get<Action>(event)();
}

World::World(std::uint64_t seed, const WorldSettings& settings)
    : implementation_(std::make_unique<Implementation>(seed, settings)) {}
World::~World() = default;

ip::Host& World::add_host(std::string name, ip::HostSettings settings) {
    return implementation_->add_host(std::move(name), std::move(settings));
}
Link& World::connect(const End& a, const End& b, const LinkSettings& settings) {
    return implementation_->connect(a, b, settings);
}
void World::add_switch(std::string name, const std::vector<End>& ends, const LinkSettings& settings) {
    implementation_->add_switch(std::move(name), ends, settings);
}
void World::add_route(std::string_view host, std::string_view destination, std::string_view gateway) {
    implementation_->add_route(host, destination, gateway);
}

void World::send(std::string_view host, ip::InterfaceId interface, std::span<const std::byte> bytes, std::uint64_t id) {
    Packet packet = pool().packet(bytes);
    packet.id = id;
    implementation_->node(host).send(interface, std::move(packet));
}
void World::set_guest(std::string_view host, Guest guest) { implementation_->node(host).set_guest(std::move(guest)); }

ip::Host& World::host(std::string_view name) { return implementation_->node(name).host(); }
Link& World::link(std::string_view name) { return implementation_->link(name); }

std::vector<std::string> World::host_names() const {
    std::vector<std::string> names;
    for (const auto& node : implementation_->nodes_) names.push_back(node->name());
    return names;
}

std::vector<const Link*> World::links() const {
    std::vector<const Link*> all;
    for (const auto& link : implementation_->links_) all.push_back(link.get());
    return all;
}

Instant World::now() const { return implementation_->fabric_.now; }

void World::at(Instant time, std::function<void()> action) {
    implementation_->fabric_.queue.add(std::max(time, now()), std::move(action));
}
void World::after(Duration delay, std::function<void()> action) { at(now() + delay, std::move(action)); }

Instant World::next_time() { return implementation_->next_time(); }

bool World::step() { return implementation_->step(kNever); }

void World::run_until(Instant time) {
    while (implementation_->step(time)) {
    }
    implementation_->advance_to(time);
    implementation_->tell_time();
}

void World::run_for(Duration duration) { run_until(now() + duration); }

bool World::run_until_idle(Duration limit) {
    const Instant end = now() + limit;
    while (implementation_->step(end)) {
    }
    implementation_->tell_time();
    return next_time() == kNever;
}

bool World::run_until(const std::function<bool()>& done, Duration limit) {
    const Instant end = now() + limit;
    bool is_done = done();
    while (!is_done && implementation_->step(end)) is_done = done();
    implementation_->tell_time();
    return is_done;
}

void World::set_observer(NetworkObserver* observer) { implementation_->fabric_.observer = observer; }
NetworkObserver* World::observer() const { return implementation_->fabric_.observer; }
void World::set_step_hook(std::function<void()> hook) { implementation_->step_hook_ = std::move(hook); }

std::uint64_t World::seed() const { return implementation_->seed_; }

Random World::random(std::string_view purpose) const {
    return Random(derive(seed(), Purpose::named, std::as_bytes(std::span(purpose))));
}

BufferPool& World::pool() { return implementation_->pool_; }

}  // namespace hourglass::sim
