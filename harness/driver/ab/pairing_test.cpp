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

row named(const std::string& variant, std::uint64_t threads = 0) {
  row r;
  r.name = row_name("x", variant, threads);
  r.contender = "x";
  r.variant = variant;
  r.threads = threads;
  r.command = {"x"};
  return r;
}

row dead() {
  row r = named("");
  r.command = {"dead"};
  r.absent = failure{outcome::crashed, "it died of SIGSEGV"};
  return r;
}

std::map<std::string, row> rows_named(const std::vector<row>& rows) {
  std::map<std::string, row> found;
  for (const row& r : rows) found.emplace(r.name, r);
  return found;
}

TEST(PairRows, WhoDiesBeforeItSaysItsNameStandsForTheRowsOfTheOtherSide) {
  const auto there = rows_named({named("multi_thread", 1), named("multi_thread", 2)});
  const pairing at_head = pair_rows(there, rows_named({dead()}));
  EXPECT_TRUE(at_head.notes.empty());
  ASSERT_EQ(at_head.pairs.size(), 2u);
  EXPECT_EQ(at_head.pairs[1].name, "x/multi_thread@threads=2");
  EXPECT_EQ(at_head.pairs[1].head.name, "x/multi_thread@threads=2");
  EXPECT_EQ(at_head.pairs[1].head.variant, "multi_thread");
  EXPECT_EQ(at_head.pairs[1].head.threads, 2u);
  EXPECT_EQ(at_head.pairs[1].head.command, dead().command);
  ASSERT_TRUE(at_head.pairs[1].head.absent);
  EXPECT_EQ(at_head.pairs[1].head.absent->what, outcome::crashed);

  const pairing at_base = pair_rows(rows_named({dead()}), there);
  EXPECT_TRUE(at_base.notes.empty());
  ASSERT_EQ(at_base.pairs.size(), 2u);
  EXPECT_TRUE(at_base.pairs[0].base.absent);
  EXPECT_FALSE(at_base.pairs[0].head.absent);
}

TEST(PairRows, AnAbsentVariantStandsForNoOther) {
  row other = dead();
  other.variant = "single";
  other.name = "x/single";
  const pairing found = pair_rows(rows_named({named("multi_thread")}), rows_named({other}));
  EXPECT_TRUE(found.pairs.empty());
  EXPECT_EQ(found.notes.size(), 2u);
}

TEST(PairRows, WhereLoadMayHaveStoppedBothSidesThereIsAPairAllTheSame) {
  row slow = dead();
  slow.absent = failure{outcome::timeout, "no hello"};
  EXPECT_EQ(pair_rows(rows_named({slow}), rows_named({dead()})).pairs.size(), 1u);
  const pairing gone = pair_rows(rows_named({dead()}), rows_named({dead()}));
  EXPECT_TRUE(gone.pairs.empty());
  EXPECT_EQ(gone.notes.size(), 1u);
}

TEST(GateCells, AreCellsThatRuntimesAreComparedInByTime) {
  const auto cells = gate_cells();
  EXPECT_EQ(cells.size(), 5u);
  EXPECT_EQ(comparable_cells(cells).size(), cells.size());
}

}  // namespace
}  // namespace regatta::driver
