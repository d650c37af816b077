// How a contender behaves: what it refuses, what it understands, in which order, and how it leaves.
#include <fmt/core.h>
#include <poll.h>

#include <string_view>

#include "harness/driver/clock.hpp"
#include "harness/driver/conformance/conformance.hpp"
#include "harness/driver/crew.hpp"

namespace regatta::driver::conformance {
namespace {

// Whoever burns more than a tenth of a CPU between its turns disturbs the one whose turn it is.
constexpr std::uint64_t watched_ns = ns_per_s;
constexpr std::uint64_t most_idle_cpu_percent = 10;

/// Asks whether the contender goes on after what was asked before.
void expect_life(dialogue& with, const row& r) {
  if (!with.is_well()) return;
  with.say(protocol::hello{r.variant, 0, 1});
  with.hear({"hello"}, hello_limit_ns);
  with.expect_silence();
}

/// A line that must be answered with an error, after which the contender must go on.
void check_refusal(dialogue& with, const row& r, const std::string& check, std::string_view line) {
  if (!with.begin(check)) return;
  with.say(line, protocol::excerpt(line, 60));
  const std::string reason = with.hear_refusal();
  with.expect_silence();
  expect_life(with, r);
  with.end(reason);
}

/// A line that means hello, however it is written.
void check_hello_like(dialogue& with, const row& r, const std::string& check,
                      std::string_view line) {
  if (!with.begin(check)) return;
  with.say(line, protocol::excerpt(line, 60));
  const heard got = with.hear({"hello"}, hello_limit_ns);
  const auto* hello = got.as<protocol::hello_reply>();
  if (hello != nullptr && !r.variant.empty() && hello->variant != r.variant) {
    with.wrong(fmt::format(R"(hello.variant must be "{}", which it was asked for; got "{}")",
                           r.variant, hello->variant));
  }
  with.expect_silence();
  with.end("understood");
}

/// A string as JSON writes it, quotes included.
std::string json_string(std::string_view text) { return protocol::one_line(protocol::json(text)); }

void check_lines(dialogue& with, const row& r) {
  check_refusal(with, r, "a line that is no JSON", "this is no JSON");
  check_refusal(with, r, "a line that is JSON, but no object", "[1]");
  check_refusal(with, r, "a message of no known kind", R"({"sing":"a song"})");
  check_refusal(with, r, "a field of the wrong type", R"({"hello":"one"})");
  check_refusal(with, r, "a protocol that it does not speak", R"({"hello":1000})");
  check_refusal(with, r, "an unknown variant", R"({"hello":1,"variant":"no such variant"})");
  const std::string variant = json_string(r.variant);
  check_hello_like(
      with, r, "a key that it does not know",
      fmt::format(R"({{"hello":1,"variant":{},"a key from the future":[1,{{}}]}})", variant));
  check_hello_like(with, r, "blanks, and keys in another order",
                   fmt::format(R"( {{ "threads" : 0 , "variant" : {} , "hello" : 1 }} )", variant));
  check_hello_like(with, r, "escapes in a string",
                   fmt::format(R"({{"\u0068ello":1,"variant":{}}})", variant));
}

void check_scenarios_refused(dialogue& with, const row& r, const specification::specification& s) {
  check_refusal(with, r, "an unknown scenario", R"({"prepare":{"scenario":"no such scenario"}})");
  check_refusal(with, r, "an unknown parameter",
                fmt::format(R"({{"prepare":{{"scenario":{},"params":{{"no such":1}}}}}})",
                            json_string(s.name)));
  if (s.schema.empty()) return;
  check_refusal(with, r, "a parameter that is negative",
                fmt::format(R"({{"prepare":{{"scenario":{},"params":{{{}:-1}}}}}})",
                            json_string(s.name), json_string(s.schema.front().name)));
  check_refusal(with, r, "a parameter that is no such word",
                fmt::format(R"({{"prepare":{{"scenario":{},"params":{{{}:"no such word"}}}}}})",
                            json_string(s.name), json_string(s.schema.front().name)));
}

/// The conversation has a state: what was prepared.
class order_of_things {
 public:
  order_of_things(dialogue& with, const row& r, const specification::specification& scenario,
                  std::uint64_t time_limit_ns)
      : with_(with),
        row_(r),
        cell_(make_cell(scenario, scenario.smoke)),
        limit_ns_(time_limit_ns) {}

  void check() {
    run_comes_first();
    a_failed_prepare_leaves_nothing();
    hello_forgets_the_cell();
    an_error_is_no_end();
    defaults_may_be_left_out();
  }

