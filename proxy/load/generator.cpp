#include "proxy/load/generator.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "proxy/load/worker.hpp"

namespace regatta::load {
namespace {

// Each address has about 28,000 ports for one server. Who leaves in an orderly way leaves a port
// behind for a minute.
constexpr u32 ports_of_an_address = 25'000;
constexpr u32 addresses_for_those_who_wait = 64;

load_plan completed(load_plan plan) {
  if (auto const mistake = mistake_in(plan); !mistake.empty()) throw bad_plan(mistake);
  if (plan.kind == traffic::churn) plan.requests_per_connection = 1;
  if (plan.source_addresses == 0 && is_ipv4_loopback(plan.target)) {
    bool const waits = plan.close == closing::orderly && plan.requests_per_connection != 0;
    plan.source_addresses =
        waits ? addresses_for_those_who_wait : 1 + plan.connections / ports_of_an_address;
  }
  return plan;
}

// What all of them did in one run.
load_result merged(std::vector<std::unique_ptr<worker>> const& workers, work_order const& order) {
  load_result all;
  i64 began = workers.front()->began_ns, ended = workers.front()->ended_ns;
  i64 scheduled_ns = 0;
  for (auto const& w : workers) {
    auto const& own = w->result;
    began = std::min(began, w->began_ns);
    ended = std::max(ended, w->ended_ns);
    scheduled_ns = std::max(scheduled_ns, w->scheduled_ns);
    all.completed += own.completed;
    all.scheduled += own.scheduled;
    all.skipped += own.skipped;
    all.cpu_ns += own.cpu_ns;
    all.user_ns += own.user_ns;
    all.system_ns += own.system_ns;
    all.bytes_sent += own.bytes_sent;
    all.bytes_received += own.bytes_received;
    all.interrupted |= own.interrupted;
    all.gave_up |= own.gave_up;
    for (std::size_t i = 0; i != failure_kinds; ++i) {
      all.failed_by_kind[i] += own.failed_by_kind[i];
    }
    all.latency_corrected.merge(own.latency_corrected);
    all.latency_uncorrected.merge(own.latency_uncorrected);
    all.lateness.merge(own.lateness);
    all.connect_times.merge(own.connect_times);
  }
  all.elapsed_ns = static_cast<u64>(ended - began);
  all.open_loop = order.rate_per_s.has_value();
  auto const per_s = [](u64 count, double ns) {
    return ns > 0 ? static_cast<double>(count) * 1e9 / ns : 0.0;
  };
  if (all.open_loop) {
    auto const planned = static_cast<double>(scheduled_ns);
    auto const inherent = static_cast<double>(all.latency_uncorrected.quantile(0.5));
    all.offered_per_s = per_s(all.scheduled, planned);
    all.achieved_per_s =
        per_s(all.completed, std::max(planned, static_cast<double>(all.elapsed_ns) - inherent));
  } else {
    all.achieved_per_s = per_s(all.completed, static_cast<double>(all.elapsed_ns));
    all.offered_per_s = all.achieved_per_s;
  }
  return all;
}

}  // namespace

struct generator::order : work_order {};

// The threads, and how they are told what to do.
class generator::crew {
 public:
  explicit crew(load_plan const& plan) : shared(completed(plan)) {
    for (u32 i = 0; i != shared.plan.threads; ++i) {
      workers.push_back(std::make_unique<worker>(shared, i));
    }
    for (u32 i = 0; i != shared.plan.threads; ++i) {
      threads_.emplace_back([this, i] { work(i); });
    }
    try {
      all_do([this](worker&, u32 index) {
        wake_this_thread_sharply();
        pin_this_thread(shared.plan.processors, index);
      });
    } catch (...) {
      dismiss();
      throw;
    }
  }
  ~crew() { dismiss(); }

  // Has each thread do it, and waits until all have. Throws what one of them threw.
  void all_do(std::function<void(worker&, u32)> what) {
    std::unique_lock lock(mutex_);
    what_ = std::move(what);
    busy_ = threads_.size();
    ++turn_;
    told_.notify_all();
    done_.wait(lock, [this] { return busy_ == 0; });
    if (auto const error = std::exchange(error_, nullptr)) std::rethrow_exception(error);
  }

