#include "hourglass/trace/replay.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <utility>

#include "hourglass/base/buffer.h"
#include "hourglass/wire/checksum.h"
#include "trace/record_reader.h"
#include "trace/replay_host.h"
#include "trace/replay_words.h"

namespace hourglass::trace {

using namespace record;

namespace {

/// Zeros to send, and room to receive into: as much as the largest call, of which the system gives what is touched.
class Scratch {
  public:
    std::span<std::byte> first(std::uint64_t n) {
        if (n > size_) {
            bytes_.reset(static_cast<std::byte*>(std::calloc(n, 1)));
            size_ = bytes_ == nullptr ? 0 : n;
        }
        return {bytes_.get(), static_cast<std::size_t>(std::min(n, size_))};
    }

  private:
    struct Free {
        void operator()(std::byte* p) const { std::free(p); }  // NOLINT(*-no-malloc)
    };
    std::unique_ptr<std::byte, Free> bytes_;
    std::uint64_t size_ = 0;
};

/// The segment as the stack is given it: zeros behind the header, and a checksum that says what it said then.
Packet packet_of(const SegmentEntry& entry, BufferPool& pool) {
    Packet packet = pool.packet(entry.size);
    const auto bytes = packet.append(entry.size);
    const auto beginning = std::span(entry.beginning).first(entry.beginning_size);
    std::ranges::fill(std::ranges::copy(beginning, bytes.begin()).out, bytes.end(), std::byte{0});
    packet.id = entry.packet_id;
    packet.ecn = entry.ecn;
    packet.offload = entry.offload;
    if (entry.size < wire::TcpHeader::kMinSize) return packet;
    std::byte* const checksum = bytes.data() + wire::TcpHeader::kChecksumOffset;
    wire::store_be16(checksum, 0);
    if (entry.checksum_is_right) {
        if (packet.offload.checksum == Offload::Checksum::complete)
            packet.offload.checksum = Offload::Checksum::verified;
        return packet;
    }
    const auto pseudo = wire::pseudo_header_sum(entry.source, entry.destination, wire::IpProtocol::tcp, entry.size);
    wire::store_be16(checksum, wire::checksum(pseudo + wire::partial_sum(bytes)) ^ 1);
    return packet;
}

}  // namespace

class Replay::Implementation final : public ReplaySource {
  public:
    Implementation(std::unique_ptr<std::istream> in, ReplayWatcher* watcher)
        : reader_(std::move(in)), watcher_(watcher != nullptr ? *watcher : nobody_) {}

    std::optional<ReplayProblem> begin();
    bool step();
    bool run_until(Instant time);

    [[nodiscard]] bool going_on() const { return !problem_ && !ended_; }

    // What the engines ask for inside an input.
    const PathEntry* next_path(std::uint32_t host) override;
    void path_used(std::uint32_t host, const IpAddress& destination, const IpAddress& source) override;
    void notice_begins(std::uint32_t host, const NoticeEntry& notice) override;
    void play_notice(std::uint32_t host) override;
    void notice_ends(std::uint32_t host) override;
    void segment_left(std::uint32_t host, std::span<const std::byte> header, std::size_t payload) override {
        departures_.add(host, header, payload);
    }

    Instant now{}, began = kNever;
    std::uint64_t steps = 0;
    RecordEntry last;
    Head head;
    bool full = false;

    [[nodiscard]] bool has_beginning() const { return reader_.has_beginning(); }
    [[nodiscard]] const std::optional<ReplayProblem>& problem() const { return problem_; }
    [[nodiscard]] bool ended() const { return ended_; }
    [[nodiscard]] const std::vector<std::unique_ptr<ReplayHost>>& hosts() const { return hosts_; }

  private:
    /// The next entry, with those left out that are only told.
    const RecordEntry* peek_inside();
    std::optional<RecordEntry> take();
    void check_departures();
    void stop(ReplayProblem problem);
    void differ(std::string_view what);
    void at(Instant time) {
        if (began == kNever) began = time;
        now = std::max(now, time);
    }
    /// The host of an input from below or of time, which can't come while another one is being worked on.
    ReplayHost* idle_host(std::uint32_t host);

