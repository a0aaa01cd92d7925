// A question on the network: attempts, checks of what comes back (RFC 5452, section 9.1), truncation, aliases.

#include <algorithm>
#include <array>

#include "dns/interpret.h"
#include "hourglass/dns/stub_resolver.h"

namespace hourglass::dns {

namespace {

std::uint32_t whole_seconds(Duration d) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(d).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 0, 0x7fffffff));
}

InterpretLimits limits_of(const ResolverSettings& settings, std::size_t aliases_so_far) {
    return {settings.max_aliases - aliases_so_far, settings.max_addresses, whole_seconds(settings.max_ttl),
            whole_seconds(settings.max_negative_ttl)};
}

/// Servers that cannot read a query may answer without repeating the question.
bool is_failure(Rcode rcode) { return rcode != Rcode::no_error && rcode != Rcode::name_error; }

}  // namespace

std::uint64_t StubResolver::draw() {
    const std::array<std::uint64_t, 1> input{++drawn_};
    return siphash(secret_, std::as_bytes(std::span(input)));
}

const SocketAddress& StubResolver::server_of(const Lookup& lookup) const {
    return settings_.servers[lookup.attempt % settings_.servers.size()];
}

Port StubResolver::draw_port() {
    const std::uint32_t range = settings_.last_port - settings_.first_port + 1u;
    const auto at_index = [&](std::uint32_t i) { return Port(static_cast<std::uint16_t>(settings_.first_port + i)); };
    const auto start = static_cast<std::uint32_t>(draw() % range);
    for (std::uint32_t i = 0; i < range; ++i) {
        const Port port = at_index((start + i) % range);
        if (find_port(port) == lookups_.end()) return port;
    }
    return at_index(start);
}

StubResolver::Lookups::iterator StubResolver::find_port(Port port) {
    return std::ranges::find_if(lookups_,
                                [port](const auto& entry) { return !entry.second.tcp && entry.second.port == port; });
}

StubResolver::Lookups::iterator StubResolver::find_tcp(TcpExchangeId exchange) {
    return std::ranges::find_if(lookups_, [exchange](const auto& entry) { return entry.second.tcp == exchange; });
}

Message StubResolver::question_message(const Lookup& lookup) const {
    Message m = make_query(lookup.id, {lookup.target, lookup.type, Class::in});
    if (lookup.edns && settings_.udp_size != 0) m.edns = Edns{.udp_size = settings_.udp_size};
    return m;
}

/// The first attempt for a target: every server has its chance again.
void StubResolver::begin_attempt(Lookups::iterator at, Instant now) {
    Lookup& lookup = at->second;
    lookup.attempt = 0;
    lookup.failed_servers.assign(settings_.servers.size(), false);
    lookup.edns = true;
    send(lookup, now);
}

void StubResolver::send(Lookup& lookup, Instant now) {
    constexpr std::size_t kMaxDoublings = 6;
    lookup.port = Port{};
    lookup.port = draw_port();
    lookup.id = static_cast<std::uint16_t>(draw());
    lookup.forgeries = 0;
    const std::size_t round = lookup.attempt / settings_.servers.size();
    lookup.deadline = now + settings_.timeout * (1 << std::min(round, kMaxDoublings));
    datagrams_.push_back({server_of(lookup), lookup.port, question_message(lookup).to_bytes()});
    ++counters_.datagrams_sent;
}

void StubResolver::start_tcp(Lookup& lookup, Instant now) {
    end_attempt(lookup);
    lookup.tcp = TcpExchangeId{next_exchange_++};
    lookup.framer = TcpFramer();
    lookup.id = static_cast<std::uint16_t>(draw());
    lookup.deadline = now + settings_.tcp_timeout;
    tcp_requests_.push_back({*lookup.tcp, server_of(lookup), tcp_framed(question_message(lookup).to_bytes())});
    ++counters_.tcp_exchanges;
}

/// Gives back the port or the connection of the attempt under way, with what was not taken of it.
void StubResolver::end_attempt(Lookup& lookup) {
    if (lookup.tcp) {
        std::erase_if(tcp_requests_, [&](const TcpRequest& r) { return r.exchange == *lookup.tcp; });
        released_tcp_.push_back(*lookup.tcp);
        lookup.tcp.reset();
    } else if (lookup.port != Port{}) {
        std::erase_if(datagrams_, [&](const OutgoingDatagram& d) { return d.local_port == lookup.port; });
        released_ports_.push_back(lookup.port);
    }
    lookup.port = Port{};
}

void StubResolver::next_attempt(Lookups::iterator at, Instant now) {
    Lookup& lookup = at->second;
    end_attempt(lookup);
    const std::size_t servers = settings_.servers.size();
    do {
        ++lookup.attempt;
    } while (lookup.attempt < servers * settings_.attempts && lookup.failed_servers[lookup.attempt % servers]);
    if (lookup.attempt < servers * settings_.attempts) return send(lookup, now);
    const bool any_failed = std::ranges::find(lookup.failed_servers, true) != lookup.failed_servers.end();
    finish(at, std::unexpected(any_failed ? ResolveError::server_failure : ResolveError::timed_out), Source::network,
           now);
}