  shared_work shared;
  std::vector<std::unique_ptr<worker>> workers;
  stats::histogram connect_times;
  bool is_connected = false;

 private:
  void work(u32 index) {
    u64 seen = 0;
    std::unique_lock lock(mutex_);
    for (;;) {
      told_.wait(lock, [&] { return turn_ != seen; });
      seen = turn_;
      if (is_over_) return;
      lock.unlock();
      std::exception_ptr error;
      try {
        what_(*workers[index], index);
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      if (error) error_ = error;
      if (--busy_ == 0) done_.notify_one();
    }
  }

  void dismiss() {
    {
      std::lock_guard const lock(mutex_);
      is_over_ = true;
      ++turn_;
    }
    told_.notify_all();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
  }

  std::mutex mutex_;
  std::condition_variable told_, done_;
  std::function<void(worker&, u32)> what_;  // Written while all threads wait.
  std::size_t busy_ = 0;
  u64 turn_ = 0;
  bool is_over_ = false;
  std::exception_ptr error_;
  std::vector<std::thread> threads_;
};

generator::generator(load_plan plan) : crew_(std::make_unique<crew>(plan)) {}

generator::~generator() = default;

load_plan const& generator::plan() const noexcept { return crew_->shared.plan; }

stats::histogram const& generator::connect_times() const noexcept { return crew_->connect_times; }

void generator::connect() {
  if (plan().requests_per_connection == 1) return;
  crew_->all_do([](worker& w, u32) { w.connect_all(); });
  u64 connected = 0;
  std::string why;
  crew_->connect_times.clear();
  std::array<u64, failure_kinds> failed{};
  for (auto const& w : crew_->workers) {
    connected += w->connected;
    crew_->connect_times.merge(w->connect_times);
    for (std::size_t i = 0; i != failure_kinds; ++i) failed[i] += w->result.failed_by_kind[i];
  }
  crew_->is_connected = true;
  if (connected == plan().connections) return;
  if (crew_->shared.stopped.load(std::memory_order_relaxed)) return;
  for (std::size_t i = 0; i != failure_kinds; ++i) {
    if (failed[i] == 0) continue;
    why += fmt::format("{}{} {}", why.empty() ? "" : ", ", failed[i],
                       name_of(static_cast<failure>(i)));
  }
  throw could_not_connect(fmt::format("connected {} of {} to {}: {}", connected, plan().connections,
                                      plan().target.text(), why));
}

load_result generator::run() {
  if (!plan().requests && !plan().time) {
    throw bad_plan("the plan says neither how many requests nor how long");
  }
  return run(order{{plan().requests, plan().time, plan().rate_per_s}});
}

load_result generator::run(u64 requests) {
  return run(order{{.requests = requests, .rate_per_s = plan().rate_per_s}});
}

load_result generator::run_for(duration time, std::optional<double> rate_per_s) {
  return run(order{{.time = time, .rate_per_s = rate_per_s ? rate_per_s : plan().rate_per_s}});
}

load_result generator::run(order const& what) {
  if (!crew_->is_connected) connect();
  auto complete = what;
  auto check = plan();
  check.requests = what.requests;
  check.time = what.time;
  check.rate_per_s = what.rate_per_s;
  if (auto const mistake = mistake_in(check); !mistake.empty()) throw bad_plan(mistake);
  complete.most_in_flight = plan().most_in_flight;
  if (what.rate_per_s && complete.most_in_flight == 0) {
    auto const in_a_second = static_cast<u64>(std::min(*what.rate_per_s, 1e7));
    complete.most_in_flight = std::max<u64>(in_a_second, 2 * u64{plan().connections});
  }
  for (auto& w : crew_->workers) w->prepare(complete);
  // Relaxed: the threads are told by way of a mutex.
  crew_->shared.unclaimed.store(static_cast<i64>(what.requests.value_or(0)),
                                std::memory_order_relaxed);
  crew_->all_do([](worker& w, u32) { w.run(); });
  return merged(crew_->workers, complete);
}

void generator::stop() noexcept { crew_->shared.stopped.store(true, std::memory_order_relaxed); }

}  // namespace regatta::load
