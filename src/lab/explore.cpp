#include "hourglass/lab/explore.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <fmt/format.h>
#include <mutex>
#include <thread>

#include "hourglass/ip/host.h"
#include "hourglass/sim/world.h"

namespace hourglass::lab {

namespace {

constexpr std::string_view kLetters = "plds";
constexpr unsigned kMostPackets = 12;
constexpr std::size_t kExamples = 10;
constexpr std::uint64_t kRunsPerReport = 1024;
constexpr Port kPort{80};

/// What either side sends, again and again.
const auto kPattern = [] {
    std::array<std::byte, 1 << 16> octets{};
    for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = static_cast<std::byte>(i * 31 + i / 251);
    return octets;
}();

/// Octet `i` of it.
std::byte pattern(std::size_t i) { return kPattern[i % kPattern.size()]; }

/// Either application: sends `to_send` octets, expects as many as it was told to, then closes; the server closes when
/// the client has.
class Side : public tcp::ConnectionHandler {
  public:
    Side(std::size_t to_send, std::size_t expected, bool asks) : left_(to_send), expected_(expected), asks_(asks) {
        bytes_.reserve(to_send);
        for (std::size_t i = 0; i < to_send; i += kPattern.size())
            bytes_.insert(bytes_.end(), kPattern.begin(),
                          kPattern.begin() + static_cast<std::ptrdiff_t>(std::min(to_send - i, kPattern.size())));
    }

    void on_established(tcp::Stream s) override {
        if (asks_) write(s);
    }
    void on_writable(tcp::Stream s) override { write(s); }
    void on_readable(tcp::Stream s) override {
        std::byte buffer[2048];
        while (const std::size_t n = s.receive(buffer))
            for (std::size_t i = 0; i < n; ++i) intact_ = buffer[i] == pattern(received_++) && intact_;
        if (received_ < expected_) {
            if (s.at_end()) s.close();  // the other side has given up
            return;
        }
        if (!asks_) write(s);
        if (asks_ || s.at_end()) s.close();
    }
    void on_closed(tcp::Stream, tcp::Error error) override {
        ++ends_;
        error_ = error;
    }

    [[nodiscard]] bool has_everything() const { return intact_ && received_ == expected_; }
    [[nodiscard]] bool is_sound() const { return intact_ && received_ <= expected_; }
    [[nodiscard]] int ends() const { return ends_; }
    [[nodiscard]] tcp::Error error() const { return error_; }
    [[nodiscard]] std::string told() const { return ends_ == 0 ? "" : std::string(tcp::to_string(error_)); }

  private:
    void write(tcp::Stream s) {
        const auto all = std::span<const std::byte>(bytes_);
        left_ -= s.send(all.last(left_));
    }

    std::vector<std::byte> bytes_;
    std::size_t left_, expected_, received_ = 0;
    bool asks_, intact_ = true;
    int ends_ = 0;
    tcp::Error error_ = tcp::Error::none;
};

class Accepting : public tcp::AcceptHandler {
  public:
    explicit Accepting(Side& side) : side_(side) {}
    void on_acceptable(tcp::Listener listener) override {
        // A SYN that arrives late again makes a connection that nobody uses: it ends by the client's RST.
        while (auto stream = listener.accept(accepted++ == 0 ? &side_ : nullptr))
            if (accepted > 1) stream->abort();
    }

    int accepted = 0;

  private:
    Side& side_;
};

/// The link's script for both directions: the packets are counted together.
class FateScript {
  public:
    FateScript(const Fates& fates, Duration slow_by) : fates_(fates), slow_by_(slow_by) {}
    sim::Verdict operator()() {
        const Fate fate = sent < fates_.size() ? fates_[sent] : Fate::pass;
        if (sent < fates_.size()) ++sent;
        return {.lose = fate == Fate::lose,
                .duplicate = fate == Fate::duplicate,
                .delay = fate == Fate::delay ? slow_by_ : Duration{}};
    }

    unsigned sent = 0;

  private:
    const Fates& fates_;
    Duration slow_by_;
};

std::string judge(const Side& client, const Side& server, bool accepted, sim::World& world) {
    for (const auto* name : {"client", "server"}) {
        const tcp::Stack& stack = world.host(name).tcp();
        if (stack.size() != 0) return fmt::format("the {} still holds {} connections", name, stack.size());
        if (auto broken = stack.check_invariants(); !broken.empty()) return broken;
    }
    if (world.pool().in_use() != 0) return fmt::format("{} buffers are still held", world.pool().in_use());
    if (client.ends() != 1) return fmt::format("the client was told of the end {} times", client.ends());
    if (accepted && server.ends() != 1) return fmt::format("the server was told of the end {} times", server.ends());
    if (!client.is_sound() || !server.is_sound()) return "what arrived is not what was sent";
    if (client.error() == tcp::Error::none && !client.has_everything())
        return "the client lacks octets and was told of no error";
    if (accepted && server.error() == tcp::Error::none && !server.has_everything())
        return "the server lacks octets and was told of no error";
    return {};
}

/// The combinations as numbers to the base of four, the first packet's fate in front; shared among threads by the
/// first two.
class Explorer {
  public:
    explicit Explorer(const ExploreSettings& settings) : settings_(settings) {
        settings_.packets = std::min(settings_.packets, kMostPackets);
        subtree_depth_ = std::min(settings_.packets, 2u);
    }

