#include "harness/driver/visit.hpp"

#include <fmt/core.h>

#include "harness/driver/clock.hpp"

namespace regatta::driver {
namespace {

visit_result ended(failure why) { return {std::move(why), std::nullopt}; }

}  // namespace

failure check_sample(const timed_sample& sample, const cell& what, const visit_wishes& wishes) {
  const protocol::sample& taken = sample.taken;
  if (taken.answer != what.expected || taken.answers_differ) {
    return {
        outcome::wrong_answer,
        fmt::format("answered {}{}; the oracle says {}", taken.answer,
                    taken.answers_differ ? ", and not the same in each run" : "", what.expected)};
  }
  if (taken.iterations != 0 && taken.iterations != wishes.iterations) {
    return {outcome::failed, fmt::format("ran {} iterations; it was asked for {}", taken.iterations,
                                         wishes.iterations)};
  }
  if (taken.operations != wishes.iterations * what.operations) {
    return {outcome::failed,
            fmt::format("counted {} operations; {} iterations of this cell are {}",
                        taken.operations, wishes.iterations, wishes.iterations * what.operations)};
  }
  if (taken.ns == 0) return {outcome::failed, "claims that its sample took no time at all"};
  if (taken.ns > sample.exchange_ns) {
    return {outcome::failed,
            fmt::format("claims that its sample took {}; the whole exchange took {}",
                        say_duration(taken.ns), say_duration(sample.exchange_ns))};
  }
  if (what.measures == scenarios::quantity::bytes && taken.counters.count("bytes") == 0) {
    return {outcome::failed, "does not tell the bytes that this scenario is about"};
  }
  if (what.measures == scenarios::quantity::latency &&
      (!taken.latencies || taken.latencies->buckets.empty())) {
    return {outcome::failed, "does not tell the latencies that this scenario is about"};
  }
  const std::uint64_t used = taken.threads_used.value_or(0);
  if (wishes.threads != 0 && used > wishes.threads) {
    return {outcome::failed,
            fmt::format("ran tasks on {} threads; it was set up with {}", used, wishes.threads)};
  }
  return {outcome::ok, ""};
}

failure check_backend(const std::string& claimed, io_backends seen) {
  const bool claims_ring = claimed.find("io_uring") != std::string::npos;
  const bool claims_epoll = claimed.find("epoll") != std::string::npos;
  if (claims_ring && !claims_epoll && seen.epoll && !seen.io_uring) {
    return {
        outcome::failed,
        fmt::format("says that its back-end is {}, but it holds an epoll and no ring", claimed)};
  }
  if (claims_epoll && !claims_ring && seen.io_uring && !seen.epoll) {
    return {outcome::failed,
            fmt::format("says that its back-end is {}, but it holds a ring and no epoll", claimed)};
  }
  return {outcome::ok, ""};
}

visit_result visit(session& with, const cell& what, const visit_wishes& wishes) {
  const std::uint64_t deadline_ns = now_ns() + wishes.time_limit_ns;
  if (auto noise = with.expect_silence()) return ended(*noise);
  if (auto ready = with.prepare({what.scenario, what.params}, deadline_ns); !ready) {
    return ended(ready.why);
  }
  if (wishes.warmup > 0) {
    if (auto warm = with.run(wishes.warmup, deadline_ns); !warm) return ended(warm.why);
  }
  auto sample = with.run(wishes.iterations, deadline_ns);
  if (!sample) return ended(sample.why);
  if (auto noise = with.expect_silence()) return ended(*noise);
  visit_result result{check_sample(*sample, what, wishes), std::nullopt};
  if (result.how.what == outcome::ok) result.how = check_backend(wishes.io, with.backends());
  if (result.how.what == outcome::ok || result.how.what == outcome::wrong_answer) {
    result.sample = std::move(*sample);
  }
  return result;
}

}  // namespace regatta::driver
