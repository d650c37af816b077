#include "harness/contender/latency_recorder.hpp"

#include <atomic>
#include <stdexcept>
#include <utility>

#include "harness/machine/process_counters.hpp"

namespace regatta::contender {
namespace {

struct note {
  std::uint64_t recorder_id = 0;
  stats::histogram* histogram = nullptr;
};
constinit thread_local note last_used;

constexpr char const* no_clock =
    "this scenario uses the clock, and does not say that it times a part (times_a_part)";

// Out of line, because a coroutine may go on in another thread between two calls, and compilers
// keep the address of a thread_local that they can see (LLVM issues 47177, 49257).
[[gnu::noinline]] note& last_used_by_this_thread() { return last_used; }

std::uint64_t fresh_id() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1) + 1;
}

}  // namespace

latency_recorder::latency_recorder() : id_(fresh_id()) {}
latency_recorder::~latency_recorder() = default;

stats::histogram& latency_recorder::of_this_thread() {
  note& own = last_used_by_this_thread();
  if (own.recorder_id != id_) {
    std::lock_guard const guard(mutex_);
    histograms_.push_back(std::make_unique<stats::histogram>());
    own = {id_, histograms_.back().get()};
  }
  return *own.histogram;
}

void latency_recorder::record(std::uint64_t latency_ns) noexcept {
  of_this_thread().record(latency_ns);
}

void latency_recorder::count(std::string_view name, std::uint64_t figure) {
  std::lock_guard const guard(mutex_);
  counts_[std::string(name)] += figure;
}

void latency_recorder::start_clock() {
  if (watch_ == nullptr) throw std::logic_error(no_clock);
  watch_->start();
}

void latency_recorder::stop_clock() {
  if (watch_ == nullptr) throw std::logic_error(no_clock);
  watch_->stop();
}

std::uint64_t latency_recorder::resident_bytes() const { return machine::rss_bytes().value_or(0); }

std::uint64_t cost_of_recording_ns() {
  static std::uint64_t const cost = [] {
    constexpr std::uint64_t times = 10'000;
    latency_recorder scratch;
    scratch.record(1);
    auto const begin = scenarios::recorder::now();
    for (std::uint64_t i = 0; i < times; ++i) scratch.record_since(scenarios::recorder::now());
    return (scenarios::recorder::now() - begin + times - 1) / times;
  }();
  return cost;
}

stats::histogram latency_recorder::take_histogram() {
  std::lock_guard const guard(mutex_);
  stats::histogram all;
  for (auto& each : histograms_) {
    all.merge(*each);
    each->clear();
  }
  return all;
}

std::map<std::string, std::uint64_t> latency_recorder::take_counts() {
  std::lock_guard const guard(mutex_);
  return std::exchange(counts_, {});
}

std::vector<stats::bucket> shortened(std::vector<stats::bucket> buckets, std::size_t most) {
  while (buckets.size() > most && buckets.size() > 3) {
    std::vector<stats::bucket> coarser{buckets.front()};
    for (std::size_t i = 1; i + 1 < buckets.size(); i += 2) {
      bool const has_neighbour = i + 2 < buckets.size();
      auto const upper = has_neighbour ? buckets[i + 1] : buckets[i];
      auto const more = has_neighbour ? buckets[i].count : 0;
      coarser.push_back({upper.value, upper.count + more});
    }
    coarser.push_back(buckets.back());
    buckets = std::move(coarser);
  }
  return buckets;
}

}  // namespace regatta::contender
