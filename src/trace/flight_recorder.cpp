#include "hourglass/trace/flight_recorder.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "hourglass/sim/link.h"
#include "hourglass/tcp/inputs.h"
#include "trace/record_codec.h"
#include "trace/record_store.h"

namespace hourglass::trace {

using namespace record;

class FlightRecorder::Implementation {
  public:
    Implementation(Sink sink, const FlightRecorderSettings& settings);

    ~Implementation();
    Implementation(const Implementation&) = delete;
    Implementation& operator=(const Implementation&) = delete;

    void record(std::string_view name, tcp::Stack& stack);
    /// The world whose observer the recorder has taken the place of.
    void set_world(sim::World& world) {
        world_ = &world;
        next_ = world.observer();
    }
    /// Once: after it the world may go.
    [[nodiscard]] sim::World* take_world() { return std::exchange(world_, nullptr); }
    [[nodiscard]] sim::NetworkObserver* next() const { return next_; }
    void packet(Instant time, const sim::Hop& hop, PacketEntry entry);
    void note(Instant time, std::string_view source, std::string_view text);
    void flush();
    /// Writes the end. `full`: what was collected no longer has room.
    void finish(bool full);
    void close();

    [[nodiscard]] bool full() const { return full_; }
    [[nodiscard]] bool has_beginning() const { return store_.has_beginning(); }
    [[nodiscard]] bool failed() const { return store_.failed(); }
    [[nodiscard]] std::uint64_t bytes() const { return store_.bytes(); }

  private:
    class Tap;

    /// An input is about to be written: between two of them a chunk may end. False when nothing more is written.
    bool begins(Instant now);
    bool begins() { return begins(now_); }
    /// The same where no stack is inside of anything: another group may begin.
    bool begins_at_rest(Instant now);
    void write();
    void begin_group();
    void write_host(const Tap& tap, std::span<const std::byte> image);

    FlightRecorderSettings settings_;
    RecordStore store_;
    RecordEncoder encoder_;
    DepartureSum departures_;
    DepartureSum written_departures_;  ///< As they were at the end of the last chunk.
    std::vector<std::unique_ptr<Tap>> taps_;
    sim::World* world_ = nullptr;
    sim::NetworkObserver* next_ = nullptr;
    Instant now_{}, chunk_began_{};
    std::uint32_t notices_ = 0;  ///< Applications that are being called: what they do belongs to an input.
    bool closed_ = false, full_ = false;
    bool missing_ = false;  ///< A chunk had no room where the last group ends: only another group can follow.
};

/// One host's stack, as the recorder hears it.
class FlightRecorder::Implementation::Tap final : public tcp::InputTap {
  public:
    Tap(Implementation& recorder, std::uint32_t host, std::string_view name, tcp::Stack& stack)
        : recorder_(recorder), host_(host), name_(name), stack_(stack) {
        stack.set_input_tap(this);
    }
    ~Tap() override { stack_.set_input_tap(nullptr); }
    Tap(const Tap&) = delete;
    Tap& operator=(const Tap&) = delete;

    void attached(const tcp::Settings& settings, const SipKey& secret, std::uint64_t next_packet_id) override {
        entry_ = {std::string(name_), settings, secret, next_packet_id};
        if (recorder_.begins()) to().host(host_, entry_);
    }
    [[nodiscard]] std::uint32_t host() const { return host_; }
    [[nodiscard]] const HostEntry& entry() const { return entry_; }
    [[nodiscard]] const tcp::Stack& stack() const { return stack_; }