    void run(const RecordEntry& entry);
    void run(std::uint32_t host, const HostEntry& entry);
    void run(std::uint32_t host, const SegmentEntry& entry);
    void run(std::uint32_t host, const PollEntry& entry);
    void run(std::uint32_t host, const AdvanceEntry& entry);
    void run(std::uint32_t host, const UnreachableEntry& entry);
    void run(std::uint32_t host, const PathMtuEntry& entry);
    void run(std::uint32_t host, const ConnectEntry& entry);
    void run(std::uint32_t host, const ListenEntry& entry);
    void run(std::uint32_t host, const CallEntry& entry);
    void run(std::uint32_t host, const TuneEntry& entry);
    void run(std::uint32_t host, const AcceptEntry& entry);
    void run(std::uint32_t host, const ListenerCloseEntry& entry);
    void run(std::uint32_t host, const PacketEntry& entry);
    void run(std::uint32_t host, const NoteEntry& entry);
    void run(std::uint32_t host, const EndEntry& entry);
    void run(std::uint32_t host, const GroupEntry& entry);
    void run(std::uint32_t host, const ImageEntry& entry);
    void run(std::uint32_t, const PathEntry&) { differ("an answer of the network that nobody has asked for"); }
    void run(std::uint32_t, const NoticeEntry&) { differ("a notice that was not given"); }
    void run(std::uint32_t, const NoticeEndEntry&) { differ("the end of a notice that was not given"); }
    std::uint64_t call(tcp::Stream stream, ReplayHost& host, const CallEntry& entry);

