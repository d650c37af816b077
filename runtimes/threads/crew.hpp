// All seats of one runtime, the threads on them, and what happens when there are too many.
//
// A task that asks for a thread too many cannot have it, and the scenario around it cannot go on.
// But its frames share data with other tasks, whose threads are running; they may not be unwound
// under these. So the first spawn() that fails *halts* the crew: no task is resumed any more. Where
// the spawning tasks stand in spawn() they wait until every thread has left its task or stands in
// such a spawn() as well; then they throw, one after another, the youngest first, because it may
// use what an older one has. block_on() throws as well, whatever becomes of its task; what is left
// over is destroyed with the runtime, as anything is that never ended.
#pragma once

#include <atomic>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "runtimes/core/current.hpp"
#include "runtimes/interface/types.hpp"
#include "runtimes/threads/seat.hpp"

namespace regatta::runtimes::threads {

class crew {
 public:
  explicit crew(u64 most_threads) noexcept : most_threads_(most_threads) {}
  crew(crew const&) = delete;
  crew& operator=(crew const&) = delete;

  // A seat with a thread of its own, which waits for the first post. Any thread. Throws
  // limit_exceeded. Where the runtime is being destroyed, a seat without a thread.
  seat& hire();
  // A seat for the calling thread.
  seat& enter();
  // It has run its task to the end.
  void leave(seat& left) noexcept;

  // Throws limit_exceeded if the crew was halted because it was too large.
  void check() const;
  // Sequentially consistent: the partner of seat::is_running().
  bool is_halted() const noexcept { return is_halted_.load(std::memory_order_seq_cst); }

  // Ends all threads. Nobody may be in enter() … leave().
  void shut_down() noexcept;

  // The seat of the calling thread; nullptr where it runs no task of this crew.
  seat* current() const noexcept { return static_cast<seat*>(core::current_worker_of(this)); }

 private:
  struct place {
    template <class... Arguments>
    explicit place(Arguments&&... arguments) : at(std::forward<Arguments>(arguments)...) {}
    seat at;
    std::thread thread;
  };
  using places = std::list<place>;

  seat& add_place(std::unique_lock<std::mutex> const& held);
  void serve(places::iterator own) noexcept;
  void halt(std::unique_lock<std::mutex> const& held, std::string why);
  void wait_for_turn_to_throw(seat& me) noexcept;
  bool is_my_turn_to_throw(seat const& me) noexcept;
  void join_ended() noexcept;

  u64 const most_threads_;
  std::mutex mutable mutex_;
  places places_;
  places ended_;  // Their threads are to be joined by whoever comes next, or ends next.
  u64 threads_ = 0;
  u64 started_ = 0;
  std::atomic<bool> is_halted_{false};
  bool is_ending_ = false;
  std::string why_;  // It was halted; empty where it is only ending.
};

}  // namespace regatta::runtimes::threads
