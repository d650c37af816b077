// simulated: one thread, one seed, a clock of its own and a network inside the process. For tests:
// the same seed runs the same program the same way again, and another seed runs it another way that
// the contract of the runtime permits. It is never measured.
//
// What is drawn: which ready task runs next; how much budget it has; how much time passes; how long
// bytes are on their way, how many of them one read or write carries, and whether it has to wait
// first. See README.md for what is simulated and what is not.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "runtimes/core/blocking_pool.hpp"
#include "runtimes/core/current.hpp"
#include "runtimes/core/visitors.hpp"
#include "runtimes/core/work_queue.hpp"
#include "runtimes/interface/file.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/runtime.hpp"
#include "runtimes/interface/seeds.hpp"
#include "runtimes/simulated/delayed.hpp"
#include "runtimes/simulated/network.hpp"
#include "runtimes/simulated/ready_tasks.hpp"
#include "runtimes/simulated/world.hpp"

namespace regatta::runtimes::simulated {

// The task that block_on() waits for can never end: nothing is ready, nothing is planned, and no
// other thread is there to wake anything. Or it has not ended after so many turns.
class stuck : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class runtime final : public runtime_defaults<runtime> {
 public:
  using threading = one_thread;
  using stream = simulated::stream;
  using listener = simulated::listener;
  using file = simulated::file;
  static constexpr bool is_simulated = true;

  // Without a seed: one that the surrounding simulation draws, or always the same.
  explicit runtime(runtime_options chosen = {}) : runtime(chosen, conditions{}) {}
  runtime(runtime_options chosen, conditions how);
  // Waits for blocking calls that are running, then destroys the tasks that have not ended. Not
  // while another thread is in block_on().
  ~runtime();
  runtime(runtime const&) = delete;
  runtime& operator=(runtime const&) = delete;

  static runtime_info info();
  u32 threads() const noexcept { return 1; }
  runtime_counters counters() const noexcept;
  u64 seed() const noexcept { return world_.draw.seed(); }
  // A hash of the course that the simulation has taken so far.
  u64 trace() const noexcept { return world_.draw.trace(); }

  // Runs this task to its end, and other tasks meanwhile. Throws `stuck` if it never ends. Any
  // thread, but one at a time, and not from a task of this runtime.
  template <class T>
  T block_on(task<T> root) {
    driver const here(*this);
    joiner<T> end = spawn(std::move(root));
    u64 const last_turn = turns_ + most_turns;
    while (!end.is_finished()) {
      if (turns_ == last_turn) give_up("it has not ended after so many turns");
      turn();
    }
    return end.take_finished();
  }

  // Makes work ready. Any thread; a run in which another thread does so cannot be repeated exactly.
  void post(work& w) noexcept override;
  void post_new(work& root) noexcept;

  // Everything below is for tasks of this runtime, on their turn, but for listen(): any thread
  // while nobody is in block_on().

  time_point now() const noexcept { return world_.time.now(); }
  sleep_operation sleep_until(time_point deadline) noexcept { return {world_, deadline}; }

  io_expected<listener> listen(endpoint const& where, listen_options options = {}) {
    auto opened = network_.listen(where, options);
    if (!opened) return io_error{opened.error()};
    return listener(*std::move(opened));
  }
  // The system's sockets mean nothing in this network.
  io_expected<listener> adopt_listener(int descriptor) noexcept {
    if (descriptor >= 0) ::close(descriptor);
    return io_error{ENOTSUP};
  }
  connect_operation connect(endpoint const& where, connect_options = {}) noexcept {
    return {network_, where};
  }

  // Runs a function that may block on a thread that may. Safe to cancel: the function runs on.
  template <class F>
  auto run_blocking(F&& function) {
    return blocking_operation<std::decay_t<F>>(world_, pool_, std::forward<F>(function));
  }
  auto open(std::string path, open_mode mode) { return file::open(world_, std::move(path), mode); }

 private:
  // A program that is at work for so long is going round in circles.
  static constexpr u64 most_turns = 50'000'000;

  class driver;
  friend class driver;

  // Says, for a scope, that this thread is the one that drives.
  class driver {
   public:
    explicit driver(runtime& rt) noexcept;
    ~driver();

   private:
    runtime& rt_;
    core::driving here_;
    chance* outer_;
  };

  void turn();
  void find_something_to_do();
  void wait_for_other_threads();
  [[noreturn]] void give_up(char const* why) const;

  world world_;
  network network_{world_};
  ready_tasks ready_{world_.draw};
  u64 turns_ = 0;
  u64 parks_ = 0;
  core::blocking_pool pool_;
  // From here on: what other threads touch.
  core::work_inbox inbox_;
  core::visitors visitors_;
  std::atomic<u64> spawned_{0};
  std::atomic<bool> is_driven_{false};
  std::mutex mutex_;
  std::condition_variable arrived_;  // Something is in the inbox.
};
static_assert(net_runtime<runtime> && file_runtime<runtime> && blocking_runtime<runtime> &&
              counted_runtime<runtime> && simulated_runtime<runtime>);

}  // namespace regatta::runtimes::simulated