    ReplayWatcher nobody_;
    RecordReader reader_;
    ReplayWatcher& watcher_;
    BufferPool pool_;
    Scratch zeros_, room_;
    std::vector<std::unique_ptr<ReplayHost>> hosts_;
    DepartureSum departures_;
    std::optional<ReplayProblem> problem_;
    bool ended_ = false;
};

std::optional<ReplayProblem> Replay::Implementation::begin() {
    hosts_.clear();
    departures_ = {};
    problem_.reset();
    ended_ = full = false;
    now = {};
    began = kNever;
    steps = 0;
    last = {};
    auto read = reader_.begin();
    if (!read) return read.error();
    head = std::move(*read);
    watcher_.begins();
    return std::nullopt;
}

/// Nobody is told of what an input does whose record has stopped in the middle: it may not have happened.
void Replay::Implementation::stop(ReplayProblem problem) {
    if (!going_on()) return;
    problem.at = now;
    problem_ = std::move(problem);
    for (const auto& host : hosts_) host->stack().set_observer(nullptr);
}

void Replay::Implementation::differ(std::string_view what) {
    std::string text = fmt::format("the replay differs after input {}: {}", steps, what);
    if (head.version != HOURGLASS_VERSION)
        text +=
            fmt::format("; the record was written by hourglass {}, and this is {}", head.version, HOURGLASS_VERSION);
    stop({ReplayProblem::Kind::differs, std::move(text), {}});
}

void Replay::Implementation::check_departures() {
    const auto check = reader_.take_check();
    if (!check) return;
    if (check->segments != departures_.segments())
        differ(fmt::format("{} segments have left, and {} had", departures_.segments(), check->segments));
    else if (check->departures != departures_.sum())
        differ("the segments that left have other headers");
}

std::optional<RecordEntry> Replay::Implementation::take() {
    if (!going_on()) return std::nullopt;
    const RecordEntry* next = reader_.peek();
    check_departures();
    if (next == nullptr) {
        if (reader_.problem()) stop(*reader_.problem());
        return std::nullopt;
    }
    if (!going_on()) return std::nullopt;
    return reader_.take();
}

const RecordEntry* Replay::Implementation::peek_inside() {
    while (going_on()) {
        const RecordEntry* next = reader_.peek();
        if (next == nullptr) {
            if (reader_.problem()) stop(*reader_.problem());
            return nullptr;
        }
        if (!std::holds_alternative<PacketEntry>(next->what) && !std::holds_alternative<NoteEntry>(next->what))
            return next;
        run(reader_.take());
    }
    return nullptr;
}

bool Replay::Implementation::step() {
    auto entry = take();
    if (!entry) return false;
    ++steps;
    last = *entry;
    run(*entry);
    return going_on();
}

bool Replay::Implementation::run_until(Instant time) {
    while (going_on()) {
        const RecordEntry* next = reader_.peek();
        if (next != nullptr)
            if (const auto due = time_of(*next); due && *due > time) return true;
        step();
    }
    return false;
}

// --- Inside an input

const PathEntry* Replay::Implementation::next_path(std::uint32_t host) {
    const RecordEntry* next = peek_inside();
    return next != nullptr && next->host == host ? std::get_if<PathEntry>(&next->what) : nullptr;
}

void Replay::Implementation::path_used(std::uint32_t host, const IpAddress& destination, const IpAddress& source) {
    if (!going_on()) return;
    const PathEntry* next = next_path(host);
    if (next == nullptr || next->destination != destination || next->source != source)
        return differ(fmt::format("the stack asked for the way to {}, and had not", destination.to_string()));
    take();
}

void Replay::Implementation::notice_begins(std::uint32_t host, const NoticeEntry& notice) {
    if (!going_on()) return;
    const RecordEntry* next = peek_inside();
    if (next == nullptr) return;
    const auto* expected = next->host == host ? std::get_if<NoticeEntry>(&next->what) : nullptr;
    if (expected == nullptr || expected->notice != notice.notice || expected->handle != notice.handle ||
        expected->error != notice.error)
        return differ(
            fmt::format("an application was given the notice {}, and had not been", tcp::to_string(notice.notice)));
    take();
}

void Replay::Implementation::play_notice(std::uint32_t host) {
    for (;;) {
        const RecordEntry* next = peek_inside();
        if (next == nullptr || (next->host == host && std::holds_alternative<NoticeEndEntry>(next->what))) return;
        if (const auto entry = take()) run(*entry);
    }
}

void Replay::Implementation::notice_ends(std::uint32_t host) {
    const RecordEntry* next = peek_inside();
    if (next == nullptr) return;
    if (next->host != host || !std::holds_alternative<NoticeEndEntry>(next->what))
        return differ("an application returned too early");
    take();
}

// --- The inputs

void Replay::Implementation::run(const RecordEntry& entry) {
    const bool makes_host =
        std::holds_alternative<HostEntry>(entry.what) || std::holds_alternative<ImageEntry>(entry.what);
    if (!makes_host && entry.host < hosts_.size()) hosts_[entry.host]->used = true;
    std::visit([&](const auto& what) { run(entry.host, what); }, entry.what);
}

namespace {

/// A host is inside an input as long as this lives.
class Busy {
  public:
    explicit Busy(ReplayHost& host) : host_(host) { host_.busy = true; }
    ~Busy() { host_.busy = false; }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

