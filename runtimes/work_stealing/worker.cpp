#include "runtimes/work_stealing/worker.hpp"

#include <algorithm>

#include "runtimes/work_stealing/runtime.hpp"

namespace regatta::runtimes::work_stealing {

namespace {

// What waking a sleeping worker costs, the waker's part and the sleeper's. On a small virtual
// machine it is 8 and 26 us, on bare metal a tenth; erring upwards only delays a second worker a
// little.
constexpr i64 wake_cost_ns = 30'000;
// What a task pays that is moved to another processor: its lines, and those that it shares.
constexpr i64 move_cost_ns = 5'000;
// A spawned task that has waited so long behind newer ones is given a place in the line.
constexpr i64 longest_wait_ns = 200'000;
constexpr u32 pushes_per_wake_check = 64;
// A worker that has not looked at its events for so long is inside a long task: others look for it.
constexpr i64 absent_after_ns = 1'000'000;

}  // namespace

worker::worker(runtime& rt, u32 index) noexcept
    : runtime_(rt),
      stopping_(rt.stopping_),
      index_(index),
      random_(0x9e3779b97f4a7c15u * (index + 1)),
      spin_(rt.options_.longest_spin / 2),
      watch_(first_watch),
      ring_(rt.options_.ring_slots) {}

bool worker::has_loot() const noexcept {
  auto& self = const_cast<worker&>(*this);  // Safe because looking changes nothing.
  return deque::thief(self.deque_).size() != 0 || fifo::thief(self.ring_).size() != 0;
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

void worker::overflow(work& w) noexcept {
  fifo::owner mine(ring_);
  do {
    core::work_queue batch;
    u32 const moved = mine.take_half([&](work& each) { batch.push(each); });
    if (moved == 0) continue;  // A thief is making room.
    tallies_.overflows += moved;
    runtime_.injector_.push_all(batch, moved, index_);
  } while (!mine.push(w));
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
  if (work* const w = next_in_line()) return w;
  if (work* const w = deque::owner(deque_).pop()) return w;
  return next_from_injector();
}

// While tasks are short, several are claimed with one compare-exchange (the idea of block-wise
// queues, BWoS, OSDI 2023), but never more than a share that leaves loot.
bool worker::claim_line() noexcept {
  fifo::owner mine(ring_);
  i64 const poll_ns = poll_ns_.load(std::memory_order_relaxed);
  bool const tasks_are_short = poll_ns != 0 && poll_ns < move_cost_ns / most_in_line;
  u32 const share = tasks_are_short ? mine.size() / (2 * runtime_.threads()) + 1 : 1;
  line_next_ = 0;
  line_end_ = mine.pop_some(std::min(share, most_in_line), line_.data());
  return line_end_ != 0;
}

work* worker::next_from_injector() noexcept {
  if (runtime_.injector_.looks_empty()) return nullptr;
  work* first = nullptr;
  fifo::owner mine(ring_);
  u32 const half = ring_.capacity() / 2;
  u32 const room = half - std::min(half, mine.size());
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
  time_point const now = clock::now();
  harvest_events(*this, now);
  heartbeat_ns_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  if (last_event_check_ != time_point{}) {
    i64 const latest = (now - last_event_check_).count() / polls_until_event_check_;
    i64 const before = poll_ns_.load(std::memory_order_relaxed);
    poll_ns_.store(before == 0 ? latest + 1 : (3 * before + latest) / 4 + 1,
                   std::memory_order_relaxed);
  }
  last_event_check_ = now;
  weigh_the_queues(now);
}

// After a pause the time since the last check says nothing about the length of tasks.
void worker::begin_stretch() noexcept {
  last_event_check_ = {};
  oldest_since_ = {};
  polls_until_event_check_ = runtime_.options_.polls_per_event_check;
  heartbeat_ns_.store(clock::now().time_since_epoch().count(), std::memory_order_relaxed);
}

// Looks after what waits here for long.
void worker::weigh_the_queues(time_point now) noexcept {
  deque::owner spawned(deque_);
  u64 const oldest = spawned.taken_from_top();
  if (oldest != oldest_seen_ || oldest_since_ == time_point{} || spawned.size() == 0) {
    oldest_seen_ = oldest;
    oldest_since_ = now;
  }
  i64 const oldest_waits_ns = (now - oldest_since_).count();
  // Newest first must not starve the oldest.
  if (oldest_waits_ns > longest_wait_ns) {
    if (work* const w = deque::thief(deque_).steal()) push_fifo(*w);
  }
  i64 const line_ns = fifo::owner(ring_).size() * poll_ns_.load(std::memory_order_relaxed);
  bool const pays = runtime_.loot_pays_.load(std::memory_order_relaxed);
  i64 const longest_wait = std::max(pays ? oldest_waits_ns : 0, line_ns);
  if (longest_wait > wake_cost_ns && runtime_.idle_.anybody_asleep()) {
    runtime_.notify_one();
  }
}

// Nearly always our own; but a task of another runtime may wait on a socket of ours.
void worker::make_ready(work& w) noexcept {
  if (w.executor == &runtime_) {
    push_fifo(w);
  } else {
    w.wake();
  }
}

// Queues here what has become ready among the events of `source`. True: there was something.
bool worker::harvest_events(worker& source, time_point now) noexcept {
  if (!source.harvest_lock_.try_lock()) return false;
  auto const sink = [this](work& w) { make_ready(w); };
  u64 found = source.timers_.advance(now, sink);
  if (source.reactor_.has_sources()) found += source.reactor_.poll(sink);
  source.harvest_lock_.unlock();
  return found != 0;
}

// A worker inside a long task does not hear its timers and descriptors. Others who have time do.
work* worker::harvest_for_the_absent(time_point now) noexcept {
  for (auto const& other : runtime_.workers_) {
    i64 const last = other->heartbeat_ns_.load(std::memory_order_relaxed);
    if (now.time_since_epoch().count() - last < absent_after_ns) continue;
    // Who sleeps, sleeps among its events.
    if (other.get() == this || runtime_.idle_.is_asleep(other->index_)) continue;
    if (harvest_events(*other, now)) return fifo::owner(ring_).pop();
  }
  return nullptr;
}

// Waking costs some ten microseconds, a small task a tenth of one. So another worker is woken for a
// local backlog only when running it here would take longer than the wake, or when nobody has an
// eye on us and this very task might block (the sleeper then watches: see park()).
void worker::consider_waking_another() noexcept {
  i64 const poll_ns = poll_ns_.load(std::memory_order_relaxed);
  bool const tasks_are_long = poll_ns == 0 || poll_ns > wake_cost_ns / pushes_per_wake_check;
  pushes_until_wake_check_ = tasks_are_long ? 1 : pushes_per_wake_check;
  if (!runtime_.idle_.anybody_asleep()) return;
  i64 const waiting = static_cast<i64>(deque::owner(deque_).size() + fifo::owner(ring_).size());
  bool const unwatched = !runtime_.watched_.load(std::memory_order_relaxed);
  bool const pays = tasks_are_long || runtime_.loot_pays_.load(std::memory_order_relaxed);
  if (unwatched || (pays && waiting * poll_ns > wake_cost_ns)) runtime_.notify_one();
}

// Whether this worker has been inside one task for far longer than it is used to.
bool worker::is_stuck(time_point now) const noexcept {
  i64 const usual_ns =
      poll_ns_.load(std::memory_order_relaxed) * runtime_.options_.polls_per_event_check;
  i64 const since_ns =
      now.time_since_epoch().count() - heartbeat_ns_.load(std::memory_order_relaxed);
  return since_ns > std::max<i64>(50'000, 4 * usual_ns);
}

// Tasks in a ring have run before and often belong together (two ends of a channel, say): torn
// apart, both pay. So a ring is robbed only of what would wait longer than the move costs. Spawned
// tasks are fresh, but a single one is best run where it was made.
work* worker::steal_from(worker& victim, time_point now) noexcept {
  bool const stuck = victim.is_stuck(now);
  deque::thief spawned(victim.deque_);
  u64 const available = spawned.size();
  bool const pays = runtime_.loot_pays_.load(std::memory_order_relaxed);
  if (stuck ? available != 0 : pays && available >= 2) {
    // Several, so that tiny tasks are not fetched one by one; run newest first here, too.
    u64 const most = runtime_.options_.steal_half ? std::min<u64>(available / 2 + 1, 32) : 1;
    deque::owner own(deque_);
    for (u64 i = 0; i < most; ++i) {
      work* const oldest = spawned.steal();
      if (oldest == nullptr) break;
      ++tallies_.steals;
      own.push(*oldest);
    }
    if (work* const w = own.pop()) {
      looted_at_ = now;
      return w;
    }
  }
  fifo::thief line(victim.ring_);
  i64 const poll_ns = victim.poll_ns_.load(std::memory_order_relaxed);
  bool const worth_it = stuck || poll_ns == 0 || line.size() * poll_ns > move_cost_ns;
  fifo::owner mine(ring_);
  if (!worth_it || mine.size() != 0) return nullptr;
  u32 const taken = line.steal_into(mine, runtime_.options_.steal_half);
  tallies_.steals += taken;
  return mine.pop();
}

work* worker::search() noexcept {
  time_point const now = clock::now();
  if (looted_at_ != time_point{}) judge_loot(now);
  if (harvest_events(*this, now)) return fifo::owner(ring_).pop();
  if (runtime_.threads() == 1) return nullptr;
  if (!searching_) {
    searching_ = true;
    runtime_.idle_.begin_search();
  }
  work* w = look_around(now);
  if (w == nullptr) w = harvest_for_the_absent(now);
  if (w == nullptr) w = spin_for_work();
  if (w != nullptr) {
    searching_ = false;
    // The last searcher to leave makes sure that what it saw and did not take is looked after.
    if (runtime_.idle_.end_search() && !runtime_.injector_.looks_empty()) runtime_.notify_one();
  }
  return w;
}

// A stolen task may be the root of a large tree or a trifle that cost more to move than to run;
// only afterwards one knows. After trifles nobody steals, nor is woken to, until a watcher's next
// look.
void worker::judge_loot(time_point now) noexcept {
  bool const paid = (now - std::exchange(looted_at_, time_point{})).count() > 2 * move_cost_ns;
  if (paid) watch_ = first_watch;
  if (paid != runtime_.loot_pays_.load(std::memory_order_relaxed)) {
    runtime_.loot_pays_.store(paid, std::memory_order_relaxed);
  }
}

work* worker::look_around(time_point now) noexcept {
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
    if (work* const w = steal_from(*runtime_.workers_[victim], now)) return w;
  }
  return nullptr;
}

// Looks on for a while before it sleeps, as long as that has paid lately.
work* worker::spin_for_work() noexcept {
  if (runtime_.options_.longest_spin == duration::zero()) return nullptr;
  time_point now = clock::now();
  time_point const until = now + spin_;
  while (now < until && !must_stop()) {
    for (u32 i = 0; i < 32; ++i) cpu_relax();
    now = clock::now();
    work* w = look_around(now);
    if (w == nullptr && reactor_.has_sources() && harvest_events(*this, now)) {
      w = fifo::owner(ring_).pop();
    }
    if (w == nullptr) continue;
    spin_ = std::min(2 * spin_, runtime_.options_.longest_spin);
    return w;
  }
  spin_ = std::max(spin_ * 7 / 8, duration(std::chrono::microseconds(1)));
  return nullptr;
}

bool worker::sees_work() const noexcept {
  if (!runtime_.injector_.looks_empty()) return true;
  time_point const now = clock::now();
  for (auto const& other : runtime_.workers_) {
    if (other->has_loot() && (other.get() == this || other->is_stuck(now))) return true;
  }
  return false;
}

idle& worker::idlers() noexcept { return runtime_.idle_; }
void worker::end_search() noexcept {
  searching_ = false;
  runtime_.idle_.end_search();
}

bool worker::has_work_left() noexcept {
  return lifo_ != nullptr || line_next_ != line_end_ || has_loot() || timers_.size() != 0 ||
         reactor_.has_sources();
}

// True: the caller is this worker again. False: somebody has claimed it and will set the caller
// going.
bool worker::claim_back(bed const& here) noexcept {
  if (!runtime_.idle_.claim(index_)) return false;
  if (parked_on_ == &here.parker) return true;
  // Since we lay down, a thread in block_on() has claimed this worker and has itself gone to sleep
  // on it: it was that sleeper's bit, so it is for that sleeper to go on.
  runtime_.set_going(index_);
  return false;
}

// True: it is over, and the worker is its own again. False: somebody has claimed it.
bool worker::sleep(bed const& here) {
  // One sleeper looks up now and then while others run: their queues may hold work that they did
  // not think worth a wake, and the task that they run may not come back for long. For some
  // milliseconds it does so even when all sleep, so that bursts of short work need not wake
  // somebody each time.
  bool const has_reason = runtime_.idle_.anybody_awake() || here.watch < longest_watch;
  bool unwatched = false;
  bool const watching = has_reason && runtime_.watched_.compare_exchange_strong(unwatched, true);
  time_point deadline = timers_.next_deadline();
  if (watching) deadline = std::min(deadline, clock::now() + here.watch);
  if (here.in_reactor) {
    reactor_.sleep_until(
        deadline, [this](work& w) { make_ready(w); },
        [&here] { return !here.parker.is_unparked(); });
  } else {
    here.parker.park_until(deadline);
  }
  if (watching) runtime_.watched_.store(false, std::memory_order_relaxed);
  if (!claim_back(here)) return false;
  if (watching) {
    watch_ = std::min(2 * watch_, longest_watch);
    runtime_.loot_pays_.store(true, std::memory_order_relaxed);  // Let us see.
  }
  return true;
}

}  // namespace regatta::runtimes::work_stealing
