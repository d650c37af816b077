// What a contender says of itself: hello and list.
#include <fmt/core.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <string>
#include <vector>

#include "harness/driver/conformance/conformance.hpp"
#include "harness/driver/crew.hpp"
#include "harness/driver/names.hpp"

namespace regatta::driver::conformance {
namespace {

constexpr std::array<std::string_view, 4> known_capabilities = {"timer", "net", "file", "blocking"};
constexpr std::size_t most_scenarios = 10'000;

template <class Strings>
bool holds(const Strings& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

std::string quoted_list(const std::vector<std::string>& names) {
  return fmt::format(R"("{}")", joined(names, R"(", ")"));
}

/// `asked` is the variant that hello named; empty: the default.
void check_variants(dialogue& with, const std::string& asked, const protocol::hello_reply& hello) {
  const auto& names = hello.variants;
  if (!asked.empty() && hello.variant != asked) {
    with.wrong(fmt::format(R"(hello.variant must be "{}", which it was asked for; got "{}")", asked,
                           hello.variant));
  }
  if (std::set<std::string>(names.begin(), names.end()).size() != names.size()) {
    with.wrong("hello.variants must name each variant once; got " + quoted_list(names));
  }
  if (names.empty()) return;
  if (!holds(names, hello.variant)) {
    with.wrong(fmt::format(R"(hello.variant is "{}", which is not among hello.variants; got {})",
                           hello.variant, quoted_list(names)));
  } else if (asked.empty() && names.front() != hello.variant) {
    with.wrong(fmt::format(R"(hello.variants must begin with the default, "{}"; got {})",
                           hello.variant, quoted_list(names)));
  }
}

void check_hello_fields(dialogue& with, const std::string& asked,
                        const protocol::hello_reply& hello) {
  check_variants(with, asked, hello);
  if (hello.runtime.empty()) with.wrong("hello.runtime must be a name; got an empty string");
  for (const std::string& capability : hello.capabilities) {
    if (holds(known_capabilities, capability)) continue;
    with.wrong(
        fmt::format(R"(hello.capabilities must be of "timer", "net", "file", "blocking"; got "{}")",
                    capability));
  }
  if (hello.track != "default" && hello.track != "tuned") {
    with.wrong(fmt::format(R"(hello.track must be "default" or "tuned"; got "{}")", hello.track));
  }
  // Who starts another program to do the work answers with that one's number, of the same group.
  if (hello.pid != 0 && ::kill(static_cast<pid_t>(hello.pid), 0) != 0 && errno == ESRCH) {
    with.wrong(fmt::format("hello.pid must be the contender's own process; there is no process {}",
                           hello.pid));
  }
}

bool check_hello(dialogue& with, const row& r, account& told) {
  if (!with.begin_anew("hello")) return false;
  // The default first, and then the variant that this row is about.
  for (const std::string& variant : std::set<std::string>{"", r.variant}) {
    if (!with.is_well()) break;
    with.say(protocol::hello{variant, 0, 1});
    const heard got = with.hear({"hello"}, hello_limit_ns);
    if (const auto* hello = got.as<protocol::hello_reply>()) {
      told.hello = *hello;
      check_hello_fields(with, variant, *hello);
    }
    with.expect_silence();
  }
  return with.end(
      fmt::format("{} {}, {} threads", told.hello.runtime, told.hello.version, told.hello.threads));
}

/// Compares with what the scenario is here: a parameter that is left out must mean the same to
/// both.
void check_entry(dialogue& with, const specification::specification& known,
                 const protocol::list_entry& entry) {
  const auto defaults = known.complete(specification::parameters::object());
  for (const auto& [key, value] : entry.params.items()) {
    if (!defaults.contains(key)) {
      with.wrong(
          fmt::format("{} has no parameter '{}' here; the list names it", entry.scenario, key));
    } else if (defaults.at(key) != value) {
      with.wrong(fmt::format("the default of {}.{} is {}; the list says {}", entry.scenario, key,
                             defaults.at(key).dump(), value.dump()));
    }
  }
}

void check_list(dialogue& with, account& told, findings& found) {
  if (!with.begin("list")) return;
  with.say(protocol::list{});
  std::vector<std::string> unknown;
  for (std::size_t lines = 0; lines <= most_scenarios; ++lines) {
    const heard got = with.hear({"scenario", "end"}, hello_limit_ns);
    if (got.key != "scenario") break;
    const auto* entry = got.as<protocol::list_entry>();
    if (entry == nullptr) continue;
    if (!told.listed.emplace(entry->scenario, *entry).second) {
      with.wrong(entry->scenario + " is listed twice");
    }
    if (const auto* known = specification::find(entry->scenario)) {
      check_entry(with, *known, *entry);
    } else {
      unknown.push_back(entry->scenario);
    }
    if (lines == most_scenarios) {
      with.wrong(fmt::format("it listed more than {} scenarios and came to no end", lines));
    }
  }
  with.expect_silence();
  with.end(fmt::format("{} scenarios", told.listed.size()));
  for (const std::string& name : unknown) {
    found.neutral(outcome::skipped, name,
                  "this build has no oracle for it, so that it cannot be checked or run");
  }
}

}  // namespace

bool check_introduction(dialogue& with, const row& r, account& told, findings& found) {
  if (!check_hello(with, r, told)) return false;
  check_list(with, told, found);
  return !with.is_interrupted();
}

}  // namespace regatta::driver::conformance
