#include "harness/driver/laws.hpp"

#include <fmt/core.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "harness/driver/clock.hpp"
#include "harness/driver/process.hpp"
#include "harness/protocol/line_io.hpp"

namespace regatta::driver {
namespace {

/// The environment of the child, for as long as it takes to start it.
class environment_variable {
 public:
  environment_variable(const char* name, const std::string& value) : name_(name) {
    if (!value.empty()) ::setenv(name_, value.c_str(), 1);
  }
  ~environment_variable() { ::unsetenv(name_); }
  environment_variable(const environment_variable&) = delete;
  environment_variable& operator=(const environment_variable&) = delete;

 private:
  const char* name_;
};

}  // namespace

bool laws_are_built(const std::vector<std::string>& command) {
  const std::filesystem::path program = command.front();
  return !program.is_absolute() || std::filesystem::exists(program);
}

laws_run run_laws(const std::vector<std::string>& command, const std::string& filter,
                  std::uint64_t limit_ns, const interrupt& stop) {
  ::setenv("GTEST_BRIEF", "1", 0);
  const environment_variable filtered("GTEST_FILTER", filter);
  auto started = child_process::start({command, {}});
  if (!started.child) return {false, started.error, {}};
  const std::uint64_t deadline_ns = now_ns() + limit_ns;
  started.child->close_input();
  // Its output is drained, or a full pipe would stop it.
  protocol::line_reader reader(started.child->output());
  laws_run run;
  const auto take_lines = [&] {
    for (protocol::line_result got = reader.next(); got.status == protocol::line_status::line;
         got = reader.next()) {
      run.last_lines.push_back(protocol::excerpt(got.text, 160));
      if (run.last_lines.size() > 12) run.last_lines.erase(run.last_lines.begin());
      if (now_ns() > deadline_ns) break;
    }
  };
  while (now_ns() < deadline_ns && !stop.requested()) {
    take_lines();
    if (const auto how = started.child->ended_within(20 * ns_per_ms)) {
      take_lines();
      run.obeyed = how->exited_with(0);
      run.how = how->describe();
      return run;
    }
  }
  run.how = fmt::format("not done within {}", say_duration(limit_ns));
  return run;
}

std::optional<std::uint64_t> tests_passed(const laws_run& run) {
  constexpr std::string_view mark = "[  PASSED  ] ";
  for (const std::string& line : run.last_lines) {
    const auto at = line.find(mark);
    if (at == std::string::npos) continue;
    std::uint64_t tests = 0;
    const char* const begin = line.data() + at + mark.size();
    if (std::from_chars(begin, line.data() + line.size(), tests).ec == std::errc{}) return tests;
  }
  return std::nullopt;
}

law_answer answer_of(const laws_run& run) {
  for (const std::string& line : run.last_lines) {
    if (line.find("[  FAILED  ]") != std::string::npos) return {false, run.how};
  }
  if (!run.obeyed) return {std::nullopt, run.how};
  if (tests_passed(run).value_or(0) == 0) return {std::nullopt, "it ran no such law"};
  return {true, run.how};
}

}  // namespace regatta::driver
