// regatta verify: laws, oracles and manners of a contender, before a number is taken from it.
#include <fmt/core.h>
#include <sys/wait.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "harness/driver/clock.hpp"
#include "harness/driver/commands/common.hpp"
#include "harness/driver/crew.hpp"
#include "harness/driver/interrupt.hpp"
#include "harness/driver/names.hpp"
#include "harness/driver/rows.hpp"
#include "harness/driver/visit.hpp"

namespace regatta::driver {
namespace {

struct verify_options {
  std::vector<std::string> wanted;
  std::vector<std::string> scenarios;
  std::string contenders;
  std::string time_limit = "30";
  std::string memory_limit = "4G";
  bool no_laws = false;
  bool as_json = false;
};

/// What has been found out, said as it is found.
class findings {
 public:
  explicit findings(bool as_json) : as_json_(as_json) {}

  void begin(const std::string& row) {
    row_ = row;
    if (!as_json_) fmt::print("{}\n", row);
  }
  void ok(const std::string& check, const std::string& detail = "") { add("ok", check, detail); }
  void neutral(outcome what, const std::string& check, const std::string& why) {
    add(std::string(name_of(what)), check, why);
  }
  /// `said` is the conversation that led to it.
  void wrong(const std::string& check, const std::string& why,
             const std::vector<std::string>& said = {}) {
    ++faults_;
    add("WRONG", check, why, said);
  }

  std::size_t faults() const { return faults_; }
  const json& all() const { return all_; }

 private:
  void add(const std::string& verdict, const std::string& check, const std::string& detail,
           const std::vector<std::string>& said = {}) {
    all_.push_back({{"row", row_},
                    {"check", check},
                    {"verdict", verdict == "WRONG" ? "wrong" : verdict},
                    {"detail", detail},
                    {"conversation", said}});
    if (as_json_) return;
    fmt::print("  {:<12} {}{}{}\n", verdict, check, detail.empty() ? "" : ": ", detail);
    for (const std::string& line : said) fmt::print("               {}\n", line);
    std::fflush(stdout);
  }

  bool as_json_;
  std::string row_;
  std::size_t faults_ = 0;
  json all_ = json::array();
};

/// The conversation since the last check began, for the message-by-message account of a fault.
class conversation {
 public:
  transcript listener() {
    return [this](bool sent, std::string_view line) {
      lines_.push_back((sent ? "→ " : "← ") + protocol::excerpt(line, 160));
      if (lines_.size() > most_lines) lines_.erase(lines_.begin());
    };
  }
  void begin() { lines_.clear(); }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  static constexpr std::size_t most_lines = 12;
  std::vector<std::string> lines_;
};

class row_check {
 public:
  row_check(const row& r, const verify_options& options, const interrupt& stop, findings& found)
      : row_(r), options_(options), stop_(stop), found_(found), member_(r, stop, crew()) {}

  void go() {
    found_.begin(row_.name);
    if (row_.absent && !is_fault(row_.absent->what)) {
      found_.neutral(row_.absent->what, "contender", row_.absent->reason);
      return;
    }
    if (!hello() || !list()) return;
    for (const auto* scenario : choose_scenarios(specification::all(), options_.scenarios)) {
      if (stop_.requested()) return;
      check_scenario(*scenario);
    }
    manners();
    leave_taking();
  }

 private:
  crew_options crew() {
    crew_options options;
    options.memory_limit_bytes = parse_bytes("--memory-limit", options_.memory_limit);
    options.listener = said_.listener();
    return options;
  }

  std::uint64_t limit_ns() const {
    return parse_duration("--time-limit", options_.time_limit, ns_per_s);
  }

  bool hello() {
    said_.begin();
    auto ready = member_.ready();
    if (!ready) {
      found_.wrong("hello", ready.why.reason, said_.lines());
      return false;
    }
    const auto& h = member_.hello();
    found_.ok("hello", fmt::format("{} {}, {} threads", h.runtime, h.version, h.threads));
    return true;
  }

