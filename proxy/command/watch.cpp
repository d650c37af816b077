#include "proxy/command/watch.hpp"

namespace regatta::proxy::command {

void watch::look(counts const& now, std::vector<upstream_counts> const& upstreams, log& events) {
  auto const tell = [&](u64 counts::* figure, log_level level, std::string_view event) {
    u64 const more = now.*figure - before_.*figure;
    if (more != 0) events.write(level, event, {{"times", more}, {"active", now.active}});
  };
  tell(&counts::shortages, log_level::warn, "shortage");
  tell(&counts::unreachable, log_level::warn, "no_upstream_reached");
  tell(&counts::refused, log_level::info, "clients_refused");
  tell(&counts::timed_out, log_level::info, "connections_timed_out");
  tell(&counts::shut_down, log_level::info, "connections_reset_at_deadline");
  tell(&counts::broken, log_level::debug, "connections_broken");
  look_at_limit(now, events);
  look_at_upstreams(upstreams, events);
  before_ = now;
}

void watch::look_at_limit(counts const& now, log& events) {
  bool const is_at_limit = now.active >= most_connections_;
  if (is_at_limit == is_at_limit_) return;
  is_at_limit_ = is_at_limit;
  events.write(log_level::info, is_at_limit ? "limit_reached" : "limit_left",
               {{"active", now.active}, {"limit", most_connections_}});
}

void watch::look_at_upstreams(std::vector<upstream_counts> const& upstreams, log& events) {
  upstreams_before_.resize(upstreams.size());
  for (std::size_t i = 0; i < upstreams.size(); ++i) {
    auto const& one = upstreams[i];
    auto const& before = upstreams_before_[i];
    if (one.is_passed_over != before.is_passed_over) {
      events.write(one.is_passed_over ? log_level::warn : log_level::info,
                   one.is_passed_over ? "upstream_down" : "upstream_up",
                   {{"upstream", one.name}, {"failures", one.failures}});
    }
  }
  upstreams_before_ = upstreams;
}

}  // namespace regatta::proxy::command
