// Tasks that keep a runtime busy while something else is asked of it. A hog computes and yields, so
// that it is fair as far as a task can be; whether others get their turn is the runtime's doing.
#pragma once

#include <atomic>
#include <exception>
#include <utility>
#include <vector>

#include "runtimes/interface/runtime.hpp"
#include "scenarios/support/work.hpp"

namespace regatta::scenarios {

struct hogging {
  u64 hogs = 0;
  u64 steps = 0;  // of work between one yield and the next
};

namespace detail {

template <runtime R>
task<void> hog_until(std::atomic<bool> const& is_over, R& rt, u64 steps) {
  // Relaxed: safe because nothing is handed over with the word to stop.
  while (!is_over.load(std::memory_order_relaxed)) {
    toil(steps);
    co_await rt.yield();
  }
}

}  // namespace detail

// Runs `errand` as a task of its own beside so many hogs, and answers what it answered or throws
// what it threw. The hogs are spawned first; they are told to stop when the errand has ended,
// however it has, and have all ended when this answers.
template <runtime R>
task<u64> beside_hogs(R& rt, hogging how, task<u64> errand) {
  std::atomic<bool> is_over{false};
  std::vector<joiner<void>> hogs;
  // Before anything runs: a hog must not lose its joiner because there is no memory for it.
  hogs.reserve(how.hogs);

  u64 answer = 0;
  std::exception_ptr failure;
  try {
    for (u64 i = 0; i < how.hogs; ++i) {
      hogs.push_back(rt.spawn(detail::hog_until(is_over, rt, how.steps)));
    }
    auto running = rt.spawn(std::move(errand));
    answer = co_await running;
  } catch (...) {
    failure = std::current_exception();
  }
  // Relaxed: see hog_until().
  is_over.store(true, std::memory_order_relaxed);
  for (auto& hog : hogs) co_await hog;
  if (failure) std::rethrow_exception(failure);
  co_return answer;
}

}  // namespace regatta::scenarios
