// All connections of a server: counted, and within reach of whoever ends those that are over time.
//
// A connection lies in the frame of its task and is a link of a list: to be in the table costs no
// memory. The table has several lists, each with its own lock, so that workers seldom meet.
//
// Who ends connections walks the lists, and must not hold a lock while it resets a stream: so it
// *pins* the connection. One that is pinned does not leave its list, so the walk goes on from it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>

#include "proxy/alarm.hpp"
#include "proxy/counts.hpp"
#include "proxy/relay.hpp"
#include "proxy/ticks.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/threading.hpp"

namespace regatta::proxy {

// How a connection ended: the sums of counts.hpp.
enum class ending : u8 { completed, unreachable, broken, timed_out, shut_down };

// In ticks; 0: never.
struct patience {
  u32 idle = 0;
  u32 stall = 0;
};

// Threading is the runtime's (threading.hpp): who may end a connection while others wait on it. The
// counts may be read by any thread.
template <byte_stream Stream, class Threading>
class connection_table {
  struct list;

 public:
  class connection;
  static constexpr std::size_t lists = 32;

  explicit connection_table(patience limits) noexcept : limits_(limits) {}
  connection_table(connection_table const&) = delete;
  connection_table& operator=(connection_table const&) = delete;

  // What ticks are now: from 1 on. 0 stands for none.
  std::atomic<u32> const& tick() const noexcept { return tick_; }
  u32 now() const noexcept { return tick_.load(std::memory_order_relaxed); }
  // One task calls this.
  void advance_tick() noexcept {
    u32 const next = now() + 1;
    tick_.store(next != 0 ? next : 1, std::memory_order_relaxed);
  }

  // Ends those of one list whose time is over. Answers how many it has looked at.
  u64 sweep(std::size_t index) noexcept {
    u32 const present = now();
    return walk(lists_[index], [&](connection& each) { return each.is_over(present, limits_); });
  }

  // Ends all, those included that are yet to come.
  void shut_down() noexcept {
    for (auto& each : lists_) {
      {
        std::lock_guard const held(each.lock);
        each.is_shut = true;
      }
      walk(each, [](connection& one) { return one.condemn(ending::shut_down); });
    }
  }

  // `accepted`, `active` and the five sums belong to one moment, so they always add up. The bytes
  // are read a moment later. `refused` and `shortages` are not ours.
  counts read() const noexcept {
    counts sums;
    for (auto& each : lists_) each.lock.lock();
    for (auto& each : lists_) {
      auto const ended = [&each](ending how) { return each.ended[static_cast<std::size_t>(how)]; };
      sums.accepted += each.accepted;
      sums.active += each.active;
      sums.completed += ended(ending::completed);
      sums.unreachable += ended(ending::unreachable);
      sums.broken += ended(ending::broken);
      sums.timed_out += ended(ending::timed_out);
      sums.shut_down += ended(ending::shut_down);
    }
    for (auto& each : lists_) each.lock.unlock();
    for (auto& each : lists_) add_bytes(each, sums);
    return sums;
  }

 private:
  // A real lock in any case: whoever reads the counts may be another thread.
  struct alignas(64) list {
    mutable spin_lock lock;
    bool is_shut = false;
    connection* first = nullptr;
    u64 accepted = 0;
    u64 active = 0;
    std::array<u64, 5> ended{};
    u64 bytes_up = 0;  // Of those that have ended.
    u64 bytes_down = 0;
  };

  // Looks at each connection, with the lock held; where `look` answers true, it is cut off.
  template <class Look>
  static u64 walk(list& place, Look look) noexcept {
    u64 looked_at = 0;
    std::unique_lock held(place.lock);
    for (connection* each = place.first; each != nullptr; each = each->next_) {
      bool const is_over = look(*each);
      // Now and then others are let in, however long the list is.
      if (++looked_at % 64 != 0 && !is_over) continue;
      each->is_pinned_ = true;
      held.unlock();
      if (is_over) each->cut();
      held.lock();
      each->is_pinned_ = false;
    }
    return looked_at;
  }

  // With the lock held, so that no connection is counted twice or not at all while it ends.
  static void add_bytes(list const& place, counts& sums) noexcept {
    std::lock_guard const held(place.lock);
    sums.bytes_up += place.bytes_up;
    sums.bytes_down += place.bytes_down;
    for (connection* each = place.first; each != nullptr; each = each->next_) {
      sums.bytes_up += each->watch_.bytes_forward.load(std::memory_order_relaxed);
      sums.bytes_down += each->watch_.bytes_backward.load(std::memory_order_relaxed);
    }
  }