    void segment_arrived(const Packet& segment, const IpAddress& source, const IpAddress& destination, Instant now,
                         bool checksum_is_right) override {
        if (recorder_.begins(now)) to().segment(host_, segment, source, destination, now, checksum_is_right);
    }
    void unreachable_told(const tcp::FlowKey& flow, tcp::Seq seq, bool hard, tcp::Error told) override {
        if (recorder_.begins()) to().unreachable(host_, {flow, seq, hard, told});
    }
    void path_mtu_told(const tcp::FlowKey& flow, tcp::Seq seq, std::uint32_t mtu) override {
        if (recorder_.begins()) to().path_mtu(host_, {flow, seq, mtu});
    }
    void path_answered(const IpAddress& destination, const IpAddress& source,
                       const std::optional<tcp::Path>& answer) override {
        if (!recorder_.closed_) to().path(host_, destination, source, answer);
    }
    void polled(Instant now) override {
        if (recorder_.begins_at_rest(now)) to().poll(host_, now);
    }
    void advanced(Instant now) override {
        if (recorder_.begins(now)) to().advance(host_, now);
    }
    void connect_called(const SocketAddress& remote, const tcp::ConnectOptions& o) override {
        if (recorder_.begins()) to().connect(host_, {remote, o.local, o.handler != nullptr, o.tuning});
    }
    void listen_called(const SocketAddress& local, const tcp::ListenOptions& o) override {
        if (recorder_.begins())
            to().listen(host_, {local, o.accept_queue, o.half_open, o.handler != nullptr, o.tuning});
    }
    void stream_called(tcp::StreamCall call, tcp::HandleId stream, std::uint64_t argument,
                       std::uint64_t result) override {
        if (recorder_.begins()) to().call(host_, {call, stream, argument, result});
    }
    void stream_tuned(tcp::HandleId stream, const tcp::Tuning& tuning) override {
        if (recorder_.begins()) to().tune(host_, {stream, false, tuning});
    }
    void accept_called(tcp::HandleId listener, bool with_handler) override {
        if (recorder_.begins()) to().accept(host_, {listener, with_handler});
    }
    void listener_tuned(tcp::HandleId listener, const tcp::Tuning& tuning) override {
        if (recorder_.begins()) to().tune(host_, {listener, true, tuning});
    }
    void listener_closed(tcp::HandleId listener) override {
        if (recorder_.begins()) to().listener_close(host_, listener);
    }
    void notice_begins(tcp::Notice notice, tcp::HandleId handle, tcp::Error error) override {
        ++recorder_.notices_;
        if (!recorder_.closed_) to().notice(host_, {notice, handle, error});
    }
    void notice_ends() override {
        --recorder_.notices_;
        if (!recorder_.closed_) to().notice_end(host_);
    }
    void segment_left(const tcp::FlowKey&, std::span<const std::byte> header, std::size_t payload) override {
        recorder_.departures_.add(host_, header, payload);
    }

  private:
    RecordEncoder& to() { return recorder_.encoder_; }

