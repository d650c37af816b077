// asio: Boost.Asio as the engine under our tasks. The queue, the timers and the sockets are Asio's;
// only blocking calls and files, which Asio leaves to its user, run on the pool of threads that our
// other runtimes use.
//
// Three runtimes, which differ in who calls io_context::run() and in what Asio was compiled for:
//   io_context   the thread in block_on(), alone (concurrency hint 1)
//   thread_pool  so many threads on one io_context, as Asio recommends for servers
//   io_uring     as io_context, in a program compiled for io_uring instead of epoll
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtimes/asio/loop.hpp"
#include "runtimes/asio/socket.hpp"
#include "runtimes/asio/timer.hpp"
#include "runtimes/core/blocking_pool.hpp"
#include "runtimes/core/current.hpp"
#include "runtimes/core/pool_file.hpp"
#include "runtimes/core/visitors.hpp"
#include "runtimes/interface/file.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/runtime.hpp"

namespace regatta::runtimes::asio {

// What the three have in common. Self says how a thread waits in block_on():
//   ending            what a task announces its end to, as the last thing that it does
//   wait_for(ending&) returns when it has
template <class Self, class Threading>
class runtime_on_asio : public runtime_defaults<Self> {
 public:
  using threading = Threading;
  using stream = stream_socket<Threading>;
  using listener = socket_listener<Threading>;
  using file = core::pool_file;

  runtime_on_asio(runtime_on_asio const&) = delete;
  runtime_on_asio& operator=(runtime_on_asio const&) = delete;

  // Runs this task to its end, and every other task meanwhile. Not from a task of this runtime.
  template <class T>
  T block_on(task<T> root);

  // Any thread.
  void post(work& ready) noexcept override {
    if (core::current() == identity()) return loop_.post(ready);
    core::visitors::visit const here(visitors_);
    loop_.post(ready);
  }
  // The work's own turn only. It goes on with what it was doing, which is what Asio has defer for.
  void post_yielded(work& ready) noexcept { loop_.defer(ready); }

  // Suspends until the deadline has passed. Safe to cancel.
  sleep_awaiter<Threading> sleep_until(time_point deadline) noexcept { return {loop_, deadline}; }

  io_expected<listener> listen(endpoint const& where, listen_options options = {}) {
    return listener::listen(loop_, where, options);
  }
  io_expected<listener> adopt_listener(int descriptor) {
    return listener::adopt(loop_, descriptor);
  }
  connect_operation<Threading> connect(endpoint const& where, connect_options options = {}) {
    return {loop_, where, options};
  }

  // Runs a function that may block on a thread that may. Safe to cancel: the function runs on.
  template <class F>
  auto run_blocking(F&& function) {
    return core::blocking_operation<std::decay_t<F>>(pool_, std::forward<F>(function));
  }
  auto open(std::string path, open_mode mode) {
    return core::open_operation(pool_, std::move(path), mode);
  }

 protected:
  explicit runtime_on_asio(u32 threads) : loop_(*this, threads) {}
  ~runtime_on_asio() = default;

  static runtime_info info_of(std::string_view scheduling) {
    return {.name = "asio",
            .version = boost_version(),
            .scheduling = scheduling,
            .io = readiness_backend()};
  }

  // How a thread knows that it drives this runtime (current.hpp).
  void const* identity() const noexcept { return static_cast<executor_base const*>(this); }

  // When no other thread has anything to post any more.
  void await_outsiders() noexcept {
    pool_.shut_down();
    visitors_.wait_until_gone();
  }

  loop<Threading> loop_;

 private:
  template <class T, class Ending>
  static task<void> run_main(task<T> root, Ending& end, std::optional<value_or_nothing<T>>& value,
                             std::exception_ptr& failure);

  core::visitors visitors_;  // Threads that post from outside.
  core::blocking_pool pool_;
};

// One thread: the one that calls block_on(). Starts no other.
template <class Self>
class single : public runtime_on_asio<Self, one_thread> {
 public:
  // There is one thread, whatever the options ask for. Throws runtime_unsupported with a sentence
  // where the kernel refuses what Asio needs.
  explicit single(runtime_options = {}) : runtime_on_asio<Self, one_thread>(1) {}
  static runtime_info info() {
    return runtime_on_asio<Self, one_thread>::info_of("single-threaded");
  }
  u32 threads() const noexcept { return 1; }

