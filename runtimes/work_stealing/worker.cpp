#include "runtimes/work_stealing/worker.hpp"

#include <algorithm>

#include "runtimes/work_stealing/runtime.hpp"

namespace regatta::runtimes::work_stealing {

namespace {

// What waking a sleeping worker costs, the waker's part and the sleeper's. On a small virtual
// machine it is 8 and 26 us, on bare metal a tenth; erring upwards only delays a second worker a
// little.
constexpr i64 wake_cost_ns = 30'000;
constexpr duration first_watch = std::chrono::microseconds(500);
constexpr duration longest_watch = std::chrono::milliseconds(10);
constexpr u32 pushes_per_wake_check = 64;
// A worker that has not looked at its events for so long is inside a long task: others look for it.
constexpr i64 absent_after_ns = 1'000'000;

}  // namespace

worker::worker(runtime& rt, u32 index) noexcept
    : runtime_(rt),
      index_(index),
      random_(0x9e3779b97f4a7c15u * (index + 1)),
      spin_(rt.options_.longest_spin / 2),
      watch_(first_watch) {}

u64 worker::backlog() const noexcept {
  auto& self = const_cast<worker&>(*this);  // Safe because looking changes nothing.
  return deque::thief(self.deque_).size() + (fifo::thief(self.ring_).looks_empty() ? 0u : 1u);
}

void worker::push_spawned(work& w) {
  ++tallies_.spawned;
  if (runtime_.options_.newest_first) {
    deque::owner(deque_).push(w);
  } else {
    push_fifo(w);
  }
  if (--pushes_until_wake_check_ == 0) consider_waking_another();
}

void worker::push_woken(work& w) noexcept {
  if (!runtime_.options_.lifo_slot) {
    push_fifo(w);
  } else if (work* const displaced = std::exchange(lifo_, &w)) {
    push_fifo(*displaced);
  } else {
    return;  // It will run next, here: no reason to wake anybody.
  }
  if (--pushes_until_wake_check_ == 0) consider_waking_another();
}

void worker::push_yielded(work& w) noexcept { push_fifo(w); }

void worker::push_fifo(work& w) noexcept {
  fifo::owner mine(ring_);
  while (!mine.push(w)) {
    core::work_queue batch;
    u32 const moved = mine.take_half([&](work& each) { batch.push(each); });
    if (moved == 0) continue;  // A thief is making room.
    tallies_.overflows += moved;
    runtime_.injector_.push_all(batch, moved, index_);
  }
}

work* worker::next() noexcept {
  if (lifo_ != nullptr) {
    if (lifo_polls_in_a_row_++ < runtime_.options_.lifo_polls) return std::exchange(lifo_, nullptr);
    push_fifo(*std::exchange(lifo_, nullptr));
  }
  lifo_polls_in_a_row_ = 0;
  if (newest_in_a_row_ < runtime_.options_.newest_in_a_row) {
    if (work* const w = deque::owner(deque_).pop()) {
      ++newest_in_a_row_;
      return w;
    }
  }
  newest_in_a_row_ = 0;
  if (work* const w = fifo::owner(ring_).pop()) return w;
  if (work* const w = deque::owner(deque_).pop()) return w;
  return next_from_injector();
}

work* worker::next_from_injector() noexcept {
  if (runtime_.injector_.looks_empty()) return nullptr;
  work* first = nullptr;
  fifo::owner mine(ring_);
  u32 const room = ring_slots / 2 - std::min(ring_slots / 2, mine.size());
  runtime_.injector_.take(room + 1, runtime_.threads(), index_, [&](work& w) {
    if (first == nullptr) {
      first = &w;
    } else {
      push_fifo(w);
    }
  });
  return first;
}

void worker::check_events() noexcept {
  polls_until_event_check_ = runtime_.options_.polls_per_event_check;
  if (work* const w = next_from_injector()) push_fifo(*w);
  // The oldest of the spawned tasks has waited longest: newest first must not starve it.
  if (work* const oldest = deque::thief(deque_).steal()) push_fifo(*oldest);
  time_point const now = clock::now();
  harvest_events(*this, now);
  if (runtime_.threads() == 1) return;

  if (last_event_check_ != time_point{}) {
    i64 const per_poll = (now - last_event_check_).count() / polls_until_event_check_;
    poll_ns_ = poll_ns_ == 0 ? per_poll : (3 * poll_ns_ + per_poll) / 4;
  }
  last_event_check_ = now;
  if (backlog() == 0) {
    surplus_since_ = {};
  } else if (surplus_since_ == time_point{}) {
    surplus_since_ = now;
  } else if ((now - surplus_since_).count() > wake_cost_ns && runtime_.idle_.anybody_asleep()) {
    // Work has lain here for longer than it takes to wake somebody.
    surplus_since_ = {};
    runtime_.notify_one();
  }
}

// Queues here what has become ready among the events of `source`. True: there was something.
bool worker::harvest_events(worker& source, time_point now) noexcept {
  if (!source.harvest_lock_.try_lock()) return false;
  source.harvested_at_ns_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  auto const sink = [this](work& w) { push_fifo(w); };
  u64 found = source.timers_.advance(now, sink);
  if (source.reactor_.has_sources()) found += source.reactor_.poll(sink);
  source.harvest_lock_.unlock();
  return found != 0;
}

// A worker inside a long task does not hear its timers and descriptors. Others who have time do.
work* worker::harvest_for_the_absent(time_point now) noexcept {
  for (auto const& other : runtime_.workers_) {
    i64 const last = other->harvested_at_ns_.load(std::memory_order_relaxed);
    if (other.get() == this || last == 0) continue;
    if (now.time_since_epoch().count() - last < absent_after_ns) continue;
    if (runtime_.idle_.is_asleep(other->index_)) continue;  // It sleeps on its events.
    if (harvest_events(*other, now)) return fifo::owner(ring_).pop();
  }
  return nullptr;
}

// Waking costs some ten microseconds, a small task a tenth of one. So another worker is woken for a
// local backlog only when running it here would take longer than the wake, or when nobody has an
// eye on us and this very task might block (the sleeper then watches: see park()).
void worker::consider_waking_another() noexcept {
  bool const polls_are_long = poll_ns_ == 0 || poll_ns_ > wake_cost_ns / 8;
  pushes_until_wake_check_ = polls_are_long ? 1 : pushes_per_wake_check;
  if (!runtime_.idle_.anybody_asleep()) return;
  i64 const waiting = static_cast<i64>(deque::owner(deque_).size() + fifo::owner(ring_).size());
  bool const unwatched = !runtime_.watched_.load(std::memory_order_relaxed);
  if (unwatched || waiting * std::max<i64>(poll_ns_, 1) > wake_cost_ns) runtime_.notify_one();
}

work* worker::steal_from(worker& victim, u64 least_backlog) noexcept {
  deque::thief spawned(victim.deque_);
  u64 const available = spawned.size();
  if (available >= least_backlog) {
    if (work* const oldest = spawned.steal()) {
      ++tallies_.steals;
      // A few more, so that tiny tasks are not fetched one by one.
      u64 const more = runtime_.options_.steal_half ? std::min<u64>(available / 2, 32) : 0;
      for (u64 i = 0; i < more; ++i) {
        work* const another = spawned.steal();
        if (another == nullptr) break;
        ++tallies_.steals;
        push_fifo(*another);
      }
      return oldest;
    }
  }
  fifo::owner mine(ring_);
  if (u32 const taken = fifo::thief(victim.ring_).steal_into(mine, runtime_.options_.steal_half)) {
    tallies_.steals += taken;
    return mine.pop();
  }
  return nullptr;
}

work* worker::search() noexcept {
  if (harvest_events(*this, clock::now())) return fifo::owner(ring_).pop();
  if (runtime_.threads() == 1) return nullptr;
  if (!searching_) {
    searching_ = true;
    runtime_.idle_.begin_search();
  }
  work* w = look_around(1);
  if (w == nullptr) w = harvest_for_the_absent(clock::now());
  if (w == nullptr) w = spin_for_work();
  if (w != nullptr) {
    searching_ = false;
    watch_ = first_watch;
    // The last searcher to leave makes sure that what it saw and did not take is looked after.
    if (runtime_.idle_.end_search() && !runtime_.injector_.looks_empty()) runtime_.notify_one();
  }
  return w;
}

work* worker::look_around(u64 least_backlog) noexcept {
  if (work* const w = next_from_injector()) return w;
  // xorshift64 (Marsaglia, 2003).
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  u32 const workers = runtime_.threads();
  u32 const start = static_cast<u32>(random_ % workers);
  for (u32 i = 0; i < workers; ++i) {
    u32 const victim = (start + i) % workers;
    if (victim == index_) continue;
    if (work* const w = steal_from(*runtime_.workers_[victim], least_backlog)) return w;
  }
  return nullptr;
}

// Looks on for a while before it sleeps, as long as that has paid lately.
work* worker::spin_for_work() noexcept {
  if (runtime_.options_.longest_spin == duration::zero()) return nullptr;
  time_point const until = clock::now() + spin_;
  for (u32 round = 0;; ++round) {
    for (u32 i = 0; i < 32; ++i) cpu_relax();
    // At first only from who has plenty: a single new task is best run where it was spawned.
    if (work* const w = look_around(round < 8 ? 2 : 1)) {
      spin_ = std::min(2 * spin_, runtime_.options_.longest_spin);
      return w;
    }
    time_point const now = clock::now();
    if (reactor_.has_sources() && harvest_events(*this, now)) return fifo::owner(ring_).pop();
    if (runtime_.is_stopping() || now >= until) break;
  }
  spin_ = std::max(spin_ * 7 / 8, duration(std::chrono::microseconds(1)));
  return nullptr;
}

bool worker::sees_work() const noexcept {
  if (!runtime_.injector_.looks_empty()) return true;
  for (auto const& other : runtime_.workers_) {
    if (other->backlog() != 0) return true;
  }
  return false;
}

bool worker::must_stop() const noexcept { return runtime_.is_stopping(); }
idle& worker::idlers() noexcept { return runtime_.idle_; }
void worker::end_search() noexcept {
  searching_ = false;
  runtime_.idle_.end_search();
}

bool worker::has_work_left() noexcept {
  return lifo_ != nullptr || backlog() != 0 || timers_.size() != 0 || reactor_.has_sources();
}

// True: it is over, and the worker is its own again. False: somebody has claimed it.
bool worker::sleep(bed const& here) {
  // While others run, one sleeper looks up now and then: their queues may hold work that they did
  // not think worth a wake, and the task that they run may not come back for long.
  bool unwatched = false;
  bool const watching =
      runtime_.idle_.anybody_awake() && runtime_.watched_.compare_exchange_strong(unwatched, true);
  time_point deadline = timers_.next_deadline();
  if (watching) deadline = std::min(deadline, clock::now() + here.watch);
  if (here.in_reactor) {
    reactor_.sleep_until(
        deadline, [this](work& w) { push_fifo(w); },
        [&here] { return !here.parker.is_unparked(); });
  } else {
    here.parker.park_until(deadline);
  }
  if (watching) runtime_.watched_.store(false, std::memory_order_relaxed);
  if (!runtime_.idle_.claim(index_)) return false;
  if (watching) watch_ = std::min(2 * watch_, longest_watch);
  return true;
}

}  // namespace regatta::runtimes::work_stealing
