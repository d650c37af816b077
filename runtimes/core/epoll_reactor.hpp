// Tells tasks when their descriptors are ready: one epoll instance, and a *source* for each
// descriptor that is registered with it.
//
// A descriptor is registered once, edge-triggered, for everything; from then on no system call but
// the operations themselves. The source keeps what the kernel has said. Two rules keep an edge from
// being lost:
//   - Each edge advances the direction's tick. Whoever found nothing to read may put "ready" out
//     only if the tick is still what it was before the attempt (as Tokio's scheduled_io does).
//   - Sources are never freed while the reactor lives, only reused. So an edge that is harvested
//     late, for a descriptor that has been closed meanwhile, meets a valid source; at worst it
//     makes somebody try once more.
//
// Threading is many_threads or one_thread (threading.hpp). Under many_threads every call but the
// polls may be made by any thread; one thread polls at a time.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "runtimes/interface/assert.hpp"
#include "runtimes/interface/io_result.hpp"
#include "runtimes/interface/threading.hpp"
#include "runtimes/interface/types.hpp"
#include "runtimes/interface/work.hpp"

namespace regatta::core {

namespace detail {
// False once the kernel has shown that it lacks epoll_pwait2 (older than 5.11). Tests may pretend.
inline std::atomic<bool> kernel_counts_nanoseconds{true};
}  // namespace detail

// Of an operation. `failing`: it waits for the connection to fail, whatever there is to read.
enum class direction : u8 { reading, writing, failing };

template <class Threading>
class epoll_reactor;

// One descriptor's state. An operation enter()s, tries, and then either leave()s or arm()s a work
// that is woken when another try makes sense. One operation at a time in each direction.
template <class Threading>
class io_source {
 public:
  io_source() = default;
  io_source(io_source const&) = delete;
  io_source& operator=(io_source const&) = delete;

  // What an operation learns when it begins.
  struct entry {
    bool is_open;
    bool is_ready;  // False: there was nothing, and no edge since. Trying would be a waste.
    int descriptor;
    u32 tick;
  };
  // The descriptor stays open until leave() or abandon(), whoever closes it meanwhile. Not open:
  // the operation has not begun, and there is nothing to leave.
  entry enter(direction d) noexcept {
    std::lock_guard const held(lock_);
    side& mine = sides_[index(d)];
    if (closing_) return {};
    REGATTA_ASSERT(!mine.busy,
                   "another task is in the same operation on this socket: one task may read and "
                   "one may write at a time");
    mine.busy = true;
    ++users_;
    return {.is_open = true, .is_ready = mine.ready, .descriptor = descriptor_, .tick = mine.tick};
  }

  // The operation has ended. `drained`: what it met was the last for now.
  void leave(direction d, bool drained, u32 tick) noexcept {
    remains left;
    {
      std::lock_guard const held(lock_);
      side& mine = sides_[index(d)];
      // After a hang-up no edge will come to tell of the end that is still to be read.
      if (drained && mine.tick == tick && !mine.hung_up) mine.ready = false;
      mine.busy = false;
      --users_;
      left = take_remains();
    }
    bury(left);
  }

  enum class arming : u8 { armed, ready, closed };
  // The operation would block. Armed: `w` will be woken once; from here on it may be running.
  // Ready: an edge came since `tick`, which is brought up to date: try again.
  arming arm(direction d, work& w, u32& tick) noexcept {
    std::lock_guard const held(lock_);
    side& mine = sides_[index(d)];
    if (closing_) return arming::closed;
    if (mine.tick != tick) {
      tick = mine.tick;
      return arming::ready;
    }
    mine.ready = false;
    mine.hung_up = false;
    mine.waiter = &w;
    return arming::armed;
  }

  // What an operation that was armed goes on with when it is woken.
  entry again(direction d) noexcept {
    std::lock_guard const held(lock_);
    side const& mine = sides_[index(d)];
    return {
        .is_open = !closing_, .is_ready = mine.ready, .descriptor = descriptor_, .tick = mine.tick};
  }

  // The operation's task is being destroyed.
  void abandon(direction d) noexcept {
    remains left;
    {
      std::lock_guard const held(lock_);
      sides_[index(d)].waiter = nullptr;
      sides_[index(d)].busy = false;
      --users_;
      left = take_remains();
    }
    bury(left);
  }

