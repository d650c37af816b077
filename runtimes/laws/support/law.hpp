// What the laws have in common: the configurations that each is tried in, and a watchdog.
//
// A law is a typed test whose parameter is the runtime. It asks with_each() for runtimes, one for
// each configuration, and knows no clock: it waits for what must happen, and the watchdog ends a
// wait that never does. So no law passes by sleeping long enough, and none hangs.
//
// A simulated runtime is tried with many seeds (seeds.hpp): with_each() ends at the first that
// fails and says how to run it again.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "runtimes/interface/compiler.hpp"
#include "runtimes/interface/runtime.hpp"
#include "runtimes/interface/seeds.hpp"

namespace regatta::laws {

// The thread sanitizer makes everything about ten times slower, and the address sanitizer gives
// every frame pages of its own.
inline constexpr u64 slowdown = REGATTA_ADDRESS_SANITIZER ? 50 : REGATTA_THREAD_SANITIZER ? 10 : 1;

// Whether the law that runs now is repeated for many seeds.
inline bool is_repeated_for_seeds = false;

// How often to repeat what is to hit a small window in time. Each of many seeds is a hit of its
// own.
inline u64 often(u64 times) {
  constexpr u64 slowdown_for_seeds = std::max<u64>(slowdown, 50);
  return times / (is_repeated_for_seeds ? slowdown_for_seeds : slowdown);
}

// A size that need not be large where the law is repeated for many seeds.
inline u64 sized(u64 usual, u64 with_each_of_many_seeds) {
  return is_repeated_for_seeds ? with_each_of_many_seeds : usual;
}

// A runtime that gives each task a thread says how many it can hold: `R::most_tasks_at_once`
// (unsupported.hpp). It has no number of workers, and no order but the system's.
template <class R>
concept has_ceiling = requires { R::most_tasks_at_once; };

// `wanted` tasks, at once or in all, or half as many as R can hold: a law spawns some besides.
template <class R>
constexpr u64 tasks_for(u64 wanted) {
  if constexpr (has_ceiling<R>) {
    return std::min<u64>(wanted, R::most_tasks_at_once / 2);
  } else {
    return wanted;
  }
}

// Ends the program, with a sentence, when a law takes longer than anything lawful could.
class watchdog {
 public:
  watchdog() noexcept {
    ::signal(SIGALRM, [](int) {
      static constexpr char reason[] =
          "the law has made no progress: a wake was lost, or a task never ran\n";
      // The signal may interrupt anything, so neither streams nor exit handlers are safe here.
      static_cast<void>(!::write(STDERR_FILENO, reason, sizeof reason - 1));
      replay_hint::print();
      ::_exit(3);
    });
    ::alarm(seconds());
  }
  ~watchdog() { ::alarm(0); }
  watchdog(watchdog const&) = delete;
  watchdog& operator=(watchdog const&) = delete;

 private:
  // REGATTA_LAW_SECONDS shortens it for runtimes that are known to be broken.
  static unsigned seconds() noexcept {
    char const* const chosen = std::getenv("REGATTA_LAW_SECONDS");
    return chosen != nullptr ? static_cast<unsigned>(std::atoi(chosen)) : 100;
  }
};

// Tries one law with many seeds, and counts them. A law that asks for runtimes several times gets
// the seeds that fit into its time at first, and the first seed after that.
class seeds_of_law {
 public:
  seeds_of_law() : hint_(command()) {
    is_repeated_for_seeds = true;
    allowed_.emplace(std::chrono::milliseconds(600));
    tried_ = 0;
  }
  ~seeds_of_law() {
    is_repeated_for_seeds = false;
    std::cout << "[    SEEDS ] " << tried_ << std::endl;
  }

  // Calls body(seed) with one after the other until one fails.
  template <class Body>
  static void try_all(Body body) {
    for (seed_loop seeds(*allowed_); seeds.next() && !::testing::Test::HasFailure(); ++tried_) {
      try {
        body(seeds.seed());
      } catch (std::exception const& error) {
        ADD_FAILURE() << error.what();
      }
      if (::testing::Test::HasFailure()) std::cout << replay_hint::text() << std::endl;
    }
  }

 private:
  static std::string command() {
    auto const* const law = ::testing::UnitTest::GetInstance()->current_test_info();
    return program_invocation_name + std::string(" --gtest_filter='") + law->test_suite_name() +
           "." + law->name() + "'";
  }

