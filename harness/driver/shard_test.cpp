#include "harness/driver/shard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>

#include "harness/driver/exit_code.hpp"

namespace regatta::driver {
namespace {

using ::testing::HasSubstr;

std::string refusal_of(const std::string& text) {
  try {
    (void)parse_shard(text);
  } catch (const ends_command& end) {
    EXPECT_EQ(end.code(), exit_code::usage);
    return end.what();
  }
  ADD_FAILURE() << text << " was taken";
  return "";
}

/// The real quick matrix, or the full one, with five runtimes, two ways and the machine.
plan made_plan(matrix size) {
  plan p;
  p.blocks = 6;
  p.target_ns = 50'000'000;
  for (cell& c : choose_cells(specification::all(), {size, {}, {}})) {
    p.cells.push_back({.what = std::move(c)});
  }
  const auto enter = [&](const std::string& name, scenarios::subject who) {
    row r;
    r.name = r.contender = name;
    r.subject = who;
    p.rows.push_back(r);
  };
  for (const char* name : {"a", "b", "c", "d", "e"}) enter(name, scenarios::subject::runtime);
  for (const char* name : {"f", "g"}) enter(name, scenarios::subject::path);
  enter("iron", scenarios::subject::machine);
  return p;
}

/// Made once: the oracles of all cells take a while.
const plan& real_plan(matrix size = matrix::quick) {
  static const plan quick = made_plan(matrix::quick);
  static const plan full = made_plan(matrix::full);
  return size == matrix::quick ? quick : full;
}

TEST(Shard, IsWhichOfHowMany) {
  EXPECT_EQ(parse_shard("2/3").index, 2u);
  EXPECT_EQ(parse_shard("2/3").of, 3u);
  EXPECT_EQ(parse_shard("1/1").of, 1u);
}

TEST(Shard, WhatIsNoShardIsRefusedWithAnExample) {
  EXPECT_THAT(refusal_of("0/3"), HasSubstr("there is no shard 0 of 3; expected one from 1 to 3"));
  EXPECT_THAT(refusal_of("4/3"), HasSubstr("there is no shard 4 of 3"));
  EXPECT_THAT(refusal_of("0/0"), HasSubstr("there is no shard 0 of 0"));
  for (const char* text : {"x/y", "", "/", "1", "1/", "/3", "1/3/5", "-1/3", "1.5/3", " 1/3"}) {
    EXPECT_THAT(refusal_of(text), HasSubstr("for example --shard 2/3")) << text;
  }
}

TEST(Shard, EveryCellIsInExactlyOne) {
  for (const matrix size : {matrix::quick, matrix::full}) {
    const plan& whole = real_plan(size);
    for (const std::uint64_t of : {1u, 2u, 3u, 8u, 20u}) {
      std::map<std::string, std::uint64_t> seen;
      for (std::uint64_t index = 1; index <= of; ++index) {
        plan p = whole;
        keep_shard(p, {index, of});
        EXPECT_EQ(p.shard->all_cells.size(), whole.cells.size());
        for (const planned_cell& c : p.cells) ++seen[c.what.key];
      }
      ASSERT_EQ(seen.size(), whole.cells.size());
      for (const auto& [cell, times] : seen) EXPECT_EQ(times, 1u) << cell;
    }
  }
}

TEST(Shard, TheyHaveAboutTheSameToDo) {
  const plan& p = real_plan(matrix::full);
  const std::vector<std::uint64_t> shard_of = deal_cells(p, 8);
  std::map<std::uint64_t, double> load;
  double total = 0;
  double dearest = 0;
  for (std::size_t i = 0; i < p.cells.size(); ++i) {
    const double cost = expected_cost_ns(p, p.cells[i].what);
    load[shard_of[i]] += cost;
    total += cost;
    dearest = std::max(dearest, cost);
  }
  ASSERT_EQ(load.size(), 8u);
  for (const auto& [shard, cost] : load) {
    EXPECT_LT(cost, 4.0 / 3.0 * std::max(total / 8, dearest)) << shard;
    EXPECT_GT(cost, 0.5 * total / 8) << shard;
  }
}

TEST(Shard, WhatIsReadTogetherStaysOnOneMachine) {
  const plan& p = real_plan();
  const std::vector<std::uint64_t> shard_of = deal_cells(p, 3);
  std::map<std::string, std::set<std::uint64_t>> shards;
  std::map<std::string, std::uint64_t> shard_of_charge;
  for (std::size_t i = 0; i < p.cells.size(); ++i) {
    const cell& c = p.cells[i].what;
    if (c.scenario == "scaling") shards[c.params.at("work").get<std::string>()].insert(shard_of[i]);
    if (c.scenario == "memory") shards[c.params.at("kind").get<std::string>()].insert(shard_of[i]);
    if (c.scenario == "floor") {
      shard_of_charge[c.params.at("what").get<std::string>()] = shard_of[i];
    }
  }
  EXPECT_GE(shards.size(), 3u);
  for (const auto& [series, on] : shards) EXPECT_EQ(on.size(), 1u) << series;
  std::size_t bounded = 0;
  for (std::size_t i = 0; i < p.cells.size(); ++i) {
    const cell& c = p.cells[i].what;
    if (c.floor.empty()) continue;
    ++bounded;
    EXPECT_EQ(shard_of[i], shard_of_charge.at(c.floor)) << c.key;
  }
  EXPECT_GE(bounded, 2u);
}

TEST(Shard, MoreShardsThanCellsIsAnErrorOfThoseThatAreEmpty) {
  plan p = real_plan();
  p.cells.resize(2);
  plan first = p;
  keep_shard(first, {1, 3});
  EXPECT_EQ(first.cells.size(), 1u);
  EXPECT_THROW(keep_shard(p, {3, 3}), ends_command);
}

TEST(Shard, TheSeedFollowsFromTheOptionsAlone) {
  const std::uint64_t seed = seed_of_options(real_plan());
  EXPECT_EQ(seed_of_options(real_plan()), seed);
  plan other = real_plan();
  other.blocks = 7;
  EXPECT_NE(seed_of_options(other), seed);
  other = real_plan();
  other.cells.pop_back();
  EXPECT_NE(seed_of_options(other), seed);
}

TEST(Shard, TheContentOfARowIsThatOfItsProgramsWhereverTheyLie) {
  const std::string folder = ::testing::TempDir();
  std::ofstream(folder + "/shard_one") << "a program";
  std::ofstream(folder + "/shard_two") << "a program";
  std::ofstream(folder + "/shard_other") << "a progran";
  row one;
  one.command = {folder + "/shard_one", "--serve"};
  row two;
  two.command = {folder + "/shard_two"};
  row other;
  other.command = {folder + "/shard_other"};
  EXPECT_EQ(content_of(one), content_of(two));
  EXPECT_NE(content_of(one), content_of(other));
  two.small_programs["task"] = {folder + "/shard_other"};
  EXPECT_NE(content_of(one), content_of(two));
  // In which order the names of files sort does not matter.
  row there = two;
  there.command = {folder + "/shard_other"};
  there.small_programs["task"] = {folder + "/shard_two"};
  EXPECT_EQ(content_of(there), content_of(two));
  row elsewhere = two;
  elsewhere.command = {folder + "/shard_zz"};
  std::ofstream(folder + "/shard_zz") << "a program";
  std::ofstream(folder + "/shard_aa") << "a program";
  EXPECT_EQ(content_of(elsewhere), content_of(two));
  elsewhere.command = {folder + "/shard_aa"};
  EXPECT_EQ(content_of(elsewhere), content_of(two));
  other.command = {"/nowhere/at/all"};
  EXPECT_EQ(content_of(other), "");
}

}  // namespace
}  // namespace regatta::driver
