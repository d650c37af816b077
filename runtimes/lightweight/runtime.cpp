#include "runtimes/lightweight/runtime.hpp"

#include <algorithm>
#include <string>
#include <system_error>

#include "runtimes/core/processors.hpp"

namespace regatta::runtimes::lightweight {

namespace {

// Counters are read by any thread at any time, and order nothing: relaxed is enough for all.
void count(std::atomic<u64>& counter, u64 more = 1) noexcept {
  counter.fetch_add(more, std::memory_order_relaxed);
}

}  // namespace

runtime::runtime(runtime_options chosen)
    : most_threads_(std::max(chosen.threads, 1u)),
      helper_threads_(most_threads_ > 1 ? new std::thread[most_threads_ - 1] : nullptr),
      most_helpers_(most_threads_ - 1) {}

runtime::~runtime() {
  backoff pause;
  while (!stop_one()) pause.wait();
  for (u32 i = 0; i < helpers_; ++i) {
    if (helper_threads_[i].joinable()) helper_threads_[i].join();
  }
  pool_.shut_down();
  destroy_roots();
}

bool runtime::stop_one() noexcept {
  call who;
  {
    std::lock_guard const guard(lock_);
    stopping_ = true;
    for (driver* helper = first_driver_; helper != nullptr; helper = helper->next_driver_) {
      helper->ended_.store(true, std::memory_order_release);
    }
    if (is_starting_) return false;
    if (first_sleeper_ == nullptr) return true;
    who = rouse(*first_sleeper_);
  }
  make(who);
  return false;
}

runtime_info runtime::info() {
  return {.name = "lightweight", .version = "0.1.0", .scheduling = "shared queue", .io = "epoll"};
}

std::vector<variant_of_runtime> runtime::variants() {
  u32 const processors = core::usable_processors();
  if (processors == 1) return {};
  return {{"threads=" + std::to_string(processors), {.threads = processors}}};
}

runtime_counters runtime::counters() const noexcept {
  auto const read = [](auto const& counter) { return counter.load(std::memory_order_relaxed); };
  return {.spawned = read(spawned_by_sole_) + read(spawned_),
          .polls = read(polls_),
          .steals = read(steals_),
          .parks = read(parks_),
          .wakes = read(wakes_),
          .overflows = 0};
}

void runtime::post(work& w) noexcept {
  // Relaxed: safe because it can be true here only where this very thread has made it so.
  if (sole_.load(std::memory_order_relaxed) && drives_here()) {
    own_.push(w);
    return;
  }
  call who;
  {
    std::lock_guard const guard(lock_);
    enqueue(w);
    who = choose_to_wake();
  }
  make(who);
}

void runtime::post_new(work& w) noexcept {
  if (sole_.load(std::memory_order_relaxed) && drives_here()) {
    // Safe because only the sole driver writes it: no read-modify-write is needed.
    spawned_by_sole_.store(spawned_by_sole_.load(std::memory_order_relaxed) + 1,
                           std::memory_order_relaxed);
    own_.push(w);
    return;
  }
  count(spawned_);
  post(w);
}

void runtime::interrupt_sleep(timer_wheel&) noexcept {
  if (sole_.load(std::memory_order_relaxed) && drives_here()) return;
  call who;
  {
    std::lock_guard const guard(lock_);
    // Nobody watches: then whoever lies down next looks at the timers first.
    if (watcher_ != nullptr) who = rouse(*watcher_);
  }
  make(who);
}

void runtime::enqueue(work& w) noexcept {
  // The frames are dying: nothing will run any more, and some links are gone.
  if (stopping_) return;
  queue_.push(w);
  queued_.store(queued_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

// What is ready waits for one of three: a driver that is awake and comes by, a sleeper that looks
// out and finds that it waits too long, or the sleeper that is woken here.
runtime::call runtime::choose_to_wake() noexcept {
  u32 const backlog = queued_.load(std::memory_order_relaxed);
  if (is_waking_ || stopping_ || backlog == 0) return {};
  if (first_sleeper_ == nullptr) {
    if (awake_ == 0 || is_starting_ || helpers_ >= most_helpers_) return {};
    is_starting_ = true;
    is_waking_ = true;
    return {.sleeper = nullptr, .in_epoll = false, .start_helper = true};
  }
  bool const urgent = awake_ == 0 || backlog >= backlog_worth_a_wake;
  if (urgent) {
    // The watcher last: it would leave timers and sockets alone.
    bool const only_watcher = first_sleeper_ == watcher_ && watcher_->next_sleeper_ == nullptr;
    bool const watcher_first = first_sleeper_ == watcher_ && !only_watcher;
    return rouse(watcher_first ? *first_sleeper_->next_sleeper_ : *first_sleeper_);
  }
  if (watcher_ == nullptr) return rouse(*first_sleeper_);
  // It fell asleep when nobody was awake. Let it lie down again, to look out this time.
  return watcher_->looks_out_ ? call{} : rouse(*watcher_);
}

runtime::call runtime::rouse(driver& sleeper) noexcept {
  call const who{.sleeper = &sleeper, .in_epoll = sleeper.in_epoll_, .start_helper = false};
  remove_sleeper(sleeper);
  is_waking_ = true;
  count(wakes_);
  return who;
}

void runtime::remove_sleeper(driver& risen) noexcept {
  driver** link = &first_sleeper_;
  while (*link != &risen) link = &(*link)->next_sleeper_;
  *link = risen.next_sleeper_;
  risen.is_asleep_ = false;
  risen.looks_out_ = false;
  if (watcher_ == &risen) watcher_ = nullptr;
  ++awake_;
}

work* runtime::take_from_others(driver const& idle) noexcept {
  for (driver* other = first_driver_; other != nullptr; other = other->next_driver_) {
    if (other == &idle) continue;
    std::lock_guard const guard(other->batch_lock_);
    if (work* const w = other->batch_.pop()) {
      count(steals_);
      return w;
    }
  }
  return nullptr;
}

void runtime::make(call const& who) noexcept {
  if (who.sleeper != nullptr) {
    // The last touch of the driver: it waits for this before it goes on.
    who.sleeper->parker_.unpark();
    if (who.in_epoll) reactor_.wake();
  }
  if (who.start_helper) start_helper();
}

void runtime::start_helper() noexcept {
  // Safe because is_starting_ keeps everybody else away from here.
  bool has_started = false;
  try {
    helper_threads_[helpers_] = std::thread([this] { driver(*this).drive_until_stopped(); });
    has_started = true;
  } catch (std::exception const&) {
    // No thread is to be had. The others do its work.
  }
  std::lock_guard const guard(lock_);
  is_starting_ = false;
  if (has_started) {
    ++helpers_;
  } else {
    is_waking_ = false;
    most_helpers_ = helpers_;
  }
}

void runtime::fire_timers() noexcept {
  if (!has_timers_.load(std::memory_order_relaxed)) return;
  timers_.advance(clock::now(), [](work& w) { w.wake(); });
}

void runtime::look_at_events() noexcept {
  auto const wake = [](work& w) { w.wake(); };
  fire_timers();
  if (reactor_.has_sources() && events_lock_.try_lock()) {
    reactor_.poll(wake);
    events_lock_.unlock();
  }
}

void runtime::driver::drive_until_ended(promise_base& root) noexcept {
  // Relaxed: safe because nobody else knows the task yet.
  root.link.store(reinterpret_cast<std::uintptr_t>(&finish_line_), std::memory_order_relaxed);
  enter();
  {
    core::driving const here(&rt_);
    rt_.post_new(root);
    drive();
  }
  leave();
}

void runtime::driver::drive_until_stopped() noexcept {
  enter();
  {
    core::driving const here(&rt_);
    drive();
  }
  leave();
}

void runtime::driver::post(work&) noexcept {
  runtime& rt = rt_;
  call who;
  {
    std::lock_guard const guard(rt.lock_);
    // Release: pairs with the acquire in drive(). This driver is gone when the lock is, unless it
    // was asleep: then it waits for the call.
    ended_.store(true, std::memory_order_release);
    if (is_asleep_) who = rt.rouse(*this);
  }
  rt.make(who);
}

void runtime::driver::drive() noexcept {
  while (!ended_.load(std::memory_order_acquire)) {
    if (work* const w = next()) {
      run(*w);
    } else {
      park();
    }
  }
}

void runtime::driver::run(work& w) noexcept {
  budget::refill();
  w.resume();
  patience_ = shortest_patience;
  if (++turns_ % turns_between_looks == 0) look_up();
}

void runtime::driver::look_up() noexcept {
  rt_.look_at_events();
  publish_counts();
  if (rt_.most_threads_ > 1) return;
  std::lock_guard const guard(rt_.lock_);
  if (rt_.drivers_ > 1) return;
  if (!owns_list_) become_sole();
  // Those who post from outside wait in the queue.
  rt_.own_.append(rt_.queue_);
  rt_.queued_.store(0, std::memory_order_relaxed);
}

void runtime::driver::publish_counts() noexcept {
  count(rt_.polls_, turns_ - turns_published_);
  turns_published_ = turns_;
}

void runtime::driver::enter() noexcept {
  bool const is_nested = rt_.drives_here();
  std::lock_guard const guard(rt_.lock_);
  // A task of ours calls block_on(): the driver below cannot run what it has, but we can.
  if (is_nested && rt_.sole_.load(std::memory_order_relaxed)) give_up_own_list();
  // Relaxed: safe because who becomes sole is the one who writes this, and who ceases to be sole
  // may learn of it at its next turn.
  rt_.sole_.store(false, std::memory_order_relaxed);
  next_driver_ = std::exchange(rt_.first_driver_, this);
  ++rt_.awake_;
  ++rt_.drivers_;
  rt_.is_waking_ = false;
  if (rt_.stopping_) ended_.store(true, std::memory_order_relaxed);
  if (rt_.drivers_ == 1 && rt_.most_threads_ == 1) become_sole();
}

void runtime::driver::leave() noexcept {
  publish_counts();
  call who;
  {
    std::lock_guard const guard(rt_.lock_);
    if (owns_list_) give_up_own_list();
    while (work* const w = batch_.pop()) rt_.enqueue(*w);
    driver** link = &rt_.first_driver_;
    while (*link != this) link = &(*link)->next_driver_;
    *link = next_driver_;
    --rt_.awake_;
    --rt_.drivers_;
    who = rt_.choose_to_wake();
  }
  rt_.make(who);
}

// Under the lock.
void runtime::driver::become_sole() noexcept {
  rt_.own_.append(batch_);
  owns_list_ = true;
  rt_.sole_.store(true, std::memory_order_relaxed);
}

// Under the lock, on the thread to which the list belongs.
void runtime::driver::give_up_own_list() noexcept {
  while (work* const w = rt_.own_.pop()) rt_.enqueue(*w);
  rt_.sole_.store(false, std::memory_order_relaxed);
  owns_list_ = false;
}

work* runtime::driver::next() noexcept {
  if (rt_.sole_.load(std::memory_order_relaxed)) return next_when_sole();
  if (owns_list_) {
    // Another driver has come.
    std::lock_guard const guard(rt_.lock_);
    give_up_own_list();
  }
  return next_when_shared();
}

work* runtime::driver::next_when_sole() noexcept {
  if (work* const w = rt_.own_.pop()) return w;
  if (rt_.queued_.load(std::memory_order_relaxed) == 0) return nullptr;
  std::lock_guard const guard(rt_.lock_);
  if (!rt_.sole_.load(std::memory_order_relaxed)) return nullptr;
  rt_.own_.append(rt_.queue_);
  rt_.queued_.store(0, std::memory_order_relaxed);
  return rt_.own_.pop();
}

work* runtime::driver::next_when_shared() noexcept {
  {
    std::lock_guard const guard(batch_lock_);
    if (work* const w = batch_.pop()) return w;
  }
  call who;
  work* first;
  {
    std::lock_guard const guard(rt_.lock_);
    first = rt_.queue_.pop();
    if (first == nullptr) {
      surplus_since_ = time_point::max();
      return rt_.take_from_others(*this);
    }
    take_share(who);
  }
  rt_.make(who);
  return first;
}

// Under the lock, when the first task has been taken: takes some more, and if what is left has been
// waiting for long, finds somebody to help.
void runtime::driver::take_share(call& who) noexcept {
  u32 left = rt_.queued_.load(std::memory_order_relaxed);
  u32 const share = std::clamp(left / rt_.awake_, 1u, batch_tasks);
  {
    std::lock_guard const guard(batch_lock_);
    for (u32 i = 1; i < share; ++i) batch_.push(*rt_.queue_.pop());
  }
  left -= share;
  rt_.queued_.store(left, std::memory_order_relaxed);
  if (left == 0) {
    surplus_since_ = time_point::max();
  } else if (rt_.first_sleeper_ != nullptr && !rt_.is_waking_) {
    auto const now = clock::now();
    if (surplus_since_ == time_point::max()) {
      surplus_since_ = now;
    } else if (now - surplus_since_ > surplus_worth_a_wake) {
      surplus_since_ = time_point::max();
      who = rt_.rouse(*rt_.first_sleeper_);
    }
  }
}

void runtime::driver::park() noexcept {
  publish_counts();
  bool watches = false;
  bool in_epoll = false;
  bool looks_out = false;
  {
    std::lock_guard const guard(rt_.lock_);
    // Written under this lock, like everything that we must not sleep through.
    if (ended_.load(std::memory_order_relaxed) || !rt_.queue_.empty()) return;
    is_asleep_ = true;
    next_sleeper_ = std::exchange(rt_.first_sleeper_, this);
    --rt_.awake_;
    bool const has_sources = rt_.reactor_.has_sources();
    watches = rt_.watcher_ == nullptr || (has_sources && !rt_.watcher_->in_epoll_);
    if (watches) rt_.watcher_ = this;
    in_epoll_ = in_epoll = watches && has_sources && rt_.events_lock_.try_lock();
    looks_out_ = looks_out = watches && rt_.awake_ > 0;
    count(rt_.parks_);
  }
  // Only now: whoever inserts a sooner timer after this look finds the watcher that it must rouse.
  time_point until = time_point::max();
  if (watches && rt_.has_timers_.load(std::memory_order_relaxed)) {
    until = rt_.timers_.next_deadline();
  }
  if (looks_out) {
    until = std::min<time_point>(until, clock::now() + patience_);
    patience_ = std::min(2 * patience_, longest_patience);
  }
  core::work_queue woken;
  bool has_looked = false;
  if (until == time_point::max() || until > clock::now()) {
    if (in_epoll) {
      has_looked = true;
      // Kept until we are awake again, or each of them would wake another sleeper.
      auto const keep = [&](work& w) { w.executor == &rt_ ? woken.push(w) : w.wake(); };
      rt_.reactor_.sleep_until(until, keep, [this] { return !parker_.is_unparked(); });
    } else {
      parker_.park_until(until);
    }
  }
  if (in_epoll) rt_.events_lock_.unlock();
  bool was_roused;
  {
    std::lock_guard const guard(rt_.lock_);
    was_roused = !is_asleep_;
    if (was_roused) {
      rt_.is_waking_ = false;
    } else {
      rt_.remove_sleeper(*this);
    }
    in_epoll_ = false;
    while (work* const w = woken.pop()) rt_.enqueue(*w);
  }
  // Takes the token, and waits for the caller to have let go of us.
  if (was_roused) parker_.park();
  if (!watches) return;
  // What epoll has just told need not be asked again.
  has_looked ? rt_.fire_timers() : rt_.look_at_events();
}

}  // namespace regatta::runtimes::lightweight
