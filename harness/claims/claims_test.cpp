#include "harness/claims/claims.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "harness/claims/judge.hpp"
#include "harness/stats/invented_run.hpp"

namespace regatta::claims {
namespace {

using stats::invented_run;
using ::testing::HasSubstr;

using run_maker = std::function<void(invented_run&)>;

auto counting(char const* counter, double count) {
  return [=](stats::sample& s, double noise) {
    s.counters[counter] = static_cast<std::uint64_t>(std::llround(count * noise));
  };
}

auto weighing(double bytes) {
  return [=](stats::sample& s, double noise) {
    s.bytes = static_cast<std::uint64_t>(std::llround(bytes * noise * 1'000.0));
  };
}

auto late(double p99_ns) {
  return [=](stats::sample& s, double noise) {
    s.latency_ns = {{static_cast<std::uint64_t>(p99_ns * noise), 100}};
  };
}

// ---- What each claim looks at, with the figure that decides.

run_maker ablation(char const* scenario, char const* off, double ns) {
  return [=](invented_run& run) {
    run.takes("work_stealing", scenario, {{"n", 1}}, 100);
    run.takes(off, scenario, {{"n", 1}}, ns);
  };
}

run_maker queues(double ns) {
  return [=](invented_run& run) {
    run.takes("work_stealing/queue=256", "spawn_many", {{"tasks", 1}}, ns,
              counting("overflows", 7));
    run.takes("work_stealing/queue=1024", "spawn_many", {{"tasks", 1}}, 100,
              counting("overflows", 0));
  };
}

run_maker timers(double with_a_million) {
  return [=](invented_run& run) {
    for (char const* phase : {"create", "cancel"}) {
      run.takes("tokio/multi_thread", "timers", {{"phase", phase}, {"timers", 1'000}}, 100);
      run.takes("tokio/multi_thread", "timers", {{"phase", phase}, {"timers", 1'000'000}},
                with_a_million);
    }
  };
}

run_maker page(double sequential_ms, double joined_ms) {
  return [=](invented_run& run) {
    for (auto const& [style, ms] :
         {std::pair("sequential", sequential_ms), std::pair("join", joined_ms)}) {
      run.takes("a", "join",
                {{"style", style}, {"width", 3}, {"delay_us", 1'000}, {"delays", "unequal"}},
                ms * 1e6 / 3);
    }
  };
}

run_maker computing(double joined) {
  return [=](invented_run& run) {
    run.takes("a", "join_cpu", {{"style", "sequential"}, {"width", 100}}, 100);
    run.takes("a", "join_cpu", {{"style", "join"}, {"width", 100}}, joined);
    run.takes("a", "join_cpu", {{"style", "spawn"}, {"width", 100}}, 50);
  };
}

run_maker sets(double spawned) {
  return [=](invented_run& run) {
    run.takes("a", "spawn", {{"style", "spawn"}, {"tasks", 10'000}, {"body", "ready"}}, spawned);
    run.takes("a", "spawn", {{"style", "unordered_set"}, {"tasks", 10'000}, {"body", "ready"}},
              100);
  };
}

run_maker memory(double slope) {
  return [=](invented_run& run) {
    for (int const tasks : {0, 1'000, 10'000, 100'000}) {
      run.takes("a", "memory", {{"kind", "sleep"}, {"tasks", tasks}}, 1,
                counting("bytes", 3e6 + slope * tasks));
    }
  };
}

void queue_up(invented_run& run, char const* policy, double few, double many) {
  for (auto const& [messages, waiting] : {std::pair(1'000, few), std::pair(10'000, many)}) {
    run.takes("a", "channel_backpressure", {{"policy", policy}, {"messages", messages}}, 1,
              counting("most_waiting", waiting));
  }
}

run_maker unbounded(double many) {
  return [=](invented_run& run) {
    queue_up(run, "unbounded", 900, many);
    queue_up(run, "wait", 100, 100);
  };
}

run_maker spilling(double many) {
  return [=](invented_run& run) { queue_up(run, "spill", 900, many); };
}

run_maker sharing(double shared) {
  return [=](invented_run& run) {
    run.takes("a", "bytes", {{"receivers", 8}, {"size", 64}, {"by", "copy"}}, 100);
    run.takes("a", "bytes", {{"receivers", 8}, {"size", 64}, {"by", "share"}}, shared);
  };
}

run_maker frames(double closed) {
  return [=](invented_run& run) {
    auto const hold = [&](int held, char const* scope, double bytes) {
      run.takes("a", "frame_size", {{"held", held}, {"where", "frame"}, {"scope", scope}}, 1,
                weighing(bytes));
    };
    hold(0, "open", 200);
    hold(65'536, "open", 65'736);
    hold(65'536, "closed", closed);
  };
}

run_maker rows_in(char const* scenario, char const* one, char const* other, double ns) {
  return [=](invented_run& run) {
    run.takes(one, scenario, {{"n", 1}}, 100);
    run.takes(other, scenario, {{"n", 1}}, ns);
  };
}

run_maker calls(std::uint64_t counted) {
  return [=](invented_run& run) {
    run.enter("io_uring/one_thread", {{"io", "io_uring"}});
    run.takes("io_uring/one_thread", "echo", {{"connections", 1}}, 100);
    run.counts_calls("io_uring/one_thread", "echo", {{"connections", 1}}, counted);
  };
}

run_maker proxies(double proxied) {
  return [=](invented_run& run) {
    run.enter("path/direct", {}, "path");
    run.enter("path/nginx", {}, "path");
    run.takes("path/direct", "path_requests", {{"clients", 64}}, 100);
    run.takes("path/nginx", "path_requests", {{"clients", 64}}, proxied);
  };
}

run_maker single_client(double p99_ns) {
  return [=](invented_run& run) {
    run.enter("path/nginx", {}, "path");
    run.takes("path/nginx", "path_requests", {{"clients", 1}, {"connections", "long"}}, 100,
              late(p99_ns));
  };
}

json crowd(int clients) {
  return {{"clients", clients}, {"message_bytes", 128}, {"connections", "long"}};
}

run_maker many_clients(double ns) {
  return [=](invented_run& run) {
    run.enter("path/nginx", {}, "path");
    run.takes("path/nginx", "path_requests", crowd(1'000), 100, late(1e6));
    if (ns > 0) {
      run.takes("path/nginx", "path_requests", crowd(9'900), ns, late(9e6));
    } else {
      run.fails("path/nginx", "path_requests", crowd(9'900), stats::outcome::crashed, "it died");
    }
  };
}

run_maker blocked(double in_place, double with_pool) {
  return [=](invented_run& run) {
    run.takes("a", "blocking", {{"how", "inline"}}, 1, late(in_place));
    run.takes("a", "blocking", {{"how", "run_blocking"}}, 1, late(with_pool));
  };
}

run_maker cancelled(double lost, bool safe_is_safe) {
  return [=](invented_run& run) {
    run.takes("a", "cancel_exact", {{"chunks", 1}}, 1, counting("lost_bytes", lost));
    if (safe_is_safe) {
      run.takes("a", "cancel_read", {{"chunks", 1}}, 1);
    } else {
      run.fails("a", "cancel_read", {{"chunks", 1}}, stats::outcome::wrong_answer, "99, not 100");
    }
  };
}

run_maker closing(double lost) {
  return [=](invented_run& run) {
    run.takes("a", "half_close", {{"on_end", "carry_on"}}, 1, counting("lost_bytes", 0));
    run.takes("a", "half_close", {{"on_end", "close_both"}}, 1, counting("lost_bytes", lost));
  };
}

struct trial {
  int number;
  verdict expected;
  run_maker make;
};

void PrintTo(trial const& t, std::ostream* out) {
  *out << "claim " << t.number << ", " << to_string(t.expected);
}

json judged(int number, run_maker const& make, std::size_t blocks = 8) {
  invented_run run(blocks);
  make(run);
  json const summary = run.summary();
  json const laws;
  return claims_document(run.samples(), summary, laws, {number}).at("claims").at(0);
}

class Claim : public ::testing::TestWithParam<trial> {};

TEST_P(Claim, IsJudgedByItsFigure) {
  json const claim = judged(GetParam().number, GetParam().make);
  EXPECT_EQ(claim.at("verdict"), to_string(GetParam().expected)) << claim.dump(1);
  EXPECT_FALSE(claim.at("figure").is_null());
  EXPECT_FALSE(claim.at("details").empty());
  EXPECT_FALSE(claim.at("cells").empty());
  EXPECT_TRUE(claim.at("how_to_measure").is_null());
  EXPECT_GT(claim.at("explanation").get<std::string>().size(), 20u);
}

constexpr auto yes = verdict::holds;
constexpr auto no = verdict::refuted;
constexpr auto open = verdict::not_separated;

INSTANTIATE_TEST_SUITE_P(
    EachWay, Claim,
    ::testing::Values(
        trial{2, yes, ablation("ping_pong", "work_stealing/lifo=off", 150)},
        trial{2, no, ablation("ping_pong", "work_stealing/lifo=off", 70)},
        trial{2, open, ablation("ping_pong", "work_stealing/lifo=off", 100)},
        trial{3, yes, ablation("skynet", "work_stealing/steal=one", 150)},
        trial{3, no, ablation("skynet", "work_stealing/steal=one", 70)},
        trial{3, open, ablation("skynet", "work_stealing/steal=one", 100)},
        trial{4, yes, queues(100)}, trial{4, no, queues(120)}, trial{4, open, queues(105)},
        trial{5, yes, timers(110)}, trial{5, no, timers(300)}, trial{5, open, timers(200)},
        trial{6, yes, page(6.1, 3.1)}, trial{6, no, page(6.1, 6.1)},
        trial{6, open, page(6.1, 4.243)},  // √(6·3)
        trial{7, yes, computing(100)}, trial{7, no, computing(50)},
        trial{7, open, computing(95.24)}, trial{8, yes, sets(300)}, trial{8, no, sets(50)},
        trial{8, open, sets(100)}, trial{9, yes, memory(256)}, trial{9, no, memory(1'000)},
        trial{9, open, memory(320)}, trial{10, yes, unbounded(9'000)},
        trial{10, no, unbounded(900)}, trial{10, open, unbounded(2'846)},  // 900·√10
        trial{11, yes, spilling(900)}, trial{11, no, spilling(9'000)},
        trial{11, open, spilling(2'846)}, trial{12, yes, sharing(50)}, trial{12, no, sharing(200)},
        trial{12, open, sharing(100)}, trial{13, yes, frames(200)}, trial{13, no, frames(65'736)},
        trial{13, open, frames(3'626)},  // √(200·65736)
        trial{14, yes, rows_in("echo", "asio/io_uring", "asio/io_context", 200)},
        trial{14, no, rows_in("echo", "asio/io_uring", "asio/io_context", 100)},
        trial{14, open, rows_in("echo", "asio/io_uring", "asio/io_context", 150)},
        trial{15, yes, rows_in("file_read", "io_uring/one_thread", "single_threaded", 300)},
        trial{15, no, rows_in("file_read", "io_uring/one_thread", "single_threaded", 900)},
        trial{15, open, rows_in("file_read", "io_uring/one_thread", "single_threaded", 500)},
        trial{16, yes, calls(0)}, trial{16, no, calls(3)}, trial{17, yes, proxies(102)},
        trial{17, no, proxies(150)}, trial{17, open, proxies(105)},
        trial{18, yes, single_client(5e5)}, trial{18, no, single_client(5e6)},
        trial{18, open, single_client(1e6)}, trial{19, yes, many_clients(105)},
        trial{19, no, many_clients(200)}, trial{19, no, many_clients(0)},
        trial{19, open, many_clients(125)},
        trial{20, yes, rows_in("startup", "work_stealing", "lightweight", 50)},
        trial{20, no, rows_in("startup", "work_stealing", "lightweight", 200)},
        trial{20, open, rows_in("startup", "work_stealing", "lightweight", 100)},
        trial{21, yes, blocked(40e6, 1e6)}, trial{21, no, blocked(80e6, 40e6)},
        trial{21, open, blocked(80e6, 20e6)}, trial{22, yes, cancelled(50, true)},
        trial{22, no, cancelled(50, false)}, trial{22, open, cancelled(0, true)},
        trial{23, yes, rows_in("yield", "single_threaded", "work_stealing/threads=1", 150)},
        trial{23, no, rows_in("yield", "single_threaded", "work_stealing/threads=1", 70)},
        trial{23, open, rows_in("yield", "single_threaded", "work_stealing/threads=1", 100)},
        trial{24, yes, closing(0)}, trial{24, no, closing(500)}),
    [](auto const& one) {
      return "Number" + std::to_string(one.param.number) + "Trial" + std::to_string(one.index);
    });

TEST(Claims, AreTheTwentyFourInTheirOrderAndEachHasARule) {
  ASSERT_EQ(wordings().size(), 24u);
  ASSERT_EQ(rules().size(), 24u);
  for (std::size_t i = 0; i != 24; ++i) {
    EXPECT_EQ(wordings()[i].number, static_cast<int>(i) + 1);
    EXPECT_EQ(rules()[i].number, static_cast<int>(i) + 1);
    EXPECT_TRUE(rules()[i].needs_laws || !rules()[i].needs.empty()) << i + 1;
  }
}

TEST(Claims, WithoutItsCellsEachSaysWhatIsMissingAndHowToMeasureIt) {
  for (wording const& words : wordings()) {
    json const claim = judged(
        words.number, [](invented_run& run) { run.takes("somebody", "nothing", {{"n", 1}}, 1); });
    EXPECT_EQ(claim.at("verdict"), "not_measured") << words.number;
    EXPECT_TRUE(claim.at("figure").is_null());
    EXPECT_THAT(claim.at("explanation").get<std::string>(), HasSubstr("The "));
    EXPECT_EQ(claim.at("how_to_measure"),
              "regatta claims --measure --only " + std::to_string(words.number));
    EXPECT_EQ(claim.at("claim"), words.claim);
  }
}

TEST(Claims, TheFirstIsJudgedByTheLawsThatWereRun) {
  invented_run run;
  run.takes("a", "nothing", {{"n", 1}}, 1);
  json const summary = run.summary();
  for (bool const obeyed : {true, false}) {
    json const laws = json::array(
        {{{"row", "a"}, {"law", "CallingATaskRunsNothing"}, {"passed", true}, {"detail", ""}},
         {{"row", "b"}, {"law", "CallingATaskRunsNothing"}, {"passed", obeyed}, {"detail", ""}}});
    json const claim = claims_document(run.samples(), summary, laws, {1}).at("claims").at(0);
    EXPECT_EQ(claim.at("verdict"), obeyed ? "holds" : "refuted");
    EXPECT_EQ(claim.at("rows").size(), 2u);
  }
}

TEST(Claims, ABuildWithoutLawsIsToldApartFromLawsThatNobodyAskedFor) {
  invented_run run;
  run.takes("a", "nothing", {{"n", 1}}, 1);
  json const summary = run.summary();
  auto const why = [&](json const& laws) {
    return claims_document(run.samples(), summary, laws, {1})
        .at("claims")
        .at(0)
        .at("explanation")
        .get<std::string>();
  };
  EXPECT_THAT(why(json::array()), HasSubstr("REGATTA_TESTS=ON"));
  EXPECT_THAT(why(json()), HasSubstr("laws were not run"));
}

TEST(Claims, ALawThatNobodySawBrokenRefutesNothing) {
  invented_run run;
  run.takes("a", "nothing", {{"n", 1}}, 1);
  json const summary = run.summary();
  json const silent{{"row", "slow"},
                    {"law", "CallingATaskRunsNothing"},
                    {"passed", nullptr},
                    {"detail", "not done within 60 s"}};
  json const heard{
      {"row", "a"}, {"law", "CallingATaskRunsNothing"}, {"passed", true}, {"detail", ""}};
  auto const first = [&](json const& laws) {
    return claims_document(run.samples(), summary, laws, {1}).at("claims").at(0);
  };
  json const alone = first(json::array({silent}));
  EXPECT_EQ(alone.at("verdict"), "not_measured");
  EXPECT_THAT(alone.at("explanation").get<std::string>(), HasSubstr("slow (not done within 60 s)"));
  json const beside = first(json::array({silent, heard}));
  EXPECT_EQ(beside.at("verdict"), "holds");
  EXPECT_THAT(beside.at("explanation").get<std::string>(), HasSubstr("On all 1 runtimes"));
  EXPECT_THAT(beside.at("explanation").get<std::string>(), HasSubstr("No answer from: slow"));
}

TEST(Claims, TooFewBlocksSeparateNothingHoweverClearTheyLook) {
  json const claim = judged(2, ablation("ping_pong", "work_stealing/lifo=off", 300), 3);
  EXPECT_EQ(claim.at("verdict"), "not_separated");
  EXPECT_EQ(claim.at("figure").at("blocks"), 3);
}

TEST(Claims, OneContenderThatDoesOtherwiseRefutesAClaimAboutAll) {
  auto const both = [](invented_run& run) {
    memory(256)(run);
    for (int const tasks : {0, 1'000, 10'000, 100'000}) {
      run.takes("b", "memory", {{"kind", "sleep"}, {"tasks", tasks}}, 1,
                counting("bytes", 3e6 + 2'000.0 * tasks));
    }
  };
  json const claim = judged(9, both);
  EXPECT_EQ(claim.at("verdict"), "refuted");
  EXPECT_NEAR(claim.at("figure").at("value").get<double>(), 2'000.0, 100.0);
  EXPECT_THAT(claim.at("explanation").get<std::string>(),
              HasSubstr("One by one, of 2 figures 1 holds, 1 refutes it."));
}

// The three figures hold, four looks at the same run's other queues notwithstanding.
TEST(Claims, WhatIsNotJudgedTakesNoVerdictFromWhatIs) {
  json const claim = judged(
      4,
      [](invented_run& run) {
        for (char const* from : {"worker", "outside_idle", "outside_busy"}) {
          for (char const* queue : {"16", "64", "256", "1024"}) {
            run.takes(std::string("work_stealing/queue=") + queue, "spawn_many", {{"from", from}},
                      100, counting("overflows", 7));
          }
        }
      },
      6);
  EXPECT_THAT(claim.at("explanation").get<std::string>(),
              HasSubstr("One by one, each of the 3 figures holds."));
  std::size_t held = 0, silent = 0;
  for (json const& each : claim.at("details")) {
    held += each.value("verdict", "") == "holds" ? 1 : 0;
    silent += each.contains("verdict") ? 0 : 1;
  }
  EXPECT_EQ(held, 3u) << claim.dump(1);
  EXPECT_EQ(silent, 18u);
}

TEST(Claims, EachRowIsJudgedOverTheRangeOfTimersItWasMeasuredWith) {
  json const claim = judged(5, [](invented_run& run) {
    for (char const* phase : {"create", "cancel"}) {
      for (int const timers : {1'000, 100'000, 10'000'000}) {
        json const cell{{"phase", phase}, {"timers", timers}};
        run.takes("tokio/multi_thread", "timers", cell, 100);
        run.takes("asio/io_context", "timers", cell, timers);
        if (timers < 10'000'000) run.takes("single_threaded", "timers", cell, 100);
      }
    }
  });
  EXPECT_EQ(claim.at("verdict"), "holds");
  EXPECT_THAT(claim.at("explanation").get<std::string>(),
              HasSubstr("1000 to 100000 (single_threaded), "
                        "1000 to 10000000 (tokio/multi_thread)."));
  std::map<std::string, double> borders;
  std::size_t silent = 0;
  for (json const& each : claim.at("details")) {
    borders[each.at("row")] = each.value("claimed_high", 0.0);
    silent += each.contains("verdict") ? 0 : 1;
  }
  EXPECT_NEAR(borders["single_threaded"], 5.0 / 3.0, 1e-9);
  EXPECT_NEAR(borders["tokio/multi_thread"], 7.0 / 3.0, 1e-9);
  EXPECT_EQ(borders["asio/io_context"], 0.0);
  EXPECT_EQ(silent, 2u);
}

TEST(Claims, AHundredTasksStandBesideTheManyWithoutAVerdict) {
  json const claim = judged(8, [](invented_run& run) {
    sets(300)(run);
    run.takes("a", "spawn", {{"style", "spawn"}, {"tasks", 100}, {"body", "ready"}}, 50);
    run.takes("a", "spawn", {{"style", "unordered_set"}, {"tasks", 100}, {"body", "ready"}}, 100);
  });
  EXPECT_EQ(claim.at("verdict"), "holds");
  ASSERT_EQ(claim.at("details").size(), 2u);
  EXPECT_EQ(claim.at("details").at(0).at("verdict"), "holds");
  EXPECT_FALSE(claim.at("details").at(1).contains("verdict"));
}

TEST(Claims, NeedWhatTheirWordsName) {
  auto const needs_of = [](int number, char const* key) {
    std::set<int> found;
    for (need const& each : rules().at(static_cast<std::size_t>(number) - 1).needs) {
      if (each.params.contains(key)) found.insert(each.params.at(key).get<int>());
    }
    return found;
  };
  EXPECT_EQ(needs_of(5, "timers"), (std::set<int>{1'000, 100'000, 10'000'000}));
  EXPECT_EQ(needs_of(8, "tasks"), (std::set<int>{100, 1'000, 10'000, 100'000, 1'000'000}));
  std::set<std::string> of_the_processor;
  for (need const& each : rules().at(22).needs) of_the_processor.insert(each.scenario);
  EXPECT_TRUE(of_the_processor.contains("spawn_many"));
  EXPECT_TRUE(of_the_processor.contains("fan_out"));
}

TEST(Claims, ABlockWhoseMemoryDoesNotGrowCountsAgainstTheSlope) {
  json const claim = judged(9, memory(-10));
  EXPECT_EQ(claim.at("verdict"), "refuted");
  EXPECT_EQ(claim.at("figure").at("blocks"), 8);
  EXPECT_EQ(claim.at("figure").at("high"), 1.0);
}

TEST(Claims, ACancelledReadThatCameOutWrongIsAFactAboutObeying) {
  json const claim = judged(22, cancelled(50, false));
  EXPECT_EQ(claim.at("figure").at("unit"), "obeys");
  EXPECT_EQ(claim.at("figure").at("value"), 0.0);
  EXPECT_THAT(claim.at("explanation").get<std::string>(), HasSubstr("out of place"));
}

TEST(Claims, AStallWithinTheNoiseOfEitherCellIsNone) {
  json const claim = judged(21, [](invented_run& run) {
    blocked(13e6, 10e6)(run);
    run.takes("a#twin", "blocking", {{"how", "inline"}}, 1.5, late(13e6));
    run.takes("a#twin", "blocking", {{"how", "run_blocking"}}, 1, late(10e6));
  });
  EXPECT_EQ(claim.at("verdict"), "not_separated") << claim.dump(1);
}

TEST(Claims, FiguresThatNobodyMeasuredDecideNothing) {
  finding nobody;
  nobody.claimed = less_than(1.0);
  auto const sentence = [](finding const&, std::string const&) { return std::string("judged"); };
  auto const of = [&](std::vector<finding> const& all) {
    return judge_by_each(all, sentence, "missing");
  };
  EXPECT_EQ(of({nobody}).what, verdict::not_measured);
  finding somebody = nobody;
  for (std::uint64_t block = 0; block != 8; ++block) somebody.values[block] = 0.5;
  EXPECT_EQ(of({nobody, somebody}).what, verdict::holds);
  EXPECT_EQ(of({nobody, somebody}).details.size(), 1u);
}

TEST(Claims, ARowThatFailedInACellSpeaksForNothing) {
  json const claim = judged(2, [](invented_run& run) {
    run.takes("work_stealing", "ping_pong", {{"pairs", 1}}, 100);
    run.fails("work_stealing/lifo=off", "ping_pong", {{"pairs", 1}}, stats::outcome::crashed, "");
  });
  EXPECT_EQ(claim.at("verdict"), "not_measured");
}

TEST(Claims, ATerminalShowsVerdictSentenceAndDetails) {
  invented_run run;
  ablation("ping_pong", "work_stealing/lifo=off", 150)(run);
  json const summary = run.summary();
  auto const document = claims_document(run.samples(), summary, {}, {2, 3});
  auto const text = claims_text(document, true);
  EXPECT_THAT(text, HasSubstr("2. A LIFO slot makes message passing faster"));
  EXPECT_THAT(text, HasSubstr("HOLDS. With the LIFO slot off"));
  EXPECT_THAT(text, HasSubstr("- work_stealing/lifo=off / work_stealing, ping_pong n=1"));
  EXPECT_THAT(text, HasSubstr("To measure it: regatta claims --measure --only 3"));
  EXPECT_THAT(text, HasSubstr("2 claims: 1 held, 0 refuted, 0 not separated, 1 not measured"));
}

TEST(Finding, ManyLooksNeedMoreThanOneLuckyInterval) {
  // One of twenty beyond the border in 6 of 6 blocks: p = 0.03, and to be expected.
  std::vector<finding> findings(20);
  for (std::size_t i = 0; i != findings.size(); ++i) {
    findings[i].claimed = more_than(1.0);
    for (std::uint64_t block = 0; block != 6; ++block) {
      findings[i].values[block] = i == 0 || block % 2 == 0 ? 1.1 : 0.9;
    }
  }
  EXPECT_EQ(findings[0].alone(), verdict::holds);
  EXPECT_EQ(corrected(findings)[0], verdict::not_separated);
  EXPECT_EQ(corrected({findings[0]})[0], verdict::holds);
  // Facts are not looks: they must not make luck count.
  for (std::size_t i = 1; i != findings.size(); ++i) findings[i].certain = verdict::holds;
  findings[1].certain.reset();
  EXPECT_EQ(corrected(findings)[0], verdict::not_separated);
}

}  // namespace
}  // namespace regatta::claims
