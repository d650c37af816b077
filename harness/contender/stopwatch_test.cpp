#include "harness/contender/stopwatch.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include "harness/contender/allocations.hpp"
#include "harness/contender/latency_recorder.hpp"
#include "harness/contender/sampling.hpp"

namespace regatta::contender {
namespace {

// Allocates `before` times, starts its clock, allocates `timed` times, stops it.
class partly_timed final : public cell {
 public:
  std::uint64_t before = 0;
  std::uint64_t timed = 0;
  bool starts = true;
  bool stops = true;

  std::uint64_t run(scenarios::recorder& latency) override {
    work(before);
    if (starts) latency.start_clock();
    work(timed);
    if (starts && stops) latency.stop_clock();
    work(before);
    return 7;
  }
  counters read_counters() const override { return {{"done", done_}}; }
  bool times_a_part() const override { return true; }

 private:
  void work(std::uint64_t times) {
    for (std::uint64_t i = 0; i < times; ++i) {
      auto const memory = std::make_unique<std::uint64_t>(i);
      ++done_;
      // Claims to read it, so that the allocation is not left out.
      asm volatile("" : : "r"(memory.get()) : "memory");
    }
  }
  std::uint64_t done_ = 0;
};

class wholly_timed final : public cell {
 public:
  std::uint64_t run(scenarios::recorder& latency) override {
    latency.start_clock();
    return 7;
  }
  counters read_counters() const override { return {}; }
};

TEST(stopwatch, counts_what_passes_in_its_parts_alone) {
  partly_timed cell;
  cell.before = 1'000;
  cell.timed = 10;
  latency_recorder recorder;
  auto const taken = take_sample(cell, {.iterations = 3, .expected = 7}, recorder);
  EXPECT_EQ(taken.spent.parts, 3u);
  EXPECT_EQ(taken.spent.counted.at("done"), 30u);
  if (allocations_are_counted()) {
    EXPECT_EQ(taken.spent.allocations, 30u);
  }
  EXPECT_GT(taken.spent.ns, 0u);
}

TEST(stopwatch, is_wanted_where_a_part_is_timed) {
  partly_timed never_starts;
  never_starts.starts = false;
  partly_timed never_stops;
  never_stops.stops = false;
  latency_recorder recorder;
  EXPECT_THROW(take_sample(never_starts, {}, recorder), std::logic_error);
  EXPECT_THROW(take_sample(never_stops, {}, recorder), std::logic_error);
}

TEST(stopwatch, belongs_to_the_harness_where_the_whole_is_timed) {
  wholly_timed cell;
  latency_recorder recorder;
  EXPECT_THROW(take_sample(cell, {}, recorder), std::logic_error);
}

TEST(stopwatch, starts_and_stops_in_turn) {
  partly_timed const cell;
  stopwatch watch(cell);
  EXPECT_THROW(watch.stop(), std::logic_error);
  watch.start();
  EXPECT_THROW(watch.start(), std::logic_error);
  watch.stop();
  EXPECT_EQ(watch.total().parts, 1u);
}

TEST(stopwatch, of_a_latency_that_was_recorded_the_cost_is_told) {
  EXPECT_GT(cost_of_recording_ns(), 0u);
  EXPECT_LT(cost_of_recording_ns(), 100'000u);
}

}  // namespace
}  // namespace regatta::contender
