// The second thread of a line that needs two: on another processor, asleep while nobody needs it.
#pragma once

#include <functional>
#include <semaphore>
#include <thread>

#include "runtimes/machine/places.hpp"

namespace regatta::machine {

class second_thread {
 public:
  explicit second_thread(processor where);
  ~second_thread();
  second_thread(second_thread const&) = delete;
  second_thread& operator=(second_thread const&) = delete;

  // Begins a job on the thread, which must not throw; wait() returns when it has ended. One job at
  // a time, all from one thread.
  void start(std::function<void()> job);
  void wait();

  // Whether the kernel has put the thread to sleep, as it says itself.
  bool is_asleep() const;

 private:
  void run(processor where);

  std::function<void()> job_;  // Empty: there is no more.
  std::binary_semaphore begun_{0};
  std::binary_semaphore ended_{0};
  int state_descriptor_ = -1;
  std::thread thread_;
};

}  // namespace regatta::machine
