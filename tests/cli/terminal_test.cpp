#include "cli/terminal.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <memory>

namespace hourglass::cli {
namespace {

TEST(Printable, ShowsWhatCouldSteerATerminal) {
    EXPECT_EQ(printable("plain /path?q=1"), "plain /path?q=1");
    EXPECT_EQ(printable("a\x1b[2Jb\r\n\x9b"), "a\\x1b[2Jb\\x0d\\x0a\\x9b");
}

TEST(Colour, IsOnlyForATerminal) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
    ASSERT_NE(file, nullptr);
    EXPECT_FALSE(shows_colour(file.get()));
    EXPECT_EQ(paint("text", Colour::red, false), "text");
    EXPECT_EQ(paint("text", Colour::red, true), "\x1b[31mtext\x1b[0m");
}

}  // namespace
}  // namespace hourglass::cli
