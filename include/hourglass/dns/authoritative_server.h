#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "hourglass/dns/message.h"
#include "hourglass/dns/zone.h"

namespace hourglass::dns {

/// What carries a message.
enum class Transport : std::uint8_t { udp, tcp };

/// What an authoritative server may be told.
struct ServerSettings {
    std::uint16_t udp_size = 1232;  ///< Largest answer over UDP, whatever the client takes; at least 512.
    std::size_t max_aliases = 16;   ///< CNAMEs followed inside the zone.
};

/// What a server has counted since it began.
struct ServerCounters {
    std::uint64_t answered = 0;         ///< NOERROR.
    std::uint64_t name_errors = 0;      ///< NXDOMAIN.
    std::uint64_t refused = 0;          ///< Not in a zone of this server, a transfer, or a class that it has not.
    std::uint64_t format_errors = 0;    ///< Not a message, or without exactly one question.
    std::uint64_t not_implemented = 0;  ///< Another opcode than QUERY.
    std::uint64_t bad_versions = 0;     ///< EDNS of a version above 0.
    std::uint64_t truncated = 0;        ///< Answers with TC.
    std::uint64_t ignored = 0;          ///< Shorter than a header, or a response: not answered at all.
};

/// An authoritative server (RFC 1034, section 4.3; no recursion) for zones that it is given. It holds no socket: a
/// query's bytes go in and the response's come out.
class AuthoritativeServer {
  public:
    explicit AuthoritativeServer(std::vector<Zone> zones, const ServerSettings& settings = {});

    /// The response to a query: authoritative data with aliases inside the zone followed, a referral to a delegated
    /// zone, NXDOMAIN or no data with the SOA (RFC 2308, section 3), one record set for ANY (RFC 8482, section 4.1),
    /// REFUSED outside the zones, FORMERR, NOTIMP or BADVERS. Over UDP an answer longer than 512 octets, or than EDNS
    /// allows, is cut and has TC set. Empty when the bytes deserve no answer.
    [[nodiscard]] std::vector<std::byte> answer(std::span<const std::byte> query, Transport transport);

    [[nodiscard]] const std::vector<Zone>& zones() const { return zones_; }
    /// Answers from other zones from now on.
    void reload(std::vector<Zone> zones) { zones_ = std::move(zones); }
    [[nodiscard]] const ServerCounters& counters() const { return counters_; }

  private:
    struct Reply {
        Message message;
        std::size_t udp_limit;  ///< Octets that the client takes over UDP.
    };
    [[nodiscard]] Reply respond(const Message& head, std::span<const std::byte> query) const;
    void answer_question(const Question& question, Message& response) const;
    [[nodiscard]] const Zone* find_zone(const Name& name) const;
    void count(const Message& response);

    std::vector<Zone> zones_;
    ServerSettings settings_;
    ServerCounters counters_;
};

}  // namespace hourglass::dns
