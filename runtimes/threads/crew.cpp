#include "runtimes/threads/crew.hpp"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>
#include <vector>

#include "runtimes/interface/unsupported.hpp"

namespace regatta::runtimes::threads {

seat& crew::hire() {
  join_ended();
  std::unique_lock held(mutex_);
  if (is_ending_) return add_place(held);
  if (!is_halted() && threads_ == most_threads_) {
    halt(held, "threads: more than " + std::to_string(most_threads_) +
                   " tasks at once; this baseline gives each task a thread");
  }
  if (!is_halted()) {
    add_place(held);
    auto const own = std::prev(places_.end());
    try {
      // It takes the mutex first, so it finds its handle in place.
      own->thread = std::thread([this, own] { serve(own); });
      ++threads_;
      return own->at;
    } catch (std::system_error const&) {
      places_.pop_back();
      halt(held, "threads: the system gives no thread beyond " + std::to_string(threads_) +
                     "; this baseline gives each task a thread");
    }
  }
  std::string const why = why_;
  held.unlock();
  if (seat* const me = current()) wait_for_turn_to_throw(*me);
  throw limit_exceeded(why);
}

seat& crew::enter() {
  std::unique_lock const held(mutex_);
  return add_place(held);
}

seat& crew::add_place(std::unique_lock<std::mutex> const&) {
  return places_.emplace_back(*this, started_++).at;
}

void crew::leave(seat& left) noexcept {
  left.wait_until_left();
  std::lock_guard const held(mutex_);
  places_.remove_if([&](place const& one) { return &one.at == &left; });
}

void crew::check() const {
  std::lock_guard const held(mutex_);
  if (!why_.empty()) throw limit_exceeded(why_);
}

void crew::serve(places::iterator own) noexcept {
  {
    std::lock_guard const handle_is_there(mutex_);
  }
  if (!own->at.run()) return;  // Halted: the seat stays for the frames that point to it.
  own->at.wait_until_left();
  places before;
  {
    std::lock_guard const held(mutex_);
    --threads_;
    // Once the crew is shut down its threads are joined from where they are.
    if (is_ending_) return;
    before.swap(ended_);
    ended_.splice(ended_.end(), places_, own);
  }
  // Without this all that ended since the last was hired would keep their stacks and descriptors.
  for (auto& one : before) one.thread.join();
}

void crew::halt(std::unique_lock<std::mutex> const&, std::string why) {
  why_ = std::move(why);
  is_halted_.store(true, std::memory_order_seq_cst);
  for (auto& one : places_) one.at.interrupt();
}

void crew::wait_for_turn_to_throw(seat& me) noexcept {
  me.begin_halting();
  while (!is_my_turn_to_throw(me)) std::this_thread::sleep_for(std::chrono::microseconds(100));
}

bool crew::is_my_turn_to_throw(seat const& me) noexcept {
  std::lock_guard const held(mutex_);
  return std::ranges::all_of(places_, [&](place const& other) {
    return &other.at == &me || !other.at.is_running() ||
           (other.at.is_halting() && other.at.number() < me.number());
  });
}

void crew::join_ended() noexcept {
  places ended;
  {
    std::lock_guard const held(mutex_);
    ended.swap(ended_);
  }
  for (auto& one : ended) one.thread.join();
}

void crew::shut_down() noexcept {
  std::vector<std::thread> to_join;
  {
    std::lock_guard const held(mutex_);
    is_ending_ = true;
    is_halted_.store(true, std::memory_order_seq_cst);
    for (auto& one : places_) {
      one.at.interrupt();
      if (one.thread.joinable()) to_join.push_back(std::move(one.thread));
    }
  }
  join_ended();
  for (auto& one : to_join) one.join();
  // Others may still be in a post(). No place is added any more: nobody is left who could.
  for (auto const& one : places_) one.at.wait_until_left();
}

}  // namespace regatta::runtimes::threads
