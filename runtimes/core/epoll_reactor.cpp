#include "runtimes/core/epoll_reactor.hpp"

#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <limits>
#include <thread>

namespace regatta::core {

namespace {

#ifdef SYS_epoll_pwait2
constexpr long epoll_pwait2_number = SYS_epoll_pwait2;
#else
constexpr long epoll_pwait2_number = 441;  // Linux 5.11, the same on every architecture.
#endif

// epoll_wait() with a limit in nanoseconds; -1 and ENOSYS where the kernel is older than 5.11.
int wait_nanoseconds(int epoll, epoll_event* events, int most, duration limit) noexcept {
  struct {  // __kernel_timespec
    i64 seconds;
    i64 nanoseconds;
  } const timeout{limit.count() / 1'000'000'000, limit.count() % 1'000'000'000};
  return static_cast<int>(
      ::syscall(epoll_pwait2_number, epoll, events, most, &timeout, nullptr, 0));
}

// The limit in whole milliseconds, rounded up: too late is permitted, too early is not.
int to_milliseconds(duration limit) noexcept {
  i64 const rounded_up = (limit.count() + 999'999) / 1'000'000;
  return static_cast<int>(std::min<i64>(rounded_up, std::numeric_limits<int>::max()));
}

}  // namespace

template <class Threading>
epoll_reactor<Threading>::~epoll_reactor() {
  REGATTA_ASSERT(open_sources_.load() == 0,
                 "a socket outlives its runtime: close every socket before the runtime ends");
  if (epoll_.load() >= 0) {
    ::close(epoll_.load());
    ::close(bell_);
  }
}

// Answers 0 or an errno.
template <class Threading>
int epoll_reactor<Threading>::open() noexcept {
  // Acquire: pairs with the release below.
  if (epoll_.load(std::memory_order_acquire) >= 0) return 0;
  std::lock_guard const held(lock_);
  if (epoll_.load(std::memory_order_relaxed) >= 0) return 0;
  int const epoll = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return errno;
  int const bell = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  // Edge-triggered, so that it never has to be read: each ring is an edge.
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
  if (bell < 0 || ::epoll_ctl(epoll, EPOLL_CTL_ADD, bell, &event) != 0) {
    int const error = errno;
    if (bell >= 0) ::close(bell);
    ::close(epoll);
    return error;
  }
  bell_ = bell;
  epoll_.store(epoll, std::memory_order_release);
  return 0;
}

template <class Threading>
auto epoll_reactor<Threading>::add(int descriptor) -> io_expected<source*> {
  if (int const error = open(); error != 0) return io_error{error};
  source& added = take_free_source();
  {
    std::lock_guard const held(added.lock_);
    for (auto& side : added.sides_) {
      // The tick goes on: an edge of the descriptor that was here before may still be on its way.
      u32 const tick = side.tick;
      side = {};
      side.tick = tick;
    }
    added.descriptor_ = descriptor;
    added.closing_ = false;
    added.is_owned_ = true;
  }
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = &added}};
  if (::epoll_ctl(epoll_.load(std::memory_order_relaxed), EPOLL_CTL_ADD, descriptor, &event) != 0) {
    int const error = errno;
    {
      std::lock_guard const held(added.lock_);
      added.closing_ = true;
      added.is_owned_ = false;
      added.descriptor_ = -1;
    }
    put_back(added);
    return io_error{error};
  }
  return &added;
}

template <class Threading>
void epoll_reactor<Threading>::close(source& closed) noexcept {
  end(closed, false);
}

template <class Threading>
void epoll_reactor<Threading>::forget(source& unowned) noexcept {
  end(unowned, true);
}

template <class Threading>
void epoll_reactor<Threading>::end(source& ended, bool disown) noexcept {
  typename source::woken woken;
  typename source::remains left;
  {
    std::lock_guard const held(ended.lock_);
    ended.closing_ = true;
    if (disown) ended.is_owned_ = false;
    std::transform(ended.sides_.begin(), ended.sides_.end(), woken.begin(), &source::wake);
    left = ended.take_remains();
  }
  ended.bury(left);
  for (work* const w : woken) post_admitted(w);
}

