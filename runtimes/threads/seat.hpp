// The place of one task: the thread that runs it and nothing else, and what that thread sleeps for.
//
// A seat is the executor of its task. To wake the task is to leave it here and to wake the thread;
// so the children and groups of the task, which wake it, all run on this one thread. At most one
// piece of work is ever ready: a task waits in one place, and its groups wake it once.
#pragma once

#include <poll.h>

#include <atomic>
#include <cstddef>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "runtimes/core/parker.hpp"
#include "runtimes/core/visitors.hpp"
#include "runtimes/interface/types.hpp"
#include "runtimes/interface/work.hpp"

namespace regatta::runtimes::threads {

class crew;

// One wait for a descriptor, listed with the seat whose thread polls for it.
class socket_wait {
 public:
  socket_wait() = default;
  socket_wait(socket_wait const&) = delete;
  socket_wait& operator=(socket_wait const&) = delete;

 protected:
  ~socket_wait() = default;

 private:
  friend class seat;
  // The descriptor is ready, or broken. On the seat's thread, once.
  virtual void on_ready() noexcept = 0;

  int descriptor_ = -1;
  short events_ = 0;
  std::size_t place_ = 0;  // In the seat's list.
};

// One task, or member of its groups, that waits for a deadline.
class sleeper {
 public:
  sleeper() = default;
  sleeper(sleeper const&) = delete;
  sleeper& operator=(sleeper const&) = delete;

  void wake_as(work& task) noexcept { task_ = &task; }

 private:
  friend class seat;
  using list = std::multimap<time_point, sleeper*>;

  work* task_ = nullptr;
  list::iterator place_;
  bool is_listed_ = false;
};

// A system call that blocks until there is an answer: for a task that waits for this and nothing
// else.
class blocking_call {
 public:
  blocking_call() = default;
  blocking_call(blocking_call const&) = delete;
  blocking_call& operator=(blocking_call const&) = delete;

 protected:
  ~blocking_call() = default;

 private:
  friend class seat;
  // On the seat's thread.
  virtual void block() noexcept = 0;
  // After that, also where it was interrupted: wakes the task, unless somebody else has.
  virtual void finish() noexcept = 0;
  // Any thread. Makes block() return, or not block at all if it has not begun.
  virtual void interrupt() noexcept = 0;
};

class seat final : public executor_base {
 public:
  // Seats are numbered in the order in which their tasks were started.
  seat(crew& home, u64 number) noexcept : home_(home), number_(number) {}
  seat(seat const&) = delete;
  seat& operator=(seat const&) = delete;
  // Nobody posts to it any more.
  ~seat();

  // Any thread.
  void post(work& w) noexcept override;
  // Any thread. Ends the sleep of the seat's thread, which then looks whether the crew has halted.
  void interrupt() noexcept;

  // The seat's thread: runs the task until it has ended, or the crew has halted. True: it has
  // ended.
  bool run() noexcept;
  // The task, as the last that it does.
  void note_end() noexcept { has_ended_ = true; }
  // The seat's thread, after run(): until nobody is in post() any more.
  void wait_until_left() const noexcept { visitors_.wait_until_gone(); }

  // What the task waits for. The seat's thread only, or whoever destroys the task later.
  void sleep_until(time_point deadline, sleeper& who) {
    who.place_ = sleepers_.emplace(deadline, &who);
    who.is_listed_ = true;
  }
  void forget(sleeper& who) noexcept {
    if (std::exchange(who.is_listed_, false)) sleepers_.erase(who.place_);
  }
  // Once there is nothing else to do. There is no other wait then, and it ends with the call.
  void block_in(blocking_call& call) {
    std::lock_guard const held(call_mutex_);
    call_ = &call;
  }
  void forget_call() {
    std::lock_guard const held(call_mutex_);
    call_ = nullptr;
  }
  void watch(socket_wait& wait, int descriptor, short events);
  void unwatch(socket_wait& wait) noexcept;

  u64 number() const noexcept { return number_; }
  // Whether its thread is inside its task. Sequentially consistent: the partner of run().
  bool is_running() const noexcept { return is_running_.load(std::memory_order_seq_cst); }
  bool is_halting() const noexcept { return is_halting_.load(std::memory_order_seq_cst); }
  void begin_halting() noexcept { is_halting_.store(true, std::memory_order_seq_cst); }

 private:
  work* next() noexcept;
  work* take_ready() noexcept {
    // Acquire: pairs with the exchange in post().
    return ready_.exchange(nullptr, std::memory_order_acquire);
  }
  void look_around() noexcept;
  void fire_sleepers() noexcept;
  void sleep() noexcept;
  void poll(time_point deadline) noexcept;
  void make_call() noexcept;
  bool may_sleep() const noexcept;
  void open_bell() noexcept;
  void ring_bell() noexcept;

  crew& home_;
  u64 const number_;
  std::atomic<work*> ready_{nullptr};
  std::atomic<bool> is_running_{false};
  std::atomic<bool> is_halting_{false};  // Its task is in a spawn() that fails: see crew.hpp.
  std::atomic<bool> is_polling_{false};
  bool has_ended_ = false;
  u32 turns_ = 0;
  int bell_ = -1;  // An eventfd, once the thread has had to poll.
  core::parker parker_;
  core::visitors visitors_;
  std::mutex call_mutex_;          // Held to interrupt the call, which may not end meanwhile.
  blocking_call* call_ = nullptr;  // Changed by the seat's thread alone.
  sleeper::list sleepers_;         // By their deadlines.
  std::vector<socket_wait*> watched_;
  std::vector<pollfd> polled_;
};

}  // namespace regatta::runtimes::threads
