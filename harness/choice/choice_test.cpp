#include "harness/choice/choice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/choice/contest.hpp"
#include "harness/stats/invented_run.hpp"

namespace regatta::choice {
namespace {

using stats::invented_run;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;

json const echo{{"connections", 64}};
json const yield{{"tasks", 2}};

// Two groups of one cell each: 3 to 1.
profile two_groups() {
  profile p;
  p.name = "test";
  p.description = "for tests";
  p.groups = {{"sockets", 3.0, {"echo *"}, stats::quantity::time, "because"},
              {"tasks", 1.0, {"yield *"}, stats::quantity::time, "because"}};
  return p;
}

// What each row takes in the two cells, with the A/A twin of the first.
struct costs {
  char const* row;
  double in_echo;
  double in_yield;
};

invented_run run_of(std::vector<costs> const& rows, std::size_t blocks = 8) {
  invented_run run(blocks);
  std::string const twin = std::string(rows.front().row) + "#twin";
  for (costs const& each : rows) {
    run.takes(each.row, "echo", echo, each.in_echo);
    run.takes(each.row, "yield", yield, each.in_yield);
  }
  run.takes(twin, "echo", echo, rows.front().in_echo);
  run.takes(twin, "yield", yield, rows.front().in_yield);
  return run;
}

json chosen(invented_run const& run, profile const& p = two_groups()) {
  return choose(run.samples(), run.summary(), p);
}

std::vector<std::string> rows_at(json const& choice, unsigned rank) {
  std::vector<std::string> rows;
  for (json const& place : choice.at("ranking")) {
    if (place.at("rank") != rank) continue;
    for (json const& row : place.at("rows")) rows.push_back(row.at("row"));
  }
  return rows;
}

json const& row_in(json const& choice, std::string const& name) {
  for (json const& place : choice.at("ranking")) {
    for (json const& row : place.at("rows")) {
      if (row.at("row") == name) return row;
    }
  }
  throw std::out_of_range(name);
}

std::string sentences(json const& list) { return list.dump(); }

TEST(Choice, APlantedWinnerLeadsByItsWeightedGeometricMean) {
  auto const choice = chosen(run_of({{"slow", 200, 100}, {"fast", 100, 100}}));
  EXPECT_EQ(rows_at(choice, 1), std::vector<std::string>{"fast"});
  EXPECT_EQ(rows_at(choice, 2), std::vector<std::string>{"slow"});
  json const& score = row_in(choice, "slow").at("score");
  // 2^(3/4) · 1^(1/4)
  EXPECT_NEAR(score.at("median").get<double>(), 1.682, 0.02);
  EXPECT_LT(score.at("low").get<double>(), score.at("high").get<double>());
  EXPECT_EQ(score.at("blocks"), 8);
}

TEST(Choice, RowsThatCannotBeToldApartShareARank) {
  auto const choice = chosen(run_of({{"a", 100, 100}, {"b", 100.1, 100}, {"c", 150, 150}}));
  EXPECT_EQ(rows_at(choice, 1).size(), 2u);
  EXPECT_EQ(rows_at(choice, 2), std::vector<std::string>{"c"});
  EXPECT_THAT(sentences(choice.at("would_change")), HasSubstr("tied"));
}

TEST(Choice, TooFewBlocksSeparateNobody) {
  auto const choice = chosen(run_of({{"a", 100, 100}, {"b", 200, 200}}, 3));
  EXPECT_EQ(rows_at(choice, 1).size(), 2u);
  EXPECT_THAT(sentences(choice.at("cannot_tell")), HasSubstr("3 blocks"));
}

TEST(Choice, ADominatedRowIsNamedWithWhoDominatesIt) {
  auto const choice = chosen(run_of({{"good", 100, 100}, {"worse", 100, 150}, {"other", 130, 80}}));
  ASSERT_EQ(choice.at("dominated").size(), 1u);
  EXPECT_EQ(choice.at("dominated").at(0).at("row"), "worse");
  EXPECT_EQ(choice.at("dominated").at(0).at("by"), "good");
  EXPECT_THAT(choice.at("dominated").at(0).at("because").get<std::string>(), HasSubstr("tasks"));
}

TEST(Choice, TheWeightAtWhichAnotherRowWouldLeadIsWhereTheirScoresMeet) {
  // fast takes a third in echo, thrifty half in yield: level at log 3 / (log 3 + log 2).
  auto const choice = chosen(run_of({{"fast", 100, 200}, {"thrifty", 300, 100}}));
  EXPECT_EQ(rows_at(choice, 1), std::vector<std::string>{"fast"});
  bool found = false;
  for (json const& change : choice.at("sensitivity")) {
    if (change.at("group") != "tasks") continue;
    found = true;
    EXPECT_NEAR(change.at("needed").get<double>(), 0.613, 0.01);
    EXPECT_NEAR(change.at("weight").get<double>(), 0.25, 1e-9);
    EXPECT_EQ(change.at("row"), "thrifty");
  }
  EXPECT_TRUE(found);
  EXPECT_THAT(sentences(choice.at("would_change")), HasSubstr("thrifty would lead"));
}

TEST(Choice, TheReasonsAreTheCellsThatWeighMostForAndAgainst) {
  auto const choice = chosen(run_of({{"fast", 100, 100}, {"mixed", 300, 80}}));
  json const& reasons = row_in(choice, "mixed").at("evidence");
  ASSERT_EQ(reasons.size(), 2u);
  EXPECT_TRUE(reasons.at(0).at("for").get<bool>());
  EXPECT_EQ(reasons.at(0).at("group"), "tasks");
  EXPECT_FALSE(reasons.at(1).at("for").get<bool>());
  EXPECT_EQ(reasons.at(1).at("cell"), "echo connections=64");
  EXPECT_NEAR(reasons.at(1).at("ratio").at("median").get<double>(), 3.0, 0.1);
}

TEST(Choice, ARowWithoutANeededCellIsNotRankedAndSaysWhy) {
  auto run = run_of({{"a", 100, 100}, {"b", 200, 200}});
  run.takes("partial", "echo", echo, 1);
  run.fails("partial", "yield", yield, stats::outcome::unsupported, "no yield here");
  auto const choice = chosen(run);
  ASSERT_EQ(choice.at("unranked").size(), 1u);
  EXPECT_EQ(choice.at("unranked").at(0).at("row"), "partial");
  EXPECT_THAT(choice.at("unranked").at(0).at("why").get<std::string>(), HasSubstr("no yield here"));
  EXPECT_THAT(sentences(choice.at("cannot_tell")), HasSubstr("where partial stands"));
  EXPECT_EQ(rows_at(choice, 1), std::vector<std::string>{"a"});
}

TEST(Choice, AnAblationIsNothingToChoose) {
  auto const run = run_of({{"work_stealing", 100, 100},
                           {"work_stealing/queue=16", 50, 50},
                           {"work_stealing/lifo=off", 50, 50},
                           {"work_stealing/steal=one", 50, 50},
                           {"work_stealing/threads=1", 200, 200}});
  auto const choice = chosen(run);
  EXPECT_EQ(rows_at(choice, 1), std::vector<std::string>{"work_stealing"});
  EXPECT_EQ(rows_at(choice, 2), std::vector<std::string>{"work_stealing/threads=1"});
  EXPECT_TRUE(choice.at("unranked").empty());
  EXPECT_EQ(properties(run.summary()).size(), 2u);
}

TEST(Choice, ARowThatSharesNoBlockWithTheFirstIsNotRankedAndSaysWhy) {
  auto run = run_of({{"a", 100, 100}, {"b", 200, 200}});
  for (std::uint64_t block = 100; block != 108; ++block) {
    for (auto const& [scenario, params] : {std::pair("echo", echo), std::pair("yield", yield)}) {
      run.takes_in_block("later", scenario, params, 150, block);
    }
  }
  auto const choice = chosen(run);
  EXPECT_EQ(rows_at(choice, 1), std::vector<std::string>{"a"});
  EXPECT_EQ(rows_at(choice, 2), std::vector<std::string>{"b"});
  EXPECT_EQ(choice.at("ranking").size(), 2u);
  ASSERT_EQ(choice.at("unranked").size(), 1u);
  EXPECT_EQ(choice.at("unranked").at(0).at("row"), "later");
  EXPECT_THAT(choice.at("unranked").at(0).at("why").get<std::string>(),
              HasSubstr("no block in common"));
}

TEST(Choice, ACellThatNobodyCouldRunCostsNobodyItsRank) {
  auto run = run_of({{"a", 100, 100}, {"b", 200, 200}});
  for (char const* row : {"a", "b"}) {
    run.fails(row, "echo", {{"connections", 9}}, stats::outcome::timeout, "too slow");
  }
  auto const choice = chosen(run);
  EXPECT_EQ(choice.at("common_cells"), 2);
  EXPECT_THAT(sentences(choice.at("cannot_tell")), HasSubstr("echo connections=9"));
}

TEST(Choice, AMissingGroupGivesItsWeightToTheOthersAndSaysSo) {
  auto p = two_groups();
  p.groups.push_back({"timers", 4.0, {"timers *"}, stats::quantity::time, "because"});
  auto const choice = chosen(run_of({{"a", 100, 100}, {"b", 200, 100}}), p);
  json const& weights = choice.at("weights");
  EXPECT_TRUE(weights.at(2).at("missing").get<bool>());
  EXPECT_NEAR(weights.at(0).at("weight").get<double>(), 0.375, 1e-9);
  EXPECT_NEAR(weights.at(0).at("counted_weight").get<double>(), 0.75, 1e-9);
  EXPECT_THAT(sentences(choice.at("cannot_tell")),
              HasSubstr("regatta run --quick --scenario 'timers'"));
}

TEST(Choice, ARunWithoutNeededCellsRanksNobody) {
  invented_run run;
  run.takes("a", "skynet", {{"leaves", 10}}, 100);
  auto const choice = chosen(run);
  EXPECT_TRUE(choice.at("ranking").empty());
  EXPECT_FALSE(choice.at("cannot_tell").empty());
  EXPECT_THAT(choice_text(choice, properties(run.summary())), HasSubstr("cannot rank anybody"));
}

TEST(Choice, RowsMayBeJudgedByWhatTheirCpuTimeOrTheirTailIs) {
  invented_run run;
  auto const tail = [](std::uint64_t late) {
    return [late](stats::sample& s, double) {
      s.cpu_ns = late == 1'000 ? s.ns : 3 * s.ns;
      s.latency_ns = {{10, 50}, {late, 50}};
    };
  };
  run.takes("early", "echo", echo, 100, tail(1'000));
  run.takes("late", "echo", echo, 100, tail(4'000));
  profile p = two_groups();
  p.groups.pop_back();
  p.groups.front().by = stats::quantity::p99;
  EXPECT_NEAR(row_in(chosen(run, p), "late").at("score").at("median").get<double>(), 4.0, 0.1);
  p.groups.front().by = stats::quantity::cpu;
  EXPECT_NEAR(row_in(chosen(run, p), "late").at("score").at("median").get<double>(), 3.0, 0.1);
}

TEST(Choice, ALoneDifferenceWithinTheNoiseOfTheTwinsIsATie) {
  invented_run run(8, 0.0);
  // The twins are 4 % apart in every block, and so are the rows.
  run.takes("a", "echo", echo, 100);
  run.takes("a#twin", "echo", echo, 104);
  run.takes("b", "echo", echo, 103);
  profile p = two_groups();
  p.groups.pop_back();
  EXPECT_EQ(rows_at(chosen(run, p), 1).size(), 2u);
}

TEST(Choice, PropertiesAreMeasuredWhereTheyCanBe) {
  invented_run run;
  run.enter("tokio/multi_thread", {{"language", "rust"},
                                   {"version", "1.0"},
                                   {"scheduling", "work-stealing"},
                                   {"io", "epoll"},
                                   {"threads", 2}});
  run.takes("tokio/multi_thread", "startup", {{"of", "process"}}, 1'000);
  run.takes("unknown", "startup", {{"of", "runtime"}}, 5);
  json const list = properties(run.summary());
  json const& tokio = list.at(0);
  EXPECT_EQ(tokio.at("language"), "rust");
  EXPECT_EQ(tokio.at("threads"), 2);
  EXPECT_GT(tokio.at("startup_ns").get<double>(), 500.0);
  EXPECT_TRUE(tokio.at("binary_bytes").is_null());
  EXPECT_TRUE(tokio.at("maturity").is_string());
  EXPECT_TRUE(list.at(1).at("maturity").is_null());
}

TEST(Choice, TheDocumentHoldsEveryProfile) {
  auto const run = run_of({{"a", 100, 100}, {"b", 200, 200}});
  auto const document = choice_document(run.samples(), run.summary(), built_in_profiles());
  EXPECT_EQ(document.at("schema"), 1);
  EXPECT_EQ(document.at("what"), "choice");
  EXPECT_EQ(document.at("profiles").size(), 6u);
}

}  // namespace
}  // namespace regatta::choice
