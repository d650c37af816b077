#include "harness/contender/stopwatch.hpp"

#include <stdexcept>

#include "harness/contender/allocations.hpp"
#include "runtimes/interface/frame_pool.hpp"
#include "scenarios/support/recorder.hpp"

namespace regatta::contender {

stopwatch::reading stopwatch::read() const {
  return {
      .frames = frame_pool::allocations_of_all_threads(),
      .switches = machine::process_context_switches(),
      .cpu_ns = cell_.cpu_ns(),
  };
}

void stopwatch::start() {
  if (is_running_) throw std::logic_error("the clock was started while it was running");
  is_running_ = true;
  // Whatever may allocate comes before the count of allocations; in stop() it is the other way
  // round.
  counters_before_ = cell_.read_counters();
  before_ = read();
  news_before_ = count_of_allocations();
  began_ns_ = scenarios::recorder::now();
}

void stopwatch::stop() {
  auto const ended_ns = scenarios::recorder::now();
  if (!is_running_) throw std::logic_error("the clock was stopped while it was not running");
  auto const news = count_of_allocations() - news_before_;
  auto const after = read();
  is_running_ = false;
  total_.ns += ended_ns - began_ns_;
  if (after.cpu_ns && before_.cpu_ns) {
    total_.cpu_ns = total_.cpu_ns.value_or(0) + *after.cpu_ns - *before_.cpu_ns;
  }
  auto const frames = after.frames - before_.frames;
  total_.frames += frames;
  if (allocations_are_counted() && !cell_.works_elsewhere()) {
    total_.allocations = total_.allocations.value_or(0) + news + frames;
  }
  auto const switched = after.switches - before_.switches;
  total_.switches.voluntary += switched.voluntary;
  total_.switches.involuntary += switched.involuntary;
  // A counter that is missing from the first reading began at zero.
  for (auto const& [name, value] : cell_.read_counters()) {
    auto const before = counters_before_.find(name);
    total_.counted[name] += value - (before == counters_before_.end() ? 0 : before->second);
  }
  ++total_.parts;
}

}  // namespace regatta::contender