    Exploration run() {
        std::vector<std::jthread> threads;
        for (unsigned i = 0; i < std::max(settings_.jobs, 1u); ++i) threads.emplace_back([this] { work(); });
        threads.clear();
        result_.combinations = std::uint64_t{1} << (2 * settings_.packets);
        std::ranges::sort(result_.examples);
        if (result_.examples.size() > kExamples) result_.examples.resize(kExamples);
        return result_;
    }

  private:
    void work() {
        const unsigned subtrees = 1u << (2 * subtree_depth_);
        for (unsigned tree = next_subtree_++; tree < subtrees; tree = next_subtree_++) explore_subtree(tree);
    }

    void explore_subtree(unsigned tree) {
        Fates fates(settings_.packets, Fate::pass);
        for (unsigned i = 0; i < subtree_depth_; ++i)
            fates[i] = static_cast<Fate>(tree >> (2 * (subtree_depth_ - 1 - i)) & 3);
        Exploration found;
        do {
            const ExploreRun run = explore_one(fates, settings_);
            count(found, run, fates);
            // The fates of packets that were never sent change nothing.
            std::fill(fates.begin() + std::min<std::ptrdiff_t>(run.sent, std::ssize(fates)), fates.end(), Fate::delay);
        } while (next(fates));
        const std::lock_guard lock(mutex_);
        result_.runs += found.runs;
        result_.delivered += found.delivered;
        result_.told += found.told;
        result_.violations += found.violations;
        result_.examples.insert(result_.examples.end(), found.examples.begin(), found.examples.end());
    }

    /// The next number of the subtree; false when it was the last.
    [[nodiscard]] bool next(Fates& fates) const {
        for (std::size_t i = fates.size(); i-- > subtree_depth_;) {
            if (fates[i] != Fate::delay) {
                fates[i] = static_cast<Fate>(static_cast<unsigned>(fates[i]) + 1);
                return true;
            }
            fates[i] = Fate::pass;
        }
        return false;
    }

    void count(Exploration& found, const ExploreRun& run, const Fates& fates) {
        ++found.runs;
        if (!run.violation.empty()) {
            ++found.violations;
            if (found.examples.size() < kExamples)
                found.examples.emplace_back(fates.begin(), fates.begin() + static_cast<std::ptrdiff_t>(run.sent));
        } else {
            ++(run.delivered ? found.delivered : found.told);
        }
        const std::uint64_t total = ++runs_;
        if (settings_.progress && total % kRunsPerReport == 0) settings_.progress(total);
    }

    ExploreSettings settings_;
    unsigned subtree_depth_ = 0;
    std::atomic<unsigned> next_subtree_ = 0;
    std::atomic<std::uint64_t> runs_ = 0;
    std::mutex mutex_;
    Exploration result_;
};

}  // namespace

std::string to_string(const Fates& fates) {
    std::string text;
    for (const Fate fate : fates) text += kLetters[static_cast<std::size_t>(fate)];
    return text;
}

std::expected<Fates, std::size_t> parse_fates(std::string_view text) {
    Fates fates;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::size_t letter = kLetters.find(text[i]);
        if (letter == std::string_view::npos || i >= kMostPackets) return std::unexpected(i);
        fates.push_back(static_cast<Fate>(letter));
    }
    return fates;
}

ExploreRun explore_one(const Fates& fates, const ExploreSettings& settings, trace::Recorder* recorder) {
    sim::World world(1);
    ip::HostSettings host;
    host.tcp = settings.tcp;
    host.secret = {1, 2};
    ip::Host& client_host = world.add_host("client", host);
    host.secret = {3, 4};
    ip::Host& server_host = world.add_host("server", host);
    sim::Link& link = world.connect({"client", {"10.0.0.1/24"}}, {"server", {"10.0.0.2/24"}},
                                    sim::LinkSettings().both({.delay = settings.link_delay}));
    FateScript script(fates, settings.slow_by);
    for (const auto direction : {sim::Direction::a_to_b, sim::Direction::b_to_a})
        link.set_script(direction, [&](const sim::PacketView&, std::uint64_t) { return script(); });
    if (recorder != nullptr) recorder->attach(world);
    std::string broken;
    world.set_step_hook([&] {
        for (const ip::Host* h : {&client_host, &server_host})
            if (broken.empty()) broken = const_cast<ip::Host*>(h)->tcp().check_invariants();
    });

    Side client(settings.request, settings.answer, true);
    Side server(settings.answer, settings.request, false);
    Accepting accepting(server);
    const SocketAddress address{*IpAddress::parse("10.0.0.2"), kPort};
    auto listener = server_host.tcp().listen(address, {.handler = &accepting});
    const auto stream = client_host.tcp().connect(address, {.handler = &client});
    if (!listener || !stream) return {.violation = "the connection can't be opened"};
    const bool silent = world.run_until_idle(std::chrono::hours(24));
    listener->close();

    ExploreRun run{.sent = script.sent, .client = client.told(), .server = server.told()};
    run.violation = !silent           ? "a timer still runs after a day"
                    : !broken.empty() ? broken
                                      : judge(client, server, accepting.accepted > 0, world);
    run.delivered = client.has_everything() && server.has_everything() && client.error() == tcp::Error::none &&
                    server.error() == tcp::Error::none;
    return run;
}

Exploration explore(const ExploreSettings& settings) { return Explorer(settings).run(); }

}  // namespace hourglass::lab
