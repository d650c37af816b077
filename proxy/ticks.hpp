// Time as a server counts it: in coarse ticks, so that no connection needs a timer and no message a
// look at the clock. A timeout never comes early, and late by at most two ticks: about a quarter.
#pragma once

#include <algorithm>
#include <chrono>

#include "proxy/settings.hpp"
#include "runtimes/interface/types.hpp"

namespace regatta::proxy {

// How long one tick takes: an eighth of the shortest timeout, between 10 ms and 1 s. 0: there is no
// timeout, so nobody need count.
inline duration tick_of(settings const& told) noexcept {
  using namespace std::chrono_literals;
  duration shortest = duration::max();
  auto const consider = [&](duration timeout) {
    if (timeout > 0ns) shortest = std::min(shortest, timeout);
  };
  // Each upstream gets its share of the time for connecting.
  auto const upstreams = static_cast<i64>(std::max<std::size_t>(told.upstreams.size(), 1));
  consider(duration(told.connect_timeout) / upstreams);
  consider(told.idle_timeout);
  consider(told.stall_timeout);
  if (shortest == duration::max()) return 0ns;
  return std::clamp<duration>(shortest / 8, 10ms, 1s);
}

// After how many ticks `timeout` is over, wherever in the present tick it begins. 0: never.
inline u32 ticks_in(duration timeout, duration tick) noexcept {
  constexpr i64 most = 1 << 30;  // What is_due() can tell apart.
  if (timeout.count() <= 0 || tick.count() <= 0) return 0;
  return static_cast<u32>(std::min(most, (timeout.count() - 1) / tick.count() + 2));
}

// Whether `now` is `due` or later, for ticks that lie less than 2^31 apart.
inline bool is_due(u32 now, u32 due) noexcept { return static_cast<i32>(now - due) >= 0; }

}  // namespace regatta::proxy
