#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/base/time.h"
#include "hourglass/http/url.h"
#include "hourglass/trace/event_log.h"
#include "hourglass/trace/flight_recorder.h"
#include "hourglass/trace/recorder.h"

namespace hourglass::lab {

/// What a journey may be told.
struct JourneySettings {
    http::Url url;                                   ///< Any http URL: its host gets a zone of its own.
    Duration delay = std::chrono::milliseconds(20);  ///< One way, between the client and the proxy.
    double loss = 0;                                 ///< Probability that a link loses a packet, 0 to 1, on every link.
    std::uint64_t seed = 1;                          ///< Decides everything that is left to chance.
    Duration limit = std::chrono::hours(1);          ///< Virtual time after which the journey is given up.
    bool events = false;                             ///< Also keep the events of TCP, which plots are made of.
    /// Records what enters the TCP of every host, and is closed with the journey, which it must outlive; null: nothing.
    trace::FlightRecorder* flight = nullptr;
};

/// A part of the journey, as the story has it.
struct Stage {
    std::string name;
    Instant begin{};
    Instant end = kNever;  ///< kNever: it was not reached.
    std::string outcome;   ///< In a few words.
};

/// An HTTP message where it was written.
struct Message {
    Instant time{};
    std::string from, to;
    std::string head;  ///< Start line and fields, as on the wire.
    std::string body;
};

/// One HTTP request, end to end, in virtual time: a client asks a name server where the host is, connects to a reverse
/// proxy there, which connects to an origin server with a small application; the answer comes back, the client closes,
/// and everything goes to CLOSED. Four hosts, three links, the same engine as on a real wire.
class Journey {
  public:
    explicit Journey(const JourneySettings& settings);
    ~Journey();
    Journey(const Journey&) = delete;
    Journey& operator=(const Journey&) = delete;

    /// Runs to the end: every connection CLOSED and no timer left. False when the request got no answer; `failure` says
    /// why.
    bool run();

    [[nodiscard]] const std::vector<Stage>& stages() const;
    [[nodiscard]] const std::vector<Message>& messages() const;
    [[nodiscard]] const std::string& failure() const;
    /// The status of the answer; 0 when there was none.
    [[nodiscard]] int status() const;
    [[nodiscard]] const trace::Recorder& recorder() const;
    /// Null unless `JourneySettings::events` asked for it.
    [[nodiscard]] const trace::EventLog* events() const;
    /// The hosts with their addresses, in the order of the path.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> hosts() const;

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace hourglass::lab
