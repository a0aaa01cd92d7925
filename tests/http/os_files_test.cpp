#include "hourglass/runtime/os_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace hourglass::runtime {
namespace {

namespace fs = std::filesystem;
using http::FileError;

class OsFilesTest : public testing::TestWithParam<OsFiles::Resolution> {
  protected:
    OsFilesTest() {
        std::string name = (fs::temp_directory_path() / "hourglass-files-XXXXXX").string();
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        base = name;
        fs::create_directories(base / "root/sub");
        write(base / "outside.txt", "outside");
        write(base / "root/file.txt", "inside");
        write(base / "root/sub/deep.txt", "deep");
        fs::create_symlink("../outside.txt", base / "root/escape");
        fs::create_symlink((base / "outside.txt").string(), base / "root/absolute");
        fs::create_directory_symlink("..", base / "root/up");
        fs::create_symlink("sub/deep.txt", base / "root/link");
        ::mkfifo((base / "root/pipe").c_str(), 0600);
    }
    ~OsFilesTest() override { fs::remove_all(base); }
    static void write(const fs::path& path, std::string_view text) { std::ofstream(path) << text; }

    fs::path base;
};

std::string read_all(http::OpenFile& file) {
    std::string text(static_cast<std::size_t>(file.size), '\0');
    const auto n = file.content->read_at(0, std::as_writable_bytes(std::span(text)));
    return n ? text.substr(0, *n) : "unreadable";
}

TEST_P(OsFilesTest, OpensFilesAndDirectoriesBelowTheRoot) {
    const auto files = OsFiles::open_root((base / "root").string(), GetParam()).value();
    auto file = files->open("sub/deep.txt");
    ASSERT_TRUE(file);
    EXPECT_EQ(file->size, 4U);
    EXPECT_EQ(read_all(*file), "deep");
    EXPECT_TRUE(file->modified);
    EXPECT_FALSE(file->version.empty());
    EXPECT_TRUE(files->open("").value().is_directory());
    EXPECT_TRUE(files->open("sub").value().is_directory());
}

TEST_P(OsFilesTest, NothingLeadsOutOfTheRoot) {
    const auto files = OsFiles::open_root((base / "root").string(), GetParam()).value();
    for (const char* path : {"escape", "absolute", "up/outside.txt", "../outside.txt", "sub/../../outside.txt"}) {
        const auto file = files->open(path);
        ASSERT_FALSE(file) << path;
        EXPECT_TRUE(file.error() == FileError::forbidden || file.error() == FileError::not_found) << path;
    }
}

TEST_P(OsFilesTest, SaysWhyThereIsNoFile) {
    const auto files = OsFiles::open_root((base / "root").string(), GetParam()).value();
    EXPECT_EQ(files->open("none").error(), FileError::not_found);
    EXPECT_EQ(files->open("file.txt/x").error(), FileError::not_found);
    EXPECT_EQ(files->open(std::string(5000, 'x')).error(), FileError::not_found);
    EXPECT_EQ(files->open("pipe").error(), FileError::forbidden);
}

TEST_P(OsFilesTest, AListingLeavesOutWhatCantBeOpened) {
    const auto files = OsFiles::open_root((base / "root").string(), GetParam()).value();
    auto entries = files->list("", 100).value();
    std::ranges::sort(entries, {}, &http::DirectoryEntry::name);
    std::string names;
    for (const auto& entry : entries) names += entry.name + (entry.is_directory ? "/ " : " ");
    EXPECT_EQ(names, GetParam() == OsFiles::Resolution::without_openat2 ? "file.txt sub/ " : "file.txt link sub/ ");
    EXPECT_EQ(files->list("sub", 100)->front().size, 4U);
    EXPECT_EQ(files->list("", 1)->size(), 1U);
    EXPECT_FALSE(files->list("up", 100));
    EXPECT_FALSE(files->list("file.txt", 100));
}

TEST_P(OsFilesTest, LinksInsideAreFollowedWhereTheKernelKeepsThemInside) {
    const auto files = OsFiles::open_root((base / "root").string(), GetParam()).value();
    auto file = files->open("link");
    if (GetParam() == OsFiles::Resolution::without_openat2) {
        EXPECT_EQ(file.error(), FileError::forbidden);
    } else {
        ASSERT_TRUE(file);
        EXPECT_EQ(read_all(*file), "deep");
    }
}

INSTANTIATE_TEST_SUITE_P(Resolutions, OsFilesTest,
                         testing::Values(OsFiles::Resolution::automatic, OsFiles::Resolution::without_openat2));

TEST(OsFiles, RootThatIsNotThereIsOneLine) {
    EXPECT_EQ(OsFiles::open_root("/nonexistent/x").error(), "can't serve /nonexistent/x: No such file or directory");
    EXPECT_EQ(OsFiles::open_root("/etc/passwd").error(), "can't serve /etc/passwd: Not a directory");
}

}  // namespace
}  // namespace hourglass::runtime
