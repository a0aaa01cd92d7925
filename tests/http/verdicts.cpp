// What our request parser makes of inputs, for tests that compare it with others. On standard input: octets of one
// input in hexadecimal, a line each. On standard output a line each: the requests as "METHOD target body-size",
// separated by a tab, and behind ";" how it ends: "end" (between two requests), "more" (inside of one) or an error's
// name.

#include <iostream>
#include <string>
#include <vector>

#include "hourglass/http/parser.h"

namespace {

using namespace hourglass::http;

std::string verdict(std::span<const std::byte> bytes) {
    RequestParser parser;
    std::string requests;
    std::size_t body = 0;
    const auto finish = [&](std::string_view how) { return requests + ";" + std::string(how); };
    for (;;) {
        const auto step = parser.parse(bytes);
        if (!step) return finish(info(step.error()).name);
        bytes = bytes.subspan(step->consumed);
        switch (step->kind) {
            case ParseStep::Kind::head:
                body = 0;
                break;
            case ParseStep::Kind::body:
                body += step->data.size();
                break;
            case ParseStep::Kind::end:
                if (!requests.empty()) requests += '\t';
                requests += std::string(parser.request().method.name()) + " " + parser.request().target + " " +
                            std::to_string(body);
                break;
            case ParseStep::Kind::need_more:
                return finish(parser.between_messages() ? "end" : "more");
        }
    }
}

}  // namespace

int main() {
    std::ios::sync_with_stdio(false);
    for (std::string line; std::getline(std::cin, line);) {
        std::vector<std::byte> bytes(line.size() / 2);
        for (std::size_t i = 0; i < bytes.size(); ++i)
            bytes[i] = static_cast<std::byte>(std::stoi(line.substr(2 * i, 2), nullptr, 16));
        std::cout << verdict(bytes) << '\n';
    }
}
