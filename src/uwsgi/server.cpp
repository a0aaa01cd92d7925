#include "hourglass/uwsgi/server.h"

#include <algorithm>
#include <utility>

#include "hourglass/http/writer.h"

namespace hourglass::uwsgi {

std::expected<void, Error> RequestTranslator::translate(std::span<const std::byte> bytes, std::string& http) {
    if (failure_) return std::unexpected(*failure_);
    const auto fill_to = [&](std::size_t size) {
        const std::size_t n = std::min(bytes.size(), size - packet_.size());
        packet_.append(http::as_text(bytes.first(n)));
        bytes = bytes.subspan(n);
        return packet_.size() == size;
    };
    if (!complete_) {
        if (packet_.size() < PacketHeader::kSize && !fill_to(PacketHeader::kSize)) return {};
        fill_to(PacketHeader::kSize + parse_header(http::as_bytes(packet_)).size);
        if (const auto read = translate_packet(http); !read) {
            failure_ = read.error();
            return read;
        }
    }
    if (!complete_) return {};
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, bytes.size()));
    body_left_ -= n;
    http.append(http::as_text(bytes.first(n)));
    return {};
}

/// The packet may be complete, or at least be known to be refused.
std::expected<void, Error> RequestTranslator::translate_packet(std::string& http) {
    const auto bytes = http::as_bytes(packet_);
    const PacketHeader header = parse_header(bytes);
    if (header.modifier1 != 0) return std::unexpected(Error::unknown_modifier);
    if (header.size > limits_.packet) return std::unexpected(Error::packet_too_large);
    if (bytes.size() < PacketHeader::kSize + header.size) return {};
    const auto variables = parse_variables(bytes.subspan(PacketHeader::kSize), limits_);
    if (!variables) return std::unexpected(variables.error());
    auto request = to_request(*variables);
    if (!request) return std::unexpected(request.error());
    const bool has_body = request->body_length > 0 || request->request.method.anticipates_content();
    const auto framing = has_body ? http::BodyFraming::of_length(request->body_length) : http::BodyFraming::none();
    if (!http::write_request_head(http, request->request, framing)) return std::unexpected(Error::invalid_variable);
    client_ = request->client;
    body_left_ = request->body_length;
    complete_ = true;
    packet_ = {};
    return {};
}

ServerConnection::ServerConnection(const http::Application& application, const http::ServerSettings& settings,
                                   const Limits& limits, SocketAddress gateway)
    : application_(application), settings_(settings), gateway_(gateway), translator_(limits) {}
ServerConnection::~ServerConnection() = default;

void ServerConnection::receive(std::span<const std::byte> bytes) {
    if (error_) return;
    std::string http;
    if (const auto translated = translator_.translate(bytes, http); !translated) return refuse(translated.error());
    if (http_ == nullptr && translator_.packet_complete()) {
        const SocketAddress& client = translator_.client();
        http_ = std::make_unique<http::ServerConnection>(application_, settings_,
                                                         client.address == IpAddress() ? gateway_ : client);
        http_->on_change(changed_);
    }
    if (http_ != nullptr && !http.empty()) http_->receive(http::as_bytes(http));
}

void ServerConnection::peer_closed() {
    if (http_ != nullptr)
        http_->peer_closed();
    else if (!error_)
        refuse(Error::incomplete_packet);
}

bool ServerConnection::wants_input() const { return !error_ && (http_ == nullptr || http_->wants_input()); }

std::span<const std::byte> ServerConnection::output() const {
    return http_ != nullptr ? http_->output() : http::as_bytes(refusal_).subspan(refusal_at_);
}
std::size_t ServerConnection::output_size() const {
    return http_ != nullptr ? http_->output_size() : refusal_.size() - refusal_at_;
}
void ServerConnection::consume_output(std::size_t n) {
    if (http_ != nullptr)
        http_->consume_output(n);
    else
        refusal_at_ += std::min(n, refusal_.size() - refusal_at_);
}
void ServerConnection::on_change(std::function<void()> changed) {
    changed_ = std::move(changed);
    if (http_ != nullptr) http_->on_change(changed_);
}

bool ServerConnection::should_close() const {
    return http_ != nullptr ? http_->should_close() : error_ && refusal_at_ == refusal_.size();
}
bool ServerConnection::should_abort() const { return http_ != nullptr && http_->should_abort(); }

void ServerConnection::refuse(Error error) {
    error_ = error;
    if (http_ != nullptr) return;
    const auto answer = http::to_wire(http::Response::error(http::Status::bad_request, to_string(error)));
    if (answer) refusal_ = *answer;
}

}  // namespace hourglass::uwsgi
