#include <fmt/core.h>

#include <string_view>
#include <utility>
#include <vector>

#include "harness/driver/clock.hpp"
#include "harness/driver/small_program.hpp"
#include "harness/driver/visit.hpp"

namespace regatta::driver {
namespace {

std::string_view name_of_program(scenarios::small_program which) {
  return which == scenarios::small_program::echo ? "echo" : "task";
}

/// Whether it does what it is for: what does not work has no size worth telling.
failure prove(const std::vector<std::string>& command, scenarios::small_program which,
              std::uint64_t limit_ns) {
  if (which == scenarios::small_program::echo) return prove_small_echo(command, limit_ns);
  const auto lives = run_small_task(command, 1, limit_ns);
  return lives ? failure{outcome::ok, ""} : lives.why;
}

answer_or<protocol::sample> weigh(const std::vector<std::string>& command, const cell& what,
                                  std::uint64_t limit_ns) {
  if (failure wrong = prove(command, what.program, limit_ns); wrong.what != outcome::ok) {
    return wrong;
  }
  const auto size = size_of_program(command.front());
  if (!size) return size.why;
  protocol::sample taken;
  taken.counters = {{"bytes", size->program_bytes + size->library_bytes},
                    {"program_bytes", size->program_bytes},
                    {"library_bytes", size->library_bytes},
                    {"libraries", size->libraries.size()}};
  return taken;
}

answer_or<protocol::sample> time(const std::vector<std::string>& command, std::uint64_t times,
                                 std::uint64_t limit_ns) {
  const auto lives = run_small_task(command, times, limit_ns);
  if (!lives) return lives.why;
  protocol::sample taken;
  taken.cpu_ns = 0;
  for (const life& one : *lives) {
    taken.ns += one.wall_ns;
    *taken.cpu_ns += one.cpu_ns;
  }
  return taken;
}

}  // namespace

visit_result visit_small_program(const row& who, const cell& what, const visit_wishes& wishes) {
  const std::string name(name_of_program(what.program));
  const auto command = who.small_programs.find(name);
  if (command == who.small_programs.end()) {
    return {
        {outcome::unsupported, fmt::format("{} brings no small program '{}' that could be measured",
                                           who.contender, name)},
        std::nullopt};
  }
  const std::uint64_t began_ns = now_ns();
  const bool is_weighed = what.measures == scenarios::quantity::bytes;
  auto taken = is_weighed ? weigh(command->second, what, wishes.time_limit_ns)
                          : time(command->second, wishes.iterations, wishes.time_limit_ns);
  if (!taken) return {taken.why, std::nullopt};
  timed_sample sample{std::move(*taken), now_ns() - began_ns};
  // How long the weighing took is of no interest, but every sample has a time.
  if (is_weighed) sample.taken.ns = sample.exchange_ns;
  sample.taken.iterations = wishes.iterations;
  sample.taken.operations = wishes.iterations * what.operations;
  // It has been seen to give it.
  sample.taken.answer = what.expected;
  return {check_sample(sample, what, wishes), std::move(sample)};
}

}  // namespace regatta::driver
