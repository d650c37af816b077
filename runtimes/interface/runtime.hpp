// What a runtime is: the concepts that scenarios ask for, and the mixin that derives most of them.
//
// The least runtime is post(), block_on() and info(); runtime_defaults supplies spawn and yield. A
// runtime shadows what it does better, and offers more by satisfying the refined concepts.
#pragma once

#include <concepts>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtimes/interface/budget.hpp"
#include "runtimes/interface/join.hpp"
#include "runtimes/interface/joiner.hpp"
#include "runtimes/interface/task.hpp"
#include "runtimes/interface/threading.hpp"
#include "runtimes/interface/unsupported.hpp"

namespace regatta {

// What a runtime says of itself. Text is for people; the harness compares none of it.
struct runtime_info {
  std::string_view name;
  std::string_view version;
  std::string_view scheduling;  // "work-stealing", "single-threaded", "shared queue", …
  std::string_view io;          // "epoll", "io_uring", "none", …
};

// What every runtime can be asked for. 0 means: as the runtime would choose itself.
struct runtime_options {
  u32 threads = 0;
  u64 seed = 0;  // Of a runtime that draws what it does (seeds.hpp).
  // What a variant switches off or sets otherwise, to see what it is worth. The runtime that
  // declares the variant knows what it means; it must outlive the options, as a literal does.
  std::string_view ablation = {};
};

// A configuration that a contender offers under a name, beside its default one, which has none.
struct variant_of_runtime {
  std::string name;
  runtime_options options;
};

// What a runtime counts of its own work, over all its workers, since it was made.
struct runtime_counters {
  u64 spawned = 0;    // Tasks started by spawn().
  u64 polls = 0;      // Resumptions by a worker.
  u64 steals = 0;     // Tasks taken from another worker.
  u64 parks = 0;      // Times a worker went to sleep.
  u64 wakes = 0;      // Times a sleeping worker was woken by another thread.
  u64 overflows = 0;  // Tasks moved out of a full local queue.

  void each(auto&& visit) const {
    visit("spawned", spawned);
    visit("polls", polls);
    visit("steals", steals);
    visit("parks", parks);
    visit("wakes", wakes);
    visit("overflows", overflows);
  }
};

namespace detail {
template <class A>
decltype(auto) awaiter_of(A&& awaitable) {
  if constexpr (requires { std::forward<A>(awaitable).operator co_await(); }) {
    return std::forward<A>(awaitable).operator co_await();
  } else {
    return std::forward<A>(awaitable);
  }
}
}  // namespace detail

// What `co_await` of an A answers.
template <class A>
using await_result = decltype(detail::awaiter_of(std::declval<A>()).await_resume());

template <class A, class T>
concept awaitable_of = std::same_as<await_result<A>, T>;

template <class R>
concept runtime =
    executor<R> && std::constructible_from<R, runtime_options> && requires(R& rt, task<int> t) {
      typename R::threading;  // many_threads or one_thread
      { R::info() } -> std::same_as<runtime_info>;
      { rt.block_on(std::move(t)) } -> std::same_as<int>;
      { rt.spawn(std::move(t)) } -> awaitable_of<int>;
      { rt.yield() } -> awaitable_of<void>;
    };

template <class R>
concept timed_runtime = runtime<R> && requires(R& rt, time_point deadline) {
  { rt.sleep_until(deadline) } -> awaitable_of<void>;
};

template <class R>
concept blocking_runtime = runtime<R> && requires(R& rt) {
  {
    rt.run_blocking([] { return 1; })
  } -> awaitable_of<int>;
};

template <class R>
concept counted_runtime = runtime<R> && requires(R const& rt) {
  { rt.counters() } -> std::same_as<runtime_counters>;
};

// Derives spawn() and yield() from post(). Self's destructor calls destroy_roots() when none of its
// threads runs any more.
template <class Self>
class runtime_defaults : public executor_base {
 public:
  // Starts the task now; await the joiner later, or drop it. Any thread.
  template <class T>
  joiner<T> spawn(task<T> started) {
    task_promise<T>& root = roots::enroll(std::move(started), *this, register_entry_.id());
    // The joiner first: once posted, the task may end at any moment.
    joiner<T> answer(root);
    self().post_new(root);
    return answer;
  }

  class yield_awaiter {
   public:
    explicit yield_awaiter(Self& rt) noexcept : rt_(rt) {}

    bool await_ready() const noexcept { return false; }
    template <has_work P>
    REGATTA_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<P> h) const noexcept {
      work& me = h.promise();
      // A member of a group goes back to its group.
      if (me.executor == &rt_) {
        rt_.post_yielded(me);
      } else {
        me.wake();
      }
    }
    void await_resume() const noexcept {}

   private:
    Self& rt_;
  };

  // Lets every other ready task run before this one goes on.
  yield_awaiter yield() noexcept { return yield_awaiter(self()); }

  // The present, by the clock that sleeps go by. A simulated runtime has a clock of its own.
  time_point now() const noexcept { return clock::now(); }

  // Suspends for at least so long, counted from now. Of a timed_runtime.
  auto sleep_for(duration how_long) noexcept { return self().sleep_until(self().now() + how_long); }

  // What a runtime may do better for a task that was just spawned, or that yielded.
  void post_new(work& w) noexcept { self().post(w); }
  void post_yielded(work& w) noexcept { self().post(w); }

 protected:
  runtime_defaults() = default;
  ~runtime_defaults() = default;

  void destroy_roots() noexcept { roots::destroy_all(register_entry_.id()); }
  frame_pool::owner_id register_id() const noexcept { return register_entry_.id(); }

 private:
  Self& self() noexcept { return static_cast<Self&>(*this); }

  frame_pool::owner register_entry_;
};

// Spawns make(0) … make(count - 1) and answers their joiners.
template <runtime R, class Make>
auto spawn_n(R& rt, u64 count, Make make) {
  using joiner_type = decltype(rt.spawn(make(u64{0})));
  std::vector<joiner_type> joiners;
  joiners.reserve(count);
  for (u64 i = 0; i < count; ++i) joiners.push_back(rt.spawn(make(i)));
  return joiners;
}

}  // namespace regatta
