#include "scenarios/support/scratch_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <filesystem>

namespace regatta::scenarios {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class ScratchFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string path = ::testing::TempDir() + "/scratch_XXXXXX";
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    folder_ = path;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // The words of a file that is opened by its path, as a runtime opens it.
  static std::vector<u64> words_of(scratch_file const& file) {
    int const opened = ::open(file.path().c_str(), O_RDONLY);
    EXPECT_GE(opened, 0);
    struct stat about{};
    EXPECT_EQ(::fstat(opened, &about), 0);
    std::vector<u64> words(static_cast<std::size_t>(about.st_size) / sizeof(u64));
    EXPECT_EQ(::pread(opened, words.data(), words.size() * sizeof(u64), 0), about.st_size);
    ::close(opened);
    return words;
  }
  static std::vector<u64> indices(u64 count) {
    std::vector<u64> words(count);
    for (u64 i = 0; i < count; ++i) words[i] = i;
    return words;
  }
  bool folder_is_empty() const { return std::filesystem::is_empty(folder_); }

  std::string folder_;
};

TEST_F(ScratchFile, HoldsTheIndexOfEachWord) {
  scratch_file file(folder_);
  file.grow_to(3 << 20);
  EXPECT_EQ(words_of(file), indices((3 << 20) / sizeof(u64)));
}

TEST_F(ScratchFile, GrowsAndNeverShrinks) {
  scratch_file file(folder_);
  for (u64 const bytes : {8'192u, 100'000u, 16u, 2u << 20, 8u}) file.grow_to(bytes);
  EXPECT_EQ(words_of(file), indices((2 << 20) / sizeof(u64)));
}

TEST_F(ScratchFile, IsOneForTheProcess) {
  auto const& first = scratch_file::of_this_process(1 << 20);
  auto const& second = scratch_file::of_this_process(2 << 20);
  EXPECT_EQ(&first, &second);
  EXPECT_EQ(words_of(first), indices((2 << 20) / sizeof(u64)));
}

TEST_F(ScratchFile, HasNoNameWhileItLives) {
  scratch_file file(folder_);
  file.grow_to(4'096);
  EXPECT_TRUE(folder_is_empty());
}

TEST_F(ScratchFile, IsGoneWithAProcessThatIsKilled) {
  pid_t const child = ::fork();
  if (child == 0) {
    scratch_file file(folder_);
    file.grow_to(4'096);
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  EXPECT_TRUE(folder_is_empty());
}

TEST_F(ScratchFile, SaysWhereThereIsNoRoomAndStaysAsItWas) {
  scratch_file file(folder_);
  file.grow_to(1 << 20);

  rlimit unlimited{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &unlimited), 0);
  auto const old_handler = ::signal(SIGXFSZ, SIG_IGN);
  rlimit small = unlimited;
  small.rlim_cur = 2 << 20;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  std::string complaint;
  try {
    file.grow_to(8 << 20);
  } catch (std::runtime_error const& error) {
    complaint = error.what();
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &unlimited), 0);
  ::signal(SIGXFSZ, old_handler);

  EXPECT_THAT(complaint, AllOf(HasSubstr("no room for a scratch file of 8 MiB"), HasSubstr(folder_),
                               HasSubstr("TMPDIR")));
  EXPECT_EQ(words_of(file), indices((1 << 20) / sizeof(u64)));
  file.grow_to(2 << 20);
  EXPECT_EQ(words_of(file), indices((2 << 20) / sizeof(u64)));
}

TEST_F(ScratchFile, SaysWhichFolderIsNotThere) {
  std::string complaint;
  try {
    scratch_file file(folder_ + "/nowhere");
  } catch (std::runtime_error const& error) {
    complaint = error.what();
  }
  EXPECT_THAT(complaint, AllOf(HasSubstr(folder_ + "/nowhere"), HasSubstr("No such file")));
}

}  // namespace
}  // namespace regatta::scenarios
