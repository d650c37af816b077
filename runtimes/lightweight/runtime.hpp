// lightweight: no threads of its own. Whoever calls block_on() drives the runtime, and several may
// at once; helpers are started only where a variant asks for more threads and there is work for
// them.
//
// One queue, one lock. Whatever decides about sleep happens under that lock: a task is posted, a
// driver finds nothing and lies down, a sleeper is chosen to be woken. So no wake can be lost, and
// there is no fence to reason about. What happens outside the lock is the system call.
//
// The price of one lock is paid only by those who share: while a driver is alone (`sole_`), its
// tasks go from one to the next through a list of its own, without lock or atomic operation.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtimes/core/blocking_pool.hpp"
#include "runtimes/core/current.hpp"
#include "runtimes/core/epoll_reactor.hpp"
#include "runtimes/core/parker.hpp"
#include "runtimes/core/pool_file.hpp"
#include "runtimes/core/socket.hpp"
#include "runtimes/core/timer_wheel.hpp"
#include "runtimes/core/work_queue.hpp"
#include "runtimes/interface/file.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/runtime.hpp"

namespace regatta::runtimes::lightweight {

class runtime final : public runtime_defaults<runtime> {
 public:
  using threading = many_threads;
  using stream = core::socket_stream<many_threads>;
  using listener = core::socket_listener<many_threads>;
  using file = core::pool_file;
  using timer_wheel = core::timer_wheel<spin_lock>;

  explicit runtime(runtime_options chosen = {});
  // Waits for blocking calls that are running, then destroys the tasks that have not ended. Nobody
  // may be in block_on().
  ~runtime();
  runtime(runtime const&) = delete;
  runtime& operator=(runtime const&) = delete;

  static runtime_info info();
  static std::vector<variant_of_runtime> variants();
  u32 threads() const noexcept { return most_threads_; }
  // Any thread. What a driver has run since it last looked up from its work may be missing.
  runtime_counters counters() const noexcept;

  // Drives the runtime until the task has ended. Any thread, also from within one of its own tasks.
  template <class T>
  T block_on(task<T> root) {
    driver me(*this);
    task_promise<T>& promise = roots::enroll(std::move(root), *this, register_id());
    joiner<T> end(promise);
    me.drive_until_ended(promise);
    return end.take_finished();
  }

  // Suspends until the deadline has passed. Safe to cancel.
  auto sleep_until(time_point deadline) noexcept {
    return core::sleep_awaiter<timer_wheel, runtime>(*this, deadline);
  }

  io_expected<listener> listen(endpoint const& where, listen_options chosen = {}) {
    return listener::listen(reactor_, where, chosen);
  }
  io_expected<listener> adopt_listener(int descriptor) {
    return listener::adopt(reactor_, descriptor);
  }
  auto connect(endpoint const& where, connect_options chosen = {}) noexcept {
    return core::connect_operation<many_threads>(reactor_, where, chosen);
  }

  // Runs a function that may block on a thread that may. Safe to cancel: the function runs on.
  template <class F>
  auto run_blocking(F&& function) {
    return core::blocking_operation<std::decay_t<F>>(pool_, std::forward<F>(function));
  }
  auto open(std::string path, open_mode mode) {
    return core::open_operation(pool_, std::move(path), mode);
  }

  void post(work& w) noexcept override;
  void post_new(work& w) noexcept;

  // For sleep_awaiter.
  timer_wheel& timers() noexcept {
    // Relaxed: safe because a driver that misses it is told by interrupt_sleep().
    has_timers_.store(true, std::memory_order_relaxed);
    return timers_;
  }
  void interrupt_sleep(timer_wheel&) noexcept;

 private:
  class driver;

  // Whom to call after the lock is released.
  struct call {
    driver* sleeper = nullptr;
    bool in_epoll = false;
    bool start_helper = false;
  };

  // A thread that drives. It waits for its task's end as a joiner would: as the executor of a work
  // that is no task.
  class driver final : public executor_base {
   public:
    explicit driver(runtime& owner) noexcept : rt_(owner) { finish_line_.executor = this; }

