// Which upstream the next client gets, and which are passed over because they have failed.
//
// One that fails is passed over for 1 s. Then one client tries it: if it fails again, it is passed
// over for twice as long as before, up to 30 s; if it does not, all is forgotten. When all are
// passed over, clients try them all the same, first the one whose time is over first.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "proxy/counts.hpp"
#include "proxy/settings.hpp"
#include "runtimes/interface/threading.hpp"
#include "runtimes/interface/types.hpp"

namespace regatta::proxy {

inline constexpr auto shortest_pass_over = std::chrono::seconds(1);
inline constexpr auto longest_pass_over = std::chrono::seconds(30);

// Any thread. Times are the runtime's (time.hpp).
class upstream_list {
 public:
  upstream_list(std::vector<std::string> names, balance how);

  std::size_t size() const noexcept { return upstreams_.size(); }

  // One that a client is to try. It has a connection more from here on, until leave().
  struct choice {
    std::size_t index = 0;
    bool is_trial = false;  // Of one that has failed: others pass it over until this is decided.
  };
  // `tried`: those that this client has tried already. nullopt: it has tried all.
  std::optional<choice> choose(time_point now, std::vector<bool> const& tried);

  void succeeded(choice tried) noexcept;
  void failed(choice tried, time_point now) noexcept;
  // Neither: the client gave up, or it was our own fault.
  void undecided(choice tried, time_point now) noexcept;
  // A connection less.
  void leave(std::size_t index) noexcept;

  std::vector<upstream_counts> counts() const;

 private:
  struct upstream {
    std::string name;
    u64 connections = 0;
    u64 failures = 0;
    u32 failed_times = 0;  // Since it was last reached.
    time_point passed_over_until{};
  };

  bool is_available(upstream const& one, time_point now) const noexcept {
    return one.failed_times == 0 || one.passed_over_until <= now;
  }
  std::optional<std::size_t> next_available(time_point now, std::vector<bool> const& tried) const;
  std::optional<std::size_t> soonest(std::vector<bool> const& tried) const;

  balance const how_;
  mutable spin_lock lock_;  // Guards all below.
  std::size_t turn_ = 0;    // Where the search for the next one begins.
  std::vector<upstream> upstreams_;
};

}  // namespace regatta::proxy