  patience const limits_;
  // Read by everybody for each message, and written once a tick.
  alignas(64) std::atomic<u32> tick_{1};
  alignas(64) std::atomic<u32> next_list_{0};
  std::array<list, lists> lists_;
};

// A client that is being served, from being accepted to its end: it connects, then it relays. One
// task owns it; the table and whoever holds it must outlive it.
template <byte_stream Stream, class Threading>
class connection_table<Stream, Threading>::connection {
 public:
  connection(connection_table& table, Stream client) noexcept
      : home_(table.lists_[table.next_list_.fetch_add(1, std::memory_order_relaxed) % lists]),
        watch_(table.tick_),
        client_(std::move(client)) {
    std::lock_guard const held(home_.lock);
    ++home_.accepted;
    ++home_.active;
    next_ = home_.first;
    if (next_ != nullptr) next_->previous_ = this;
    home_.first = this;
    if (home_.is_shut) verdict_ = ending::shut_down;
  }
  connection(connection const&) = delete;
  connection& operator=(connection const&) = delete;
  // An exception ends a connection, too.
  ~connection() {
    if (!has_ended_) end(ending::broken);
  }

  Stream& client() noexcept { return client_; }
  Stream& upstream() noexcept { return *upstream_; }
  relay_watch& watch() noexcept { return watch_; }

  // Says, for a scope, that the connection waits for something that is not its streams: `over`
  // rings when so many ticks have gone by (0: never), or when the connection is to end.
  class attempt {
   public:
    attempt(connection& of, alarm<Threading>& over, u32 most_ticks) noexcept : of_(of) {
      over.quiet();
      auto const held = of.lock_unpinned();
      u32 const due = of.watch_.tick.load(std::memory_order_relaxed) + most_ticks;
      of.alarm_ = &over;
      of.has_due_ = most_ticks != 0;
      of.due_tick_ = due;
      if (of.verdict_) over.ring();
    }
    attempt(attempt const&) = delete;
    attempt& operator=(attempt const&) = delete;
    ~attempt() {
      auto const held = of_.lock_unpinned();
      of_.alarm_ = nullptr;
    }

   private:
    connection& of_;
  };

  // The server has ended it; there is nothing left to try.
  bool is_condemned() const noexcept {
    std::lock_guard const held(home_.lock);
    return verdict_.has_value();
  }

  // From here on its idling and stalling counts. False: it has been ended meanwhile.
  bool begin_relay(Stream upstream) noexcept {
    auto const held = lock_unpinned();
    upstream_.emplace(std::move(upstream));
    watch_.moved_at_tick.store(watch_.tick.load(std::memory_order_relaxed),
                               std::memory_order_relaxed);
    return !verdict_;
  }

  // Closes or resets both streams, then leaves the table. What the server has ended counts as that,
  // unless both peers had finished all the same.
  void end(ending how) noexcept {
    if (how == ending::completed) {
      client_.close();
      if (upstream_) upstream_->close();
    } else {
      reset_both();
    }
    auto const held = lock_unpinned();
    auto const counted = how == ending::completed ? how : verdict_.value_or(how);
    ++home_.ended[static_cast<std::size_t>(counted)];
    --home_.active;
    home_.bytes_up += watch_.bytes_forward.load(std::memory_order_relaxed);
    home_.bytes_down += watch_.bytes_backward.load(std::memory_order_relaxed);
    if (next_ != nullptr) next_->previous_ = previous_;
    (previous_ != nullptr ? previous_->next_ : home_.first) = next_;
    has_ended_ = true;
  }

 private:
  friend connection_table;

  // Waits until nobody walks over us: a few system calls at most.
  std::unique_lock<spin_lock> lock_unpinned() const noexcept {
    backoff pause;
    for (;;) {
      std::unique_lock held(home_.lock);
      if (!is_pinned_) return held;
      held.unlock();
      pause.wait();
    }
  }

  // Both with the lock held. True: it is to be cut off.
  bool is_over(u32 present, patience limits) noexcept {
    if (alarm_ != nullptr) return has_due_ && is_due(present, due_tick_);
    if (!upstream_) return false;
    u32 const moved_at = watch_.moved_at_tick.load(std::memory_order_relaxed);
    u32 const stalled_since = watch_.stalled_since_tick.load(std::memory_order_relaxed);
    bool const is_idle = limits.idle != 0 && is_due(present, moved_at + limits.idle);
    bool const is_stalled =
        limits.stall != 0 && stalled_since != 0 && is_due(present, stalled_since + limits.stall);
    return (is_idle || is_stalled) && condemn(ending::timed_out);
  }
  bool condemn(ending why) noexcept {
    if (verdict_) return false;
    verdict_ = why;
    return true;
  }

  // While it is pinned, without the lock.
  void cut() noexcept {
    if (alarm_ != nullptr) {
      alarm_->ring();
    } else {
      reset_both();
    }
  }
  void reset_both() noexcept {
    client_.reset();
    if (upstream_) upstream_->reset();
  }

  list& home_;
  connection* next_ = nullptr;
  connection* previous_ = nullptr;
  relay_watch watch_;
  alarm<Threading>* alarm_ = nullptr;  // While it waits for something that is not its streams.
  u32 due_tick_ = 0;
  bool has_due_ = false;
  bool is_pinned_ = false;
  bool has_ended_ = false;
  std::optional<ending> verdict_;  // Why the server has ended it.
  Stream client_;
  std::optional<Stream> upstream_;
};

}  // namespace regatta::proxy
