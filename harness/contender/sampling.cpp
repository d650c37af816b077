#include "harness/contender/sampling.hpp"

#include <malloc.h>
#include <unistd.h>

#include <atomic>

#include "harness/contender/allocations.hpp"
#include "runtimes/interface/frame_pool.hpp"
#include "scenarios/support/outside.hpp"

namespace regatta::contender {
namespace {

std::uint64_t now() { return scenarios::recorder::now(); }

void burn(std::uint64_t ns) {
  auto const end = now() + ns;
  while (now() < end) {
  }
}

// What happened between two readings; a counter that is missing from the first began at zero.
counters difference(counters const& later, counters const& earlier) {
  counters risen;
  for (auto const& [name, value] : later) {
    auto const before = earlier.find(name);
    risen[name] = value - (before == earlier.end() ? 0 : before->second);
  }
  return risen;
}

std::atomic<pid_t> outsider_tid{0};

// Of the threads that may run tasks: not of the one that scenarios spawn from outside with, nor of
// ours where it only waits. In a small cell its waking, and what we do here, would be a large
// share.
machine::thread_cpu_times cpu_time_of_workers(cell const& prepared) {
  auto times = machine::cpu_time_of_threads();
  times.erase(outsider_tid.load());
  if (!prepared.caller_is_worker()) times.erase(gettid());
  return times;
}

// Runs the cell once; how long that took is of interest only to a planted slowdown.
std::uint64_t run_once(cell& prepared, sampling const& how, latency_recorder& recorder) {
  if (how.slowdown_percent == 0) return prepared.run(recorder);
  auto const begin = now();
  auto const answer = prepared.run(recorder);
  burn((now() - begin) * how.slowdown_percent / 100);
  return answer;
}

}  // namespace

measured take_sample(cell& prepared, sampling const& how, latency_recorder& recorder) {
  scenarios::outsider::on_start = [] { outsider_tid.store(gettid()); };
  recorder.take_histogram();
  recorder.take_counts();

  measured sample;
  sample.iterations = how.iterations;
  bool is_first = true;

  auto const counters_before = prepared.read_counters();
  auto const threads_before = cpu_time_of_workers(prepared);
  auto const switches_before = machine::process_context_switches();
  auto const frames_before = frame_pool::allocations_of_all_threads();
  auto const allocations_before = count_of_allocations();
  auto const cpu_before = machine::process_cpu_ns();
  auto const begin = now();

  for (std::uint64_t i = 0; i < how.iterations; ++i) {
    auto const answer = run_once(prepared, how, recorder);
    if (!is_first && answer != sample.answer) sample.answers_differ = true;
    if (is_first || (sample.answer == how.expected && answer != how.expected)) {
      sample.answer = answer;
    }
    is_first = false;
  }

  auto const end = now();
  sample.ns = end - begin;
  sample.cpu_ns = machine::process_cpu_ns() - cpu_before;
  auto const news = count_of_allocations() - allocations_before;
  auto const frames = frame_pool::allocations_of_all_threads() - frames_before;
  if (allocations_are_counted()) sample.allocations = news + frames;
  sample.switches = machine::process_context_switches() - switches_before;
  sample.threads_used = machine::threads_used(threads_before, cpu_time_of_workers(prepared));
  sample.counted = difference(prepared.read_counters(), counters_before);
  sample.counted["frames"] = frames;
  for (auto const& [name, figure] : recorder.take_counts()) sample.counted[name] += figure;
  sample.latencies = recorder.take_histogram();
  sample.peak_rss_bytes = machine::peak_rss_bytes();
  return sample;
}

void forget_memory_of_earlier_cells() {
  frame_pool::trim();
  malloc_trim(0);
  machine::reset_peak_rss();
}

}  // namespace regatta::contender
