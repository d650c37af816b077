// A contender that runs nothing and breaks one rule on request: see README.md beside it.
//
// Its times are invented, yet true to the driver's clock: it sleeps for as long as it claims to
// have worked. The noise on them depends on row, block and turn alone (stderr is the log of one row
// and block, so the log's name tells which), which makes a run over fakes the same everywhere.
#include <fmt/core.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "harness/protocol/line_io.hpp"
#include "harness/protocol/reply.hpp"
#include "harness/protocol/request.hpp"
#include "harness/specification/specification.hpp"

namespace {

namespace protocol = regatta::protocol;
namespace specification = regatta::specification;
using std::uint64_t;

struct options {
  std::string name = "fake";
  std::string misbehave = "honest";
  std::string default_variant;   // What its default is called; empty: it has no name.
  std::string only;              // The scenario in which it misbehaves; empty: in all.
  double iteration_ns = 20'000;  // What one iteration claims to take.
  double slow_percent = 0;
  double noise_percent = 2;
};

const std::map<std::string, std::string> kinds = {
    {"honest", "breaks no rule"},
    {"wrong_answer", "answers one more than the oracle"},
    {"differing_answers", "says that its runs disagreed"},
    {"hang_in_hello", "never answers hello"},
    {"hang_in_prepare", "never answers prepare"},
    {"hang_in_run", "never answers run"},
    {"exit_in_hello", "exits with code 7 instead of saying hello"},
    {"exit_in_run", "exits with code 3 in the middle of a sample"},
    {"segfault_in_run", "dies of SIGSEGV in the middle of a sample"},
    {"noise", "prints a line that is no protocol before its sample"},
    {"noise_after", "prints such a line after its sample"},
    {"garbage", "answers with bytes that are no text"},
    {"lies_about_time", "claims more time than passed"},
    {"no_time", "claims that no time passed"},
    {"miscounts", "counts one operation too few"},
    {"eats_memory", "allocates until it is stopped"},
    {"closes_stdout", "closes stdout and lives on"},
    {"torn_line", "exits in the middle of a line"},
    {"endless_line", "prints a line without an end"},
    {"ignores_quit", "goes on after quit and the end of stdin"},
    {"two_threads", "runs tasks on two threads when set up with one"},
    {"too_many_threads", "sets up twice the threads that it was asked for"},
    {"leaves_a_child", "exits in the middle of a sample, leaving a child that holds its stdout"},
    {"wrong_protocol", "speaks protocol 2"},
    {"wrong_reply", "answers ready to run"},
    {"fails", "says that the run failed"},
    {"unsupported", "says that it cannot run the scenario"},
    {"spins_when_idle", "burns a CPU between its turns"},
};

[[noreturn]] void hang() {
  for (;;) ::pause();
}

[[noreturn]] void usage(int code) {
  fmt::print(
      "fake_contender [--name N] [--default-variant V] [--misbehave KIND] [--only SCENARIO] "
      "[--iteration-ns X] [--slow-percent X] [--noise-percent X]\n\n");
  for (const auto& [kind, what] : kinds) fmt::print("  {:<18} {}\n", kind, what);
  std::exit(code);
}

options parse(int argc, char** argv) {
  options o;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--serve") continue;
    if (flag == "--help") usage(0);
    if (i + 1 == argc) usage(2);
    const std::string value = argv[++i];
    if (flag == "--name")
      o.name = value;
    else if (flag == "--misbehave")
      o.misbehave = value;
    else if (flag == "--default-variant")
      o.default_variant = value;
    else if (flag == "--only")
      o.only = value;
    else if (flag == "--iteration-ns")
      o.iteration_ns = std::stod(value);
    else if (flag == "--slow-percent")
      o.slow_percent = std::stod(value);
    else if (flag == "--noise-percent")
      o.noise_percent = std::stod(value);
    else
      usage(2);
  }
  if (!kinds.contains(o.misbehave)) usage(2);
  return o;
}

