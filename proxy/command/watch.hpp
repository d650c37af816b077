// Tells the log what has changed since it last looked at the counts. So no worker of the runtime
// writes a log, and however fast things happen, there are only so many lines.
#pragma once

#include <vector>

#include "proxy/command/log.hpp"
#include "proxy/counts.hpp"

namespace regatta::proxy::command {

class watch {
 public:
  // `most_connections` is the limit that clients may reach.
  explicit watch(u64 most_connections) noexcept : most_connections_(most_connections) {}

  // Every second, say. One line for each kind of thing that has happened since the last look.
  void look(counts const& now, std::vector<upstream_counts> const& upstreams, log& events);

 private:
  void look_at_limit(counts const& now, log& events);
  void look_at_upstreams(std::vector<upstream_counts> const& upstreams, log& events);

  u64 const most_connections_;
  counts before_;
  bool is_at_limit_ = false;
  std::vector<upstream_counts> upstreams_before_;
};

}  // namespace regatta::proxy::command
