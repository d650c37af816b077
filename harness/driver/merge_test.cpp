#include "harness/driver/merge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace regatta::driver {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

json machine_with(const std::string& model) {
  return {{"date", "2026-11-28T10:00:00Z"},
          {"label", "quiet"},
          {"noise", {{"reasons", json::array()}}},
          {"cpu", {{"model", model}, {"logical", 2}}}};
}

/// Shard `index` of two, with one cell of two, two rows and one block; all of it measured.
shard_run shard_of_two(std::uint64_t index) {
  shard_run s;
  s.path = "shard-" + std::to_string(index);
  s.machine = machine_with("A");
  s.what.seed = 7;
  s.what.blocks = 1;
  for (const char* name : {"a", "b"}) {
    row r;
    r.name = r.contender = name;
    r.command = {"/somewhere/" + s.path};
    r.build = "1 bytes, " + s.path;
    r.hello = {{"version", "1"}, {"pid", index}};
    r.content = "cafe";
    s.what.rows.push_back(r);
  }
  planned_cell c;
  c.what.key = "yield tasks=" + std::to_string(index);
  s.what.cells.push_back(c);
  s.what.shard = shard_of_run{index, 2, {"yield tasks=2", "yield tasks=1"}};
  for (const char* name : {"a", "b"}) {
    stats::sample taken;
    taken.row = name;
    taken.cell = c.what.key;
    s.samples.push_back(taken);
  }
  return s;
}

std::vector<shard_run> both() { return {shard_of_two(1), shard_of_two(2)}; }

/// What is said against them, once the second was changed.
template <class Change>
std::vector<std::string> refusals_after(const Change& change, const merge_wishes& wishes = {}) {
  std::vector<shard_run> shards = both();
  change(shards[1]);
  return judge_shards(shards, wishes).refusals;
}

TEST(Merge, ShardsOfOneRunMakeItAgainInItsOrder) {
  const std::vector<shard_run> shards = both();
  EXPECT_THAT(judge_shards(shards, {}).refusals, IsEmpty());
  EXPECT_THAT(judge_shards(shards, {}).remarks, IsEmpty());
  const plan whole = merged_plan(shards);
  ASSERT_EQ(whole.cells.size(), 2u);
  EXPECT_EQ(whole.cells[0].what.key, "yield tasks=2");
  EXPECT_EQ(whole.cells[0].shard, 2u);
  EXPECT_EQ(whole.cells[1].shard, 1u);
  EXPECT_EQ(whole.merged_of, 2u);
  EXPECT_FALSE(whole.shard);
}

TEST(Merge, OtherOptionsAreAnotherRun) {
  EXPECT_THAT(refusals_after([](shard_run& s) { s.what.seed = 8; }),
              ElementsAre("seed is 7 in shard-1 and 8 in shard-2"));
  EXPECT_THAT(refusals_after([](shard_run& s) { s.what.blocks = 3; }),
              ElementsAre(HasSubstr("blocks is 1 in shard-1 and 3")));
  EXPECT_THAT(refusals_after([](shard_run& s) { s.what.matrix = "full"; }),
              ElementsAre(HasSubstr("matrix is \"quick\"")));
  EXPECT_THAT(refusals_after([](shard_run& s) { s.what.shard->of = 3; }),
              ElementsAre(HasSubstr("shards is 2 in shard-1 and 3")));
  EXPECT_THAT(refusals_after([](shard_run& s) { s.what.shard->all_cells.pop_back(); }),
              ElementsAre(HasSubstr("shards of different runs")));
}

TEST(Merge, OtherRowsOrBuildsAreAnotherRun) {
  EXPECT_THAT(refusals_after([](shard_run& s) { s.what.rows[1].content = "beef"; }),
              ElementsAre(HasSubstr("b was another build in shard-1 than in shard-2")));
  EXPECT_THAT(refusals_after([](shard_run& s) { s.what.rows[1].hello["version"] = "2"; }),
              ElementsAre(HasSubstr("the row b differs in its hello")));
  EXPECT_THAT(refusals_after([](shard_run& s) { s.what.rows.pop_back(); }),
              ElementsAre("shard-1 has the row b and shard-2 has not"));
  EXPECT_THAT(refusals_after([](shard_run& s) {
                s.what.rows[0].absent = failure{outcome::skipped, "cargo was not found"};
              }),
              testing::Contains(HasSubstr("the row a differs in its absent")));
}

