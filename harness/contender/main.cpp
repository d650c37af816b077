// main() of every C++ contender.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/contender/benchmarks.hpp"
#include "harness/contender/build.hpp"
#include "harness/contender/check.hpp"
#include "harness/contender/registry.hpp"
#include "harness/contender/serve.hpp"
#include "runtimes/interface/descriptors.hpp"
#include "runtimes/interface/runtime.hpp"

namespace regatta::contender {
namespace {

constexpr char const* help = R"(One contender of Regatta: a runtime, and every scenario on it.

usage: contender_<runtime> [options of ours] [options of Google Benchmark]

Without options it runs the quick matrix as Google Benchmark does, for example
  contender_single_threaded --benchmark_filter=channel --benchmark_format=json

  --serve             speak Regatta's protocol 1 on stdin and stdout; this is how `regatta` starts it
  --check[=SCENARIO]  run every scenario (or one) at smoke size and check the answers; time nothing
  --full              register the whole grid of every scenario instead of the quick cells
  --variant=NAME      set the runtime up as its variant NAME
  --threads=N         let the runtime run tasks on N threads, where it can
  --seed=N            the seed of a runtime that draws random numbers
  --help              this text

Options of Google Benchmark: --benchmark_list_tests, --benchmark_filter=REGEX,
  --benchmark_min_time=SECONDS, --benchmark_repetitions=N, --benchmark_format=console|json|csv,
  --benchmark_out=FILE, --benchmark_out_format=json|console|csv, --benchmark_counters_tabular=true,
  --benchmark_enable_random_interleaving=true, --benchmark_context=KEY=VALUE

Environment: REGATTA_SLOWDOWN_PERCENT=N burns N percent extra inside each timed section (--serve
only); it plants a slowdown for tests of the gate. REGATTA_SEED=N and REGATTA_SEEDS=N say with
which seed, or with how many, --check tries a simulated runtime.
)";

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return {};
  return number;
}

struct options {
  bool serve = false;
  bool check = false;
  std::string check_scenario;
  matrix cells = matrix::quick;
  setup how;
};

// Takes our own options out of argv and leaves Google Benchmark's. Answers "" or what is wrong.
std::string take_options(int& argc, char** argv, options& taken) {
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    std::string_view const argument = argv[i];
    auto const equals = argument.find('=');
    auto const name = argument.substr(0, equals);
    auto const value = equals == argument.npos ? std::string_view() : argument.substr(equals + 1);
    if (argument == "--serve") {
      taken.serve = true;
    } else if (argument == "--full") {
      taken.cells = matrix::full;
    } else if (name == "--check") {
      taken.check = true;
      taken.check_scenario = value;
    } else if (name == "--variant") {
      taken.how.variant = value;
    } else if (name == "--threads" || name == "--seed") {
      auto const number = whole_number(value);
      if (!number)
        return std::string(name) + " wants a whole number, for example " + std::string(name) + "=2";
      (name == "--threads" ? taken.how.threads : taken.how.seed) = *number;
    } else {
      argv[kept++] = argv[i];
    }
  }
  argc = kept;
  argv[argc] = nullptr;
  return "";
}

std::uint64_t planted_slowdown() {
  char const* percent = std::getenv("REGATTA_SLOWDOWN_PERCENT");
  return percent == nullptr ? 0 : whole_number(percent).value_or(0);
}

// Gives the protocol a descriptor of its own, and sends whatever else prints to stdout to the log.
int serve_on_stdio(registry const& program) {
  std::signal(SIGPIPE, SIG_IGN);
  int const replies = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  if (replies < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
    std::perror("stdout cannot be kept for the protocol");
    return exit_wrong;
  }
  return serve(program, STDIN_FILENO, replies, planted_slowdown());
}

int run_benchmarks(registry const& program, options const& chosen, int argc, char** argv) {
  ::benchmark::Initialize(&argc, argv, [] { std::cout << help; });
  if (::benchmark::ReportUnrecognizedArguments(argc, argv)) return exit_usage;

  auto const& runtime = program.subject();
  if (runtime.is_simulated) {
    std::cerr << "the runtime '" << runtime.name
              << "' is never measured, because its time is virtual; try --check\n";
    return exit_usage;
  }
  ::benchmark::AddCustomContext("runtime", runtime.name);
  ::benchmark::AddCustomContext("variant", chosen.how.variant);
  ::benchmark::AddCustomContext("threads", std::to_string(runtime.threads(chosen.how)));
  ::benchmark::AddCustomContext("compiler", build::compiler());
  ::benchmark::AddCustomContext("flags", build::flags());
  ::benchmark::AddCustomContext("allocator", build::allocator());
  register_benchmarks(program, chosen.how, chosen.cells);
  ::benchmark::RunSpecifiedBenchmarks();
  ::benchmark::Shutdown();
  return exit_ok;
}

int run(int argc, char** argv) {
  // Before anything is opened: scenarios with many connections need more than the usual 1,024.
  raise_descriptor_limit();
  options chosen;
  auto const complaint = take_options(argc, argv, chosen);
  if (!complaint.empty()) {
    std::cerr << complaint << "\n";
    return exit_usage;
  }

  auto const& program = registry::of_this_program();
  auto const variant = program.find_variant(chosen.how.variant);
  if (!variant) {
    std::cerr << "there is no variant '" << chosen.how.variant << "'; there are:";
    for (auto const& name : program.subject().variants) std::cerr << " '" << name << "'";
    std::cerr << "\n";
    return exit_usage;
  }
  chosen.how.variant = *variant;
  if (chosen.serve) return serve_on_stdio(program);
  if (chosen.check) return check(program, chosen.how, chosen.check_scenario);
  try {
    return run_benchmarks(program, chosen, argc, argv);
  } catch (runtime_unsupported const& error) {
    std::cerr << program.subject().name << ": unsupported: " << error.what() << "\n";
    return exit_unsupported;
  }
}

}  // namespace
}  // namespace regatta::contender

int main(int argc, char** argv) { return regatta::contender::run(argc, argv); }
