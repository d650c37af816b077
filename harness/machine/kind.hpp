// What kind of machine a fingerprint is of: whether two machines may stand in for each other.
//
// A number of one machine is only ever set beside a number of another of the same kind. What makes
// a kind is what moves timings and does not change by itself: processor, cores, caches, hypervisor,
// kernel series, mitigations, limits, and how the program was built. What changes from one hour to
// the next (load, free memory, the current MHz) does not.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace regatta::machine {

// One thing that two fingerprints say differently.
struct difference {
  std::string key;     // "cpu.model"
  std::string first;   // as JSON; "null" where it is not known
  std::string second;  // the same of the other machine
};

// The keys of a machine.json that make the kind, flat: {"cpu.model":"…","cpu.logical":2,…}. Of the
// kernel the series ("6.18"), of the memory GiB rounded to powers of two, of the CPUs that may be
// used their number. Two machines are of one kind if these objects are equal. What is not there is
// null.
nlohmann::ordered_json kind_of(nlohmann::ordered_json const& fingerprint);

// Where the kinds differ; empty if the machines are of one kind.
std::vector<difference> differences_of_kind(nlohmann::ordered_json const& first,
                                            nlohmann::ordered_json const& second);

// What else differs and is worth a word: the exact kernel, its command line, the nominal clock,
// huge pages, the noise label, the commit.
std::vector<difference> other_differences(nlohmann::ordered_json const& first,
                                          nlohmann::ordered_json const& second);

// "cpu.model is "A" here and "B" there"
std::string describe(difference const& d);

}  // namespace regatta::machine
