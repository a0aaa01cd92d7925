#include "hourglass/runtime/turn_files.h"

#include <asio/io_context.hpp>
#include <gtest/gtest.h>

namespace hourglass::runtime {
namespace {

/// Files in memory that count how often they are opened and read.
class CountedFiles final : public http::FileStore {
  public:
    std::expected<http::OpenFile, http::FileError> open(const std::string& path) const override {
        ++opened;
        auto file = files.open(path);
        if (file && file->content) file->content = std::make_shared<Counted>(std::move(file->content), read);
        return file;
    }

    http::MemoryFiles files;
    mutable int opened = 0;
    mutable int read = 0;

  private:
    class Counted final : public http::FileContent {
      public:
        Counted(std::shared_ptr<http::FileContent> inner, int& read) : inner_(std::move(inner)), read_(read) {}
        std::expected<std::size_t, http::FileError> read_at(std::uint64_t offset, std::span<std::byte> into) override {
            ++read_;
            return inner_->read_at(offset, into);
        }

      private:
        std::shared_ptr<http::FileContent> inner_;
        int& read_;
    };
};

std::string content(http::OpenFile& file, std::uint64_t from = 0) {
    std::string text(64, '\0');
    const auto n = file.content->read_at(from, std::as_writable_bytes(std::span(text)));
    return n ? text.substr(0, *n) : "unreadable";
}

struct TurnFilesTest : testing::Test {
    asio::io_context context{1};
    OsLoop loop{context};
    CountedFiles store;
    TurnFiles files{store, loop};
};

TEST_F(TurnFilesTest, OpenAndReadAFileOnceForAllRequestsOfATurn) {
    store.files.add("a.txt", "first");
    auto one = files.open("a.txt").value(), other = files.open("a.txt").value();
    EXPECT_EQ(content(one), "first");
    EXPECT_EQ(content(other, 2), "rst");
    EXPECT_EQ(content(other, 9), "");
    EXPECT_EQ(one.version, other.version);
    EXPECT_EQ(one.size, other.size);
    EXPECT_EQ(store.opened, 1);
    EXPECT_EQ(store.read, 1);
}

TEST_F(TurnFilesTest, TheNextTurnSeesWhatHasChanged) {
    store.files.add("a.txt", "first");
    auto before = files.open("a.txt").value();
    store.files.add("a.txt", "second");
    context.poll();
    auto after = files.open("a.txt").value();
    EXPECT_EQ(content(after), "second");
    EXPECT_EQ(content(before), "first") << "who is reading goes on";
    EXPECT_EQ(store.opened, 2);
}

TEST_F(TurnFilesTest, WhatIsLargeIsReadInPieces) {
    const std::string large(1 << 20, 'x');
    store.files.add("large", large + "end");
    auto file = files.open("large").value();
    EXPECT_EQ(content(file, large.size()), "end");
    EXPECT_EQ(content(file).size(), 64U);
    EXPECT_EQ(store.read, 2);
}

TEST_F(TurnFilesTest, DirectoriesAreDirectoriesAndWhatIsNotThereIsAskedForAgain) {
    store.files.add("sub/a.txt", "a");
    EXPECT_TRUE(files.open("sub").value().is_directory());
    EXPECT_TRUE(files.open("sub").value().is_directory());
    EXPECT_EQ(store.opened, 1);
    EXPECT_EQ(files.open("nothing").error(), http::FileError::not_found);
    store.files.add("nothing", "something");
    EXPECT_EQ(files.open("nothing").value().size, 9U);
    EXPECT_EQ(files.list("", 10).error(), http::FileError::forbidden) << "as the store says";
}

}  // namespace
}  // namespace hourglass::runtime
