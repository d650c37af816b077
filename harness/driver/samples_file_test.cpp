#include "harness/driver/samples_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "harness/driver/exit_code.hpp"

namespace regatta::driver {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using json = nlohmann::ordered_json;

class SamplesFile : public ::testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }
  void put(const std::string& text) const { std::ofstream(path_, std::ios::app) << text; }
  std::string content() const {
    std::ifstream in(path_);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static json line(std::uint64_t block) {
    return {{"block", block}, {"row", "a"},      {"cell", "yield"}, {"outcome", "ok"},
            {"ns", 5},        {"iterations", 1}, {"operations", 1}};
  }

  std::filesystem::path path_ = std::filesystem::path(::testing::TempDir()) /
                                ("samples-" + std::to_string(::getpid()) + ".jsonl");
};

TEST_F(SamplesFile, WhatIsAppendedIsRead) {
  {
    samples_file file(path_);
    file.append(line(0));
    file.append(line(1));
  }
  const auto read = read_samples(path_);
  ASSERT_EQ(read.samples.size(), 2u);
  EXPECT_EQ(read.samples[1].block, 1u);
  EXPECT_TRUE(read.problems.empty());
}

TEST_F(SamplesFile, ACorruptLineIsNamedAndTheOthersCount) {
  put(line(0).dump() + "\n{\"block\":\n" + line(2).dump() + "\n");
  const auto read = read_samples(path_);
  EXPECT_EQ(read.samples.size(), 2u);
  EXPECT_THAT(read.problems, ElementsAre(HasSubstr("line 2 is corrupt")));
  EXPECT_FALSE(read.torn);
}

TEST_F(SamplesFile, ATornLastLineIsCutAndWritingGoesOn) {
  put(line(0).dump() + "\n" + line(1).dump().substr(0, 20));
  const auto read = read_samples(path_);
  EXPECT_TRUE(read.torn);
  EXPECT_EQ(read.samples.size(), 1u);
  cut_torn_line(path_, read);
  samples_file(path_).append(line(2));
  EXPECT_EQ(content(), line(0).dump() + "\n" + line(2).dump() + "\n");
}

TEST_F(SamplesFile, AFullDiskIsASentenceThatSaysHowToGoOn) {
  samples_file full("/dev/full");
  try {
    full.append(line(0));
    FAIL() << "the write to /dev/full was not noticed";
  } catch (const ends_command& end) {
    EXPECT_EQ(end.code(), exit_code::could_not_measure);
    EXPECT_THAT(end.what(), HasSubstr("No space left on device"));
    EXPECT_THAT(end.what(), HasSubstr("--resume"));
  }
}

TEST_F(SamplesFile, AFolderThatCannotBeWrittenIsASentence) {
  EXPECT_THROW(samples_file("/proc/no/samples.jsonl"), ends_command);
}

}  // namespace
}  // namespace regatta::driver
