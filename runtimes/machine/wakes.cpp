// A thread that sleeps on another processor is woken.
//   futex_wake     what waking it costs the waker: FUTEX_WAKE, from the call to its return
//   futex_sleep    from the same call until the sleeper runs
//   eventfd_wake   the same for a write to an eventfd whose reader sleeps in epoll_wait()
//   eventfd_sleep
//
// Each wake meets a sleeper: the kernel itself says that it sleeps, and a pause follows in which
// its processor goes to rest, as it does in an idle runtime.
#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>

#include "runtimes/machine/line.hpp"
#include "runtimes/machine/second_thread.hpp"

namespace regatta::machine {
namespace {

using scenarios::recorder;

// As the scenario `wake` waits by default.
constexpr u64 rest_ns = 100'000;

void pause_for(u64 ns) {
  auto const begin = recorder::now();
  while (recorder::now() - begin < ns) {
  }
}

class futex {
 public:
  // Returns once wake() has been called for this round.
  void sleep(u32 round) {
    // Acquire: pairs with the release in wake().
    while (word_.load(std::memory_order_acquire) == round) {
      syscall(SYS_futex, address(), FUTEX_WAIT_PRIVATE, round, nullptr, nullptr, 0);
    }
  }
  void wake(u32 round) {
    // Release: pairs with the acquire in sleep().
    word_.store(round + 1, std::memory_order_release);
    syscall(SYS_futex, address(), FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }
  void woken() {}

 private:
  // Safe because an atomic of 32 bits is that word and nothing else.
  u32* address() { return reinterpret_cast<u32*>(&word_); }

  std::atomic<u32> word_{0};
};
static_assert(sizeof(std::atomic<u32>) == sizeof(u32));

class event_descriptor {
 public:
  event_descriptor() {
    event_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    poll_ = epoll_create1(EPOLL_CLOEXEC);
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    if (event_ < 0 || poll_ < 0 || epoll_ctl(poll_, EPOLL_CTL_ADD, event_, &wanted) != 0) {
      int const error = errno;
      close_both();
      throw std::system_error(error, std::generic_category(), "an eventfd cannot be waited for");
    }
  }
  ~event_descriptor() { close_both(); }
  event_descriptor(event_descriptor const&) = delete;
  event_descriptor& operator=(event_descriptor const&) = delete;

  void sleep(u32) {
    epoll_event ready{};
    while (epoll_wait(poll_, &ready, 1, -1) != 1) {
    }
  }
  void wake(u32) {
    u64 const one = 1;
    (void)!write(event_, &one, sizeof(one));
  }
  // After the clock has stopped: the next sleep must find nothing.
  void woken() {
    u64 count = 0;
    (void)!read(event_, &count, sizeof(count));
  }

 private:
  void close_both() {
    if (event_ >= 0) close(event_);
    if (poll_ >= 0) close(poll_);
  }

  int event_ = -1;
  int poll_ = -1;
};

template <class Bed>
class wakes final : public line {
 public:
  wakes(processor other, timed_side side) : sleeper_(other), side_(side) {}

  u64 measure(u64 operations, recorder& latency) override {
    Bed bed;
    // Which round the sleeper is about to sleep in, and how often it has been woken.
    std::atomic<u64> lying_down{0};
    std::atomic<u64> woken{0};
    std::atomic<recorder::moment> began{0};

    sleeper_.start([&] {
      for (u64 round = 0; round < operations; ++round) {
        lying_down.store(round + 1, std::memory_order_release);
        bed.sleep(static_cast<u32>(round));
        if (side_ == timed_side::sleeper) finish(latency, began.load());
        bed.woken();
        woken.store(round + 1, std::memory_order_release);
      }
    });
    for (u64 round = 0; round < operations; ++round) {
      // Acquire: pairs with the release above. Before that it may sleep for another reason.
      while (lying_down.load(std::memory_order_acquire) != round + 1) {
      }
      while (!sleeper_.is_asleep()) {
      }
      pause_for(rest_ns);
      latency.start_clock();
      began.store(recorder::now());
      bed.wake(static_cast<u32>(round));
      if (side_ == timed_side::waker) finish(latency, began.load());
      // Acquire: pairs with the release above.
      while (woken.load(std::memory_order_acquire) != round + 1) {
      }
    }
    sleeper_.wait();
    return woken.load();
  }

 private:
  static void finish(recorder& latency, recorder::moment began) {
    auto const end = recorder::now();
    latency.stop_clock();
    latency.record(end - began);
  }

  second_thread sleeper_;
  timed_side side_;
};

}  // namespace

std::unique_ptr<line> make_futex(processor other, timed_side side) {
  return std::make_unique<wakes<futex>>(other, side);
}
std::unique_ptr<line> make_eventfd(processor other, timed_side side) {
  return std::make_unique<wakes<event_descriptor>>(other, side);
}

}  // namespace regatta::machine
