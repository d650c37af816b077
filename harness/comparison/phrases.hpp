// What the views of a comparison say in words, each from the document alone.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace regatta::comparison {

// The sentence behind the verdict on all cells: what is worse and where, or what to do about what
// could not be measured.
std::string why_of(nlohmann::ordered_json const& document);

// "worse", "could not measure": a verdict for people. Of two runs that were not interleaved cells
// are slower or faster, and the whole differs: nobody knows whether the build is to blame.
std::string verdict_text(nlohmann::ordered_json const& document);
std::string verdict_text(nlohmann::ordered_json const& document,
                         nlohmann::ordered_json const& cell);

// The scenario, with those parameters in which its cells of this document differ.
std::string short_name(nlohmann::ordered_json const& document, nlohmann::ordered_json const& cell);

// "12 ns → 13 ns"; "ok → crashed" where one side was not measured.
std::string costs_text(nlohmann::ordered_json const& cell);

// "1.10 [1.08, 1.12]"; empty where there is none.
std::string ratio_text(nlohmann::ordered_json const& cell);

// "A/A spread 1.2 % (median over cells); machine: noisy; seed 7; confirmed with seed 8."
std::string evidence_text(nlohmann::ordered_json const& document);

// "All cells together: 1.01 [0.99, 1.02] over 12 cells."; empty where there is none.
std::string mean_text(nlohmann::ordered_json const& document);

}  // namespace regatta::comparison
