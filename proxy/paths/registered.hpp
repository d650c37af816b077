// Enters a scenario of paths into this program: `Cell` is made of a setup and its parameters.
#pragma once

#include <memory>

#include "harness/contender/registry.hpp"
#include "scenarios/support/describe.hpp"
#include "scenarios/support/scenario.hpp"

namespace regatta::paths {

template <scenarios::scenario S, class Cell>
struct registered {
  registered() {
    contender::registry::of_this_program().add(
        {.scenario = scenarios::describe<S>(), .unsupported = {}, .prepare = &prepare});
  }

  static std::unique_ptr<contender::cell> prepare(contender::setup const& how,
                                                  scenarios::parameter_list const& list) {
    return std::make_unique<Cell>(how, scenarios::read_parameters<S>(list));
  }
};

}  // namespace regatta::paths
