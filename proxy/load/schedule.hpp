// When the requests of an open loop are due.
#pragma once

#include <cmath>

#include "proxy/load/payload.hpp"
#include "proxy/load/plan.hpp"

namespace regatta::load {

// The arrivals of one of `parts` threads that share a rate. Constant: together they are due every
// 1/rate seconds, the first at once. Poisson: each thread has arrivals of its own, which together
// are a Poisson process of the whole rate.
class schedule {
 public:
  schedule(arrivals when, double rate_per_s, u32 part, u32 parts, u64 seed) noexcept
      : when_(when),
        interval_ns_(1e9 / rate_per_s * static_cast<double>(parts)),
        first_ns_(1e9 / rate_per_s * static_cast<double>(part)),
        numbers_(seed + 0x51'ed'27'05ull * (part + 1)) {
    due_ns_ = when_ == arrivals::constant ? first_ns_ : gap();
  }

  // Nanoseconds from the start of the run to the next arrival.
  u64 due_ns() const noexcept { return static_cast<u64>(due_ns_); }

  void advance() noexcept {
    ++index_;
    // Multiplied and not added up, so that an interval that is no whole number does not drift.
    due_ns_ = when_ == arrivals::constant ? first_ns_ + interval_ns_ * static_cast<double>(index_)
                                          : due_ns_ + gap();
  }

 private:
  double gap() noexcept { return -std::log(numbers_.share()) * interval_ns_; }

  arrivals when_;
  double interval_ns_;
  double first_ns_;
  double due_ns_ = 0;
  u64 index_ = 0;
  random_numbers numbers_;
};

}  // namespace regatta::load