    Implementation& recorder_;
    std::uint32_t host_;
    std::string_view name_;
    HostEntry entry_;
    tcp::Stack& stack_;
};

FlightRecorder::Implementation::Implementation(Sink sink, const FlightRecorderSettings& settings)
    : settings_(settings), store_(std::move(sink), settings.max_bytes, settings.ring) {
    if (store_.is_ring()) settings_.chunk = std::min<std::size_t>(settings_.chunk, store_.group_room() / 8);
}
FlightRecorder::Implementation::~Implementation() = default;

void FlightRecorder::Implementation::close() {
    finish(false);
    taps_.clear();
}

bool FlightRecorder::Implementation::begins(Instant now) {
    if (closed_) return false;
    now_ = now;
    if (notices_ > 0) return true;
    const std::size_t collected = encoder_.out.size();
    if (collected == 0) {
        chunk_began_ = now;
    } else if (collected >= settings_.chunk || now - chunk_began_ >= settings_.flush_after) {
        flush();
        chunk_began_ = now;
    }
    return !closed_;
}

bool FlightRecorder::Implementation::begins_at_rest(Instant now) {
    if (!begins(now)) return false;
    if (notices_ == 0 && (missing_ || (store_.is_ring() && store_.room() < 2 * settings_.chunk))) begin_group();
    return !closed_;
}

/// The hosts, each with its image: what a replay can begin with.
void FlightRecorder::Implementation::begin_group() {
    flush();
    if (closed_) return;
    std::vector<std::vector<std::byte>> images;
    std::size_t size = 0;
    for (const auto& tap : taps_) {
        images.push_back(tap->stack().image());
        size += images.back().size() + OctetWriter::kLargestEntry;
    }
    if (size + size / 4 > store_.group_room()) return finish(true);  // a fifth at least is for what happens then
    store_.begin_group(!std::exchange(missing_, false));
    departures_ = {};
    encoder_ = {};
    encoder_.group();
    for (std::size_t i = 0; i < taps_.size(); ++i) write_host(*taps_[i], images[i]);
    if (encoder_.out.size() > 0) write();
    chunk_began_ = now_;
    if (store_.failed()) closed_ = true;
}

void FlightRecorder::Implementation::write_host(const Tap& tap, std::span<const std::byte> image) {
    encoder_.host(tap.host(), tap.entry());
    for (bool last = false; !last;) {
        const auto piece = image.first(std::min(image.size(), kLargestImagePiece));
        image = image.subspan(piece.size());
        last = image.empty();
        encoder_.image(tap.host(), piece, last);
        if (encoder_.out.size() >= settings_.chunk) write();
    }
}

void FlightRecorder::Implementation::write() {
    store_.append(departures_, encoder_.out.bytes());
    encoder_.out.clear();
    written_departures_ = departures_;
}

void FlightRecorder::Implementation::flush() {
    if (closed_ || encoder_.out.size() == 0 || notices_ > 0 || missing_) return;
    if (encoder_.out.size() > store_.room()) {
        encoder_.out.clear();
        if (!store_.is_ring()) return finish(true);
        missing_ = true;
        return;
    }
    write();
    if (store_.failed()) closed_ = true;
}

void FlightRecorder::Implementation::finish(bool full) {
    if (closed_) return;
    if (!full) flush();
    if (closed_) return;
    if (missing_) {
        encoder_.out.clear();
        full = true;
    }
    encoder_.end({full});
    if (full) departures_ = written_departures_;
    write();
    full_ = full;
    closed_ = true;
}

void FlightRecorder::Implementation::record(std::string_view name, tcp::Stack& stack) {
    if (taps_.size() == kMaxHosts) return;
    taps_.push_back(std::make_unique<Tap>(*this, static_cast<std::uint32_t>(taps_.size()), name, stack));
}

void FlightRecorder::Implementation::packet(Instant time, const sim::Hop& hop, PacketEntry entry) {
    if (!begins(time)) return;
    const auto number = encoder_.hop(hop);
    if (!number) return;
    entry.time = time;
    entry.hop = *number;
    encoder_.packet(entry);
}

void FlightRecorder::Implementation::note(Instant time, std::string_view source, std::string_view text) {
    if (begins(time)) encoder_.note({time, std::string(source), std::string(text)});
}

namespace {

/// A file descriptor that is closed.
class File {
  public:
    explicit File(int descriptor) : descriptor_(descriptor) {}
    ~File() { ::close(descriptor_); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    /// True where what is behind can be written before what is in front, and over again.
    [[nodiscard]] bool is_regular() const {
        struct stat status {};
        return ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
    }
    [[nodiscard]] bool write(std::uint64_t offset, std::span<const std::byte> octets) const {
        while (!octets.empty()) {
            const ssize_t n = regular_ ? ::pwrite(descriptor_, octets.data(), octets.size(), static_cast<off_t>(offset))
                                       : ::write(descriptor_, octets.data(), octets.size());
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) return false;
            octets = octets.subspan(static_cast<std::size_t>(n));
            offset += static_cast<std::uint64_t>(n);
        }
        return true;
    }

