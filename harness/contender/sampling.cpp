#include "harness/contender/sampling.hpp"

#include <malloc.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>

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

std::atomic<pid_t> outsider_tid{0};

// Of the threads that may run tasks: not of those for calls that block, which say so by their name
// (runtimes/core/blocking_thread.hpp), not of the one that scenarios spawn from outside with, nor
// of ours where it only waits. In a small cell its waking, and what we do here, would be a large
// share.
machine::thread_cpu_times cpu_time_of_workers(cell const& prepared) {
  auto times = machine::cpu_time_of_threads("blocking");
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
  stopwatch watch(prepared);
  recorder.drive(prepared.times_a_part() ? &watch : nullptr);

  measured sample;
  sample.iterations = how.iterations;
  bool is_first = true;

  auto const threads_before = cpu_time_of_workers(prepared);
  if (!prepared.times_a_part()) watch.start();
  for (std::uint64_t i = 0; i < how.iterations; ++i) {
    auto const answer = run_once(prepared, how, recorder);
    if (!is_first && answer != sample.answer) sample.answers_differ = true;
    if (is_first || (sample.answer == how.expected && answer != how.expected)) {
      sample.answer = answer;
    }
    is_first = false;
  }
  if (!prepared.times_a_part()) watch.stop();
  recorder.drive(nullptr);
  if (watch.is_running()) throw std::logic_error("the scenario has not stopped its clock");
  if (watch.total().parts == 0) throw std::logic_error("the scenario has not started its clock");

  sample.spent = watch.total();
  if (!prepared.works_elsewhere()) {
    sample.threads_used = machine::threads_used(threads_before, cpu_time_of_workers(prepared));
    sample.peak_rss_bytes = machine::peak_rss_bytes();
    sample.switches = sample.spent.switches;
    sample.spent.counted["frames"] = sample.spent.frames;
  }
  for (auto const& [name, figure] : recorder.take_counts()) sample.spent.counted[name] += figure;
  sample.latencies = recorder.take_histogram();
  if (!sample.latencies.empty()) sample.recording_ns = cost_of_recording_ns();
  return sample;
}

void forget_memory_of_earlier_cells() {
  frame_pool::trim();
  malloc_trim(0);
  machine::reset_peak_rss();
}

}  // namespace regatta::contender
