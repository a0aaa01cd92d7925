#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <string>
#include <unistd.h>

namespace hourglass::trace {

/// True when this machine has tshark, the judge of our captures.
inline bool have_tshark() { return std::system("command -v tshark > /dev/null 2>&1") == 0; }

/// What tshark says about a capture, given as bytes.
inline std::string tshark(const std::string& capture, const std::string& arguments) {
    const auto file = std::filesystem::temp_directory_path() / fmt::format("hourglass-{}.pcapng", getpid());
    std::ofstream(file, std::ios::binary) << capture;
    const std::string command = fmt::format(
        "tshark -r '{}' -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE {} 2>/dev/null",
        file.string(), arguments);
    std::string out;
    if (FILE* pipe = popen(command.c_str(), "r")) {
        std::array<char, 4096> room;
        while (const std::size_t n = std::fread(room.data(), 1, room.size(), pipe)) out.append(room.data(), n);
        pclose(pipe);
    }
    std::filesystem::remove(file);
    return out;
}

}  // namespace hourglass::trace
