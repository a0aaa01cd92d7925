// Gives a fuzz target the empty input and each file of its corpus once, without
// libFuzzer. A corpus that is missing or empty is an error: the target would be
// tested on nothing.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

/// The bytes of a file in a block of exactly its size, so that the address
/// sanitizer sees a read past the end.
std::vector<char> read_file(const std::filesystem::path& path) {
    std::vector<char> bytes(std::filesystem::file_size(path));
    std::ifstream(path, std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return bytes;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
        return 2;
    }
    std::error_code error;
    std::size_t inputs = 0;
    LLVMFuzzerTestOneInput(nullptr, 0);
    for (const auto& entry : std::filesystem::directory_iterator(argv[1], error)) {
        const std::vector<char> input = read_file(entry.path());
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
        ++inputs;
    }
    std::printf("%zu inputs\n", inputs);
    if (inputs == 0) std::fprintf(stderr, "%s: no input found\n", argv[1]);
    return inputs == 0 ? 1 : 0;
}
