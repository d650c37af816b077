// What a runtime throws where it cannot do what it is asked, through no fault of anybody's. The
// harness reports the row or the cell as unsupported, with the text, which is a sentence for
// people.
#pragma once

#include <stdexcept>

namespace regatta {

// Thrown by a runtime's constructor where the runtime cannot be had on this machine, whatever the
// options: the kernel lacks what it stands on, or refuses it.
class runtime_unsupported : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Thrown by spawn() and block_on() of a runtime that has a ceiling; the text names the ceiling.
// Such a runtime declares how many tasks it holds: `static constexpr u64 most_tasks_at_once`.
class limit_exceeded : public runtime_unsupported {
 public:
  using runtime_unsupported::runtime_unsupported;
};

}  // namespace regatta
