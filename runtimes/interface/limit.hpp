// A runtime that cannot hold as many tasks as it is asked to.
#pragma once

#include <stdexcept>

namespace regatta {

// A runtime that has a ceiling throws this from spawn() and from block_on(); its text names the
// ceiling. The harness reports the cell as unsupported. Such a runtime declares how much it holds:
// `static constexpr u64 most_tasks_at_once`.
class limit_exceeded : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace regatta
