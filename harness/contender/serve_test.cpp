#include "harness/contender/serve.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <semaphore>
#include <stdexcept>
#include <thread>

#include "harness/contender/check.hpp"
#include "harness/contender/sampling.hpp"
#include "runtimes/interface/types.hpp"
#include "runtimes/interface/unsupported.hpp"
#include "scenarios/support/describe.hpp"
#include "scenarios/support/outside.hpp"

namespace regatta::contender {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// A scenario that needs no runtime: it adds up. `wrong_from` makes it answer wrongly from that run
// on, `fails` makes it throw, as a runtime that has met its ceiling does or otherwise.
struct adding {
  static constexpr std::string_view name = "adding";
  static constexpr std::string_view summary = "adds up";
  struct params {
    u64 numbers = 100;
    u64 wrong_from = 1'000'000;
    scenarios::choice<"no", "yes", "limit"> fails{};
    void each(auto&& visit) {
      visit("numbers", numbers);
      visit("wrong_from", wrong_from);
      visit("fails", fails);
    }
  };
  static params smoke() { return {.numbers = 3}; }
  static std::vector<params> quick() { return {params{}}; }
  static std::vector<params> full() { return quick(); }
  static u64 expected(params p) { return scenarios::sum_of_indices(p.numbers); }
  static u64 operations(params p) { return p.numbers; }
  static std::string invalid(params p) { return p.numbers == 0 ? "nothing to add" : ""; }
};

class adding_cell final : public cell {
 public:
  explicit adding_cell(adding::params p) : p_(p) {}
  std::uint64_t run(scenarios::recorder& latency) override {
    if (p_.fails == "yes") throw std::runtime_error("told to fail");
    if (p_.fails == "limit") throw limit_exceeded("told to be too small");
    latency.record(42);
    latency.count("noted", 2);
    auto const right = adding::expected(p_);
    return runs_++ < p_.wrong_from ? right : right + 1;
  }
  counters read_counters() const override { return {{"runs", 10 + runs_}}; }

