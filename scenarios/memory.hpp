// What a task costs while it waits. The resident memory of the process is read when all tasks are
// parked: with no tasks it is what the runtime needs for itself, and how it rises with their number
// is what one of them costs. It is read again when all have ended (`held_bytes`): who keeps what it
// was given?
//
// What rises with the number of tasks is the tasks themselves, each a root of its own, what the
// runtime keeps for their waits, and besides
//   8 bytes     for each task: its joiner;
//   56 bytes    sleep: for each task, so that it can be woken before its hour is over;
//   a stream    connection: the idle end, which no task waits on; its size is the runtime's.
// What the kernel keeps for a socket is not resident memory of the process.
#pragma once

#include <array>
#include <chrono>

#include "runtimes/interface/time.hpp"
#include "scenarios/support/loopback.hpp"
#include "scenarios/support/scenario.hpp"
#include "scenarios/support/waiting_room.hpp"

namespace regatta::scenarios {

struct memory {
  static constexpr std::string_view name = "memory";
  static constexpr std::string_view summary =
      "resident memory with many tasks parked: sleeping, receiving or reading; and after they "
      "ended";
  static constexpr bool fresh_process = true;
  static constexpr quantity measures = quantity::bytes;

  struct params {
    choice<"sleep", "receive", "connection"> kind{};
    u64 tasks = 10'000;
    void each(auto&& visit) {
      visit("kind", kind);
      visit("tasks", tasks);
    }
  };

  static params smoke() { return {.tasks = 100}; }
  static std::vector<params> quick() {
    return grid<params>()
               .over(&params::kind, {"sleep", "receive"})
               .over(&params::tasks, {0, 1'000, 10'000, 100'000}) +
           grid<params>({.kind = "connection"}).over(&params::tasks, {0, 300, 1'000});
  }
  static std::vector<params> full() {
    return grid<params>()
               .over(&params::kind, {"sleep", "receive"})
               .over(&params::tasks, {0, 1'000, 10'000, 100'000, 1'000'000}) +
           grid<params>({.kind = "connection"}).over(&params::tasks, {0, 100, 1'000, 5'000, 9'000});
  }

  // The tasks that had parked.
  static u64 expected(params p) { return p.tasks; }
  // The figure is the whole process's.
  static u64 operations(params) { return 1; }

  template <runtime R>
  static task<u64> run(R& rt, params p, recorder& memory) {
    u64 const parked = co_await park(rt, p, memory);
    // Now that the joiners are gone as well.
    memory.count("held_bytes", memory.resident_bytes());
    co_return parked;
  }

 private:
  template <runtime R>
  static task<u64> park(R& rt, params p, recorder& memory) {
    if (p.kind == "receive") return park_receivers(rt, p, memory);
    if (p.kind == "sleep") {
      if constexpr (timed_runtime<R>) return park_sleepers(rt, p, memory);
      throw unsupported("this runtime has no timers, so that kind=sleep cannot run");
    }
    if constexpr (net_runtime<R>) return park_readers(rt, p, memory);
    throw unsupported("this runtime has no sockets, so that kind=connection cannot run");
  }

  // Looks at what the tasks cost, and lets them end; answers how many there were.
  template <runtime R>
  static task<u64> look(R& rt, waiting_room<R>& room, std::vector<joiner<u64>> tasks,
                        recorder& memory) {
    co_await room.filled(rt, tasks.size());
    memory.count("bytes", memory.resident_bytes());
    room.ring();
    auto const parked = co_await join_all(std::move(tasks));
    co_return sum(parked);
  }

  template <runtime R>
  static task<u64> park_receivers(R& rt, params p, recorder& memory) {
    waiting_room<R> room;
    auto receivers = spawn_n(rt, p.tasks, [&](u64) { return receive(room); });
    auto looking = look(rt, room, std::move(receivers), memory);
    co_return co_await looking;
  }

  template <runtime R>
  static task<u64> receive(waiting_room<R>& room) {
    room.enter();
    co_await room.bell();
    co_return 1;
  }

  template <timed_runtime R>
  static task<u64> park_sleepers(R& rt, params p, recorder& memory) {
    waiting_room<R> room;
    auto sleepers = spawn_n(rt, p.tasks, [&](u64) { return sleep(rt, room); });
    auto looking = look(rt, room, std::move(sleepers), memory);
    co_return co_await looking;
  }

  template <timed_runtime R>
  static task<u64> sleep(R& rt, waiting_room<R>& room) {
    room.enter();
    co_await sleep_until_woken(rt, room);
    co_return 1;
  }

  // An hour's sleep that the bell ends. A race() of the two would say the same with three frames
  // more, and these would be most of what is measured. Right only where, as here, the bell rings
  // long before the hour is over: two wakes at once would resume the task twice.
  template <timed_runtime R>
  class sleep_until_woken {
   public:
    sleep_until_woken(R& rt, waiting_room<R>& room)
        : sleep_(rt.sleep_until(now(rt) + std::chrono::hours(1))), bell_(room.bell()) {}

    bool await_ready() const noexcept { return false; }
    template <has_work P>
    REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> task) {
      sleep_.await_suspend(task);
      if (bell_.await_ready()) return false;
      // From here on this frame may be running elsewhere.
      bell_.await_suspend(task);
      return true;
    }
    // The sleep ends with us, as that of a task that is cancelled.
    void await_resume() noexcept { bell_.await_resume(); }

   private:
    decltype(std::declval<R&>().sleep_until(time_point())) sleep_;
    decltype(std::declval<waiting_room<R>&>().bell()) bell_;
  };

  // The other ends stay with us, and no task waits on them.
  template <net_runtime R>
  static task<u64> park_readers(R& rt, params p, recorder& memory) {
    require_descriptors(2 * p.tasks);
    auto door = listen_on_loopback(rt);
    waiting_room<R> room;
    std::vector<typename R::stream> idle_ends;
    std::vector<joiner<u64>> readers;
    std::exception_ptr failure;
    try {
      idle_ends.reserve(p.tasks);
      readers.reserve(p.tasks);
      for (u64 i = 0; i < p.tasks; ++i) {
        idle_ends.push_back(co_await connect_to(rt, door.local_endpoint()));
        auto accepted = co_await door.accept();
        if (!accepted) throw std::runtime_error("cannot accept: " + accepted.error_text());
        readers.push_back(rt.spawn(read(std::move(*accepted), room)));
      }
      co_await room.filled(rt, p.tasks);
      memory.count("bytes", memory.resident_bytes());
    } catch (...) {
      failure = std::current_exception();
    }
    for (auto& each : idle_ends) each.reset();
    auto const answers = co_await join_all(std::move(readers));
    if (failure) std::rethrow_exception(failure);
    co_return sum(answers);
  }

  template <runtime R, byte_stream S>
  static task<u64> read(S idle, waiting_room<R>& room) {
    std::array<std::byte, 64> nothing_comes;
    room.enter();
    auto const got = co_await idle.read(nothing_comes);
    if (got.count != 0) throw std::logic_error("a client that sends nothing has sent something");
    co_return 1;
  }
};
static_assert(scenario<memory>);

}  // namespace regatta::scenarios
