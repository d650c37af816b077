// The fingerprint of the machine and the build: machine.json, kept with each run.
//
// Whatever cannot be seen is null and never an error: no cpufreq in a virtual machine, no /sys in
// some containers, no git beside an installed program. Host names, user names and paths are left
// out on purpose, so that a run can be published as it is. results/README.md describes the keys.
#pragma once

#include <nlohmann/json.hpp>

#include "harness/machine/build.hpp"
#include "harness/machine/noise_label.hpp"
#include "harness/machine/reader.hpp"

namespace regatta::machine {

// Of this machine and program, now. Takes a quarter of a second, for the noise label.
nlohmann::ordered_json fingerprint();

// The parts of it that come from files, from a machine that may be made up.
nlohmann::ordered_json fingerprint_of(reader const& read, std::string const& hypervisor_signature);

// What changes while a run goes on: load, steal, free memory, TIME_WAIT. For "before" and "after".
nlohmann::ordered_json weather(reader const& read = this_machine());

}  // namespace regatta::machine