 private:
  adding::params p_;
  u64 runs_ = 0;
};

struct fake_program : registry {
  fake_program() {
    set_subject({.name = "fake",
                 .version = "1",
                 .scheduling = "none",
                 .io = "none",
                 .capabilities = {"timer"},
                 .variants = {"", "threads=1"},
                 .threads = [](setup const& how) { return how.threads == 0 ? 7 : how.threads; }});
    add({.scenario = scenarios::describe<adding>(),
         .unsupported = "",
         .prepare = [](setup const&, scenarios::parameter_list const& list) {
           return std::make_unique<adding_cell>(scenarios::read_parameters<adding>(list));
         }});
    auto missing = scenarios::describe<adding>();
    missing.name = "absent";
    add({.scenario = missing, .unsupported = "it is no net_runtime", .prepare = {}});
  }
};

// Talks to serve() through pipes, all of it at once: what is asked here fits into a pipe's buffer.
std::vector<json> ask(std::vector<std::string> const& lines, u64 slowdown_percent = 0,
                      int* exit_code = nullptr) {
  int requests[2];
  int replies[2];
  EXPECT_EQ(pipe(requests), 0);
  EXPECT_EQ(pipe(replies), 0);
  for (auto const& line : lines) {
    auto const text = line + "\n";
    EXPECT_EQ(write(requests[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  close(requests[1]);

  int code = -1;
  std::thread contender([&] {
    fake_program const program;
    code = serve(program, requests[0], replies[1], slowdown_percent);
    close(replies[1]);
  });
  std::string text;
  char buffer[4096];
  for (ssize_t got; (got = read(replies[0], buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  contender.join();
  close(requests[0]);
  close(replies[0]);
  if (exit_code != nullptr) *exit_code = code;

  std::vector<json> answers;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) answers.push_back(json::parse(line));
  return answers;
}

std::string const hello = R"({"hello":1,"variant":"","threads":0,"seed":42})";
std::string const prepare = R"({"prepare":{"scenario":"adding","params":{"numbers":10}}})";

TEST(Serving, GreetsWithWhatItIs) {
  int code = -1;
  auto const answers = ask({hello, R"({"quit":true})"}, 0, &code);
  EXPECT_EQ(code, 0);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0]["runtime"], "fake");
  EXPECT_EQ(answers[0]["threads"], 7);
  EXPECT_EQ(answers[0]["variants"], json({"", "threads=1"}));
  EXPECT_EQ(answers[0]["pid"], getpid());
  EXPECT_FALSE(answers[0]["compiler"].get<std::string>().empty());
}

TEST(Serving, EndsWellAtTheEndOfStdin) {
  int code = -1;
  EXPECT_TRUE(ask({}, 0, &code).empty());
  EXPECT_EQ(code, 0);
}

TEST(Serving, RefusesANumberOfThreadsWhereThereIsNone) {
  fake_program program;
  auto threadless = program.subject();
  threadless.threads = [](setup const&) { return 0; };
  program.set_subject(threadless);
  conversation driver(program);
  std::vector<std::string> answers;
  auto const keep = [&](protocol::reply const& reply) {
    answers.push_back(protocol::format(reply));
  };
  driver.answer(protocol::hello{.variant = {}, .threads = 2, .seed = 1}, keep);
  driver.answer(protocol::hello{.variant = {}, .threads = 0, .seed = 1}, keep);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_THAT(answers[0], HasSubstr("unsupported"));
  EXPECT_THAT(answers[1], HasSubstr(R"("runtime":"fake")"));
}

TEST(Serving, RefusesAVariantThatItDoesNotHaveAndTakesAnotherHello) {
  auto const answers = ask({R"({"hello":1,"variant":"x"})", R"({"hello":1,"threads":3})"});
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0]["error"], "unsupported");
  EXPECT_THAT(answers[0]["reason"], HasSubstr("no variant 'x'; there are: '', 'threads=1'"));
  EXPECT_EQ(answers[1]["threads"], 3);
}

// What a runtime says whose constructor finds that the machine does not offer what it stands on.
struct refused_program : fake_program {
  refused_program() {
    auto described = subject();
    described.threads = [](setup const&) -> std::uint64_t {
      throw runtime_unsupported("the kernel refuses it");
    };
    set_subject(std::move(described));
  }
};

TEST(Serving, SaysWhyItsRuntimeCannotBeHadHere) {
  refused_program const program;
  conversation driver(program);
  std::vector<json> answers;
  auto const note = [&](protocol::reply const& reply) {
    answers.push_back(json::parse(protocol::format(reply)));
  };
  EXPECT_TRUE(driver.answer(protocol::hello{}, note));
  EXPECT_EQ(answers,
            (std::vector<json>{{{"error", "unsupported"}, {"reason", "the kernel refuses it"}}}));
}

TEST(Checking, SkipsARuntimeThatCannotBeHadHere) {
  refused_program const program;
  EXPECT_EQ(check(program, {}, "adding"), exit_unsupported);
  EXPECT_EQ(check(program, {}, ""), exit_unsupported);
}

TEST(Serving, ListsWhatItCanAndWhatItCannot) {
  auto const answers = ask({hello, R"({"list":{}})"});
  ASSERT_EQ(answers.size(), 4u);
  EXPECT_EQ(answers[1]["scenario"], "absent");
  EXPECT_EQ(answers[1]["unsupported"], "it is no net_runtime");
  EXPECT_EQ(answers[2]["scenario"], "adding");
  EXPECT_EQ(answers[2]["params"]["numbers"], 100);
  EXPECT_EQ(answers[3]["end"], true);
}

TEST(Serving, TakesAsManySamplesAsItIsAskedFor) {
  auto const answers = ask({hello, prepare, R"({"run":{"iterations":5,"samples":2}})"});
  ASSERT_EQ(answers.size(), 5u);
  EXPECT_EQ(answers[1], json({{"ready", true}}));
  EXPECT_EQ(answers[4], json({{"done", true}}));
  for (auto const& answer : {answers[2], answers[3]}) {
    auto const& sample = answer["sample"];
    EXPECT_EQ(sample["iterations"], 5);
    EXPECT_EQ(sample["operations"], 50);
    EXPECT_EQ(sample["answer"], 45);
    EXPECT_FALSE(sample.contains("answers_differ"));
    EXPECT_GT(sample["ns"], 0);
    EXPECT_EQ(sample["counters"]["runs"], 5);
    EXPECT_EQ(sample["counters"]["noted"], 10);
    EXPECT_EQ(sample["latency"]["buckets"], json::parse("[[42,5]]"));
  }
}

TEST(Serving, ShowsTheFirstWrongAnswerOfASample) {
  auto const answers = ask({hello, R"({"prepare":{"scenario":"adding","params":{"wrong_from":3}}})",
                            R"({"run":{"iterations":5}})"});
  ASSERT_EQ(answers.size(), 4u);
  EXPECT_EQ(answers[2]["sample"]["answer"], 4951);
  EXPECT_EQ(answers[2]["sample"]["answers_differ"], true);
}

TEST(Serving, PreparesOnlyWhatItCanRun) {
  auto const answers = ask({
      hello,
      R"({"prepare":{"scenario":"absent"}})",
      R"({"prepare":{"scenario":"unheard"}})",
      R"({"prepare":{"scenario":"adding","params":{"number":1}}})",
      R"({"prepare":{"scenario":"adding","params":{"numbers":0}}})",
      R"({"prepare":{"scenario":"adding","params":{"fails":"maybe"}}})",
  });
  ASSERT_EQ(answers.size(), 6u);
  EXPECT_EQ(answers[1]["error"], "unsupported");
  EXPECT_EQ(answers[1]["reason"], "it is no net_runtime");
  EXPECT_EQ(answers[2]["error"], "unsupported");
  EXPECT_THAT(answers[2]["reason"], HasSubstr("'unheard'"));
  EXPECT_EQ(answers[3]["error"], "failed");
  EXPECT_THAT(answers[3]["reason"], HasSubstr("no parameter 'number'"));
  EXPECT_THAT(answers[4]["reason"], HasSubstr("nothing to add"));
  EXPECT_THAT(answers[5]["reason"], HasSubstr("one of no yes limit"));
}

TEST(Serving, AnExceptionEndsTheSampleAndNotTheConversation) {
  auto const answers =
      ask({hello, R"({"prepare":{"scenario":"adding","params":{"fails":"yes"}}})",
           R"({"run":{"iterations":1,"samples":3}})", prepare, R"({"run":{"iterations":1}})"});
  ASSERT_EQ(answers.size(), 6u);
  EXPECT_EQ(answers[2], json({{"error", "failed"}, {"reason", "told to fail"}}));
  EXPECT_EQ(answers[3], json({{"ready", true}}));
  EXPECT_EQ(answers[4]["sample"]["answer"], 45);
}

TEST(Serving, ARuntimeThatHasMetItsCeilingMakesTheCellUnsupported) {
  auto const answers =
      ask({hello, R"({"prepare":{"scenario":"adding","params":{"fails":"limit"}}})",
           R"({"run":{"iterations":1}})", R"({"run":{"iterations":1}})"});
  ASSERT_EQ(answers.size(), 4u);
  EXPECT_EQ(answers[2], json({{"error", "unsupported"}, {"reason", "told to be too small"}}));
  EXPECT_EQ(answers[3]["error"], "protocol") << "the cell is gone";
}

TEST(Serving, ComplainsAboutWhatItDoesNotUnderstandAndGoesOn) {
  auto const answers = ask({"{\"hello\":", R"({"run":{"iterations":1}})", hello});
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[0]["error"], "protocol");
  EXPECT_EQ(answers[1]["error"], "protocol");
  EXPECT_EQ(answers[2]["runtime"], "fake");
}

// A cell that knows how long it took itself.
struct timing_cell final : cell {
  std::uint64_t run(scenarios::recorder&) override {
    auto const begin = scenarios::recorder::now();
    scenarios::toil(300'000);
    own_ns = scenarios::recorder::now() - begin;
    return 0;
  }
  counters read_counters() const override { return {}; }
  std::uint64_t own_ns = 0;
};

TEST(Sampling, BurnsAPlantedSlowdownInsideTheTimedSection) {
  timing_cell timed;
  latency_recorder recorder;
  // The least of several, because a machine that does something else meanwhile only adds time.
  auto const least_ratio = [&](u64 percent) {
    double least = 1e9;
    for (int i = 0; i < 20; ++i) {
      sampling const how{.iterations = 1, .expected = 0, .slowdown_percent = percent};
      auto const sampled_ns = static_cast<double>(take_sample(timed, how, recorder).spent.ns);
      least = std::min(least, sampled_ns / static_cast<double>(timed.own_ns));
    }
    return least;
  };
  EXPECT_LT(least_ratio(0), 1.2);
  EXPECT_GE(least_ratio(30), 1.3);
  EXPECT_LT(least_ratio(30), 1.6);
}

TEST(Sampling, DoesNotTakeTheThreadOutsideForOneThatRunsTasks) {
  struct outside_cell final : cell {
    std::uint64_t run(scenarios::recorder&) override {
      scenarios::toil(1'000'000);
      std::atomic<bool> done = false;
      scenarios::outsider::get().call([&] {
        scenarios::toil(1'000'000);
        done.store(true);
        done.notify_one();
      });
      done.wait(false);
      return 0;
    }
    counters read_counters() const override { return {}; }
  } works_outside;
  latency_recorder recorder;
  EXPECT_EQ(take_sample(works_outside, {.iterations = 1, .expected = 0}, recorder).threads_used,
            1u);
}

// A thread of its own works as hard as the caller does.
class pooled_cell final : public cell {
 public:
  explicit pooled_cell(bool caller_is_worker) : caller_is_worker_(caller_is_worker) {}
  ~pooled_cell() override {
    stops_.store(true);
    turn_.release();
  }

  std::uint64_t run(scenarios::recorder&) override {
    turn_.release();
    scenarios::toil(1'000'000);
    done_.acquire();
    return 0;
  }
  counters read_counters() const override { return {}; }
  bool caller_is_worker() const override { return caller_is_worker_; }

 private:
  void work() {
    for (turn_.acquire(); !stops_.load(); turn_.acquire()) {
      scenarios::toil(1'000'000);
      done_.release();
    }
  }

  bool const caller_is_worker_;
  std::atomic<bool> stops_{false};
  std::binary_semaphore turn_{0};
  std::binary_semaphore done_{0};
  std::jthread pool_{[this] { work(); }};
};

TEST(Sampling, TakesTheCallerForAWorkerUnlessItOnlyWaits) {
  latency_recorder recorder;
  for (bool const caller_works : {false, true}) {
    pooled_cell prepared(caller_works);
    auto const sample = take_sample(prepared, {.iterations = 1, .expected = 0}, recorder);
    EXPECT_EQ(sample.threads_used, caller_works ? 2u : 1u);
  }
}

// Another process has worked, and has taken a microsecond for each run.
struct elsewhere_cell final : cell {
  std::uint64_t run(scenarios::recorder&) override {
    scenarios::toil(1'000'000);
    spent_ns += 1'000;
    return 0;
  }
  counters read_counters() const override { return {}; }
  bool works_elsewhere() const override { return true; }
  std::optional<std::uint64_t> cpu_ns() const override { return spent_ns; }
  std::uint64_t spent_ns = 0;
};

TEST(Sampling, TellsWhatAnotherProcessTookWhereThatOneWorks) {
  elsewhere_cell prepared;
  latency_recorder recorder;
  auto const sample = take_sample(prepared, {.iterations = 3, .expected = 0}, recorder);
  EXPECT_EQ(sample.spent.cpu_ns, 3'000u);
  EXPECT_FALSE(sample.threads_used.has_value());
  EXPECT_FALSE(sample.peak_rss_bytes.has_value());
  EXPECT_FALSE(sample.switches.has_value());
  EXPECT_FALSE(sample.spent.allocations.has_value());
  EXPECT_TRUE(sample.spent.counted.empty());
}

TEST(Serving, TellsOfAVariantWhatIsItsOwn) {
  fake_program program;
  auto described = program.subject();
  described.identity_of = [](setup const& how) -> identity {
    return {.version = "2 of " + how.variant,
            .scheduling = "alone",
            .io = "own",
            .language = "c",
            .is_of_this_build = false};
  };
  program.set_subject(described);
  conversation driver(program);
  std::vector<protocol::reply> replies;
  driver.answer(protocol::hello{.variant = "threads=1", .threads = 0, .seed = 1},
                [&](protocol::reply const& reply) { replies.push_back(reply); });
  ASSERT_EQ(replies.size(), 1u);
  auto const& told = std::get<protocol::hello_reply>(replies[0]);
  EXPECT_EQ(told.version, "2 of threads=1");
  EXPECT_EQ(told.language, "c");
  EXPECT_EQ(told.compiler, "");
}

TEST(Checking, CoversEveryAlternativeAtSmokeSize) {
  auto const cells = smoke_cells(scenarios::describe<adding>());
  ASSERT_EQ(cells.size(), 3u);
  EXPECT_EQ(cells[0][2].text, "no");
  EXPECT_EQ(cells[1][2].text, "yes");
  EXPECT_EQ(cells[2][2].text, "limit");
}

TEST(Checking, TellsAFailureFromAnAbsence) {
  fake_program const program;
  EXPECT_EQ(check(program, {}, "absent"), exit_unsupported);
  EXPECT_EQ(check(program, {}, "adding"), exit_wrong);  // fails=yes throws
  EXPECT_EQ(check(program, {}, "unheard"), exit_usage);
}

}  // namespace
}  // namespace regatta::contender