void StubResolver::server_failed(Lookups::iterator at, Instant now) {
    at->second.failed_servers[at->second.attempt % settings_.servers.size()] = true;
    next_attempt(at, now);
}

bool StubResolver::answers_question(const Lookup& lookup, const Message& head) {
    const Header& h = head.header;
    if (!h.response || h.opcode != Opcode::query || h.id != lookup.id) {
        ++counters_.ignored_id;
        return false;
    }
    if (head.questions.empty() && is_failure(h.rcode)) return true;
    if (head.questions.size() != 1 || head.questions[0] != Question{lookup.target, lookup.type, Class::in}) {
        ++counters_.ignored_question;
        return false;
    }
    return true;
}

void StubResolver::receive(const SocketAddress& from, Port local_port, std::span<const std::byte> bytes, Instant now) {
    const auto at = local_port == Port{} ? lookups_.end() : find_port(local_port);
    if (at == lookups_.end()) {
        ++counters_.ignored_late;
        return;
    }
    Lookup& lookup = at->second;
    if (from != server_of(lookup)) {
        ++counters_.ignored_server;
        return;
    }
    const auto head = Message::parse_head(bytes);
    if (!head) {
        ++counters_.ignored_malformed;
        return;
    }
    if (!answers_question(lookup, *head)) {
        if (++lookup.forgeries >= settings_.forgeries) start_tcp(lookup, now);
        return;
    }
    if (head->header.truncated) {
        ++counters_.answers;
        return start_tcp(lookup, now);
    }
    handle_response(at, bytes, now);
}

void StubResolver::receive_tcp(TcpExchangeId exchange, std::span<const std::byte> bytes, Instant now) {
    const auto at = find_tcp(exchange);
    if (at == lookups_.end()) return;
    while (const auto message = at->second.framer.take(bytes)) {
        const auto head = Message::parse_head(*message);
        if (!head) return server_failed(at, now);
        if (answers_question(at->second, *head)) return handle_response(at, *message, now);
    }
}

/// A response to the question: its header has been checked, the rest has not been read.
void StubResolver::handle_response(Lookups::iterator at, std::span<const std::byte> bytes, Instant now) {
    using Kind = Interpretation::Kind;
    Lookup& lookup = at->second;
    ++counters_.answers;
    const auto message = Message::parse(bytes);
    if (!message) return server_failed(at, now);
    if (message->header.rcode == Rcode::format_error && lookup.edns && settings_.udp_size != 0) {
        end_attempt(lookup);  // RFC 6891, section 7: a server without EDNS; ask it once more without
        lookup.edns = false;
        return send(lookup, now);
    }
    auto meaning = interpret(*message, lookup.target, lookup.type, limits_of(settings_, lookup.aliases));
    Answer& answer = meaning.answer;
    answer.ttl = std::min(answer.ttl, lookup.ttl);
    switch (meaning.kind) {
        case Kind::answered:
            return finish(at, answer, Source::network, now);
        case Kind::looping:
            return finish(at, std::unexpected(ResolveError::too_many_aliases), Source::network, now);
        case Kind::no_help:
            return server_failed(at, now);
        case Kind::continued:
            lookup.aliases += meaning.aliases;
            lookup.ttl = answer.ttl;
            return follow_alias(at, answer.canonical_name, now);
    }
}

void StubResolver::follow_alias(Lookups::iterator at, const Name& target, Instant now) {
    Lookup& lookup = at->second;
    end_attempt(lookup);
    if (const Cache::Entry* known = cache_.find(target, lookup.type, now)) {
        Answer answer = known->answer;
        answer.ttl = std::min(whole_seconds(known->expires - now), lookup.ttl);
        return finish(at, answer, Source::network, now);
    }
    lookup.target = target;
    begin_attempt(at, now);
}

void StubResolver::unreachable(Port local_port, Instant now) {
    if (local_port == Port{}) return;
    if (const auto at = find_port(local_port); at != lookups_.end()) server_failed(at, now);
}

void StubResolver::tcp_failed(TcpExchangeId exchange, Instant now) {
    if (const auto at = find_tcp(exchange); at != lookups_.end()) server_failed(at, now);
}

void StubResolver::poll(Instant now) {
    for (auto at = lookups_.begin(); at != lookups_.end();) {
        const auto next = std::next(at);
        if (at->second.deadline <= now) {
            ++counters_.timeouts;
            next_attempt(at, now);
        }
        at = next;
    }
}

Instant StubResolver::next_deadline() const {
    Instant earliest = kNever;
    for (const auto& [id, lookup] : lookups_) earliest = std::min(earliest, lookup.deadline);
    return earliest;
}

}  // namespace hourglass::dns
