// One thread's loop: its queues of ready tasks, its timers and its ring. And the hub: what the
// loops of one runtime share.
//
// A turn runs tasks, up to a limit, then looks around: due timers, what the kernel has finished,
// what other threads left. All that tasks asked of the kernel meanwhile leaves in one system call.
// With nothing ready the loop sleeps in the kernel, with its operations, until the next timer.
//
// A task belongs to the loop that ran it first. One that has not begun belongs to nobody: a loop
// that has nothing to do takes from those that its siblings have spawned. Sleeping loops are not
// woken for a few of these, which are run sooner than anybody can wake; one of the sleepers looks
// every millisecond while a sibling is awake, so that a task which never lets go keeps nothing from
// running that it has spawned.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "runtimes/core/current.hpp"
#include "runtimes/core/timer_wheel.hpp"
#include "runtimes/core/visitors.hpp"
#include "runtimes/core/work_queue.hpp"
#include "runtimes/interface/runtime.hpp"
#include "runtimes/io_uring/options.hpp"
#include "runtimes/io_uring/ring.hpp"
#include "runtimes/io_uring/source.hpp"
#include "runtimes/io_uring/spawned_deque.hpp"

namespace regatta::runtimes::io_uring {

// A number that only one thread writes and all may read.
class tally {
 public:
  void operator+=(u64 more) noexcept {
    // Relaxed: safe because there is one writer, and readers want a figure, not an order.
    value_.store(value_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }
  void operator++() noexcept { *this += 1; }
  u64 get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<u64> value_{0};
};

template <class Threading>
class loop final : public executor_base {
 public:
  using wheel = core::timer_wheel<typename Threading::lock>;

  loop(hub<Threading>& siblings, ring_options chosen);

  // Whether the calling thread drives this loop.
  bool is_here() const noexcept { return core::current_worker_of(&hub_) == this; }

  // Any thread. From a running task: it goes next.
  void post(work& w) noexcept override;
  // Any thread, under many_threads. A new root, which a sibling may take.
  void push_spawned(work& root);
  // Any thread. A new root that is this loop's from now on.
  void adopt(work& root) noexcept;
  // Ends its sleep; costs one look at a flag where it does not sleep. True: it took a system call.
  bool wake() noexcept;

  // From here on the thread that drives; is_here() holds but for begin() itself.
  void begin();  // Takes the ring over, and what waits for it.
  void turn() noexcept;
  void run_until_stopped();
  // Has the kernel finish or give up everything. What waited goes on waiting: see begin().
  void end() noexcept;

  // The work's own turn.
  void post_yielded(work& w) noexcept { ready_.push(w); }
  ring& kernel() noexcept { return ring_; }
  // While end() runs.
  bool is_ending() const noexcept { return is_ending_; }
  // False while the loop comes to its end.
  bool may_begin() noexcept {
    has_unattended_ = has_unattended_ || is_ending_;
    return !is_ending_;
  }
  // The next task that is spawned here, in this turn of the running task, goes to the loop whose
  // turn it is.
  void deal_next_spawn() noexcept { deals_next_ = true; }

  // For sleep_awaiter.
  wheel& timers() noexcept { return timers_; }
  void interrupt_sleep(wheel&) noexcept {
    if (!is_here()) wake();
  }

  // Any thread.
  block_pool& blocks() noexcept { return ring_.blocks(); }
  void add_counters(runtime_counters& sum) const noexcept;

 private:
  friend hub<Threading>;

  bool has_ready() const noexcept;
  work* next() noexcept;
  work* next_spawned(bool newest) noexcept;
  void run_ready() noexcept;
  void look_around() noexcept;
  void park() noexcept;
  void fire_timers() noexcept;
  bool take_from_siblings() noexcept;
  bool is_idle() const noexcept;

  hub<Threading>& hub_;
  core::work_queue ready_;
  work* woken_ = nullptr;  // What the running task has woken last.
  u32 woken_in_a_row_ = 0;
  u32 polls_of_queues_ = 0;
  bool deals_next_ = false;
  bool runs_task_ = false;  // Rather than hearing what the kernel has to tell.
  bool is_ending_ = false;
  bool has_unattended_ = false;  // Something wanted the kernel while the loop was ending.
  ring ring_;
  wheel timers_;
  struct {
    tally spawned, polls, steals, parks, wakes;
  } tallies_;
  // From here on: what other threads touch. Padded, not aligned: a runtime may live in a
  // coroutine's frame, and frames are not over-aligned.
  [[maybe_unused]] std::byte padding_[64];
  core::work_inbox inbox_;
  std::atomic<bool> sleeping_{false};  // Nobody has woken the sleeper yet.
  spawned_deque<Threading> spawned_;
};

// The loops of a runtime, and what they share.
template <class Threading>
class hub {
 public:
  hub(u32 loops, options const& chosen);
  hub(hub const&) = delete;
  hub& operator=(hub const&) = delete;

  std::vector<std::unique_ptr<loop<Threading>>> const& loops() const noexcept { return loops_; }
  source_pool<Threading>& sources() noexcept { return sources_; }
  std::size_t most_pending_bytes() const noexcept { return most_pending_bytes_; }
  core::visitors& visitors() noexcept { return visitors_; }

  // The loop that the calling thread drives; nullptr on other threads.
  loop<Threading>* current() const noexcept {
    return static_cast<loop<Threading>*>(core::current_worker_of(this));
  }
  // The same; on other threads the first, for lack of a better one.
  loop<Threading>& here() const noexcept {
    auto* const mine = current();
    return mine != nullptr ? *mine : *loops_.front();
  }
  // Deals out.
  loop<Threading>& next_in_turn() noexcept {
    // Relaxed: safe because the turn only spreads the load.
    return *loops_[turn_.fetch_add(1, std::memory_order_relaxed) % loops_.size()];
  }

  // A new root: to the loop of the thread, or, from outside or where dealt out, to the next one.
  void spawn(work& root);
  runtime_counters counters() const noexcept;

  // Ends every run_until_stopped().
  void stop() noexcept;
  bool is_stopping() const noexcept { return stopping_.load(std::memory_order_seq_cst); }

 private:
  friend loop<Threading>;

  void wake_a_sleeper() noexcept;
  // Somebody has spawned a task where now so many wait, and may not come to run it soon.
  void spawned(u32 waiting) noexcept;

  std::size_t const most_pending_bytes_;
  std::atomic<u32> turn_{0};
  std::atomic<u32> sleepers_{0};
  std::atomic<bool> watched_{false};  // One of the sleepers looks up now and then.
  std::atomic<bool> stopping_{false};
  std::atomic<u64> spawned_outside_{0};
  std::atomic<u64> woken_from_outside_{0};
  core::visitors visitors_;
  std::vector<std::unique_ptr<loop<Threading>>> loops_;
  source_pool<Threading> sources_;  // Dies first: its blocks go back to the loops.
};

extern template class loop<one_thread>;
extern template class loop<many_threads>;
extern template class hub<one_thread>;
extern template class hub<many_threads>;

}  // namespace regatta::runtimes::io_uring
