// Any octets as a message: every field and option is read. Then the client gets them as the answer to its own messages,
// with its transaction put in, and whatever they say it stays in a state that the figure has.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "hourglass/dhcp/client.h"
#include "hourglass/wire/endian.h"

using namespace hourglass;
using namespace hourglass::dhcp;

namespace {

void require(bool holds) {
    if (!holds) __builtin_trap();
}

constexpr MacAddress kMac{{2, 0, 0, 0, 0, 1}};

void read_everything(const MessageView& view) {
    (void)view.header();
    (void)view.type();
    for (unsigned code = 1; code < 255; ++code) {
        const auto value = view.option(Option(code));
        require(!value || view.addresses(Option(code), 4).size() <= 4);
        require(value || !view.number(Option(code)));
    }
}

/// Says yes to every test.
struct Host : ClientOutput {
    void broadcast(std::span<const std::byte> message, const std::optional<IpAddress>&) override { keep(message); }
    void unicast(std::span<const std::byte> message, const IpAddress&) override { keep(message); }
    void test(const Lease&) override { testing = true; }
    void install(const Lease& lease) override {
        require(lease.renew_at <= lease.rebind_at && lease.rebind_at <= lease.ends_at);
        require(lease.address.length >= 1 && lease.address.length <= 32);
        installed = true;
    }
    void withdraw(const Lease&) override { require(std::exchange(installed, false)); }
    void keep(std::span<const std::byte> message) {
        last.assign(message.begin(), message.end());
        require(MessageView::parse(last).has_value());
    }
    std::vector<std::byte> last;
    bool testing = false;
    bool installed = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto input = std::as_bytes(std::span(data, size));
    if (const auto view = MessageView::parse(input)) read_everything(*view);

    Host host;
    Client client({.mac = kMac}, host, 1);
    Instant now{};
    client.start(now);
    std::vector<std::byte> answer(input.begin(), input.end());
    for (unsigned turn = 0; turn < 16; ++turn) {
        now = std::min(client.next_deadline(), now + std::chrono::hours(1));
        client.poll(now);
        if (!host.last.empty() && answer.size() >= 34) {
            std::ranges::copy_n(host.last.begin() + 4, 4, answer.begin() + 4);
            std::ranges::copy_n(host.last.begin() + 28, 6, answer.begin() + 28);
            // The third octet of the input's end decides what comes when; the type is the first option's.
            if (answer.size() > 242) wire::store_8(answer.data() + 242, turn % 3 == 0 ? 2 : turn % 7 == 0 ? 6 : 5);
        }
        client.receive(answer, now);
        if (std::exchange(host.testing, false)) client.tested(turn % 5 != 4, now);
        require(host.installed == client.lease().has_value());
    }
    client.release(now);
    require(!host.installed);
    return 0;
}
