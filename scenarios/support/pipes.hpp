// Several channels that tasks share. They live for as long as anybody holds them: a task that is
// left over when a run has failed refers to nothing that is gone, and dies with the runtime.
#pragma once

#include <deque>
#include <memory>

#include "runtimes/interface/channel.hpp"
#include "runtimes/interface/types.hpp"

namespace regatta::scenarios {

template <class T, class R>
using pipes = std::shared_ptr<std::deque<regatta::channel<T, R>>>;

// So many channels, each with room for `capacity` messages.
template <class T, class R>
pipes<T, R> make_pipes(u64 count, u64 capacity) {
  auto made = std::make_shared<std::deque<regatta::channel<T, R>>>();
  for (u64 i = 0; i < count; ++i) made->emplace_back(capacity);
  return made;
}

}  // namespace regatta::scenarios
