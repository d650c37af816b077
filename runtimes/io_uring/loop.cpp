#include "runtimes/io_uring/loop.hpp"

#include <algorithm>
#include <chrono>

namespace regatta::runtimes::io_uring {

namespace {

// How many tasks run before the loop looks around. Tokio and Go look every 61, too: seldom enough
// that the looks cost little, often enough that sockets and timers do not starve.
constexpr u32 polls_per_look = 61;
// Tokio's limit for its LIFO slot: two tasks that wake each other must not keep the thread.
constexpr u32 most_woken_in_a_row = 3;
// Of so many tasks at least one is of those that wait their turn, and one the oldest spawned.
constexpr u32 cycle_polls = 64;
// So many spawned tasks that wait at one loop are worth the wake of another.
constexpr u32 spawned_per_wake = 16;
constexpr auto watch_every = std::chrono::milliseconds(1);

}  // namespace

template <class T>
loop<T>::loop(hub<T>& siblings, ring_options chosen) : hub_(siblings), ring_(chosen) {}

template <class T>
void loop<T>::post(work& w) noexcept {
  void const* const driven = core::current();
  if (driven == &hub_ && is_here()) {
    if (!runs_task_) {
      ready_.push(w);
    } else if (work* const displaced = std::exchange(woken_, &w)) {
      ready_.push(*displaced);
    }
    return;
  }
  if (driven == &hub_) {  // A sibling, which stays until every loop has stopped.
    if (inbox_.push(w)) wake();
    return;
  }
  core::visitors::visit const here(hub_.visitors_);
  // Only the first to fill the inbox looks whether the loop sleeps.
  if (inbox_.push(w)) wake();
}

template <class T>
bool loop<T>::wake() noexcept {
  // Sequentially consistent: what the caller has published before is seen by is_idle(), or we see
  // the sleeper here. Looking first keeps the line shared between threads that only post.
  if (!sleeping_.load(std::memory_order_seq_cst)) return false;
  if (!sleeping_.exchange(false, std::memory_order_seq_cst)) return false;
  if (loop* const waker = hub_.current()) {
    ++waker->tallies_.wakes;
  } else {
    hub_.woken_from_outside_.fetch_add(1, std::memory_order_relaxed);
  }
  ring_.ring_bell();
  return true;
}

template <class T>
void loop<T>::push_spawned(work& root) {
  u32 const waiting = spawned_.push(root);
  if constexpr (!T::single) {
    if (is_here() || !wake()) hub_.spawned(waiting);
  }
}

template <class T>
void loop<T>::adopt(work& root) noexcept {
  root.executor = this;
  post(root);
}

template <class T>
void loop<T>::begin() {
  ring_.take_over();
  if (!std::exchange(has_unattended_, false)) return;
  hub_.sources_.each([this](source<T>& each) { each.attend_again(*this); });
}

template <class T>
void loop<T>::end() noexcept {
  if (ring_.in_flight() == 0) return;
  is_ending_ = true;
  // The siblings may still be running tasks, which open sockets and wait on them.
  hub_.sources_.each([this](source<T>& each) { each.cancel_all(*this); });
  // Reads and writes of files end by themselves.
  while (ring_.in_flight() != 0) ring_.wait(time_point::max());
  is_ending_ = false;
}

template <class T>
void loop<T>::run_until_stopped() {
  core::driving const here(&hub_, this);
  begin();
  while (!hub_.is_stopping()) turn();
  end();
}

template <class T>
bool loop<T>::has_ready() const noexcept {
  return woken_ != nullptr || !ready_.empty() || spawned_.size() != 0 || !inbox_.empty();
}

template <class T>
void loop<T>::turn() noexcept {
  // Looking comes first, so that block_on() asks between running and sleeping whether its task has
  // ended.
  if (has_ready() || take_from_siblings()) {
    look_around();
  } else {
    park();
  }
  run_ready();
}

template <class T>
work* loop<T>::next() noexcept {
  if (woken_ != nullptr) {
    work* const w = std::exchange(woken_, nullptr);
    if (++woken_in_a_row_ <= most_woken_in_a_row) return w;
    ready_.push(*w);
  }
  woken_in_a_row_ = 0;
  if (spawned_.size() == 0) return ready_.pop();
  u32 const place = ++polls_of_queues_ % cycle_polls;
  if (place == 0) {
    if (work* const w = ready_.pop()) return w;
  }
  if (work* const w = next_spawned(place != cycle_polls / 2)) return w;
  return ready_.pop();
}

template <class T>
work* loop<T>::next_spawned(bool newest) noexcept {
  work* const w = newest ? spawned_.pop_newest() : spawned_.pop_oldest();
  // From here on it is a task of this loop.
  if (w != nullptr) w->executor = this;
  return w;
}

template <class T>
void loop<T>::run_ready() noexcept {
  runs_task_ = true;
  for (u32 left = polls_per_look; left > 0; --left) {
    work* const w = next();
    if (w == nullptr) break;
    ++tallies_.polls;
    deals_next_ = false;
    budget::refill();
    w->resume();
  }
  runs_task_ = false;
}

template <class T>
void loop<T>::look_around() noexcept {
  inbox_.take_all(ready_);
  fire_timers();
  ring_.poll();
}

template <class T>
bool loop<T>::is_idle() const noexcept {
  if (!inbox_.empty() || spawned_.size() != 0) return false;
  if constexpr (T::single) return true;
  if (hub_.is_stopping()) return false;
  return std::ranges::all_of(hub_.loops_, [](auto const& l) { return l->spawned_.size() == 0; });
}

template <class T>
void loop<T>::park() noexcept {
  ++tallies_.parks;
  bool watches = false;
  if constexpr (!T::single) {
    u32 const asleep = hub_.sleepers_.fetch_add(1, std::memory_order_seq_cst) + 1;
    if (asleep < hub_.loops_.size()) {
      watches = !hub_.watched_.exchange(true, std::memory_order_seq_cst);
    }
  }
  // Sequentially consistent: announce the sleep, then look; whoever brings something does it first
  // and then looks for the sleeper. One of the two sees the other.
  sleeping_.store(true, std::memory_order_seq_cst);
  if (is_idle()) {
    time_point deadline = timers_.next_deadline();
    if (watches) deadline = std::min<time_point>(deadline, clock::now() + watch_every);
    ring_.wait(deadline);
  } else {
    ring_.poll();
  }
  sleeping_.store(false, std::memory_order_relaxed);
  if constexpr (!T::single) {
    hub_.sleepers_.fetch_sub(1, std::memory_order_seq_cst);
    if (watches) hub_.watched_.store(false, std::memory_order_seq_cst);
    take_from_siblings();
  }
  inbox_.take_all(ready_);
  fire_timers();
}

template <class T>
void loop<T>::fire_timers() noexcept {
  if (timers_.size() == 0) return;
  timers_.advance(clock::now(), [this](work& w) {
    if (w.executor == this) {
      ready_.push(w);
    } else {
      w.wake();
    }
  });
}

// True: there is something to run now.
template <class T>
bool loop<T>::take_from_siblings() noexcept {
  if constexpr (!T::single) {
    for (auto const& sibling : hub_.loops_) {
      if (sibling.get() == this || sibling->spawned_.size() == 0) continue;
      core::work_queue loot;
      u32 const taken = sibling->spawned_.give_half(loot);
      if (taken == 0) continue;
      tallies_.steals += taken;
      while (work* const w = loot.pop()) {
        w->executor = this;
        ready_.push(*w);
      }
      // Whoever slept on because we were on our way now has nobody who looks.
      if (sibling->spawned_.size() != 0) hub_.wake_a_sleeper();
      return true;
    }
  }
  return false;
}

template <class T>
void loop<T>::add_counters(runtime_counters& sum) const noexcept {
  sum.spawned += tallies_.spawned.get();
  sum.polls += tallies_.polls.get();
  sum.steals += tallies_.steals.get();
  sum.parks += tallies_.parks.get();
  sum.wakes += tallies_.wakes.get();
}

template <class T>
hub<T>::hub(u32 loops, options const& chosen) : most_pending_bytes_(chosen.most_pending_bytes) {
  loops_.reserve(loops);
  for (u32 i = 0; i < loops; ++i) {
    loops_.push_back(std::make_unique<loop<T>>(*this, chosen.ring));
  }
}

template <class T>
void hub<T>::spawn(work& root) {
  loop<T>* const mine = current();
  if (mine == nullptr) {
    core::visitors::visit const here(visitors_);
    spawned_outside_.fetch_add(1, std::memory_order_relaxed);
    if constexpr (T::single) {
      loops_.front()->adopt(root);
    } else {
      next_in_turn().push_spawned(root);
    }
    return;
  }
  ++mine->tallies_.spawned;
  if (!T::single && mine->deals_next_) {
    mine->deals_next_ = false;
    // Not to be taken by whoever is idle: most often that is the acceptor itself, which is awake.
    next_in_turn().adopt(root);
  } else {
    mine->push_spawned(root);
  }
}

template <class T>
void hub<T>::spawned(u32 waiting) noexcept {
  if (sleepers_.load(std::memory_order_seq_cst) == 0) return;
  bool const is_watched = watched_.load(std::memory_order_seq_cst);
  if (!is_watched || waiting % spawned_per_wake == 0) wake_a_sleeper();
}

template <class T>
void hub<T>::wake_a_sleeper() noexcept {
  for (auto const& each : loops_) {
    if (each->wake()) return;
  }
}

template <class T>
runtime_counters hub<T>::counters() const noexcept {
  runtime_counters sum;
  for (auto const& each : loops_) each->add_counters(sum);
  sum.spawned += spawned_outside_.load(std::memory_order_relaxed);
  sum.wakes += woken_from_outside_.load(std::memory_order_relaxed);
  return sum;
}

template <class T>
void hub<T>::stop() noexcept {
  stopping_.store(true, std::memory_order_seq_cst);
  for (auto const& each : loops_) each->wake();
}

template class loop<one_thread>;
template class loop<many_threads>;
template class hub<one_thread>;
template class hub<many_threads>;

}  // namespace regatta::runtimes::io_uring
