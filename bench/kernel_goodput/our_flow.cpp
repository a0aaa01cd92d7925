#include "our_flow.h"

#include <array>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "addresses.h"
#include "bulk_flows.h"
#include "hourglass/runtime/tun_host.h"
#include "hourglass/tcp/stack.h"
#include "round_trips.h"

namespace hourglass::bench {

namespace {

/// Keeps the send buffer full until the connection ends.
class Source : public tcp::ConnectionHandler {
  public:
    explicit Source(asio::io_context& context) : context_(context) {}
    void on_established(tcp::Stream stream) override {
        established = true;
        fill(stream);
    }
    void on_writable(tcp::Stream stream) override { fill(stream); }
    void on_closed(tcp::Stream, tcp::Error) override { context_.stop(); }

    bool established = false;

  private:
    static void fill(tcp::Stream stream) {
        static constexpr std::array<std::byte, 65536> kZeros{};
        while (stream.send(kZeros) == kZeros.size()) {
        }
    }
    asio::io_context& context_;
};

/// Looks at the connection again and again.
class Watch {
  public:
    Watch(asio::io_context& context, tcp::Stream stream) : timer_(context), stream_(stream) { look(); }

    RoundTrips round_trips;
    tcp::ConnectionInfo last;

  private:
    void look() {
        if (stream_.exists()) {
            last = stream_.info();
            round_trips.add(last.srtt);
        }
        timer_.expires_after(kSampling);
        timer_.async_wait([this](std::error_code error) {
            if (!error) look();
        });
    }

    asio::steady_timer timer_;
    tcp::Stream stream_;
};

runtime::TunHostSettings host_settings(tcp::Congestion congestion, const std::filesystem::path& capture) {
    runtime::TunHostSettings settings;
    settings.tun.name = "ours";
    settings.tun.offload = false;
    settings.addresses = {{kOurs, 24}};
    settings.kernel_addresses = {{kOurKernel, 24}};
    settings.capture = capture;
    settings.host.tcp = bulk_settings(congestion);
    return settings;
}

}  // namespace

nlohmann::json send_by_ours(tcp::Congestion congestion, const std::filesystem::path& capture) {
    asio::io_context context(1);
    const auto here = runtime::TunHost::open(context, host_settings(congestion, capture));
    if (!here) throw std::runtime_error(here.error().message);
    tcp::Stack& stack = (*here)->host().tcp();
    Source source(context);
    const auto stream = stack.connect({kReceiver, kPort}, {.handler = &source});
    if (!stream) throw std::runtime_error(fmt::format("can't connect: {}", tcp::to_string(stream.error())));
    Watch watch(context, *stream);
    (*here)->loop().wake();
    context.run();
    if (!source.established) throw std::runtime_error("our stack got no connection");
    return {{"rtt", to_seconds(watch.round_trips.mean())}, {"retransmitted", watch.last.retransmissions}};
}

}  // namespace hourglass::bench
