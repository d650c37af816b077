#include "runtimes/machine/second_thread.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "runtimes/interface/unsupported.hpp"

namespace regatta::machine {

second_thread::second_thread(processor where) : thread_([this, where] { run(where); }) {
  ended_.acquire();
  if (state_descriptor_ >= 0) return;
  start({});
  thread_.join();
  throw runtime_unsupported("whether a thread sleeps is read from /proc, which is not there");
}

second_thread::~second_thread() {
  start({});
  thread_.join();
  close(state_descriptor_);
}

void second_thread::run(processor where) {
  pin_this_thread(where);
  std::string const state = "/proc/self/task/" + std::to_string(gettid()) + "/stat";
  state_descriptor_ = open(state.c_str(), O_RDONLY | O_CLOEXEC);
  for (;;) {
    ended_.release();
    begun_.acquire();
    if (!job_) return;
    job_();
  }
}

void second_thread::start(std::function<void()> job) {
  job_ = std::move(job);
  begun_.release();
}

void second_thread::wait() { ended_.acquire(); }

bool second_thread::is_asleep() const {
  std::array<char, 512> text{};
  auto const size = pread(state_descriptor_, text.data(), text.size(), 0);
  if (size <= 0) return false;
  std::string_view const line(text.data(), static_cast<std::size_t>(size));
  // "4711 (name) S …": the name may hold anything.
  auto const bracket = line.rfind(')');
  return bracket + 2 < line.size() && line[bracket + 2] == 'S';
}

}  // namespace regatta::machine
