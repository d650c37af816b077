// One visit of one row at one cell: prepare, warm up, take a sample, and believe nothing of it that
// can be checked from outside.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/driver/cells.hpp"
#include "harness/driver/outcome.hpp"
#include "harness/driver/plan.hpp"
#include "harness/driver/session.hpp"

namespace regatta::driver {

struct visit_wishes {
  std::uint64_t iterations = 1;
  std::uint64_t warmup = 0;
  std::uint64_t time_limit_ns = 0;  ///< For everything together.
  std::uint64_t threads = 0;        ///< What the runtime was set up with; 0: unknown.
  std::string io;                   ///< The back-end that the contender says it uses.
};

struct visit_result {
  failure how{outcome::ok, ""};
  std::optional<timed_sample> sample;  ///< Present for ok and wrong_answer.
};

visit_result visit(session& with, const cell& what, const visit_wishes& wishes);

/// One visit of a row at a cell that is about a small program of the contender's (its size, or its
/// life from start to end): nobody is talked to, the driver measures from outside.
visit_result visit_small_program(const row& who, const cell& what, const visit_wishes& wishes);

/// What is wrong with a sample, judged by what the driver knows: the oracle, the work it asked for,
/// its own clock, the threads it asked for. `ok` if nothing is.
failure check_sample(const timed_sample& sample, const cell& what, const visit_wishes& wishes);

/// What is wrong with the back-end that a contender claims, judged by the descriptors that it holds
/// after it has run: a ring under the name of epoll, or the other way round. Nothing can be said of
/// one that holds neither, because it may not have needed any yet.
failure check_backend(const std::string& claimed, io_backends seen);

}  // namespace regatta::driver
