#include "harness/driver/ab/pairing.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "harness/driver/ab/gate_cells.hpp"

namespace regatta::driver {
namespace {

namespace fs = std::filesystem;

class Pairing : public ::testing::Test {
 protected:
  Pairing() {
    std::string pattern = (fs::path(::testing::TempDir()) / "pairing-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~Pairing() override { fs::remove_all(folder_); }

  row program(const std::string& name, const std::string& content,
              const std::string& argument = "") {
    const fs::path file = folder_ / name;
    std::ofstream(file) << content;
    row r;
    r.command = {file.string(), "--serve"};
    if (!argument.empty()) r.command.push_back(argument);
    return r;
  }

  fs::path folder_;
};

TEST_F(Pairing, NativeProgramsOfEqualBytesAreTheSame) {
  const row one = program("a",
                          "\x7f"
                          "ELF and more");
  EXPECT_TRUE(is_same_program(one, program("b",
                                           "\x7f"
                                           "ELF and more")));
  EXPECT_FALSE(is_same_program(one, program("c",
                                            "\x7f"
                                            "ELF and mode")));
  EXPECT_FALSE(is_same_program(one, program("d",
                                            "\x7f"
                                            "ELF and more.")));
  EXPECT_FALSE(is_same_program(one, program("e",
                                            "\x7f"
                                            "ELF and more",
                                            "--fast")));
  EXPECT_TRUE(is_same_program(one, one));
}

TEST_F(Pairing, OfAScriptInTwoPlacesNobodyKnowsWhatItReads) {
  EXPECT_FALSE(is_same_program(program("a", "#!/bin/sh"), program("b", "#!/bin/sh")));
}

TEST_F(Pairing, WhoIsAbsentIsNotTheSame) {
  row gone = program("a",
                     "\x7f"
                     "ELF");
  gone.absent = failure{outcome::skipped, "it was not built"};
  EXPECT_FALSE(is_same_program(gone, gone));
}

TEST_F(Pairing, ABaseATwinAndAHead) {
  const auto rows = rows_of({"it", program("a", "1"), program("b", "2"), false});
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].name, "it@base");
  EXPECT_EQ(rows[1].name, "it@base#twin");
  EXPECT_EQ(rows[2].name, "it@head");
  EXPECT_EQ(rows[1].command, rows[0].command);
  EXPECT_TRUE(rows[1].twin);
  EXPECT_EQ(rows[1].side, "base");
  EXPECT_EQ(rows[2].side, "head");
}

TEST(GateCells, AreCellsThatRuntimesAreComparedInByTime) {
  const auto cells = gate_cells();
  EXPECT_EQ(cells.size(), 5u);
  EXPECT_EQ(comparable_cells(cells).size(), cells.size());
}

}  // namespace
}  // namespace regatta::driver