template <class Threading>
void epoll_reactor<Threading>::bury(source& closed, int descriptor, bool is_free) noexcept {
  if (descriptor >= 0) {
    // To close it alone would not do where another process holds a copy.
    ::epoll_ctl(epoll_.load(std::memory_order_relaxed), EPOLL_CTL_DEL, descriptor, nullptr);
    ::close(descriptor);
  }
  if (is_free) put_back(closed);
}

template <class Threading>
auto epoll_reactor<Threading>::take_free_source() -> source& {
  constexpr std::size_t chunk_size = 64;
  std::lock_guard const held(lock_);
  if (free_ == nullptr) {
    auto& chunk = chunks_.emplace_back(std::make_unique<source[]>(chunk_size));
    for (std::size_t i = chunk_size; i > 0; --i) {
      chunk[i - 1].home_ = this;
      chunk[i - 1].next_free_ = free_;
      free_ = &chunk[i - 1];
    }
  }
  source& taken = *free_;
  free_ = taken.next_free_;
  open_sources_.fetch_add(1, std::memory_order_relaxed);
  return taken;
}

template <class Threading>
void epoll_reactor<Threading>::put_back(source& unused) noexcept {
  std::lock_guard const held(lock_);
  unused.next_free_ = free_;
  free_ = &unused;
  open_sources_.fetch_sub(1, std::memory_order_relaxed);
}

// For a process that has no descriptor left, not even for sleeping: looks again soon instead.
template <class Threading>
void epoll_reactor<Threading>::nap(time_point deadline) noexcept {
  constexpr auto longest = std::chrono::milliseconds(1);
  auto const now = clock::now();
  if (deadline > now) std::this_thread::sleep_for(std::min<duration>(deadline - now, longest));
}

template <class Threading>
void epoll_reactor<Threading>::ring_bell() noexcept {
  u64 const one = 1;
  // It cannot fail but by a count near 2^64: then the bell is rung anyway.
  [[maybe_unused]] auto const written = ::write(bell_, &one, sizeof one);
}

template <class Threading>
int epoll_reactor<Threading>::wait_no_longer(event_batch& events) noexcept {
  int const epoll = epoll_.load(std::memory_order_acquire);
  if (epoll < 0) return 0;
  return std::max(::epoll_wait(epoll, events.data(), batch, 0), 0);
}

template <class Threading>
int epoll_reactor<Threading>::wait(event_batch& events, time_point deadline) noexcept {
  bool const for_ever = deadline == time_point::max();
  duration const left = for_ever ? duration::max() : deadline - clock::now();
  if (left <= duration::zero()) return wait_no_longer(events);
  int const epoll = epoll_.load(std::memory_order_relaxed);
  int ready = -1;
  if (for_ever) {
    ready = ::epoll_wait(epoll, events.data(), batch, -1);
  } else {
    bool counts_nanoseconds = detail::kernel_counts_nanoseconds.load(std::memory_order_relaxed);
    if (counts_nanoseconds) {
      ready = wait_nanoseconds(epoll, events.data(), batch, left);
      if (ready < 0 && errno == ENOSYS) {
        detail::kernel_counts_nanoseconds.store(false, std::memory_order_relaxed);
        counts_nanoseconds = false;
      }
    }
    if (!counts_nanoseconds) {
      ready = ::epoll_wait(epoll, events.data(), batch, to_milliseconds(left));
    }
  }
  // A signal ends the sleep early: the caller looks again, and sleeps again.
  return std::max(ready, 0);
}

template class io_source<one_thread>;
template class io_source<many_threads>;
template class epoll_reactor<one_thread>;
template class epoll_reactor<many_threads>;

}  // namespace regatta::core
