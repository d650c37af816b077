#include "harness/driver/plan.hpp"

#include <gtest/gtest.h>

#include <set>

namespace regatta::driver {
namespace {

plan example() {
  plan p;
  p.seed = 42;
  p.blocks = 6;
  for (const char* name : {"a", "b", "c"}) {
    row r;
    r.name = r.contender = name;
    r.command = {"/bin/true", "--serve"};
    p.rows.push_back(r);
  }
  p.rows[1].absent = failure{outcome::skipped, "cargo was not found"};
  p.rows[2].absent = failure{outcome::timeout, "no answer to hello"};
  for (int i = 0; i < 5; ++i) {
    planned_cell c;
    c.what.key = "yield tasks=" + std::to_string(i);
    c.what.scenario = "yield";
    c.what.params = {{"tasks", i}};
    p.cells.push_back(c);
  }
  p.rows[0].subject = scenarios::subject::machine;
  p.rows[0].small_programs = {{"task", {"/bin/echo", "42"}}};
  p.system_calls = call_counting::everywhere;
  cell& first = p.cells[0].what;
  first.measures = scenarios::quantity::bytes;
  first.asked = scenarios::subject::machine;
  first.fresh_process = first.counts_system_calls = true;
  first.program = scenarios::small_program::echo;
  first.floor = "tcp_hop";
  first.floor_times = 2;
  p.rows[0].content = "00000000000000aa";
  p.shard = shard_of_run{2, 3, {"yield tasks=0", "yield tasks=9"}};
  p.merged_of = 3;
  p.cells[1].shard = 2;
  return p;
}

TEST(Plan, SurvivesItsFile) {
  plan p = example();
  p.rows[2].side = "head";
  p.comparison = {{"base", {{"name", "main"}}}};
  EXPECT_EQ(to_json(plan_from_json(to_json(p))), to_json(p));
  EXPECT_EQ(to_json(p).at("rows").at(2).at("side"), "head");
  EXPECT_EQ(to_json(p).at("comparison").at("base").at("name"), "main");
}

TEST(Plan, OfBeforeThereWereShardsIsReadAsTheWholeRun) {
  json object = to_json(example());
  object.erase("shard");
  object.erase("merged_of");
  for (json& c : object["cells"]) c.erase("shard");
  EXPECT_FALSE(plan_from_json(object).shard);
  EXPECT_EQ(plan_from_json(object).merged_of, 0u);
}

TEST(Plan, TheMachineIsForTheFloorAndTheFloorForTheMachine) {
  const plan p = plan_from_json(to_json(example()));
  EXPECT_TRUE(takes_part(p.rows[0], p.cells[0].what));
  EXPECT_FALSE(takes_part(p.rows[0], p.cells[1].what));
  EXPECT_FALSE(takes_part(p.rows[1], p.cells[0].what));
  EXPECT_TRUE(takes_part(p.rows[1], p.cells[1].what));
}

TEST(Plan, PathsAreAskedForTheScenariosOfPathsAlone) {
  plan p = example();
  p.rows[1].subject = p.cells[1].what.asked = scenarios::subject::path;
  p = plan_from_json(to_json(p));
  for (const std::size_t row : {0u, 1u, 2u}) {
    EXPECT_EQ(takes_part(p.rows[row], p.cells[1].what), row == 1) << row;
    EXPECT_EQ(takes_part(p.rows[1], p.cells[row].what), row == 1) << row;
  }
}

TEST(Plan, OnlyASkippedRowIsCalledSkipped) {
  const json object = to_json(example());
  EXPECT_TRUE(object["rows"][0]["skipped"].is_null());
  EXPECT_EQ(object["rows"][1]["skipped"], "cargo was not found");
  EXPECT_TRUE(object["rows"][2]["skipped"].is_null());
  EXPECT_EQ(plan_from_json(object).rows[2].absent->what, outcome::timeout);
}

TEST(Plan, ABlockVisitsEveryCellOnce) {
  const visit_order order = order_of_block(example(), 3);
  EXPECT_EQ(std::set<std::size_t>(order.cells.begin(), order.cells.end()).size(), 5u);
  EXPECT_EQ(order.turns.size(), 3u);
}

TEST(Plan, APlanOfARunWithoutSidesCanStillBeRead) {
  json object = to_json(example());
  object.erase("comparison");
  for (json& row : object["rows"]) row.erase("side");
  EXPECT_EQ(plan_from_json(object).rows[2].side, "");
}

// What is compared should lie close together in time, and each should take each turn.
TEST(Plan, TheSidesOfAContenderTakeTheirTurnsRightAfterEachOther) {
  plan p = example();
  p.rows.clear();
  for (const char* name : {"a", "b"}) {
    for (const char* side : {"base", "base", "head"}) {
      row r;
      r.name = std::string(name) + "@" + side + std::to_string(p.rows.size());
      r.contender = name;
      r.side = side;
      p.rows.push_back(r);
    }
  }
  const visit_order order = order_of_block(p, 0);
  ASSERT_EQ(order.turns.size(), 3u);
  std::set<std::pair<std::size_t, std::size_t>> places;
  for (const std::vector<std::size_t>& turns : order.turns) {
    ASSERT_EQ(turns.size(), 6u);
    EXPECT_EQ(std::set<std::size_t>(turns.begin(), turns.end()).size(), 6u);
    for (std::size_t turn = 0; turn < 6; ++turn) {
      EXPECT_EQ(p.rows[turns[turn]].contender, p.rows[turns[turn / 3 * 3]].contender);
      places.emplace(turns[turn], turn % 3);
    }
  }
  EXPECT_EQ(places.size(), 6u * 3u);
}

TEST(Plan, TheSeedReplaysTheOrderAndBlocksDiffer) {
  const plan p = example();
  EXPECT_EQ(order_of_block(p, 1).cells, order_of_block(p, 1).cells);
  EXPECT_EQ(order_of_block(p, 1).turns, order_of_block(p, 1).turns);
  bool any_differs = false;
  for (std::uint64_t block = 2; block < 6; ++block) {
    any_differs = any_differs || order_of_block(p, block).cells != order_of_block(p, 1).cells;
  }
  EXPECT_TRUE(any_differs);
  EXPECT_NE(seed_of_block(p, 0), seed_of_block(p, 1));
}

}  // namespace
}  // namespace regatta::driver
