// Where tasks wait, all of them, while somebody looks at what they cost; then a bell rings and they
// go on. A task that waits here costs its frame, and no more: it waits in it.
#pragma once

#include <atomic>

#include "runtimes/interface/channel.hpp"
#include "runtimes/interface/runtime.hpp"
#include "runtimes/interface/task.hpp"

namespace regatta::scenarios {

template <runtime R>
class waiting_room {
 public:
  // A task says so as the last thing before it waits, for the bell or for whatever ends by then.
  // Release: pairs with the acquire in filled(), so that whoever looks sees what the task has made.
  void enter() noexcept { inside_.fetch_add(1, std::memory_order_release); }

  // Waits until so many have entered; the last of them, one a worker, may be about to wait. Asks
  // again and again, which costs time, but none of the tasks a byte for telling.
  task<void> filled(R& rt, u64 tasks) const {
    while (inside_.load(std::memory_order_acquire) < tasks) co_await rt.yield();
  }

  // An awaitable: waits for the bell.
  auto bell() noexcept { return bell_.recv(); }
  // Any number of times.
  void ring() noexcept { bell_.close(); }

 private:
  std::atomic<u64> inside_{0};
  regatta::channel<nothing, R> bell_{1};
};

}  // namespace regatta::scenarios
