#include "proxy/upstreams.hpp"

#include <algorithm>
#include <utility>

namespace regatta::proxy {

namespace {

duration pass_over_after(u32 failures) noexcept {
  u32 const doublings = std::min<u32>(failures - 1, 5);
  return std::min<duration>(shortest_pass_over * (1 << doublings), longest_pass_over);
}

}  // namespace

upstream_list::upstream_list(std::vector<std::string> names, balance how) : how_(how) {
  for (auto& name : names) upstreams_.push_back({.name = std::move(name)});
}

std::optional<upstream_list::choice> upstream_list::choose(time_point now,
                                                           std::vector<bool> const& tried) {
  std::lock_guard const held(lock_);
  choice chosen;
  if (auto const available = next_available(now, tried)) {
    chosen.index = *available;
    auto& one = upstreams_[chosen.index];
    if (one.failed_times != 0) {
      chosen.is_trial = true;
      one.passed_over_until = now + pass_over_after(one.failed_times);
    }
  } else if (auto const next = soonest(tried)) {
    chosen.index = *next;
  } else {
    return std::nullopt;
  }
  turn_ = (chosen.index + 1) % upstreams_.size();
  ++upstreams_[chosen.index].connections;
  return chosen;
}

// Round robin, or the one with the fewest connections; of several such, round robin.
std::optional<std::size_t> upstream_list::next_available(time_point now,
                                                         std::vector<bool> const& tried) const {
  std::optional<std::size_t> best;
  for (std::size_t step = 0; step < upstreams_.size(); ++step) {
    std::size_t const index = (turn_ + step) % upstreams_.size();
    if (tried[index] || !is_available(upstreams_[index], now)) continue;
    if (how_ == balance::round_robin) return index;
    if (!best || upstreams_[index].connections < upstreams_[*best].connections) best = index;
  }
  return best;
}

std::optional<std::size_t> upstream_list::soonest(std::vector<bool> const& tried) const {
  std::optional<std::size_t> best;
  for (std::size_t index = 0; index < upstreams_.size(); ++index) {
    if (tried[index]) continue;
    if (!best || upstreams_[index].passed_over_until < upstreams_[*best].passed_over_until) {
      best = index;
    }
  }
  return best;
}

void upstream_list::succeeded(choice tried) noexcept {
  std::lock_guard const held(lock_);
  upstreams_[tried.index].failed_times = 0;
}

void upstream_list::failed(choice tried, time_point now) noexcept {
  std::lock_guard const held(lock_);
  auto& one = upstreams_[tried.index];
  ++one.failures;
  // Many clients that fail at once are one failure.
  if (one.failed_times != 0 && !tried.is_trial) return;
  ++one.failed_times;
  one.passed_over_until = now + pass_over_after(one.failed_times);
}

void upstream_list::undecided(choice tried, time_point now) noexcept {
  std::lock_guard const held(lock_);
  // Somebody else may try it.
  if (tried.is_trial) upstreams_[tried.index].passed_over_until = now;
}

void upstream_list::leave(std::size_t index) noexcept {
  std::lock_guard const held(lock_);
  --upstreams_[index].connections;
}

std::vector<upstream_counts> upstream_list::counts() const {
  std::vector<upstream_counts> all;
  // Before the lock: names are memory.
  for (auto const& each : upstreams_) all.push_back({.name = each.name});
  std::lock_guard const held(lock_);
  for (std::size_t index = 0; index < all.size(); ++index) {
    auto const& one = upstreams_[index];
    all[index].connections = one.connections;
    all[index].failures = one.failures;
    all[index].is_passed_over = one.failed_times != 0;
  }
  return all;
}

}  // namespace regatta::proxy
