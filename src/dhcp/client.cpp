#include "hourglass/dhcp/client.h"

#include <algorithm>
#include <array>

namespace hourglass::dhcp {

namespace {

/// Option 55: what the host can make use of.
constexpr std::array kParameters{
    static_cast<std::byte>(Option::subnet_mask),        static_cast<std::byte>(Option::router),
    static_cast<std::byte>(Option::domain_name_server), static_cast<std::byte>(Option::domain_name),
    static_cast<std::byte>(Option::interface_mtu),      static_cast<std::byte>(Option::renewal_time),
    static_cast<std::byte>(Option::rebinding_time)};

}  // namespace

std::string_view to_string(ClientState state) {
    switch (state) {
        case ClientState::stopped:
            return "STOPPED";
        case ClientState::init:
            return "INIT";
        case ClientState::selecting:
            return "SELECTING";
        case ClientState::requesting:
            return "REQUESTING";
        case ClientState::testing:
            return "TESTING";
        case ClientState::bound:
            return "BOUND";
        case ClientState::renewing:
            return "RENEWING";
        case ClientState::rebinding:
            return "REBINDING";
    }
    return "?";
}

void Client::start(Instant now) {
    if (state_ != ClientState::stopped) return;
    began_ = now;
    begin_anew(settings_.least_start_delay + random_below(settings_.most_start_delay - settings_.least_start_delay),
               now);
}

void Client::begin_anew(Duration delay, Instant now) {
    state_ = ClientState::init;
    sent_ = 0;
    offer_.reset();
    deadline_ = now + delay;
}

bool Client::holds_lease() const {
    return state_ == ClientState::bound || state_ == ClientState::renewing || state_ == ClientState::rebinding;
}

void Client::poll(Instant now) {
    if (deadline_ > now) return;
    switch (state_) {
        case ClientState::stopped:
        case ClientState::testing:
            deadline_ = kNever;
            return;
        case ClientState::init:
            state_ = ClientState::selecting;
            transaction_ = static_cast<std::uint32_t>(random_.next());
            return discover(now);
        case ClientState::selecting:
            return discover(now);
        case ClientState::requesting:
            if (sent_ >= settings_.max_requests) return begin_anew(Duration::zero(), now);
            return request(now);
        case ClientState::bound:
            state_ = ClientState::renewing;
            transaction_ = static_cast<std::uint32_t>(random_.next());
            began_ = asked_ = now;
            return renew(now);
        case ClientState::renewing:
        case ClientState::rebinding:
            return renew(now);
    }
}

/// Section 4.4.1.
void Client::discover(Instant now) {
    seconds_ = static_cast<std::uint16_t>(
        std::min<std::int64_t>(std::chrono::duration_cast<std::chrono::seconds>(now - began_).count(), 0xffff));
    MessageWriter message = begin_message(MessageType::discover);
    if (settings_.wanted_address) message.address(Option::requested_address, *settings_.wanted_address);
    message.option(Option::parameter_request_list, kParameters);
    deadline_ = now + next_retransmission();
    output_.broadcast(message.finish(), std::nullopt);
}

void Client::receive(std::span<const std::byte> bytes, Instant now) {
    const auto message = MessageView::parse(bytes);
    if (!message) return;
    const Header header = message->header();
    const auto type = message->type();
    if (!type || !header.reply || header.transaction != transaction_ || header.mac != settings_.mac) return;
    if (*type == MessageType::offer) return take_offer(*message, now);
    if (*type == MessageType::ack) return take_acknowledgement(*message, now);
    if (*type == MessageType::nak) take_refusal(*message, now);
}

/// Section 3.1, step 3.
void Client::take_offer(const MessageView& offer, Instant now) {
    if (state_ != ClientState::selecting) return;
    offer_ = read_lease(offer, now, settings_.lease);
    if (!offer_) return;
    state_ = ClientState::requesting;
    sent_ = 0;
    asked_ = now;
    request(now);
}

void Client::request(Instant now) {
    deadline_ = now + next_retransmission();
    output_.broadcast(request_message(), std::nullopt);
}

/// Whose answer it is: a lease is given by the server that it was asked of.
bool Client::comes_from(const MessageView& message, const IpAddress& server) const {
    return message.address(Option::server_identifier) == server;
}

void Client::take_acknowledgement(const MessageView& acknowledgement, Instant now) {
    const auto lease = read_lease(acknowledgement, asked_, settings_.lease);
    if (!lease || lease->ends_at <= now) return;
    if (state_ == ClientState::requesting) {
        if (lease->server != offer_->server || lease->address.address != offer_->address.address) return;
        offer_ = *lease;
        state_ = ClientState::testing;
        deadline_ = kNever;
        return output_.test(*offer_);
    }
    const bool renewing = state_ == ClientState::renewing && lease->server == lease_->server;
    if (!renewing && state_ != ClientState::rebinding) return;
    if (lease->address.address == lease_->address.address) bind(*lease);
}

/// Section 3.1, step 4, and 4.4.5. A server that refuses what it has just offered is given time.
void Client::take_refusal(const MessageView& refusal, Instant now) {
    if (state_ == ClientState::requesting) {
        if (comes_from(refusal, offer_->server)) begin_anew(settings_.restart_delay, now);
    } else if (state_ == ClientState::rebinding ||
               (state_ == ClientState::renewing && comes_from(refusal, lease_->server))) {
        end_lease();
        begin_anew(Duration::zero(), now);
    }
}

void Client::tested(bool unique, Instant now) {
    if (state_ != ClientState::testing) return;
    if (unique) return bind(*offer_);
    // Section 4.4.4.
    MessageWriter decline = begin_message(MessageType::decline);
    decline.address(Option::requested_address, offer_->address.address)
        .address(Option::server_identifier, offer_->server);
    output_.broadcast(decline.finish(), std::nullopt);
    began_ = now;
    begin_anew(settings_.restart_delay, now);
}

void Client::bind(Lease lease) {
    state_ = ClientState::bound;
    sent_ = 0;
    deadline_ = lease.renew_at;
    offer_.reset();
    lease_ = std::move(lease);
    output_.install(*lease_);
}

/// Section 4.4.5: half of what remains, and a minute at least, from one request to the next; T2 and the end come in
/// time.
void Client::renew(Instant now) {
    if (now >= lease_->ends_at) {
        end_lease();
        began_ = now;
        return begin_anew(Duration::zero(), now);
    }
    if (now >= lease_->rebind_at) state_ = ClientState::rebinding;
    const bool rebinding = state_ == ClientState::rebinding;
    const Instant limit = rebinding ? lease_->ends_at : lease_->rebind_at;
    deadline_ = std::min(limit, now + std::max((limit - now) / 2, settings_.least_renewal_interval));
    const std::vector<std::byte> message = request_message();
    if (rebinding)
        output_.broadcast(message, lease_->address.address);
    else
        output_.unicast(message, lease_->server);
}

void Client::end_lease() {
    const Lease ended = *lease_;
    lease_.reset();
    output_.withdraw(ended);
}

void Client::release(Instant) {
    if (holds_lease()) {
        MessageWriter message = begin_message(MessageType::release);
        message.address(Option::server_identifier, lease_->server);
        output_.unicast(message.finish(), lease_->server);
        end_lease();
    }
    offer_.reset();
    state_ = ClientState::stopped;
    deadline_ = kNever;
}

/// What every message has (table 5). A client without an address is answered by broadcast (section 4.1).
MessageWriter Client::begin_message(MessageType type) const {
    const bool seeks = type == MessageType::discover || (type == MessageType::request && !holds_lease());
    Header header{.transaction = transaction_, .seconds = seconds_, .broadcast = seeks, .mac = settings_.mac};
    if (holds_lease()) header.client_address = lease_->address.address;
    MessageWriter message(header, type);
    std::array<std::byte, 7> identifier{std::byte{1}};  // RFC 2132, section 9.14: Ethernet.
    std::ranges::copy(std::as_bytes(std::span(settings_.mac.octets)), identifier.begin() + 1);
    message.option(Option::client_identifier, identifier);
    const bool asks = type == MessageType::discover || type == MessageType::request;
    if (asks && !settings_.host_name.empty()) message.text(Option::host_name, settings_.host_name);
    return message;
}

/// Section 4.3.2: in REQUESTING it names the offer; later the address in use says it all.
std::vector<std::byte> Client::request_message() const {
    MessageWriter message = begin_message(MessageType::request);
    if (!holds_lease())
        message.address(Option::requested_address, offer_->address.address)
            .address(Option::server_identifier, offer_->server);
    message.option(Option::parameter_request_list, kParameters);
    return message.finish();
}

/// Section 4.1: 4, 8, 16, 32 and 64 seconds, each a second more or less.
Duration Client::next_retransmission() {
    Duration wait = settings_.first_retransmission;
    for (std::uint32_t i = 0; i < sent_ && wait < settings_.last_retransmission; ++i) wait *= 2;
    ++sent_;
    return std::min(wait, settings_.last_retransmission) - settings_.jitter + random_below(2 * settings_.jitter);
}

Duration Client::random_below(Duration limit) {
    if (limit <= Duration::zero()) return Duration::zero();
    return Duration(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(limit.count()))));
}

}  // namespace hourglass::dhcp
