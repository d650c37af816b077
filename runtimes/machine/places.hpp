// Where the threads of a line run: each on a processor of its own, because a thread that moves in
// the middle measures the move.
#pragma once

#include <sched.h>

#include <vector>

namespace regatta::machine {

using processor = int;

// Those that this process may use: first the one for a line's own thread, then the one for a second
// thread, if there are two. The second is another core of the same package where the machine has
// one, not the other half of the first core: tasks meet there more often.
std::vector<processor> choose_processors();

// Moves the calling thread to one processor.
void pin_this_thread(processor where);

// The calling thread stays where it is put until this ends, on the same thread.
class pinned {
 public:
  explicit pinned(processor where);
  ~pinned();
  pinned(pinned const&) = delete;
  pinned& operator=(pinned const&) = delete;

 private:
  cpu_set_t before_;
};

}  // namespace regatta::machine
