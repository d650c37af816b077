// Is this machine fit to measure? A list of checks, each with what was seen, what that would spoil,
// and how to mend it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "harness/machine/noise_label.hpp"
#include "harness/machine/probes.hpp"
#include "harness/machine/reader.hpp"

namespace regatta::machine {

enum class verdict {
  ok,
  warn,  // numbers will be noisier, or will not hold elsewhere
  bad,   // numbers would be wrong, or cells would fail
};

std::string_view to_string(verdict v);

struct check {
  std::string name;
  machine::verdict verdict = verdict::ok;
  std::string seen;  // one sentence
  std::string mend;  // a command or a sentence; empty where nothing needs mending or nothing can be
  std::string why = {};  // what it would spoil; one sentence, whatever the verdict
};

// Of this machine, now. Takes a quarter of a second.
std::vector<check> examine();

// The same from files that may be made up, and from probes that need system calls.
std::vector<check> examine(reader const& read, probes const& probed);

verdict worst(std::vector<check> const& checks);

// For a terminal: a line a check, why it matters and what to mend below it where it is not ok, the
// count at the end.
std::string render(std::vector<check> const& checks, bool color);

// The label that a run which began now would have, and what it rests on.
std::string render(noise_label const& label, bool color);

// [{"name":…,"verdict":"ok","seen":…,"why":…,"mend":…}, …]
nlohmann::ordered_json to_json(std::vector<check> const& checks);

}  // namespace regatta::machine
