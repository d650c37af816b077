// The load generator: threads that each drive their share of the connections from a loop of their
// own over epoll. It stands on the kernel alone: a runtime in it would be measured with it.
//
//   load::generator gun({.target = endpoint::loopback(9000), .connections = 64});
//   gun.connect();
//   auto const warm_up = gun.run_for(500ms);
//   auto const closed = gun.run_for(10s);
//   auto const open = gun.run_for(10s, 0.5 * closed.achieved_per_s);
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "proxy/load/plan.hpp"
#include "proxy/load/result.hpp"

namespace regatta::load {

// The plan cannot be right, whatever the server does. Says what was expected.
class bad_plan : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

// The load cannot be begun. Says how many connections came about, and what became of the others.
class could_not_connect : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// All calls from one thread, but for stop().
class generator {
 public:
  // Starts the threads, which wait. Throws bad_plan.
  explicit generator(load_plan plan);
  // Resets the connections, or closes them in an orderly way if the plan says so.
  ~generator();
  generator(generator const&) = delete;
  generator& operator=(generator const&) = delete;

  load_plan const& plan() const noexcept;

  // Opens all connections, a few at a time, so that no backlog overflows. Throws could_not_connect
  // if one of them does not come about within the plan's timeout. Nothing to do for churn. Calling
  // it is optional: run() does so where it was not done.
  void connect();
  // How long each of them took, in nanoseconds.
  stats::histogram const& connect_times() const noexcept;

  // One run over the connections, which are kept for the next one. Answers of a run never reach
  // into the next.
  load_result run();  // As long and as fast as the plan says.
  // Closed loop or as fast as the plan says, until so many requests have been started.
  load_result run(u64 requests);
  // At that rate; without one, as fast as the plan says.
  load_result run_for(duration time, std::optional<double> rate_per_s = std::nullopt);

  // Ends a run within a tenth of a second, without waiting for answers (their requests count as
  // neither completed nor failed), and all later ones at once. From any thread or signal handler.
  void stop() noexcept;

 private:
  struct order;
  class crew;
  load_result run(order const& what);
  std::unique_ptr<crew> crew_;
};

}  // namespace regatta::load