  // Lets `use(descriptor)` make a system call that needs no readiness, and answers its answer, an
  // errno. Meanwhile nobody can close the descriptor. ECANCELED where it is closed.
  template <class Use>
  int with_descriptor(Use use) noexcept {
    int descriptor;
    {
      std::lock_guard const held(lock_);
      if (closing_) return ECANCELED;
      ++users_;
      descriptor = descriptor_;
    }
    int const answer = use(descriptor);
    remains left;
    {
      std::lock_guard const held(lock_);
      --users_;
      left = take_remains();
    }
    bury(left);
    return answer;
  }

  // -1 when closed.
  int descriptor() const noexcept {
    std::lock_guard const held(lock_);
    return closing_ ? -1 : descriptor_;
  }

 private:
  friend epoll_reactor<Threading>;

  struct side {
    work* waiter = nullptr;
    u32 tick = 0;
    bool ready = true;  // At first we hope: an attempt costs less than a wait.
    bool hung_up = false;
    bool busy = false;  // An operation is between enter() and leave().
  };

  static constexpr std::size_t index(direction d) noexcept { return static_cast<std::size_t>(d); }

  // What is left to do, without the lock, once the source is closed and nobody uses it any more.
  struct remains {
    int descriptor = -1;  // To be closed.
    bool is_free = false;
  };
  // With the lock held.
  remains take_remains() noexcept {
    if (!closing_ || users_ != 0) return {};
    return {std::exchange(descriptor_, -1), !is_owned_};
  }
  void bury(remains left) noexcept {
    if (left.descriptor >= 0 || left.is_free) [[unlikely]]
      home_->bury(*this, left.descriptor, left.is_free);
  }

  // With the lock held. The work to post once it is released.
  static work* wake(side& ready) noexcept {
    work* const waiter = std::exchange(ready.waiter, nullptr);
    return waiter != nullptr ? waiter->executor->admit(*waiter) : nullptr;
  }
  static void take_edge(side& target, bool hung_up) noexcept {
    ++target.tick;
    target.ready = true;
    target.hung_up = target.hung_up || hung_up;
  }

  // Of each direction: the work to post once the lock is released.
  using woken = std::array<work*, 3>;
  woken take_events(u32 events) noexcept {
    woken answer{};
    std::lock_guard const held(lock_);
    if (closing_) return answer;
    bool const dead = (events & (EPOLLHUP | EPOLLERR)) != 0;
    auto const tell = [&](direction d, bool hung_up) {
      side& told = sides_[index(d)];
      take_edge(told, hung_up);
      answer[index(d)] = wake(told);
    };
    if (dead || (events & (EPOLLIN | EPOLLRDHUP)) != 0) {
      tell(direction::reading, dead || (events & EPOLLRDHUP) != 0);
    }
    if (dead || (events & EPOLLOUT) != 0) tell(direction::writing, dead);
    if ((events & EPOLLERR) != 0) tell(direction::failing, true);
    return answer;
  }

  [[no_unique_address]] mutable typename Threading::lock lock_;
  bool closing_ = true;    // No new operations; the descriptor closes when the last user leaves.
  bool is_owned_ = false;  // Somebody still has a handle: not to be reused.
  u8 users_ = 0;           // Operations that need the descriptor open.
  int descriptor_ = -1;
  std::array<side, 3> sides_;
  epoll_reactor<Threading>* home_ = nullptr;
  io_source* next_free_ = nullptr;
};

template <class Threading>
class epoll_reactor {
 public:
  using threading = Threading;
  using source = io_source<Threading>;

  // Costs nothing: the kernel's objects are made when they are first needed.
  epoll_reactor() = default;
  epoll_reactor(epoll_reactor const&) = delete;
  epoll_reactor& operator=(epoll_reactor const&) = delete;
  // Every descriptor must have been closed.
  ~epoll_reactor();

  // Registers a descriptor, which belongs to the source from here on; it must be non-blocking. On
  // an error it still belongs to the caller.
  io_expected<source*> add(int descriptor);

  // Closes the descriptor of a source, at once or when the operations that are in it have left,
  // and wakes those that wait. Idempotent; operations may begin meanwhile, and are refused.
  void close(source& closed) noexcept;

  // Closes it and gives the source back: the owner will not touch it again.
  void forget(source& unowned) noexcept;

