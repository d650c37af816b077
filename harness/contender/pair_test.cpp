#include "harness/contender/pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/contender/allocations.hpp"
#include "harness/contender/serve.hpp"

namespace regatta::contender {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The least that a contender can be made of: a queue, one thread, no timer.
class tiny_runtime final : public runtime_defaults<tiny_runtime> {
 public:
  using threading = one_thread;
  explicit tiny_runtime(runtime_options options = {}) : options_(options) { ++made; }
  ~tiny_runtime() { destroy_roots(); }

  static runtime_info info() { return {"tiny", "7", "single-threaded", "none"}; }
  static std::vector<variant_of_runtime> variants() { return {{"threads=2", {.threads = 2}}}; }
  u32 threads() const { return options_.threads == 0 ? 1 : options_.threads; }

  void post(work& w) noexcept override {
    w.next = nullptr;
    (first_ != nullptr ? last_->next : first_) = &w;
    last_ = &w;
  }
  template <class T>
  T block_on(task<T> root) {
    joiner<T> end = spawn(std::move(root));
    while (!end.is_finished()) {
      ++counters_.polls;
      std::exchange(first_, first_->next)->resume();
    }
    return end.take_finished();
  }
  runtime_counters counters() const { return counters_; }

  static inline int made = 0;

 private:
  runtime_options options_;
  runtime_counters counters_;
  work* first_ = nullptr;
  work* last_ = nullptr;
};
static_assert(counted_runtime<tiny_runtime>);

struct adding {
  static constexpr std::string_view name = "adding";
  static constexpr std::string_view summary = "adds what its tasks answer";
  struct params {
    u64 tasks = 10;
    void each(auto&& visit) { visit("tasks", tasks); }
  };
  static params smoke() { return {.tasks = 3}; }
  static std::vector<params> quick() { return {params{}}; }
  static std::vector<params> full() { return {params{}}; }
  static u64 expected(params p) { return scenarios::sum_of_indices(p.tasks); }
  static u64 operations(params p) { return p.tasks; }

  template <runtime R>
  static task<u64> run(R& rt, params p, scenarios::recorder& latency) {
    auto tasks = spawn_n(rt, p.tasks, [&](u64 i) { return one(latency, i); });
    auto const answers = co_await join_all(std::move(tasks));
    co_return scenarios::sum(answers);
  }
  static task<u64> one(scenarios::recorder& latency, u64 i) {
    latency.record(i);
    co_return i;
  }
};

struct sleeping : adding {
  static constexpr std::string_view name = "sleeping";
  template <timed_runtime R>
  static task<u64> run(R& rt, params p) {
    co_await rt.sleep_until(time_point{});
    co_return p.tasks;
  }
};
static_assert(scenarios::scenario<sleeping>);

struct Pairs : ::testing::Test {
  Pairs() {
    subject_of<tiny_runtime>{"", program};
    pair_of<sleeping, tiny_runtime>{program};
    pair_of<adding, tiny_runtime>{program};
  }
  registry program;
};

TEST_F(Pairs, DescribeTheRuntimeAsItIs) {
  auto const& runtime = program.subject();
  EXPECT_EQ(runtime.name, "tiny");
  EXPECT_EQ(runtime.version, "7");
  EXPECT_TRUE(runtime.capabilities.empty());
  EXPECT_THAT(runtime.variants, ElementsAre("", "threads=2"));
  EXPECT_EQ(runtime.threads({}), 1u);
  EXPECT_EQ(runtime.threads({.variant = "threads=2"}), 2u);
  EXPECT_EQ(runtime.threads({.variant = "threads=2", .threads = 5}), 5u);
}

TEST_F(Pairs, AreKeptByName) {
  ASSERT_EQ(program.pairs().size(), 2u);
  EXPECT_EQ(program.pairs()[0].scenario.name, "adding");
  EXPECT_EQ(program.pairs()[1].scenario.name, "sleeping");
}

TEST_F(Pairs, AreUnsupportedByConceptAlone) {
  EXPECT_EQ(program.find("adding")->unsupported, "");
  auto const& why = program.find("sleeping")->unsupported;
  EXPECT_THAT(why, HasSubstr("tiny does not offer what sleeping asks for"));
  EXPECT_THAT(why, HasSubstr("timer"));
}

TEST_F(Pairs, KeepOneRuntimeThroughAllSamplesOfACell) {
  conversation driver(program);
  std::vector<protocol::reply> replies;
  auto const ask = [&](protocol::request const& request) {
    driver.answer(request, [&](protocol::reply const& reply) { replies.push_back(reply); });
  };
  ask(protocol::hello{});
  int const made_before = tiny_runtime::made;
  ask(protocol::prepare{.scenario = "adding"});
  ask(protocol::run{.iterations = 4, .samples = 2});
  EXPECT_EQ(tiny_runtime::made - made_before, 1);

  ASSERT_EQ(replies.size(), 5u);
  for (std::size_t i : {2u, 3u}) {
    auto const& sample = std::get<protocol::sample>(replies[i]);
    EXPECT_EQ(sample.answer, 45u);
    EXPECT_EQ(sample.operations, 40u);
    // A frame for each task, the root and join_all; and no warm-up hides behind the samples. Clang
    // leaves out the frame of join_all; under the address sanitizer frames come from operator new.
    EXPECT_LE(sample.counters.at("frames"), 4 * 12u);
    EXPECT_GE(sample.counters.at("frames"), frame_pool::detail::pooling ? 4 * 11u : 0u);
    EXPECT_EQ(sample.allocations.has_value(), allocations_are_counted());
    EXPECT_GE(sample.allocations.value_or(44), 4 * 11u);
    EXPECT_GE(sample.counters.at("polls"), 4 * 11u);
    std::uint64_t recorded = 0;
    for (auto const& [value, count] : sample.latencies->buckets) recorded += count;
    EXPECT_EQ(recorded, 40u);
  }
}

}  // namespace
}  // namespace regatta::contender
