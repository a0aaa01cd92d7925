#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hourglass/tcp/inputs.h"
#include "trace/record_entry.h"

namespace hourglass::trace::record {

/// Where a replayed host gets what happens inside an input from.
class ReplaySource {
  public:
    virtual ~ReplaySource() = default;
    /// The answer that comes next, if one does: it stays where it is.
    [[nodiscard]] virtual const PathEntry* next_path(std::uint32_t host) = 0;
    /// The engine has asked: it is used up.
    virtual void path_used(std::uint32_t host, const IpAddress& destination, const IpAddress& source) = 0;
    virtual void notice_begins(std::uint32_t host, const NoticeEntry& notice) = 0;
    /// Does what the application did.
    virtual void play_notice(std::uint32_t host) = 0;
    virtual void notice_ends(std::uint32_t host) = 0;
    virtual void segment_left(std::uint32_t host, std::span<const std::byte> header, std::size_t payload) = 0;
};

/// A stack that is run again, with what stands around it: a network that answers as it did and swallows what is sent,
/// and an application that does what it did.
class ReplayHost final : public tcp::Network,
                         public tcp::InputTap,
                         public tcp::ConnectionHandler,
                         public tcp::AcceptHandler {
  public:
    ReplayHost(ReplaySource& source, std::uint32_t index, const HostEntry& entry, BufferPool& pool);
    ~ReplayHost() override = default;

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] tcp::Stack& stack() { return stack_; }
    [[nodiscard]] const tcp::Stack& stack() const { return stack_; }
    tcp::ConnectionHandler* handler_if(bool with) { return with ? this : nullptr; }
    tcp::AcceptHandler* acceptor_if(bool with) { return with ? this : nullptr; }

    /// It is inside an input: another one can't begin.
    bool busy = false;
    /// Something has been done with it: it can't be made of an image any more.
    bool used = false;
    std::vector<std::byte> image{};  ///< What has come of one.

    // The network
    std::optional<tcp::Path> path_to(const IpAddress& destination, const IpAddress& source) override;
    void send_segment(Packet&&, const IpAddress&, const IpAddress&) override {}

    // What the engine says of what enters it. The calls are ours: only what happens inside them is of interest.
    void attached(const tcp::Settings&, const SipKey&, std::uint64_t) override {}
    void segment_arrived(const Packet&, const IpAddress&, const IpAddress&, Instant, bool) override {}
    void unreachable_told(const tcp::FlowKey&, tcp::Seq, bool, tcp::Error) override {}
    void path_mtu_told(const tcp::FlowKey&, tcp::Seq, std::uint32_t) override {}
    void path_answered(const IpAddress& destination, const IpAddress& source,
                       const std::optional<tcp::Path>&) override {
        source_.path_used(index_, destination, source);
    }
    void polled(Instant) override {}
    void advanced(Instant) override {}
    void connect_called(const SocketAddress&, const tcp::ConnectOptions&) override {}
    void listen_called(const SocketAddress&, const tcp::ListenOptions&) override {}
    void stream_called(tcp::StreamCall, tcp::HandleId, std::uint64_t, std::uint64_t) override {}
    void stream_tuned(tcp::HandleId, const tcp::Tuning&) override {}
    void accept_called(tcp::HandleId, bool) override {}
    void listener_tuned(tcp::HandleId, const tcp::Tuning&) override {}
    void listener_closed(tcp::HandleId) override {}
    void notice_begins(tcp::Notice notice, tcp::HandleId handle, tcp::Error error) override {
        source_.notice_begins(index_, {notice, handle, error});
    }
    void notice_ends() override { source_.notice_ends(index_); }
    void segment_left(const tcp::FlowKey&, std::span<const std::byte> header, std::size_t payload) override {
        source_.segment_left(index_, header, payload);
    }

    // The application
    void on_acceptable(tcp::Listener) override { source_.play_notice(index_); }
    void on_established(tcp::Stream) override { source_.play_notice(index_); }
    void on_readable(tcp::Stream) override { source_.play_notice(index_); }
    void on_urgent(tcp::Stream) override { source_.play_notice(index_); }
    void on_trouble(tcp::Stream, tcp::Error) override { source_.play_notice(index_); }
    void on_writable(tcp::Stream) override { source_.play_notice(index_); }
    void on_closed(tcp::Stream, tcp::Error) override { source_.play_notice(index_); }

  private:
    ReplaySource& source_;
    std::uint32_t index_;
    std::string name_;
    std::map<std::pair<IpAddress, IpAddress>, std::optional<tcp::Path>> answers_;  ///< The latest ones.
    tcp::Stack stack_;
};

}  // namespace hourglass::trace::record