 private:
  void run_comes_first() {
    if (!with_.begin_anew("run before prepare")) return;
    hello();
    end_with_a_refused_run();
  }

  void a_failed_prepare_leaves_nothing() {
    if (!with_.begin("run after a prepare that failed")) return;
    prepare();
    with_.say(protocol::prepare{"no such scenario"});
    with_.hear_refusal();
    end_with_a_refused_run();
  }

  void hello_forgets_the_cell() {
    if (!with_.begin("hello again sets everything up anew")) return;
    prepare();
    hello();
    end_with_a_refused_run();
  }

  void an_error_is_no_end() {
    if (!with_.begin("prepare and run after an error")) return;
    with_.say(protocol::prepare{"no such scenario"});
    with_.hear_refusal();
    prepare();
    with_.say(protocol::run{1, 1});
    if (with_.hear({"sample"}, limit_ns_).key == "sample") with_.hear({"done"}, limit_ns_);
    with_.expect_silence();
    with_.end();
  }

  void defaults_may_be_left_out() {
    if (!with_.begin("prepare without parameters")) return;
    with_.say(protocol::prepare{cell_.scenario});
    with_.hear({"ready"}, limit_ns_);
    with_.say(fmt::format(R"({{"prepare":{{"scenario":{}}}}})", json_string(cell_.scenario)),
              "prepare");
    with_.hear({"ready"}, limit_ns_);
    with_.expect_silence();
    with_.end();
  }

  void hello() {
    with_.say(protocol::hello{row_.variant, 0, 1});
    with_.hear({"hello"}, hello_limit_ns);
  }
  void prepare() {
    with_.say(protocol::prepare{cell_.scenario, cell_.params});
    with_.hear({"ready"}, limit_ns_);
  }
  void end_with_a_refused_run() {
    std::string reason;
    if (with_.is_well()) {
      with_.say(protocol::run{1, 1});
      reason = with_.hear_refusal();
      with_.expect_silence();
    }
    with_.end(reason);
  }

  dialogue& with_;
  const row& row_;
  cell cell_;
  std::uint64_t limit_ns_;
};

/// Sees to it that a cell is prepared and has run: this is how a contender waits for its turn.
bool begin_with_a_run(dialogue& with, const std::string& check, const conformance_wishes& wishes,
                      const account& told) {
  if (!with.begin(check)) return false;
  const auto* scenario = first_supported(wishes, told);
  if (scenario == nullptr) return true;
  with.say(protocol::prepare{scenario->name, scenario->smoke});
  if (with.hear({"ready", "error"}, wishes.time_limit_ns).key != "ready") return true;
  with.say(protocol::run{1, 1});
  if (with.hear({"sample", "error"}, wishes.time_limit_ns).key != "sample") return true;
  with.hear({"done"}, wishes.time_limit_ns);
  return true;
}

void check_idleness(dialogue& with, const conformance_wishes& wishes, const account& told) {
  if (!begin_with_a_run(with, "silent and idle when it is not asked", wishes, told)) return;
  constexpr int slice_ms = 20;
  const std::uint64_t until_ns = now_ns() + watched_ns;
  while (with.is_well() && !with.is_interrupted() && now_ns() < until_ns) {
    with.expect_silence();
    ::poll(nullptr, 0, slice_ms);
  }
  const idle_time idle = with.idle();
  if (idle.cpu_ns * 100 > idle.wall_ns * most_idle_cpu_percent) {
    with.wrong(
        fmt::format("it used {} of CPU in {} in which nothing was asked of it; that slows "
                    "down whoever is measured meanwhile",
                    say_duration(idle.cpu_ns), say_duration(idle.wall_ns)));
  }
  with.end();
}

}  // namespace

void check_manners(dialogue& with, const row& r, const conformance_wishes& wishes,
                   const account& told) {
  check_lines(with, r);
  const auto* scenario = first_supported(wishes, told);
  if (scenario == nullptr) return;
  check_scenarios_refused(with, r, *scenario);
  order_of_things(with, r, *scenario, wishes.time_limit_ns).check();
}

void check_leave_taking(dialogue& with, const conformance_wishes& wishes, const account& told) {
  check_idleness(with, wishes, told);
  for (const bool by_end_of_input : {false, true}) {
    const std::string check = by_end_of_input ? "the end of its stdin" : "quit";
    if (!begin_with_a_run(with, check, wishes, told)) continue;
    with.expect_leave(by_end_of_input);
    with.end("left with exit code 0");
  }
}

}  // namespace regatta::driver::conformance
