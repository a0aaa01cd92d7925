// What passes a device above TCP and UDP is told of, and the rest costs a look.

#include "hourglass/runtime/message_link.h"

#include <deque>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hourglass/ip/interface.h"

namespace hourglass::runtime {
namespace {

/// A link that holds what is to be read, and takes one packet of a batch.
class Wire final : public link::Link {
  public:
    std::deque<Packet> arriving;

    std::expected<std::size_t, std::error_code> read(std::vector<Packet>& batch, std::size_t) override {
        const std::size_t count = arriving.size();
        for (Packet& packet : arriving) batch.push_back(std::move(packet));
        arriving.clear();
        return count;
    }
    std::expected<std::size_t, std::error_code> write(std::span<Packet> batch) override {
        if (batch.empty()) return 0;
        batch.front() = Packet();
        return 1;
    }
    [[nodiscard]] const link::Properties& properties() const override { return properties_; }

  private:
    link::Properties properties_{.name = "wire"};
};

class MessagesOfALink : public testing::Test {
  protected:
    /// A segment of 10.0.0.1 to 10.0.0.2 with this payload; its checksums are nobody's business here.
    Packet segment(std::string_view payload) {
        constexpr auto kHeaders = std::to_array<std::uint8_t>(
            {0x45, 0, 0, 0,  0, 0, 0, 0, 64, 6, 0, 0, 10,   0,    0, 1, 10, 0, 0, 2,    // IPv4
             0xc0, 1, 0, 80, 0, 0, 0, 1, 0,  0, 0, 1, 0x50, 0x18, 4, 0, 0,  0, 0, 0});  // TCP
        Packet packet = pool_.packet(kHeaders.size() + payload.size());
        const auto bytes = packet.append(kHeaders.size() + payload.size());
        const auto behind = std::ranges::copy(std::as_bytes(std::span(kHeaders)), bytes.begin()).out;
        std::ranges::copy(std::as_bytes(std::span(payload)), behind);
        bytes[2] = static_cast<std::byte>(bytes.size() >> 8);
        bytes[3] = static_cast<std::byte>(bytes.size());
        return packet;
    }

    BufferPool pool_;
    std::vector<std::string> told_;
    Wire* wire_ = new Wire;
    MessageLink link_{std::unique_ptr<link::Link>(wire_), [this](const LinkMessage& message) {
                          told_.push_back((message.sent ? "-> " : "<- ") + message.text);
                      }};
};

TEST_F(MessagesOfALink, ARequestThatArrivesIsToldOfAndItsBodyIsNot) {
    for (const char* payload : {"GET /a HTTP/1.1\r\nHost: b\r\n\r\n", "", "and so on", "Nothing of the kind\r\n"})
        wire_->arriving.push_back(segment(payload));
    std::vector<Packet> batch;
    ASSERT_EQ(link_.read(batch, 10), 4u);
    EXPECT_THAT(told_, testing::ElementsAre("<- http: GET /a HTTP/1.1"));
}

TEST_F(MessagesOfALink, AnAnswerIsToldOfWhenTheDeviceHasTakenIt) {
    std::vector<Packet> batch;
    batch.push_back(segment("HTTP/1.1 200 OK\r\n\r\n"));
    batch.push_back(segment("HTTP/1.1 404 Not Found\r\n\r\n"));
    ASSERT_EQ(link_.write(batch), 1u);
    EXPECT_THAT(told_, testing::ElementsAre("-> http: HTTP/1.1 200 OK"));
}

TEST_F(MessagesOfALink, WhatIsNoPacketIsNotLookedInto) {
    for (const std::size_t size : {0, 1, 9, 20, 32, 39}) {
        Packet cut = segment("GET / HTTP/1.1\r\n\r\n");
        cut.truncate(size);
        wire_->arriving.push_back(std::move(cut));
    }
    std::vector<Packet> batch;
    ASSERT_EQ(link_.read(batch, 10), 6u);
    EXPECT_THAT(told_, testing::IsEmpty());
}

}  // namespace
}  // namespace hourglass::runtime
