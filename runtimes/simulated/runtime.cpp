#include "runtimes/simulated/runtime.hpp"

#include <chrono>
#include <fstream>
#include <string>
#include <string_view>

namespace regatta::runtimes::simulated {

namespace {

// The draws of the innermost simulation that this thread drives.
thread_local constinit chance* surrounding = nullptr;

u64 seed_of(runtime_options const& chosen) noexcept {
  if (chosen.seed != 0 || surrounding == nullptr) return chosen.seed;
  return surrounding->between(1, u64{1} << 62);
}

// How many threads this process has; many where the system does not say. (To count the entries of
// /proc/self/task would not do: while a thread ends, the system may leave others out.)
u64 threads_of_this_process() {
  constexpr std::string_view key = "Threads:";
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key)) return std::stoull(line.substr(key.size()));
  }
  return u64{1} << 32;
}

// How long, in real time, another thread that might wake something may take to do so.
constexpr auto longest_silence = std::chrono::seconds(20);

}  // namespace

runtime::driver::driver(runtime& rt) noexcept
    : rt_(rt), here_(&rt), outer_(std::exchange(surrounding, &rt.world_.draw)) {
  REGATTA_ASSERT(!rt.is_driven_.exchange(true, std::memory_order_acquire),
                 "only one thread at a time may be in block_on() of a simulated runtime, and none "
                 "of its own tasks: await the task instead");
}

runtime::driver::~driver() {
  surrounding = outer_;
  // Release: the next thread to drive takes over all that this one did.
  rt_.is_driven_.store(false, std::memory_order_release);
}

runtime::runtime(runtime_options chosen, conditions how) : world_(seed_of(chosen), how) {}

runtime::~runtime() {
  pool_.shut_down();
  visitors_.wait_until_gone();
  destroy_roots();
}

runtime_info runtime::info() {
  return {
      .name = "simulated", .version = "0.1.0", .scheduling = "drawn by a seed", .io = "simulated"};
}

runtime_counters runtime::counters() const noexcept {
  // Relaxed: safe because the count stands for itself.
  return {.spawned = spawned_.load(std::memory_order_relaxed), .polls = turns_, .parks = parks_};
}

void runtime::post(work& w) noexcept {
  if (core::current() == this) {
    ready_.push(w);
    return;
  }
  core::visitors::visit const here(visitors_);
  if (!inbox_.push(w)) return;
  // Under the lock, so that it comes before somebody looks into the inbox or after he waits.
  std::lock_guard const guard(mutex_);
  arrived_.notify_one();
}

void runtime::post_new(work& root) noexcept {
  spawned_.fetch_add(1, std::memory_order_relaxed);
  post(root);
}

void runtime::turn() {
  core::work_queue from_outside;
  inbox_.take_all(from_outside);
  while (work* const w = from_outside.pop()) ready_.push(*w);
  world_.time.drift();
  world_.is_busy = !ready_.empty();
  world_.time.let_happen_what_is_due();
  if (ready_.empty()) return find_something_to_do();
  ++turns_;
  budget::refill();
  // A program must not rely on how many operations it may do before it gives way.
  if (world_.draw.one_in(4)) budget::left() = static_cast<u32>(world_.draw.below(8));
  ready_.take().resume();
}

void runtime::find_something_to_do() {
  ++parks_;
  if (world_.time.has_next()) {
    world_.time.jump_to_next();
  } else {
    wait_for_other_threads();
  }
}

void runtime::wait_for_other_threads() {
  auto const begin = clock::now();
  for (;;) {
    // Before the look into the inbox: a thread may leave something and end.
    bool const is_alone = threads_of_this_process() - pool_.threads() == 1;
    std::unique_lock guard(mutex_);
    auto const has_come = [this] { return !inbox_.empty(); };
    if (has_come()) return;
    if (is_alone) give_up("nothing is ready, nothing is planned, and there is no other thread");
    if (clock::now() - begin > longest_silence) give_up("no other thread wakes it");
    if (arrived_.wait_for(guard, std::chrono::milliseconds(20), has_come)) return;
  }
}

void runtime::give_up(char const* why) const {
  throw stuck(
      "the simulation is stuck: the task that block_on() waits for can never end, because " +
      std::string(why) + " (seed " + std::to_string(seed()) + ", after " + std::to_string(turns_) +
      " turns)");
}

}  // namespace regatta::runtimes::simulated