  // Whether polling can find anything at all.
  bool has_sources() const noexcept { return open_sources_.load(std::memory_order_relaxed) != 0; }

  // Harvests what is ready now, and hands each work whose time has come to `sink(work&)`: work that
  // admit() answered (work.hpp), so normally of the polling runtime; where `w.executor` is another
  // one, the sink wakes it there. Answers how many it handed.
  template <class Sink>
  std::size_t poll(Sink&& sink) {
    if (epoll_.load(std::memory_order_acquire) < 0) return 0;
    std::array<epoll_event, batch> events;
    return hand_out(events, wait_no_longer(events), sink);
  }

  // Sleeps until a descriptor is ready, the deadline has come (never earlier), or somebody calls
  // wake(). `still_idle()` is asked after the world has been told that we sleep: whoever makes work
  // first publishes it and then calls wake(), so one of the two sees the other.
  template <class Sink, class StillIdle>
  std::size_t sleep_until(time_point deadline, Sink&& sink, StillIdle&& still_idle) {
    if (open() != 0) {
      if (still_idle()) nap(deadline);
      return 0;
    }
    std::array<epoll_event, batch> events;
    // Sequentially consistent, before still_idle() looks: the partner of wake().
    sleeping_.store(true, std::memory_order_seq_cst);
    waiting_.store(true, std::memory_order_seq_cst);
    int ready = 0;
    if (still_idle()) {
      ready = wait(events, deadline);
    } else {
      sleeping_.store(false, std::memory_order_relaxed);
      ready = wait_no_longer(events);
    }
    sleeping_.store(false, std::memory_order_relaxed);
    waiting_.store(false, std::memory_order_relaxed);
    return hand_out(events, ready, sink);
  }

  // Any thread, also under one_thread. Ends the sleep that is going on; costs one look at a flag
  // where nobody sleeps. True: it took a system call.
  bool wake() noexcept {
    // Sequentially consistent: what the caller has published before is seen by still_idle(), or we
    // see the sleeper here. Looking first keeps the line shared between threads that only post.
    if (!sleeping_.load(std::memory_order_seq_cst)) return false;
    if (!sleeping_.exchange(false, std::memory_order_seq_cst)) return false;
    ring_bell();
    return true;
  }

 private:
  static constexpr std::size_t batch = 128;
  using event_batch = std::array<epoll_event, batch>;

  int open() noexcept;
  static void nap(time_point deadline) noexcept;
  void ring_bell() noexcept;
  int wait_no_longer(event_batch& events) noexcept;
  int wait(event_batch& events, time_point deadline) noexcept;

  template <class Sink>
  std::size_t hand_out(event_batch const& events, int ready, Sink& sink) {
    std::size_t handed = 0;
    for (int i = 0; i < ready; ++i) {
      epoll_event const& event = events[static_cast<std::size_t>(i)];
      if (event.data.ptr == nullptr) {
        // The bell. An edge goes to one thread alone: where another polls while we wait, and meets
        // the ring that was meant for us, it rings again. Sequentially consistent: else it was
        // before we began to wait, and still_idle() has seen why.
        if (waiting_.load(std::memory_order_seq_cst)) ring_bell();
        continue;
      }
      auto const woken = static_cast<source*>(event.data.ptr)->take_events(event.events);
      for (work* const w : woken) {
        if (w == nullptr) continue;
        sink(*w);
        ++handed;
      }
    }
    return handed;
  }

  friend source;
  source& take_free_source();
  void put_back(source& unused) noexcept;
  void bury(source& closed, int descriptor, bool is_free) noexcept;
  void end(source& ended, bool disown) noexcept;

  std::atomic<int> epoll_{-1};
  int bell_ = -1;
  std::atomic<bool> sleeping_{false};  // Nobody has rung for the sleeper yet.
  std::atomic<bool> waiting_{false};   // From before sleep_until() waits until it has.
  std::atomic<u32> open_sources_{0};
  [[no_unique_address]] typename Threading::lock lock_;  // Guards the sources, and opening.
  source* free_ = nullptr;
  std::vector<std::unique_ptr<source[]>> chunks_;
};

extern template class io_source<one_thread>;
extern template class io_source<many_threads>;
extern template class epoll_reactor<one_thread>;
extern template class epoll_reactor<many_threads>;

}  // namespace regatta::core