uint64_t mixed(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// FNV-1a of the log's file name: "row.block.log".
uint64_t place_of_this_process() {
  std::array<char, 4096> path{};
  if (::readlink("/proc/self/fd/2", path.data(), path.size() - 1) < 0) return 1;
  const char* name = std::strrchr(path.data(), '/');
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char* c = name == nullptr ? path.data() : name; *c != '\0'; ++c) {
    hash = (hash ^ static_cast<unsigned char>(*c)) * 0x100000001b3u;
  }
  return hash;
}

timespec now() {
  timespec t = {};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return t;
}

void sleep_until(timespec began, uint64_t ns) {
  const uint64_t end = static_cast<uint64_t>(began.tv_nsec) + ns;
  began.tv_sec += static_cast<time_t>(end / 1'000'000'000);
  began.tv_nsec = static_cast<long>(end % 1'000'000'000);
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &began, nullptr) == EINTR) {
  }
}

class fake {
 public:
  explicit fake(options o) : options_(std::move(o)), random_(place_of_this_process()) {}

  int serve() {
    protocol::line_reader reader(STDIN_FILENO);
    for (;;) {
      const auto line = reader.next();
      if (line.status != protocol::line_status::line) break;
      const auto request = protocol::parse_request(line.text);
      if (!request) {
        say(protocol::error{"protocol", request.error});
        continue;
      }
      if (std::holds_alternative<protocol::quit>(*request)) break;
      std::visit([this](const auto& message) { answer(message); }, *request);
    }
    if (options_.misbehave == "ignores_quit") hang();
    return 0;
  }

 private:
  void say(const protocol::reply& message) { protocol::write_line(1, protocol::format(message)); }

  bool does(const char* kind) const {
    const bool here =
        options_.only.empty() || scenario_ == nullptr || scenario_->name == options_.only;
    return here && options_.misbehave == kind;
  }

  void answer(const protocol::hello& asked) {
    scenario_ = nullptr;
    if (options_.misbehave == "hang_in_hello") hang();
    if (options_.misbehave == "exit_in_hello") std::_Exit(7);
    if (options_.misbehave == "wrong_protocol") {
      protocol::write_line(1, R"({"hello":2,"runtime":"fake"})");
      return;
    }
    const std::string variant = asked.variant.empty() ? options_.default_variant : asked.variant;
    if (variant != options_.default_variant && variant != "slow") {
      say(protocol::error{"unsupported",
                          fmt::format("no variant '{}'; there is: slow", asked.variant)});
      return;
    }
    slow_percent_ = options_.slow_percent + static_cast<double>(asked.slowdown_percent) +
                    (variant == "slow" ? 30 : 0);
    threads_ = asked.threads == 0 ? 1 : asked.threads;
    if (options_.misbehave == "too_many_threads") threads_ *= 2;
    if (options_.misbehave == "spins_when_idle" && !spinner_.joinable()) {
      spinner_ = std::thread([] {
        for (std::atomic<uint64_t> turns = 0;;) turns.fetch_add(1);
      });
    }
    protocol::hello_reply reply;
    reply.runtime = options_.name;
    reply.variant = variant;
    reply.variants = {options_.default_variant, "slow"};
    reply.version = "1.0";
    reply.language = "c++";
    reply.scheduling = "none";
    reply.io = "none";
    reply.threads = threads_;
    reply.pid = static_cast<uint64_t>(::getpid());
    say(reply);
  }

  void answer(const protocol::quit&) {}

  void answer(const protocol::list&) {
    for (const auto* s : specification::all()) {
      say(protocol::list_entry{s->name, s->complete(specification::parameters::object()), ""});
    }
    say(protocol::list_end{});
  }

  void answer(const protocol::prepare& asked) {
    const auto* scenario = specification::find(asked.scenario);
    if (scenario == nullptr) {
      say(protocol::error{"unsupported", "no scenario '" + asked.scenario + "'"});
      return;
    }
    if (const std::string wrong = scenario->invalid(asked.params); !wrong.empty()) {
      say(protocol::error{"failed", wrong});
      return;
    }
    scenario_ = scenario;
    params_ = asked.params;
    if (does("hang_in_prepare")) hang();
    if (does("unsupported")) {
      say(protocol::error{"unsupported", "this fake does not want to"});
      return;
    }
    say(protocol::ready{});
  }