  private:
    int descriptor_;
    bool regular_ = is_regular();
};

}  // namespace

std::expected<std::unique_ptr<FlightRecorder>, std::string> FlightRecorder::to_file(
    const std::string& path, const FlightRecorderSettings& settings) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (descriptor < 0) return std::unexpected(fmt::format("'{}' can't be written: {}", path, std::strerror(errno)));
    const auto file = std::make_shared<File>(descriptor);
    FlightRecorderSettings fitting = settings;
    fitting.ring = settings.ring && file->is_regular();
    // One that was there may be readable for others.
    if (file->is_regular()) static_cast<void>(::fchmod(descriptor, S_IRUSR | S_IWUSR));
    return std::make_unique<FlightRecorder>(
        [file](std::uint64_t offset, std::span<const std::byte> octets) { return file->write(offset, octets); },
        fitting);
}

FlightRecorder::FlightRecorder(Sink sink, const FlightRecorderSettings& settings)
    : implementation_(std::make_unique<Implementation>(std::move(sink), settings)) {}
FlightRecorder::~FlightRecorder() { close(); }

void FlightRecorder::record(std::string_view name, tcp::Stack& stack) { implementation_->record(name, stack); }
void FlightRecorder::record(sim::World& world) {
    implementation_->set_world(world);
    world.set_observer(this);
    for (const std::string& name : world.host_names()) record(name, world.host(name).tcp());
}
void FlightRecorder::note(Instant time, std::string_view source, std::string_view text) {
    implementation_->note(time, source, text);
}
void FlightRecorder::flush() { implementation_->flush(); }
void FlightRecorder::close() {
    implementation_->close();
    sim::World* const world = implementation_->take_world();
    if (world != nullptr && world->observer() == this) world->set_observer(implementation_->next());
}
bool FlightRecorder::full() const { return implementation_->full(); }
bool FlightRecorder::has_beginning() const { return implementation_->has_beginning(); }
bool FlightRecorder::failed() const { return implementation_->failed(); }
std::uint64_t FlightRecorder::bytes() const { return implementation_->bytes(); }

std::uint64_t FlightRecorder::packet_sent(Instant time, const sim::Hop& hop, std::uint64_t id,
                                          std::span<const std::byte> bytes) {
    if (auto* next = implementation_->next()) id = next->packet_sent(time, hop, id, bytes);
    implementation_->packet(
        time, hop, {.fate = PacketFate::sent, .packet_id = id, .size = static_cast<std::uint32_t>(bytes.size())});
    return id;
}

void FlightRecorder::packet_arrived(Instant time, const sim::Hop& hop, std::uint64_t id,
                                    std::span<const std::byte> bytes) {
    if (auto* next = implementation_->next()) next->packet_arrived(time, hop, id, bytes);
    implementation_->packet(
        time, hop, {.fate = PacketFate::arrived, .packet_id = id, .size = static_cast<std::uint32_t>(bytes.size())});
}

void FlightRecorder::packet_lost(Instant time, const sim::Hop& hop, std::uint64_t id, sim::LossReason reason) {
    if (auto* next = implementation_->next()) next->packet_lost(time, hop, id, reason);
    implementation_->packet(time, hop, {.fate = PacketFate::lost, .packet_id = id, .reason = reason});
}

void FlightRecorder::packet_duplicated(Instant time, const sim::Hop& hop, std::uint64_t id) {
    if (auto* next = implementation_->next()) next->packet_duplicated(time, hop, id);
    implementation_->packet(time, hop, {.fate = PacketFate::duplicated, .packet_id = id});
}

void FlightRecorder::packet_corrupted(Instant time, const sim::Hop& hop, std::uint64_t id) {
    if (auto* next = implementation_->next()) next->packet_corrupted(time, hop, id);
    implementation_->packet(time, hop, {.fate = PacketFate::corrupted, .packet_id = id});
}

}  // namespace hourglass::trace