    void drive_until_ended(promise_base& root) noexcept;
    void drive_until_stopped() noexcept;
    // The task has ended. The last that its thread does with this driver.
    void post(work&) noexcept override;

   private:
    friend runtime;

    void enter() noexcept;
    void leave() noexcept;
    void drive() noexcept;
    void run(work& w) noexcept;
    void look_up() noexcept;
    work* next() noexcept;
    work* next_when_sole() noexcept;
    work* next_when_shared() noexcept;
    void take_share(call& who) noexcept;
    void become_sole() noexcept;
    void give_up_own_list() noexcept;
    void park() noexcept;
    void publish_counts() noexcept;

    runtime& rt_;
    work finish_line_;
    // Atomic: it may be set by another thread, under the runtime's lock.
    std::atomic<bool> ended_{false};
    u64 turns_ = 0;
    u64 turns_published_ = 0;
    bool owns_list_ = false;  // It is or was sole, and own_ is still its.
    core::parker parker_;
    duration patience_ = shortest_patience;
    time_point surplus_since_ = time_point::max();

    // Ready tasks that this driver took. An idle driver may take them from it.
    spin_lock batch_lock_;
    core::work_queue batch_;

    // These belong to the runtime's lock.
    bool is_asleep_ = false;
    bool looks_out_ = false;  // Sleeps only for so long, to see whether others need help.
    bool in_epoll_ = false;
    driver* next_sleeper_ = nullptr;
    driver* next_driver_ = nullptr;
  };

  static constexpr u32 batch_tasks = 8;
  static constexpr u32 turns_between_looks = 61;  // At timers and sockets; as in Tokio and Go.
  // A wake costs 8 µs here: what does not wait for long is not worth one.
  static constexpr u32 backlog_worth_a_wake = 16;
  static constexpr duration surplus_worth_a_wake{20'000};
  static constexpr duration shortest_patience{1'000'000};
  static constexpr duration longest_patience{8'000'000};

  // Under the lock.
  void enqueue(work& w) noexcept;
  call choose_to_wake() noexcept;
  call rouse(driver& sleeper) noexcept;
  void remove_sleeper(driver& risen) noexcept;
  work* take_from_others(driver const& idle) noexcept;

  // Without it.
  void make(call const& who) noexcept;
  void start_helper() noexcept;
  bool stop_one() noexcept;
  void fire_timers() noexcept;
  void look_at_events() noexcept;
  bool drives_here() const noexcept { return core::current() == this; }

  u32 const most_threads_;
  std::unique_ptr<std::thread[]> const helper_threads_;
  std::atomic<bool> has_timers_{false};

  spin_lock lock_;
  bool stopping_ = false;
  bool is_waking_ = false;    // Somebody was woken and has not looked yet.
  bool is_starting_ = false;  // A helper is being started.
  u32 drivers_ = 0;           // Threads in drive(), asleep or not.
  u32 awake_ = 0;
  u32 helpers_ = 0;  // Started. Changed only by whoever starts one.
  u32 most_helpers_;
  driver* first_sleeper_ = nullptr;
  driver* first_driver_ = nullptr;
  driver* watcher_ = nullptr;  // The sleeper who also sleeps for timers, sockets and the others.
  core::work_queue queue_;
  std::atomic<u32> queued_{0};  // Written under the lock.

  // True while one driver is alone and no helper may come. Only that driver's thread touches own_.
  std::atomic<bool> sole_{false};
  core::work_queue own_;

  spin_lock events_lock_;  // Held by whoever polls the reactor or sleeps in it.
  core::epoll_reactor<many_threads> reactor_;
  timer_wheel timers_;
  core::blocking_pool pool_;

  std::atomic<u64> spawned_by_sole_{
      0};  // Written by the sole driver alone; the others under the lock.
  std::atomic<u64> spawned_{0};
  std::atomic<u64> polls_{0};
  std::atomic<u64> steals_{0};
  std::atomic<u64> parks_{0};
  std::atomic<u64> wakes_{0};
};

static_assert(net_runtime<runtime> && file_runtime<runtime> && blocking_runtime<runtime> &&
              counted_runtime<runtime>);

}  // namespace regatta::runtimes::lightweight