  void answer(const protocol::run& asked) {
    if (scenario_ == nullptr) {
      say(protocol::error{"protocol", "run before prepare"});
      return;
    }
    const timespec began = now();
    misbehave_before_the_sample();
    protocol::sample sample = honest_sample(asked.iterations);
    sleep_until(began, sample.ns);
    bend(sample);
    say(sample);
    say(protocol::done{});
    if (does("noise_after")) protocol::write_line(1, "debug: the sample is done");
  }

  protocol::sample honest_sample(uint64_t iterations) {
    protocol::sample sample;
    sample.iterations = iterations;
    // The sum of four even draws is near enough to a normal one.
    double noise = 0;
    for (int i = 0; i < 4; ++i) {
      random_ = mixed(random_);
      noise += static_cast<double>(random_ >> 11) / 9007199254740992.0 - 0.5;
    }
    const double factor =
        (1 + slow_percent_ / 100) * (1 + options_.noise_percent / 100 * noise * std::sqrt(3.0));
    sample.ns =
        static_cast<uint64_t>(options_.iteration_ns * static_cast<double>(iterations) * factor);
    sample.cpu_ns = sample.ns;
    sample.operations = iterations * scenario_->operations(params_);
    sample.answer = scenario_->expected(params_);
    sample.allocations = 0;
    sample.threads_used = threads_;
    return sample;
  }

  void bend(protocol::sample& sample) const {
    if (does("wrong_answer")) ++sample.answer;
    if (does("differing_answers")) sample.answers_differ = true;
    if (does("lies_about_time")) sample.ns += 3'600'000'000'000;
    if (does("no_time")) sample.ns = 0;
    if (does("miscounts")) --sample.operations;
    if (does("two_threads")) sample.threads_used = threads_ + 1;
  }

  void misbehave_before_the_sample() {
    if (does("hang_in_run")) hang();
    if (does("exit_in_run")) std::_Exit(3);
    if (does("segfault_in_run")) {
      // A sanitizer would catch the signal and exit in its own way.
      ::signal(SIGSEGV, SIG_DFL);
      ::raise(SIGSEGV);
    }
    if (does("noise")) protocol::write_line(1, "debug: about to take a sample");
    if (does("garbage")) protocol::write_line(1, "\xff\xfe\x01{\"sample\"");
    if (does("wrong_reply")) say(protocol::ready{});
    if (does("fails")) say(protocol::error{"failed", "this fake does not feel well"});
    if (does("torn_line")) {
      (void)!::write(1, "{\"sample\":{\"ns\"", 15);
      std::_Exit(0);
    }
    if (does("closes_stdout")) {
      ::close(1);
      hang();
    }
    if (does("eats_memory")) eat_memory();
    if (does("endless_line")) {
      const std::string much(4096, 'x');
      while (::write(1, much.data(), much.size()) > 0) {
      }
      hang();
    }
    if (does("leaves_a_child") && ::fork() == 0) hang();
    if (does("leaves_a_child")) std::_Exit(4);
  }

  [[noreturn]] static void eat_memory() {
    // In bites that the driver can watch, and never more than a machine can bear.
    constexpr std::size_t bite = 8u << 20;
    std::vector<std::vector<char>> eaten;
    for (int i = 0; i < 256; ++i) {
      eaten.emplace_back(bite, 'x');
      ::usleep(5000);
    }
    hang();
  }

  options options_;
  uint64_t random_;
  double slow_percent_ = 0;
  uint64_t threads_ = 1;
  const specification::specification* scenario_ = nullptr;
  specification::parameters params_;
  std::thread spinner_;
};

}  // namespace

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  fake contender(parse(argc, argv));
  const int code = contender.serve();
  std::fflush(stdout);
  // At once: a spinning thread would not be joined.
  std::_Exit(code);
}
