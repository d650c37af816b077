#include "harness/stats/measurements.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace regatta::stats {
namespace {

TEST(ReadSamples, PassesOverBadLinesAndKeepsTheGoodOnesOnBothSides) {
  std::istringstream in(
      "{\"block\":0,\"row\":\"a\",\"cell\":\"c\",\"outcome\":\"ok\",\"ns\":10,\"operations\":1}\n"
      "{\"block\":0,\"row\":\"a\",\"ce\n"
      "\n"
      "{\"block\":1,\"row\":\"a\",\"cell\":\"c\",\"outcome\":\"ok\",\"ns\":30,\"operations\":1}\n"
      "{\"block\":2,\"row\"");
  auto const file = read_samples(in);
  EXPECT_EQ(file.samples.samples(), 2u);
  EXPECT_EQ(file.samples.blocks(), 2u);
  ASSERT_EQ(file.bad_lines.size(), 2u);
  EXPECT_EQ(file.bad_lines[0].number, 2u);
  EXPECT_EQ(file.bad_lines[1].number, 5u);
  auto const ns = file.samples.find("c")->find("a")->ns_per_operation();
  EXPECT_EQ(ns, (block_values{{0, 10.0}, {1, 30.0}}));
}

TEST(Measurements, RowsAndCellsKeepTheOrderOfTheirFirstAppearance) {
  measurements all;
  for (auto const* row : {"z", "a", "z"}) {
    sample s;
    s.row = row;
    s.cell = std::string("cell of ") + row;
    all.add(s);
  }
  ASSERT_EQ(all.rows().size(), 2u);
  EXPECT_EQ(all.rows()[0].row, "z");
  EXPECT_EQ(all.cells()[1].cell, "cell of a");
  EXPECT_EQ(all.find("no such cell"), nullptr);
  EXPECT_EQ(all.find("cell of a")->find("z"), nullptr);
}

TEST(Measurements, ASampleWithoutTimeOrOperationsIsNoEvidence) {
  measurements all;
  sample s;
  s.row = "a";
  s.cell = "c";
  s.ns = 5;  // but no operations
  all.add(s);
  EXPECT_FALSE(all.find("c")->find("a")->measured());
}

}  // namespace
}  // namespace regatta::stats