  private:
    ReplayHost& host_;
};

}  // namespace

ReplayHost* Replay::Implementation::idle_host(std::uint32_t host) {
    if (host < hosts_.size() && !hosts_[host]->busy) return hosts_[host].get();
    differ("an input inside another one");
    return nullptr;
}

void Replay::Implementation::run(std::uint32_t host, const HostEntry& entry) {
    if (host < hosts_.size()) {  // in another group, with the image of what it must be by now
        if (hosts_[host]->name() != entry.name) differ("another host should be here");
        return;
    }
    hosts_.push_back(std::make_unique<ReplayHost>(*this, host, entry, pool_));
    ReplayHost& made = *hosts_.back();
    made.stack().set_observer(watcher_.host_added(made.name(), made.stack()));
}

void Replay::Implementation::run(std::uint32_t, const GroupEntry&) { departures_ = {}; }

void Replay::Implementation::run(std::uint32_t host, const ImageEntry& entry) {
    ReplayHost* const of = idle_host(host);
    if (of == nullptr) return;
    of->image.insert(of->image.end(), entry.octets.begin(), entry.octets.end());
    if (!entry.last) return;
    const auto image = std::exchange(of->image, {});
    if (of->used) {
        if (of->stack().image() != image) differ(fmt::format("{} is in another state than it was", of->name()));
    } else if (const auto restored = of->stack().restore(image, of, of); !restored) {
        stop({ReplayProblem::Kind::damaged, "damaged: " + restored.error(), {}});
    }
    of->used = true;
}

void Replay::Implementation::run(std::uint32_t host, const SegmentEntry& entry) {
    at(entry.time);
    ReplayHost* const to = idle_host(host);
    if (to == nullptr) return;
    const Busy busy(*to);
    to->stack().receive(packet_of(entry, pool_), entry.source, entry.destination, entry.time);
}

void Replay::Implementation::run(std::uint32_t host, const PollEntry& entry) {
    at(entry.time);
    ReplayHost* const to = idle_host(host);
    if (to == nullptr) return;
    const Busy busy(*to);
    to->stack().poll(entry.time);
}

void Replay::Implementation::run(std::uint32_t host, const AdvanceEntry& entry) {
    at(entry.time);
    if (ReplayHost* const to = idle_host(host)) to->stack().advance(entry.time);
}

void Replay::Implementation::run(std::uint32_t host, const UnreachableEntry& entry) {
    if (ReplayHost* const to = idle_host(host)) to->stack().unreachable(entry.flow, entry.seq, entry.hard, entry.told);
}

void Replay::Implementation::run(std::uint32_t host, const PathMtuEntry& entry) {
    if (ReplayHost* const to = idle_host(host)) to->stack().path_mtu(entry.flow, entry.seq, entry.mtu);
}

// --- The calls of applications, in a notice or outside

void Replay::Implementation::run(std::uint32_t host, const ConnectEntry& entry) {
    ReplayHost& to = *hosts_[host];
    static_cast<void>(to.stack().connect(
        entry.remote, {.local = entry.local, .handler = to.handler_if(entry.with_handler), .tuning = entry.tuning}));
}

void Replay::Implementation::run(std::uint32_t host, const ListenEntry& entry) {
    ReplayHost& to = *hosts_[host];
    static_cast<void>(to.stack().listen(entry.local, {.accept_queue = entry.accept_queue,
                                                      .half_open = entry.half_open,
                                                      .handler = to.acceptor_if(entry.with_handler),
                                                      .tuning = entry.tuning}));
}

void Replay::Implementation::run(std::uint32_t host, const CallEntry& entry) {
    ReplayHost& to = *hosts_[host];
    const tcp::Stream stream = to.stack().stream(entry.stream);
    if (!stream.exists()) return differ("a call on a connection that is not there");
    if (call(stream, to, entry) != entry.result) differ("a read gave more or less than it did");
}

std::uint64_t Replay::Implementation::call(tcp::Stream stream, ReplayHost& host, const CallEntry& entry) {
    using Call = tcp::StreamCall;
    switch (entry.call) {
        case Call::send:
            stream.send(zeros_.first(entry.argument));
            return 0;
        case Call::send_urgent:
            stream.send_urgent(zeros_.first(entry.argument));
            return 0;
        case Call::receive:
            return stream.receive(room_.first(entry.argument));
        case Call::receive_urgent:
            stream.receive_urgent(entry.argument != 0);
            return 0;
        case Call::want_writable:
            stream.want_writable();
            return 0;
        case Call::shutdown:
            stream.shutdown();
            return 0;
        case Call::shutdown_receive:
            stream.shutdown_receive();
            return 0;
        case Call::close:
            stream.close();
            return 0;
        case Call::abort:
            stream.abort();
            return 0;
        case Call::set_handler:
            stream.set_handler(host.handler_if(entry.argument != 0));
            return 0;
        case Call::set_no_delay:
            stream.set_no_delay(entry.argument != 0);
            return 0;
        case Call::set_keepalive:
            stream.set_keepalive(entry.argument != 0);
            return 0;
        case Call::take_error:
            stream.take_error();
            return 0;
    }
    return 0;
}

void Replay::Implementation::run(std::uint32_t host, const TuneEntry& entry) {
    tcp::Stack& stack = hosts_[host]->stack();
    if (entry.listener)
        stack.listener(entry.handle).tune(entry.tuning);
    else
        stack.stream(entry.handle).tune(entry.tuning);
}

void Replay::Implementation::run(std::uint32_t host, const AcceptEntry& entry) {
    ReplayHost& to = *hosts_[host];
    if (!to.stack().listener(entry.listener).accept(to.handler_if(entry.with_handler)))
        differ("nothing is there to be accepted");
}

void Replay::Implementation::run(std::uint32_t host, const ListenerCloseEntry& entry) {
    hosts_[host]->stack().listener(entry.listener).close();
}

// --- What is only told

void Replay::Implementation::run(std::uint32_t, const PacketEntry& entry) {
    at(entry.time);
    const HopName& hop = reader_.hops()[entry.hop];
    watcher_.packet({.time = entry.time,
                     .fate = static_cast<ReplayedPacket::Fate>(entry.fate),
                     .link = hop.link,
                     .from = hop.from,
                     .to = hop.to,
                     .direction = hop.direction,
                     .to_host = hop.to_host,
                     .packet_id = entry.packet_id,
                     .size = entry.size,
                     .reason = entry.reason});
}

void Replay::Implementation::run(std::uint32_t, const NoteEntry& entry) {
    at(entry.time);
    watcher_.note(entry.time, entry.source, entry.text);
}

void Replay::Implementation::run(std::uint32_t, const EndEntry& entry) {
    check_departures();
    if (problem_) return;
    ended_ = true;
    full = entry.full;
}

// --- Replay

Replay::Replay(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}
Replay::~Replay() = default;

std::expected<std::unique_ptr<Replay>, ReplayProblem> Replay::open(const std::string& path, ReplayWatcher* watcher) {
    auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
    if (!file->is_open() || file->peek() == std::ifstream::traits_type::eof())
        return std::unexpected(
            ReplayProblem{ReplayProblem::Kind::unreadable, file->is_open() ? "it is empty" : "it can't be read", {}});
    return open(std::move(file), watcher);
}

std::expected<std::unique_ptr<Replay>, ReplayProblem> Replay::open(std::unique_ptr<std::istream> in,
                                                                   ReplayWatcher* watcher) {
    auto implementation = std::make_unique<Implementation>(std::move(in), watcher);
    if (auto problem = implementation->begin()) return std::unexpected(std::move(*problem));
    return std::unique_ptr<Replay>(new Replay(std::move(implementation)));
}

bool Replay::step() { return implementation_->step(); }
bool Replay::run_until(Instant time) { return implementation_->run_until(time); }
bool Replay::run_to_end() {
    while (implementation_->step()) {
    }
    return !problem();
}
void Replay::rewind() { static_cast<void>(implementation_->begin()); }
bool Replay::go_to(std::uint64_t count) {
    if (count < steps()) rewind();
    while (steps() < count)
        if (!step()) return steps() == count;
    return true;
}

Instant Replay::now() const { return implementation_->now; }
std::optional<Instant> Replay::began() const {
    return implementation_->began == kNever ? std::nullopt : std::optional(implementation_->began);
}
std::uint64_t Replay::steps() const { return implementation_->steps; }
std::string Replay::last_step() const {
    std::string_view host;
    if (const auto& all = implementation_->hosts(); implementation_->last.host < all.size())
        host = all[implementation_->last.host]->name();
    return in_words(implementation_->last, host);
}
const std::optional<ReplayProblem>& Replay::problem() const { return implementation_->problem(); }
bool Replay::ended() const { return implementation_->ended(); }
bool Replay::was_full() const { return implementation_->full; }
bool Replay::has_beginning() const { return implementation_->has_beginning(); }
const std::string& Replay::written_by() const { return implementation_->head.version; }

std::vector<Replay::Host> Replay::hosts() const {
    std::vector<Host> all;
    for (const auto& host : implementation_->hosts()) all.push_back({host->name(), &host->stack()});
    return all;
}

}  // namespace hourglass::trace