  bool list() {
    said_.begin();
    auto entries = (*member_.ready())->list(now_ns() + hello_limit_ns);
    if (!entries) {
      found_.wrong("list", entries.why.reason, said_.lines());
      return false;
    }
    for (const auto& entry : *entries) {
      const auto* known = specification::find(entry.scenario);
      if (known == nullptr) {
        found_.neutral(outcome::skipped, entry.scenario,
                       "this build has no oracle for it, so that it cannot be checked or run");
      } else if (const std::string why = known->invalid(entry.params); !why.empty()) {
        found_.wrong("list", fmt::format("{} has other parameters here: {}", entry.scenario, why));
      }
    }
    found_.ok("list", fmt::format("{} scenarios", entries->size()));
    return true;
  }

  void check_scenario(const specification::specification& scenario) {
    const cell smoke = make_cell(scenario, scenario.smoke);
    // Once, and then several times back to back: what one run leaves behind must not hurt the next.
    for (const std::uint64_t iterations : {1u, 3u}) {
      said_.begin();
      auto ready = member_.ready();
      if (!ready) {
        found_.wrong(smoke.key, ready.why.reason, said_.lines());
        return;
      }
      const visit_result result =
          visit(**ready, smoke, {iterations, 0, limit_ns(), member_.threads(), member_.hello().io});
      if (result.how.what == outcome::interrupted) return;
      if (result.how.what == outcome::unsupported) {
        found_.neutral(outcome::unsupported, smoke.key, result.how.reason);
        return;
      }
      if (result.how.what != outcome::ok) {
        found_.wrong(smoke.key, fmt::format("{}: {}", name_of(result.how.what), result.how.reason),
                     said_.lines());
        return;
      }
    }
    found_.ok(smoke.key);
  }

  /// Sends a line that must be answered with an error, after which the contender must go on.
  void expect_error(const std::string& check, const std::string& line) {
    said_.begin();
    auto ready = member_.ready();
    if (!ready) return found_.wrong(check, ready.why.reason, said_.lines());
    const auto reply = (*ready)->exchange_raw(line, now_ns() + hello_limit_ns);
    const bool lives = member_.is_alive();
    if (!reply && lives) return found_.ok(check, "refused: " + reply.why.reason);
    found_.wrong(check,
                 reply ? "it must answer {\"error\":…}; it answered " +
                             std::string(protocol::kind_of(*reply))
                       : reply.why.reason,
                 said_.lines());
  }

  void manners() {
    expect_error("an unknown scenario", R"({"prepare":{"scenario":"no such scenario"}})");
    for (const auto* scenario : specification::all()) {
      expect_error("an unknown parameter",
                   fmt::format(R"({{"prepare":{{"scenario":"{}","params":{{"no such":1}}}}}})",
                               scenario->name));
      break;
    }
    expect_error("a line that is no message", "this is no JSON");
    said_.begin();
    auto ready = member_.ready();
    if (!ready) return found_.wrong("a key that it does not know", ready.why.reason, said_.lines());
    auto reply = (*ready)->exchange_raw(R"({"hello":1,"a key from the future":[1]})",
                                        now_ns() + hello_limit_ns);
    if (reply && std::holds_alternative<protocol::hello_reply>(*reply)) {
      found_.ok("a key that it does not know", "ignored");
    } else {
      found_.wrong("a key that it does not know", reply ? "expected a hello" : reply.why.reason,
                   said_.lines());
    }
  }

  void leave_taking() {
    for (const bool by_end_of_input : {false, true}) {
      const std::string check = by_end_of_input ? "the end of its stdin" : "quit";
      said_.begin();
      auto ready = member_.ready();
      const std::string wrong =
          ready ? (*ready)->quit(quit_grace_ns, by_end_of_input) : ready.why.reason;
      if (wrong.empty()) {
        found_.ok(check, "left with exit code 0");
      } else {
        found_.wrong(check, wrong, said_.lines());
      }
    }
  }