  replay_hint hint_;
  static inline std::optional<seed_allowance> allowed_;
  static inline u64 tried_ = 0;
};

template <class R>
class law : public ::testing::Test {
 public:
  law() {
    if constexpr (simulated_runtime<R>) seeds_.emplace();
  }

 protected:
  // A runtime that cannot be had on this machine breaks no law.
  void SetUp() override {
    try {
      R const probe(runtime_options{});
    } catch (runtime_unsupported const& error) {
      GTEST_SKIP() << R::info().name << " is unsupported here: " << error.what();
    }
  }

 private:
  watchdog watchdog_;
  std::optional<seeds_of_law> seeds_;
};

// The configurations in which R must obey: its default one, those that it declares, and, where it
// can have several workers, one worker (whose order is certain) and four (which are more than the
// processors of a small machine, so that workers lose theirs at any moment).
//
// Not its ablations, each of which would cost the time of all laws once more: what turns a knob
// tries that itself (runtimes/work_stealing/runtime_test.cpp, EveryOption).
template <runtime R>
std::vector<variant_of_runtime> configurations() {
  std::vector<variant_of_runtime> all{{"the default", {}}};
  auto const add = [&](variant_of_runtime more) {
    bool const is_new = std::ranges::none_of(
        all, [&](auto const& known) { return known.options.threads == more.options.threads; });
    if (is_new) all.push_back(std::move(more));
  };
  if constexpr (requires { R::variants(); }) {
    for (auto& declared : R::variants()) {
      if (declared.options.ablation.empty()) add(std::move(declared));
    }
  }
  if constexpr (!R::threading::single && !has_ceiling<R>) {
    add({"threads=1", {.threads = 1}});
    add({"threads=4", {.threads = 4}});
  }
  return all;
}

// Calls body(rt) with a fresh runtime set up as `options` say; a simulated one with many seeds.
template <runtime R, class Body>
void with_one(runtime_options options, Body& body) {
  if constexpr (simulated_runtime<R>) {
    seeds_of_law::try_all([&](u64 seed) {
      options.seed = seed;
      R rt(options);
      body(rt);
    });
  } else {
    R rt(options);
    body(rt);
  }
}

// Calls body(rt) with a fresh runtime of each configuration.
template <runtime R, class Body>
void with_each(Body body) {
  for (auto const& configuration : configurations<R>()) {
    SCOPED_TRACE(configuration.name);
    with_one<R>(configuration.options, body);
  }
}

// Calls body(rt) with one runtime that has a single worker: where a law bounds an order, there is
// one only on a single worker, because the system may take any other's processor away for any time.
template <runtime R, class Body>
void with_one_worker(Body body) {
  if constexpr (has_ceiling<R>) {
    GTEST_SKIP() << R::info().name << " has no workers: its tasks run in the system's order";
  } else {
    with_one<R>(runtime_options{.threads = 1}, body);
  }
}

// Calls body(rt) with one runtime, of one worker where it has any: where a law holds for each task
// alone, and to try it once is enough.
template <runtime R, class Body>
void with_one_runtime(Body body) {
  with_one<R>(runtime_options{.threads = 1}, body);
}

// As with_each(), where R offers timers; elsewhere the law is skipped, and says why.
template <runtime R, class Body>
void with_each_timed(Body body) {
  if constexpr (timed_runtime<R>) {
    with_each<R>(body);
  } else {
    GTEST_SKIP() << R::info().name << " offers no timers";
  }
}

template <runtime R, class Body>
void with_each_blocking(Body body) {
  if constexpr (blocking_runtime<R>) {
    with_each<R>(body);
  } else {
    GTEST_SKIP() << R::info().name << " has no pool for blocking calls";
  }
}

template <runtime R, class Body>
void with_each_counted(Body body) {
  if constexpr (counted_runtime<R>) {
    with_each<R>(body);
  } else {
    GTEST_SKIP() << R::info().name << " counts nothing";
  }
}

// As with_each(), where block_on() may be called from several threads at once.
template <runtime R, class Body>
void with_each_shared(Body body) {
  if constexpr (!R::threading::single) {
    with_each<R>(body);
  } else {
    GTEST_SKIP() << R::info().name << " is driven by one thread at a time";
  }
}

}  // namespace regatta::laws
