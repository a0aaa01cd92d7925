#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "hourglass/base/time.h"
#include "hourglass/link/link.h"

namespace hourglass::runtime {

/// A DNS or HTTP message that passed a link.
struct LinkMessage {
    Instant time{};
    bool sent = false;   ///< By the host of the link; else it has arrived.
    std::string text{};  ///< As `trace::message_in` gives it: "http: GET / HTTP/1.1".
};

/// A link that tells of the messages above TCP and UDP which pass through another one.
class MessageLink final : public link::Link {
  public:
    using Told = std::function<void(const LinkMessage&)>;

    MessageLink(std::unique_ptr<link::Link> inner, Told told) : inner_(std::move(inner)), told_(std::move(told)) {}

    std::expected<std::size_t, std::error_code> read(std::vector<Packet>& batch, std::size_t max) override;
    std::expected<std::size_t, std::error_code> write(std::span<Packet> batch) override;
    [[nodiscard]] const link::Properties& properties() const override { return inner_->properties(); }
    [[nodiscard]] int descriptor() const override { return inner_->descriptor(); }

  private:
    [[nodiscard]] std::string message_in(const Packet& packet) const;

    std::unique_ptr<link::Link> inner_;
    Told told_;
};

}  // namespace hourglass::runtime