  const row& row_;
  const verify_options& options_;
  const interrupt& stop_;
  findings& found_;
  conversation said_;
  crew_member member_;
};

void check_laws(const std::string& name, const contender_program& who, const interrupt& stop,
                findings& found) {
  if (who.laws.empty() || !who.skipped.empty()) return;
  found.begin(row_name(name, who.variant, 0) + " laws");
  auto started = child_process::start({who.laws, {}});
  if (!started.child) return found.wrong("laws", started.error);
  ::setenv("GTEST_BRIEF", "1", 0);
  constexpr std::uint64_t laws_limit_ns = 600 * ns_per_s;
  const std::uint64_t deadline_ns = now_ns() + laws_limit_ns;
  started.child->close_input();
  // Its output is drained, or a full pipe would stop it.
  protocol::line_reader reader(started.child->output());
  std::vector<std::string> last_lines;
  while (now_ns() < deadline_ns && !stop.requested()) {
    protocol::line_result got = reader.next();
    if (got.status == protocol::line_status::line) {
      last_lines.push_back(protocol::excerpt(got.text, 160));
      if (last_lines.size() > 12) last_lines.erase(last_lines.begin());
      continue;
    }
    if (const auto how = started.child->ended_within(20 * ns_per_ms)) {
      if (how->exited_with(0)) return found.ok("laws", joined(who.laws, " "));
      return found.wrong("laws",
                         fmt::format("{} ended with {}", joined(who.laws, " "), how->describe()),
                         last_lines);
    }
  }
  found.wrong("laws", fmt::format("not done within {}", say_duration(laws_limit_ns)), last_lines);
}

exit_code verify(const verify_options& options) {
  const interrupt stop;
  findings found(options.as_json);
  auto chosen = wanted_contenders(options.contenders, options.wanted);
  choose_scenarios(specification::all(), options.scenarios);
  for (chosen_contender& c : chosen) {
    if (options.wanted.empty()) c.variant_globs = {"*"};
    const auto rows = plan_rows({c}, {}, hello_limit_ns, stop);
    for (const row& r : rows) row_check(r, options, stop, found).go();
    for (const contender_program& program : c.who.programs) {
      const bool takes_part = std::any_of(rows.begin(), rows.end(), [&](const row& r) {
        return r.command == program.command && !r.absent;
      });
      if (takes_part && !options.no_laws && !stop.requested()) {
        check_laws(c.who.name, program, stop, found);
      }
    }
  }
  if (stop.requested()) throw ends_command(exit_code::interrupted, "interrupted");
  if (found.all().empty()) {
    throw cannot_measure(
        "there is no contender to verify; build one, or name its path, for example "
        "regatta verify ./my-runtime");
  }
  if (options.as_json) {
    fmt::print("{}\n", found.all().dump(1));
  } else {
    fmt::print("\n{}\n", found.faults() == 0 ? "All is well."
                                             : fmt::format("{} check{} went wrong.", found.faults(),
                                                           found.faults() == 1 ? "" : "s"));
  }
  return found.faults() == 0 ? exit_code::ok : exit_code::not_ok;
}

}  // namespace

void add_verify(CLI::App& app, action& chosen) {
  auto options = std::make_shared<verify_options>();
  CLI::App* command = app.add_subcommand(
      "verify",
      "Check contenders before a number is taken from them: each scenario at smoke size against "
      "its "
      "oracle, the protocol's manners, and the runtime's laws. Says what went wrong, message by "
      "message.");
  command->add_option("CONTENDER", options->wanted,
                      "Names, globs, contender/variant, or paths [all, in every variant]");
  command->add_option("--scenario", options->scenarios, "Only scenarios that match; repeatable")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  command->add_option("--time-limit", options->time_limit,
                      "For one visit of one scenario, in s [30]");
  command->add_option("--memory-limit", options->memory_limit, "Resident memory [4G]");
  command->add_flag("--no-laws", options->no_laws, "Only what the protocol can ask");
  add_contenders_option(*command, options->contenders);
  command->add_flag("--json", options->as_json, "Answer as JSON, for programs");
  command->footer(std::string("Examples:\n  regatta verify\n  regatta verify work_stealing\n  "
                              "regatta verify ./my-runtime --scenario skynet\n\n") +
                  exit_codes_help);
  command->callback([options, &chosen] { chosen = [options] { return verify(*options); }; });
}

}  // namespace regatta::driver
