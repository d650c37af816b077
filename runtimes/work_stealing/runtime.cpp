#include "runtimes/work_stealing/runtime.hpp"

#include <algorithm>
#include <functional>
#include <thread>

#include "runtimes/core/processors.hpp"

namespace regatta::runtimes::work_stealing {

namespace {

// Threads that post from outside keep to one shard of the injector each.
REGATTA_READS_THREAD_LOCAL u32 home_shard() noexcept {
  static std::atomic<u32> next{0};
  static thread_local u32 const home = next.fetch_add(1, std::memory_order_relaxed);
  return home;
}

}  // namespace

runtime::runtime(options chosen)
    : options_(chosen),
      injector_(chosen.threads != 0 ? chosen.threads : core::usable_processors()),
      idle_(chosen.threads != 0 ? chosen.threads : core::usable_processors()) {
  u32 const threads = chosen.threads != 0 ? chosen.threads : core::usable_processors();
  workers_.reserve(threads);
  for (u32 i = 0; i < threads; ++i) workers_.push_back(std::make_unique<worker>(*this, i));
}

runtime::~runtime() {
  REGATTA_ASSERT(current_worker() == nullptr,
                 "a task cannot destroy the runtime that runs it: destroy it after block_on()");
  // Jobs post to their waiters, so they end while there is somebody to post to.
  blocking_.shut_down();
  visitors_.wait_until_gone();
  {
    std::lock_guard const no_thread_starts(threads_mutex_);
    stopping_.store(true, std::memory_order_seq_cst);
  }
  for (u32 i = 0; i < threads(); ++i) {
    if (idle_.claim(i) && workers_[i]->thread_.joinable()) set_going(i);
  }
  for (auto& one : workers_) {
    if (one->thread_.joinable()) one->thread_.join();
  }
  destroy_roots();
}

runtime_info runtime::info() {
  return {
      .name = "work_stealing", .version = "0.1.0", .scheduling = "work-stealing", .io = "epoll"};
}

std::vector<variant_of_runtime> runtime::variants() {
  std::vector<variant_of_runtime> variants{{.name = "", .options = {}},
                                           {.name = "threads=1", .options = {.threads = 1}}};
  for (char const* const ablation :
       {"lifo=off", "steal=one", "queue=16", "queue=64", "queue=256", "queue=1024"}) {
    variants.push_back({.name = ablation, .options = {.ablation = ablation}});
  }
  return variants;
}

runtime_counters runtime::counters() const noexcept {
  runtime_counters sum{.spawned = spawned_outside_.load(std::memory_order_relaxed)};
  for (auto const& one : workers_) {
    worker_tallies const& t = one->tallies();
    sum.spawned += t.spawned.get();
    sum.polls += t.polls.get();
    sum.steals += t.steals.get();
    sum.parks += t.parks.get();
    sum.wakes += t.wakes.get();
    sum.overflows += t.overflows.get();
  }
  return sum;
}

worker* runtime::current_worker() const noexcept {
  return static_cast<worker*>(core::current_worker_of(this));
}

worker& runtime::worker_for_events() noexcept {
  worker* const here = current_worker();
  return here != nullptr ? *here : *workers_.front();
}

void runtime::look_again(worker& asleep) noexcept {
  if (current_worker() != &asleep && idle_.claim(asleep.index())) set_going(asleep.index());
}

void runtime::interrupt_sleep(core::timer_wheel<spin_lock>&) noexcept {
  // A worker that sets a timer is awake and reckons anew before it sleeps.
  if (current_worker() == nullptr) look_again(*workers_.front());
}

io_expected<runtime::listener> runtime::listen(endpoint const& where, listen_options chosen) {
  worker& home = worker_for_events();
  return settle_in(home, listener::listen(home.reactor(), where, chosen));
}

io_expected<runtime::listener> runtime::adopt_listener(int descriptor) {
  worker& home = worker_for_events();
  return settle_in(home, listener::adopt(home.reactor(), descriptor));
}

io_expected<runtime::listener> runtime::settle_in(worker& home, io_expected<listener> opened) {
  if (!opened) return opened;
  // A connection stays with the worker that accepts it.
  opened->place_with(
      [](void* self) noexcept -> core::epoll_reactor<many_threads>& {
        return static_cast<runtime*>(self)->worker_for_events().reactor();
      },
      this);
  look_again(home);
  return opened;
}

void runtime::post(work& w) noexcept {
  if (worker* const here = current_worker()) {
    here->push_woken(w);
    return;
  }
  core::visitors::visit const here(visitors_);
  injector_.push(w, home_shard());
  notify_one();
}

void runtime::post_new(work& w) {
  if (worker* const here = current_worker()) {
    here->push_spawned(w);
    return;
  }
  spawned_outside_.fetch_add(1, std::memory_order_relaxed);
  post(w);
}

void runtime::post_yielded(work& w) noexcept {
  if (worker* const here = current_worker()) {
    here->push_yielded(w);
  } else {
    post(w);
  }
}

void runtime::notify_one() noexcept {
  if (idle_.anybody_searching()) return;
  if (std::optional<u32> const sleeper = idle_.claim_any()) set_going(*sleeper);
}

void runtime::set_going(u32 index) noexcept {
  worker& claimed = *workers_[index];
  // On its behalf, so that the next to post does not wake another before this one has looked.
  idle_.begin_search();
  if (worker* const here = current_worker()) ++here->tallies_.wakes;
  if (claimed.parked_on_ != nullptr) {
    bool const in_reactor = claimed.parked_in_reactor_;
    claimed.parked_on_->unpark();  // From here on it runs: only its reactor may be touched.
    if (in_reactor) claimed.reactor_.wake();
    return;
  }
  std::lock_guard const guard(threads_mutex_);
  if (stopping_.load(std::memory_order_relaxed)) return;
  claimed.thread_ = std::thread([&claimed] {
    claimed.searching_ = true;
    claimed.parked_on_ = &claimed.own_parker_;
    claimed.run([] { return false; });
  });
}

void runtime::main_task::announce_end() noexcept {
  runtime& owner = rt;
  std::optional<u32> const stood_in_for = place;
  if (!stood_in_for) {
    // The waiter looks at nothing else, and may be gone with all of this once the token is set: the
    // parker then only names its address to the kernel.
    parker.unpark();
    return;
  }
  bool const elsewhere = owner.current_worker() != owner.workers_[*stood_in_for].get();
  // Sequentially consistent: the waiter announces that it sleeps, then looks at `ended`.
  ended.store(true, std::memory_order_seq_cst);
  if (elsewhere && owner.idle_.claim(*stood_in_for)) owner.set_going(*stood_in_for);
}

std::optional<u32> runtime::take_place() noexcept {
  REGATTA_ASSERT(current_worker() == nullptr,
                 "block_on() inside a task would block its worker: co_await the task instead");
  std::optional<u32> const place = idle_.claim_any();
  if (!place) return std::nullopt;
  worker const& claimed = *workers_[*place];
  // Another thread in block_on() sleeps as this worker. Were we to take its place, the end of its
  // task would wake us and not it.
  bool const has_stand_in =
      claimed.parked_on_ != nullptr && claimed.parked_on_ != &claimed.own_parker_;
  // Or its thread sleeps among its events, and nobody else may do that for it.
  if (has_stand_in || claimed.parked_in_reactor_) {
    set_going(*place);
    return std::nullopt;
  }
  return place;
}

void runtime::drive_until_ended(main_task& state, work& root) {
  if (!state.place) {
    injector_.push(root, home_shard());
    notify_one();
    state.parker.park();
    return;
  }
  worker& stand_in = *workers_[*state.place];
  core::parker* const parker_of_thread = stand_in.parked_on_;
  stand_in.parked_on_ = &state.parker;
  stand_in.lifo_ = &root;
  stand_in.parked_in_reactor_ = false;
  stand_in.run([&state] { return state.ended.load(std::memory_order_seq_cst); });
  stand_in.parked_on_ = parker_of_thread;
  give_back_place(*state.place);
}

void runtime::give_back_place(u32 index) {
  worker& place = *workers_[index];
  if (place.searching_) {
    place.searching_ = false;
    idle_.end_search();
  }
  place.parked_in_reactor_ = false;
  bool const leaves_work = place.has_work_left();
  idle_.announce_sleep(index);
  // Work may have come from outside while this worker counted as awake.
  if ((leaves_work || !injector_.looks_empty()) && idle_.claim(index)) set_going(index);
}

}  // namespace regatta::runtimes::work_stealing