TEST(Merge, AShardThatIsMissingIsNamedUnlessThatIsMeant) {
  const std::vector<shard_run> first = {shard_of_two(1)};
  EXPECT_THAT(judge_shards(first, {}).refusals,
              ElementsAre(HasSubstr("missing: shard 2/2"), HasSubstr("yield tasks=2")));
  const merge_findings partial = judge_shards(first, {.partial = true});
  EXPECT_THAT(partial.refusals, IsEmpty());
  EXPECT_THAT(partial.remarks, ElementsAre(HasSubstr("missing: shard 2/2"), HasSubstr("holds")));
  EXPECT_EQ(merged_plan(first).cells.size(), 1u);
  EXPECT_EQ(merged_machine(first)["merged"]["shards"], json({1}));
}

TEST(Merge, AShardThatIsThereTwiceIsRefusedEvenForAPartOfTheRun) {
  const std::vector<shard_run> shards = {shard_of_two(1), shard_of_two(1), shard_of_two(2)};
  EXPECT_THAT(judge_shards(shards, {.partial = true}).refusals,
              ElementsAre(HasSubstr("are both shard 1/2")));
}

TEST(Merge, ACellOfTwoShardsIsRefused) {
  EXPECT_THAT(refusals_after([](shard_run& s) {
                s.what.cells.push_back(shard_of_two(1).what.cells[0]);
                for (const stats::sample& one : shard_of_two(1).samples) s.samples.push_back(one);
              }),
              ElementsAre("the cell yield tasks=1 is in shard-1 and in shard-2"));
}

TEST(Merge, AShardThatWasInterruptedIsRefusedUntilItIsDone) {
  const auto interrupt = [](shard_run& s) { s.samples.pop_back(); };
  EXPECT_THAT(refusals_after(interrupt), ElementsAre(HasSubstr("regatta run --resume shard-2")));
  EXPECT_THAT(refusals_after(interrupt, {.partial = true}), IsEmpty());
  // Two blocks were planned; the row that crashed in the first has no second.
  std::vector<shard_run> shards = both();
  for (shard_run& one : shards) {
    one.what.blocks = 2;
    for (const stats::sample& first : std::vector(one.samples)) {
      one.samples.push_back(first);
      one.samples.back().block = 1;
    }
  }
  EXPECT_THAT(judge_shards(shards, {}).refusals, IsEmpty());
  shards[1].samples.pop_back();
  EXPECT_THAT(judge_shards(shards, {}).refusals, ElementsAre(HasSubstr("1 visit is missing")));
  shards[1].samples[1].outcome = stats::outcome::crashed;
  EXPECT_THAT(judge_shards(shards, {}).refusals, IsEmpty())
      << "a row that crashed has nothing left to do";
}

TEST(Merge, AnotherKindOfMachineIsRefusedOrMarked) {
  const auto change = [](shard_run& s) { s.machine = machine_with("B"); };
  EXPECT_THAT(refusals_after(change),
              ElementsAre(HasSubstr("cpu.model is \"A\" in the one and \"B\" in the other")));
  std::vector<shard_run> shards = both();
  change(shards[1]);
  const merge_findings found = judge_shards(shards, {.different_machines = true});
  EXPECT_THAT(found.refusals, IsEmpty());
  EXPECT_THAT(found.remarks, ElementsAre(HasSubstr("different kinds of machines")));
  const json whole = merged_machine(shards);
  EXPECT_TRUE(whole["cpu"]["model"].is_null()) << "of what differs there is no one answer";
  EXPECT_EQ(whole["cpu"]["logical"], 2);
  EXPECT_EQ(whole["merged"]["different_machines"], true);
  EXPECT_EQ(whole["merged"]["machines"][1]["cpu"]["model"], "B");
}

TEST(Merge, TheNoisiestMachineLabelsTheRun) {
  std::vector<shard_run> shards = both();
  shards[1].machine["label"] = "noisy";
  shards[1].machine["noise"]["reasons"] = {"Others compile."};
  shards[1].machine["date"] = "2026-11-28T09:00:00Z";
  const json whole = merged_machine(shards);
  EXPECT_EQ(whole["label"], "noisy");
  EXPECT_EQ(whole["noise"]["reasons"], json({"Shard 2: Others compile."}));
  EXPECT_EQ(whole["date"], "2026-11-28T09:00:00Z");
  EXPECT_EQ(whole["merged"]["different_machines"], false);
}

}  // namespace
}  // namespace regatta::driver
