#include "harness/history/judge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "harness/history/views.hpp"

namespace regatta::history {
namespace {

using json = nlohmann::ordered_json;
using ::testing::HasSubstr;
using ::testing::Not;

/// How many times slower than at first a row is in a run.
using plant = std::function<double(std::size_t run, std::string const& row)>;

/// Runs on days of their own, with four rows in `cells` cells; 2 % noise on each number.
std::vector<json> history_of(std::size_t runs, plant const& slower, std::size_t cells = 3,
                             unsigned seed = 11) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> noise(0.0, 0.02);
  std::vector<json> entries;
  for (std::size_t run = 0; run != runs; ++run) {
    json entry{{"schema", 1},
               {"what", "history_entry"},
               {"run", "run " + std::to_string(run)},
               {"date", "2026-10-" + std::to_string(10 + run) + "T03:00:00Z"},
               {"commit", std::string(1, static_cast<char>('a' + run)) + "0000000"},
               {"dirty", false},
               {"label", "quiet"},
               {"kind", {{"cpu.model", "A"}}},
               {"spread", 0.01},
               {"versions", {{"a", run < 7 ? "1" : "2"}}}};
    for (std::size_t cell = 0; cell != cells; ++cell) {
      json& rows = entry["cells"]["cell " + std::to_string(cell)];
      rows["unit"] = "ns";
      for (char const* row : {"a", "b", "c", "d"}) {
        rows["rows"][row] = 100.0 * slower(run, row) * std::exp(noise(random));
      }
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

/// Enough for the few series here, and quick.
history_options quick(history_options options = {}) {
  options.permutations = 1'999;
  return options;
}

json judged(std::vector<json> entries, history_options const& options = {}) {
  return judge_history(std::move(entries), quick(options));
}

double never(std::size_t, std::string const&) { return 1.0; }

plant step_of(std::string const& who, std::size_t from, double times) {
  return [=](std::size_t run, std::string const& row) {
    return (who.empty() || row == who) && run >= from ? times : 1.0;
  };
}

TEST(History, APlantedStepIsFoundWhereItIs) {
  auto const document = judged(history_of(16, step_of("b", 9, 1.2)));
  EXPECT_EQ(document["verdict"], "worse") << document.dump(1);
  json const& changes = document["machines"][0]["changes"];
  ASSERT_EQ(changes.size(), 3u);
  for (json const& change : changes) {
    EXPECT_EQ(change["row"], "b");
    EXPECT_EQ(change["run"]["commit"], "j0000000");
    EXPECT_NEAR(change["ratio"].get<double>(), 1.2, 0.05);
    EXPECT_LE(change["adjusted_p"].get<double>(), 0.05);
    EXPECT_EQ(change["runs_since"], 7);
    EXPECT_EQ(change["standing"], true);
  }
  EXPECT_TRUE(document["machines"][0]["common"].empty());
}

TEST(History, WhereNothingWasPlantedNothingIsFound) {
  std::size_t alarms = 0;
  for (unsigned seed = 1; seed != 9; ++seed) {
    auto const document = judged(history_of(14, never, 3, seed), {.least_change = 0.0});
    alarms += document["verdict"] == "unchanged" ? 0 : 1;
  }
  EXPECT_EQ(alarms, 0u);
}

TEST(History, AStepBelowTheLeastChangeIsLeftOut) {
  auto const entries = history_of(20, step_of("b", 9, 1.06));
  EXPECT_EQ(judged(entries, {.least_change = 0.10})["verdict"], "unchanged");
  EXPECT_EQ(judged(entries, {.least_change = 0.02})["verdict"], "worse");
}

TEST(History, ThreeTimesTheNoiseOfTheRunsIsTheLeastChangeIfItIsMore) {
  auto entries = history_of(16, step_of("b", 9, 1.2));
  for (json& entry : entries) entry["spread"] = 0.1;
  auto const document = judged(entries);
  EXPECT_DOUBLE_EQ(document["machines"][0]["least_change"], 0.3);
  EXPECT_EQ(document["verdict"], "unchanged");
}

TEST(History, ALoneStepAmongManySeriesMustBeSurerThanOneAmongFew) {
  // The newest three of twelve runs: as sure as two in 220.
  auto const one_cell = [](std::size_t cells) {
    auto entries = history_of(12, never, cells);
    for (std::size_t run = 9; run != 12; ++run) {
      double const cost = entries[run]["cells"]["cell 0"]["rows"]["b"];
      entries[run]["cells"]["cell 0"]["rows"]["b"] = 1.5 * cost;
    }
    return judge_history(entries);
  };
  EXPECT_EQ(one_cell(1)["verdict"], "worse");
  EXPECT_EQ(one_cell(10)["verdict"], "unchanged");
}

TEST(History, WhatBecameFasterIsBetter) {
  auto const document = judged(history_of(16, step_of("b", 9, 0.7)));
  EXPECT_EQ(document["verdict"], "better");
  EXPECT_EQ(document["machines"][0]["changes"][0]["verdict"], "better");
}

TEST(History, WhatWasMendedIsPast) {
  auto const document = judged(history_of(24, [](std::size_t run, std::string const& row) {
    return row == "b" && run >= 8 && run < 16 ? 1.5 : 1.0;
  }));
  EXPECT_EQ(document["verdict"], "better") << "the last change is the one that stands";
  std::size_t past = 0;
  for (json const& change : document["machines"][0]["changes"]) {
    past += change["standing"] == false && change["verdict"] == "worse" ? 1 : 0;
  }
  EXPECT_GE(past, 2u);
}

TEST(History, WhatIsOlderThanWasAskedForDoesNotCount) {
  auto const entries = history_of(16, step_of("b", 9, 1.2));
  EXPECT_EQ(judged(entries, {.since = "2026-10-19"})["verdict"], "worse");
  EXPECT_EQ(judged(entries, {.since = "k0000"})["verdict"], "unchanged");
  EXPECT_EQ(judged(entries, {.since = "run 9"})["verdict"], "worse");
  EXPECT_EQ(judged(entries, {.since = "2026-09-30"})["verdict"], "worse") << "a day without a run";
  EXPECT_THROW(judged(entries, {.since = "2027-01-01"}), std::invalid_argument);
  EXPECT_THROW(judged(entries, {.since = "nowhere"}), std::invalid_argument);
}

TEST(History, SinceARunOfOneMachineCountsOnAllOfThem) {
  auto entries = history_of(16, never);
  for (json other : history_of(16, step_of("b", 9, 1.2), 3, 12)) {
    other["kind"]["cpu.model"] = "B";
    other["commit"] = "other";
    entries.push_back(std::move(other));
  }
  EXPECT_EQ(judged(entries, {.since = "h0000"})["verdict"], "worse");
  EXPECT_EQ(judged(entries, {.since = "k0000"})["verdict"], "unchanged");
}

TEST(History, TooFewRunsCouldNotBeMeasuredAndSayHowManyAreNeeded) {
  EXPECT_EQ(least_runs(0.01), 10u);
  EXPECT_EQ(least_runs(0.05), 8u);
  EXPECT_EQ(runs_for_a_fresh_step(0.01), 12u);
  auto const document = judged(history_of(9, step_of("b", 5, 3.0)));
  EXPECT_EQ(document["verdict"], "could_not_measure");
  EXPECT_THAT(document["why"].get<std::string>(), HasSubstr("there are 9, and 10 are the least"));
  EXPECT_EQ(judged({})["verdict"], "could_not_measure");
  EXPECT_EQ(judge_history(history_of(10, step_of("b", 5, 3.0), 1))["verdict"], "worse");
}

TEST(History, AnotherKindOfMachineIsAnotherSeries) {
  auto entries = history_of(16, step_of("", 8, 2.0));
  for (std::size_t i = 8; i != entries.size(); ++i) entries[i]["kind"]["cpu.model"] = "B";
  auto const document = judged(entries);
  ASSERT_EQ(document["machines"].size(), 2u);
  EXPECT_EQ(document["machines"][0]["kind"]["cpu.model"], "B") << "the newest first";
  EXPECT_EQ(document["machines"][1]["differs"], json({"cpu.model"}));
  EXPECT_EQ(document["verdict"], "could_not_measure") << "8 runs are too few, and 8 others as well";
}

TEST(History, WhatMovesAllRowsTogetherIsNoRuntimesDoing) {
  auto const document = judged(history_of(16, step_of("", 9, 1.3)));
  json const& common = document["machines"][0]["common"];
  ASSERT_EQ(common.size(), 1u);
  EXPECT_EQ(common[0]["rows"], 4);
  EXPECT_EQ(common[0]["run"]["commit"], "j0000000");
  EXPECT_THAT(terminal_text(document), HasSubstr("look at the machine"));
}

TEST(History, RunsAreInTheOrderOfTheirDatesWhateverOrderTheyComeIn) {
  auto entries = history_of(16, step_of("b", 9, 1.2));
  auto const sorted = judged(entries);
  std::ranges::reverse(entries);
  EXPECT_EQ(judged(entries), sorted);
}

TEST(History, ARowThatIsMissingInSomeRunsIsJudgedByTheOthers) {
  auto entries = history_of(16, step_of("b", 9, 1.2));
  for (std::size_t i : {1u, 3u, 9u}) {
    for (auto& [cell, measured] : entries[i]["cells"].items()) measured["rows"].erase("b");
  }
  auto const document = judged(entries);
  EXPECT_EQ(document["verdict"], "worse");
  EXPECT_EQ(document["machines"][0]["changes"][0]["run"]["commit"], "k0000000");
}

TEST(History, TheViewsSaySinceWhenAndByHowMuch) {
  auto const document = judged(history_of(16, step_of("a", 7, 1.5)));
  auto const text = terminal_text(document);
  EXPECT_THAT(text, HasSubstr("worse since run h0000000 of 2026-10-17: 1.5"));
  EXPECT_THAT(text, HasSubstr("its version went from 1 to 2"));
  EXPECT_THAT(text, HasSubstr("Worse. 3 of 12 series are worse"));
  EXPECT_THAT(terminal_text(document, 2), HasSubstr("and 1 more"));
  auto const markdown = markdown_text(document);
  EXPECT_THAT(markdown, HasSubstr("### Performance history: Worse"));
  EXPECT_THAT(markdown, HasSubstr("| a | cell "));
  EXPECT_THAT(markdown_text(judged(history_of(12, never))), Not(HasSubstr("| row |")));
}

}  // namespace
}  // namespace regatta::history
