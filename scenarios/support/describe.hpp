// From a scenario's type to its description.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "scenarios/support/description.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::scenarios {

// The parameters that `list` stands for, or in `complaint` a sentence why there are none.
template <scenario S>
typename S::params read_parameters(parameter_list const& list, std::string& complaint) {
  typename S::params p;
  for (auto const& [name, text, is_number] : list) {
    complaint = assign_parameter(p, name, text);
    if (!complaint.empty()) break;
  }
  if (complaint.empty()) complaint = why_invalid<S>(p);
  if (!complaint.empty()) complaint = std::string(S::name) + ": " + complaint;
  return p;
}

template <scenario S>
typename S::params read_parameters(parameter_list const& list) {
  std::string complaint;
  auto const p = read_parameters<S>(list, complaint);
  if (!complaint.empty()) throw std::invalid_argument(complaint);
  return p;
}

template <scenario S>
description describe() {
  using params = typename S::params;
  auto const list_all = [](std::vector<params> const& cells) {
    std::vector<parameter_list> lists;
    for (params const& cell : cells) lists.push_back(list_parameters(cell));
    return lists;
  };
  return {
      .name = std::string(S::name),
      .summary = std::string(S::summary),
      .parameters = describe_parameters<params>(),
      .smoke = [] { return list_parameters(S::smoke()); },
      .quick = [list_all] { return list_all(S::quick()); },
      .full = [list_all] { return list_all(S::full()); },
      .invalid =
          [](parameter_list const& list) {
            std::string complaint;
            read_parameters<S>(list, complaint);
            return complaint;
          },
      .complete =
          [](parameter_list const& list) { return list_parameters(read_parameters<S>(list)); },
      .expected = [](parameter_list const& list) { return S::expected(read_parameters<S>(list)); },
      .operations =
          [](parameter_list const& list) { return S::operations(read_parameters<S>(list)); },
      .times_a_part = times_a_part<S>(),
      .measures = measured_quantity<S>(),
      .asked = asked_subject<S>(),
      .fresh_process = needs_fresh_process<S>(),
      .counts_system_calls = counts_system_calls<S>(),
      .floor = [](parameter_list const& list) { return floor_of<S>(read_parameters<S>(list)); },
      .small_program =
          [](parameter_list const& list) { return small_program_of<S>(read_parameters<S>(list)); },
  };
}

}  // namespace regatta::scenarios
