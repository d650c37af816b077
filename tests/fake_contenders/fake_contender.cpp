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
#include <string>
#include <thread>
#include <vector>

#include "harness/protocol/line_io.hpp"
#include "harness/protocol/reply.hpp"
#include "harness/protocol/request.hpp"
#include "harness/specification/specification.hpp"
#include "tests/fake_contenders/kinds.hpp"

namespace {

namespace protocol = regatta::protocol;
namespace specification = regatta::specification;
using std::uint64_t;

constexpr uint64_t an_hour_ns = 3'600'000'000'000;

struct options {
  std::string name = "fake";
  std::string misbehave = "honest";
  std::string default_variant;   // What its default is called; empty: it has no name.
  std::string only;              // The scenario in which it misbehaves; empty: in all.
  double iteration_ns = 20'000;  // What one iteration claims to take.
  double slow_percent = 0;
  double noise_percent = 2;
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
      idle_turns_ = 0;
      const auto line = reader.next();
      if (line.status != protocol::line_status::line) break;
      const auto request = protocol::parse_request(line.text);
      if (!request || refuses_the_wording(line.text)) {
        if (does("any_line")) {
          say(introduction(""));
        } else {
          refuse("protocol", request ? "this fake wants it put otherwise" : request.error);
        }
        continue;
      }
      if (std::holds_alternative<protocol::quit>(*request)) {
        if (options_.misbehave == "ignores_quit") hang();
        return code();
      }
      std::visit([this](const auto& message) { answer(message); }, *request);
    }
    if (options_.misbehave == "ignores_quit" || options_.misbehave == "ignores_the_end") hang();
    return code();
  }

 private:
  int code() const { return options_.misbehave == "exits_with_1" ? 1 : 0; }

  void say(const protocol::reply& message) { protocol::write_line(1, protocol::format(message)); }

  void refuse(const std::string& kind, const std::string& reason) {
    say(protocol::error{kind, does("no_reason") ? "" : reason});
    if (does("ends_after_an_error")) std::_Exit(0);
  }

  bool refuses_the_wording(const std::string& line) const {
    if (does("unknown_keys")) return line.find("future") != std::string::npos;
    if (does("parses_by_hand")) return line.find(' ') == 0 || line.find("\\u") != std::string::npos;
    return false;
  }

  bool does(const char* kind) const {
    const bool here =
        options_.only.empty() || scenario_ == nullptr || scenario_->name == options_.only;
    return here && options_.misbehave == kind;
  }

  void answer(const protocol::hello& asked) {
    if (options_.misbehave != "forgets_no_cell") scenario_ = nullptr;
    if (options_.misbehave == "hang_in_hello") hang();
    if (options_.misbehave == "exit_in_hello") std::_Exit(7);
    if (options_.misbehave == "wrong_protocol") {
      protocol::write_line(1, R"({"hello":2,"runtime":"fake"})");
      return;
    }
    const std::string variant = asked.variant.empty() ? options_.default_variant : asked.variant;
    if (variant != options_.default_variant && variant != "slow" && !does("any_variant")) {
      refuse("unsupported", fmt::format("no variant '{}'; there is: slow", asked.variant));
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
    if (options_.misbehave == "talks_when_idle" && !spinner_.joinable()) {
      spinner_ = std::thread([this] {
        for (;; ::usleep(50'000)) {
          if (idle_turns_.fetch_add(1) == 6) protocol::write_line(1, "still here");
        }
      });
    }
    say(introduction(variant));
  }

  protocol::hello_reply introduction(const std::string& variant) const {
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
    if (does("any_variant") && variant != "slow") reply.variant = "";
    if (does("forgets_its_variant")) reply.variant = "";
    if (does("hides_its_default") && variant.empty()) reply.variant = "fast";
    if (does("lists_its_default_last")) reply.variants = {"slow", options_.default_variant};
    if (does("wrong_capability")) reply.capabilities = {"telepathy"};
    // Above what Linux gives out.
    if (does("wrong_pid")) reply.pid = 1u << 30;
    return reply;
  }

  void answer(const protocol::quit&) {}

  void answer(const protocol::list&) {
    bool is_first = true;
    for (const auto* s : specification::all()) {
      protocol::list_entry entry{s->name, s->complete(specification::parameters::object()), ""};
      if (does("lists_a_parameter")) entry.params["wind"] = 3;
      if (does("lists_another_default")) entry.params.begin().value() = 12'345;
      if (!is_first || !does("lists_less")) say(entry);
      if (is_first && does("lists_twice")) say(entry);
      is_first = false;
    }
    say(protocol::list_end{});
  }

  void answer(const protocol::prepare& asked) {
    const auto* scenario = specification::find(asked.scenario);
    if (scenario == nullptr && does("any_scenario")) return say(protocol::ready{});
    if (options_.misbehave != "keeps_the_cell") scenario_ = nullptr;
    if (scenario == nullptr) return refuse("unsupported", "no scenario '" + asked.scenario + "'");
    if (const std::string wrong = scenario->invalid(asked.params); !wrong.empty()) {
      if (does("any_parameter")) return say(protocol::ready{});
      return refuse("failed", wrong);
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
    if (scenario_ == nullptr && does("runs_unprepared")) {
      scenario_ = specification::all().front();
      params_ = scenario_->smoke;
    }
    if (scenario_ == nullptr) return refuse("protocol", "run before prepare");
    if (does("done_first")) say(protocol::done{});
    uint64_t samples = asked.samples;
    if (does("fewer_samples")) samples = 1;
    if (does("more_samples")) ++samples;
    for (uint64_t i = 0; i < samples; ++i) take_a_sample(asked.iterations);
    if (does("no_done")) hang();
    if (!does("two_on_a_line")) say(protocol::done{});
    if (does("noise_after")) protocol::write_line(1, "debug: the sample is done");
  }

  void take_a_sample(uint64_t iterations) {
    const timespec began = now();
    misbehave_before_the_sample();
    protocol::sample sample = honest_sample(iterations);
    sleep_until(began, sample.ns);
    bend(sample);
    protocol::json message = protocol::json::parse(protocol::format(sample));
    bend_fields(message["sample"]);
    if (does("no_newline")) {
      const std::string text = message.dump();
      (void)!::write(1, text.data(), text.size());
      hang();
    }
    protocol::write_line(1, message.dump() + (does("two_on_a_line") ? R"({"done":true})" : ""));
  }

  /// What no honest type can hold.
  void bend_fields(protocol::json& sample) const {
    if (does("missing_key")) sample.erase("ns");
    if (does("wrong_type")) {
      sample["ns"] = "much";
      sample["threads_used"] = protocol::json::array({1});
    }
    if (does("negative")) sample["operations"] = -1;
    if (does("fraction")) sample["iterations"] = 1.0;
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
    // Which process it was is a number as good as any, and tells one from the other.
    const bool in_bytes = scenario_->measures == regatta::scenarios::quantity::bytes;
    if (in_bytes && !does("tells_no_bytes")) {
      sample.counters["bytes"] = static_cast<uint64_t>(::getpid());
    }
    return sample;
  }

  void bend(protocol::sample& sample) const {
    if (does("wrong_answer")) ++sample.answer;
    if (does("differing_answers")) sample.answers_differ = true;
    if (does("lies_about_time")) sample.ns += an_hour_ns;
    if (does("no_time")) sample.ns = 0;
    if (does("miscounts")) --sample.operations;
    if (does("two_threads")) sample.threads_used = threads_ + 1;
    if (does("wrong_iterations")) ++sample.iterations;
    if (does("constant_time")) sample.ns = 1'000;
    if (does("part_of_the_time")) sample.ns /= 10;
    if (does("busy_beyond_reason")) sample.cpu_ns = an_hour_ns;
    const uint64_t each = sample.operations / 2;
    if (does("buckets_descend")) sample.latencies = {{{500, each}, {100, each}}};
    if (does("buckets_overflow")) sample.latencies = {{{100, sample.operations + 1}}};
    if (does("endless_latency")) sample.latencies = {{{an_hour_ns, 1}}};
  }

  void misbehave_before_the_sample() {
    if (does("hang_in_run")) hang();
    if (does("exit_in_run")) std::_Exit(3);
    if (does("segfault_in_run")) {
      // A sanitizer would catch the signal and exit in its own way.
      ::signal(SIGSEGV, SIG_DFL);
      ::raise(SIGSEGV);
    }
    if (does("blank_line")) protocol::write_line(1, "");
    if (does("no_object")) protocol::write_line(1, "[1,2]");
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
  std::atomic<uint64_t> idle_turns_ = 0;  // Of the spinner, since the last request.
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
