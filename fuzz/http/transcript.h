#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <expected>
#include <span>
#include <string>

#include "hourglass/http/body.h"
#include "hourglass/http/parser.h"

// What the HTTP fuzzers share: a parser's run as a text that can be compared, and ways to cut input into pieces.

namespace hourglass::http::fuzz {

/// Ends the program when a property does not hold.
inline void require(bool holds, const char* property) {
    if (holds) return;
    std::fprintf(stderr, "property does not hold: %s\n", property);
    std::abort();
}

inline void describe(std::string& out, const Fields& fields) {
    for (const Field f : fields) out.append(f.name).append("=").append(f.value).append("|");
}

inline std::string describe(const Request& request) {
    std::string out = "request " + std::string(request.method.name()) + " " + request.target + " ";
    out += std::to_string(request.version.major) + "." + std::to_string(request.version.minor) + " ";
    describe(out, request.fields);
    return out;
}

inline std::string describe(const Response& response) {
    std::string out = "response " + std::to_string(to_number(response.status)) + " " + response.reason + " ";
    out += std::to_string(response.version.major) + "." + std::to_string(response.version.minor) + " ";
    describe(out, response.fields);
    return out;
}

inline std::string describe_message(const RequestParser& parser) { return describe(parser.request()); }
inline std::string describe_message(const ResponseParser& parser) { return describe(parser.response()); }

/// Feeds `parser` with pieces whose sizes `next_size` gives, and writes down all that it reports. Where one piece of a
/// body ends and the next begins is left out.
template <typename Parser, typename NextSize>
std::string transcribe(Parser& parser, std::span<const std::byte> input, NextSize next_size) {
    std::string out;
    while (!input.empty()) {
        const std::size_t size = std::min<std::size_t>(std::max<std::size_t>(next_size(), 1), input.size());
        std::span<const std::byte> piece = input.first(size);
        input = input.subspan(size);
        for (;;) {
            const std::expected<ParseStep, Error> step = parser.parse(piece);
            if (!step) return out + "\nerror " + std::string(info(step.error()).name);
            require(step->consumed <= piece.size(), "a step consumes no more than it is given");
            piece = piece.subspan(step->consumed);
            if (step->kind == ParseStep::Kind::need_more) {
                require(piece.empty(), "a parser that needs more has consumed everything");
                break;
            }
            if (step->kind == ParseStep::Kind::head) out += "\n" + describe_message(parser) + "\nbody ";
            if (step->kind == ParseStep::Kind::body) out += as_text(step->data);
            if (step->kind == ParseStep::Kind::end) {
                out += "\nend ";
                describe(out, parser.trailers());
            }
        }
    }
    return out;
}

/// Sizes that look random and depend on nothing but the seed.
class Sizes {
  public:
    explicit Sizes(std::uint64_t seed) : state_(seed * 2 + 1) {}
    std::size_t operator()() {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        const std::uint64_t bits = state_ >> 33;
        return bits % 4 == 0 ? 1 : 1 + (bits >> 2) % 97;
    }

  private:
    std::uint64_t state_;
};

/// The same input whole, byte by byte and in pieces gives the same transcript.
template <typename MakeParser>
std::string transcribe_all_ways(std::span<const std::byte> input, std::uint64_t seed, MakeParser make_parser) {
    auto whole_parser = make_parser();
    std::string whole = transcribe(whole_parser, input, [&] { return input.size(); });
    auto byte_parser = make_parser();
    require(transcribe(byte_parser, input, [] { return std::size_t{1}; }) == whole, "byte by byte is as in one piece");
    auto piece_parser = make_parser();
    require(transcribe(piece_parser, input, Sizes(seed)) == whole, "in pieces is as in one piece");
    return whole;
}

}  // namespace hourglass::http::fuzz