  class ending {
   public:
    explicit ending(single& rt) noexcept : rt_(rt) {}
    void announce() noexcept { rt_.loop_.stop(); }

   private:
    single& rt_;
  };
  void wait_for(ending&);

 protected:
  ~single() = default;

  // For the destructor of the class that is the runtime, not for ours: other threads may post,
  // which is a virtual call, until this returns.
  void end() noexcept {
    this->await_outsiders();
    this->destroy_roots();
  }

 private:
  std::atomic<bool> is_driven_{false};
};

template <class Self>
void single<Self>::wait_for(ending&) {
  REGATTA_ASSERT(!is_driven_.exchange(true, std::memory_order_acquire),
                 "only one thread at a time may be in block_on() of a runtime with one thread, and "
                 "none of its own tasks: await the task instead");
  {
    core::driving const here(this->identity());
    this->loop_.drive();
  }
  this->loop_.restart();
  // Release: the next thread to drive takes over all that this one did.
  is_driven_.store(false, std::memory_order_release);
}

class io_context final : public single<io_context> {
 public:
  using single::single;
  ~io_context() { end(); }
};

// Only in programs that were compiled for it.
class io_uring final : public single<io_uring> {
 public:
  explicit io_uring(runtime_options options = {}) : single(options) {
    REGATTA_ASSERT(readiness_backend() == "io_uring",
                   "compile Asio with BOOST_ASIO_HAS_IO_URING and BOOST_ASIO_DISABLE_EPOLL");
  }
  ~io_uring() { end(); }
};

// Several threads, all of them in run() of one io_context. The thread in block_on() waits.
class thread_pool final : public runtime_on_asio<thread_pool, many_threads> {
 public:
  // As many threads as this process may use processors, unless the options say otherwise.
  explicit thread_pool(runtime_options options = {});
  ~thread_pool();

  static constexpr bool caller_only_waits = true;  // In block_on().

  static runtime_info info() { return info_of("shared queue"); }
  u32 threads() const noexcept { return static_cast<u32>(workers_.size()); }

  class ending {
   public:
    explicit ending(thread_pool&) noexcept {}
    void announce() noexcept {
      // Under the lock: else the thread that waits might return, and take this with it, before it
      // is notified.
      std::lock_guard const held(mutex_);
      has_ended_ = true;
      ended_.notify_one();
    }
    void wait() noexcept {
      std::unique_lock held(mutex_);
      ended_.wait(held, [this] { return has_ended_; });
    }

   private:
    std::mutex mutex_;
    std::condition_variable ended_;
    bool has_ended_ = false;
  };
  void wait_for(ending& end) {
    REGATTA_ASSERT(core::current() != identity(),
                   "block_on() inside a task would block its worker: co_await the task instead");
    end.wait();
  }

 private:
  std::vector<std::thread> workers_;
};

template <class Self, class Threading>
template <class T, class Ending>
task<void> runtime_on_asio<Self, Threading>::run_main(task<T> root, Ending& end,
                                                      std::optional<value_or_nothing<T>>& value,
                                                      std::exception_ptr& failure) {
  try {
    if constexpr (std::is_void_v<T>) {
      co_await root;
      value.emplace();
    } else {
      value.emplace(co_await root);
    }
  } catch (...) {
    failure = std::current_exception();
  }
  // The frame dies before block_on() returns: its arguments may be about to go.
  root.cancel();
  end.announce();
}

template <class Self, class Threading>
template <class T>
T runtime_on_asio<Self, Threading>::block_on(task<T> root) {
  Self& self = static_cast<Self&>(*this);
  typename Self::ending end(self);
  std::optional<value_or_nothing<T>> value;
  std::exception_ptr failure;
  this->spawn(run_main<T>(std::move(root), end, value, failure)).detach();
  self.wait_for(end);
  if (failure) std::rethrow_exception(failure);
  if constexpr (!std::is_void_v<T>) return std::move(*value);
}

static_assert(net_runtime<io_context> && file_runtime<io_context> && blocking_runtime<io_context>);
static_assert(net_runtime<io_uring> && file_runtime<io_uring> && blocking_runtime<io_uring>);
static_assert(net_runtime<thread_pool> && file_runtime<thread_pool> &&
              blocking_runtime<thread_pool>);

}  // namespace regatta::runtimes::asio
