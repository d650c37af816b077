// A run for several machines, told in shards and merged again; one machine plays all of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "tests/end_to_end/course.hpp"

namespace regatta::end_to_end {
namespace {

using ::testing::HasSubstr;

const std::vector<std::string> small_run = {
    "run",       "--blocks",   "2",         "--target-time", "1",        "--system-calls",
    "none",      "--scenario", "yield",     "--scenario",    "skynet",   "--scenario",
    "ping_pong", "--set",      "tasks=2,3", "--set",         "yields=2", "--set",
    "leaves=8",  "--set",      "fan_out=2", "--set",         "pairs=1"};

std::vector<std::string> with(std::vector<std::string> arguments,
                              const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

told run_shard(const course& c, const std::string& shard, const std::string& out,
               const std::vector<std::string>& more = {}) {
  return c.regatta(with(with(small_run, {"--shard", shard, "--out", out}), more));
}

json document(const course& c, const std::string& file) {
  std::ifstream in(c.folder() / file);
  return json::parse(in);
}

std::vector<std::string> cells_of(const json& plan) {
  std::vector<std::string> cells;
  for (const json& cell : plan.at("cells")) cells.push_back(cell.at("cell"));
  return cells;
}

TEST(Shards, MergedAreTheRunThatTheyAreShardsOf) {
  course c;
  c.enter("one");
  c.enter("two");
  ASSERT_EQ(c.regatta(with(small_run, {"--out", "whole"})).code, 0);
  std::multiset<std::string> parts;
  for (const char* index : {"1", "2", "3"}) {
    const told shard = run_shard(c, std::string(index) + "/3", std::string("s") + index);
    ASSERT_EQ(shard.code, 0) << shard.err;
    EXPECT_THAT(shard.err, HasSubstr(std::string("this is shard ") + index + "/3"));
    for (const std::string& cell : cells_of(document(c, std::string("s") + index + "/plan.json"))) {
      parts.insert(cell);
    }
  }
  const std::vector<std::string> whole = cells_of(document(c, "whole/plan.json"));
  EXPECT_EQ(parts, std::multiset<std::string>(whole.begin(), whole.end()));
  EXPECT_EQ(document(c, "s1/plan.json").at("seed"), document(c, "s3/plan.json").at("seed"));

  const told merged = c.regatta({"merge", "s3", "s1", "s2", "--out", "run"});
  EXPECT_EQ(merged.code, 0) << merged.err;
  EXPECT_THAT(merged.out, HasSubstr("merged from 3 shards"));
  EXPECT_EQ(cells_of(c.read_json("plan.json")), whole);
  EXPECT_EQ(c.read_json("machine.json").at("merged").at("machines").size(), 3u);
  for (const json& cell : c.read_json("summary.json").at("cells")) {
    for (const json& result : cell.at("results")) {
      EXPECT_EQ(result.at("outcome"), "ok");
      EXPECT_EQ(result.at("blocks"), 1);
    }
  }
  EXPECT_EQ(c.regatta({"report", "run", "--no-charts"}).code, 0);
  EXPECT_THAT(c.regatta({"run", "--resume", "run"}).err, HasSubstr("merged from the shards"));
}

TEST(Shards, ThatDoNotBelongTogetherAreRefusedWithEveryReason) {
  course c;
  c.enter("one");
  ASSERT_EQ(run_shard(c, "1/3", "s1").code, 0);
  ASSERT_EQ(run_shard(c, "2/3", "s2").code, 0);
  const told missing = c.regatta({"merge", "s1", "s2", "--out", "m"});
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err, HasSubstr("missing: shard 3/3; to merge what is there: --partial"));
  EXPECT_FALSE(std::filesystem::exists(c.folder() / "m")) << "nothing is written";
  EXPECT_EQ(c.regatta({"merge", "s1", "s2", "--partial", "--out", "m"}).code, 0);

  ASSERT_EQ(run_shard(c, "3/3", "other", {"--seed", "5"}).code, 0);
  const told seeds = c.regatta({"merge", "s1", "s2", "other", "--out", "n"});
  EXPECT_EQ(seeds.code, 2);
  EXPECT_THAT(seeds.err, HasSubstr("seed is "));
  EXPECT_THAT(c.regatta({"merge", "s1", "s2", "m"}).err, HasSubstr("m is no shard but merged"));
}

TEST(Shards, AMachineOfAnotherKindIsRefusedOrMarked) {
  course c;
  c.enter("one");
  ASSERT_EQ(run_shard(c, "1/2", "s1").code, 0);
  ASSERT_EQ(run_shard(c, "2/2", "s2").code, 0);
  json machine = document(c, "s2/machine.json");
  machine["cpu"]["model"] = "An abacus";
  std::ofstream(c.folder() / "s2/machine.json") << machine.dump();
  const told refused = c.regatta({"merge", "s1", "s2", "--out", "run"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("An abacus"));
  EXPECT_THAT(c.regatta({"run", "--resume", "s2"}).err, HasSubstr("another kind of machine"));
  const told marked = c.regatta({"merge", "s1", "s2", "--different-machines", "--out", "run"});
  EXPECT_EQ(marked.code, 0) << marked.err;
  EXPECT_THAT(marked.out, HasSubstr("DIFFERENT"));
}

TEST(Shards, WhatIsNoShardIsRefused) {
  course c;
  c.enter("one");
  for (const char* shard : {"0/3", "4/3", "x/y"}) {
    const told refused = run_shard(c, shard, "s");
    EXPECT_EQ(refused.code, 2) << shard;
    EXPECT_THAT(refused.err, HasSubstr("for example --shard")) << shard;
  }
  EXPECT_EQ(run_shard(c, "9/9", "s").code, 2);
}

}  // namespace
}  // namespace regatta::end_to_end
