// Takes clients in at one door, for as long as there are tickets, descriptors and memory for them.
#pragma once

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "proxy/reach.hpp"
#include "proxy/relay.hpp"
#include "proxy/server_state.hpp"
#include "proxy/service.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/interface/time.hpp"

namespace regatta::proxy {

namespace detail {

// A client's place among those that are served, from when it is accepted until its task has ended.
template <net_runtime R>
class seat {
 public:
  // Takes over a ticket. Until settle() the client is owed a descriptor.
  seat(std::shared_ptr<server_state<R>> in, int descriptor) noexcept : in_(std::move(in)) {
    in_->descriptors.owe(descriptor);
  }
  seat(seat&&) noexcept = default;
  seat& operator=(seat&&) = delete;
  ~seat() {
    if (in_ == nullptr) return;
    settle();
    in_->tickets.give_back();
  }
  server_state<R>& state() const noexcept { return *in_; }
  void settle() noexcept {
    if (std::exchange(is_owed_, false)) in_->descriptors.settle();
  }

 private:
  std::shared_ptr<server_state<R>> in_;
  bool is_owed_ = true;
};

// Says, for a scope, that an upstream has this connection.
template <net_runtime R>
class upstream_seat {
 public:
  upstream_seat(upstream_list& in, std::size_t index) noexcept : in_(in), index_(index) {}
  upstream_seat(upstream_seat const&) = delete;
  upstream_seat& operator=(upstream_seat const&) = delete;
  ~upstream_seat() { in_.leave(index_); }

 private:
  upstream_list& in_;
  std::size_t const index_;
};

// Serves one client to its end.
template <net_runtime R>
task<void> serve_client(seat<R> mine, typename R::stream client) {
  auto& all = mine.state();
  typename server_state<R>::connection me(all.connections, std::move(client));
  std::size_t upstream = 0;
  {
    auto reaching = reach_upstream(all, me);
    auto got = co_await reaching;
    mine.settle();
    if (!got) {
      // The client sees that nobody is there, rather than an end that looks in order.
      me.end(ending::unreachable);
      co_return;
    }
    upstream = got->upstream;
    if (!me.begin_relay(std::move(got->stream))) {
      all.upstreams.leave(upstream);
      me.end(ending::unreachable);
      co_return;
    }
  }
  upstream_seat<R> const there(all.upstreams, upstream);
  // In this frame, not in one of its own: most of these wait for a long time.
  relay_operation both_ways(me.client(), me.upstream(), all.buffers, me.watch(), &all.pipes);
  auto const carried = co_await both_ways;
  me.end(carried.error == 0 ? ending::completed : ending::broken);
}

template <net_runtime R>
task<io_expected<typename R::stream>> accept_one(typename R::listener& door) {
  auto accepted = co_await door.accept();
  co_return std::move(accepted);
}

// The next client, or ECANCELED as soon as the server is told to stop and nobody waits at the door.
template <net_runtime R>
task<io_expected<typename R::stream>> accept_until_stopped(server_state<R>& all,
                                                           typename R::listener& door) {
  auto first = race(accept_one<R>(door), wait_for(all.stopping.token()));
  auto won = co_await first;
  if (won.index() == 0) co_return std::move(std::get<0>(won));
  co_return io_error{ECANCELED};
}

// Waits until another client may be accepted; counts each pause.
template <net_runtime R>
task<void> wait_for_descriptors(server_state<R>& all) {
  while (!all.descriptors.suffices() && !all.descriptors.look_again()) {
    if (all.stopping.stop_requested()) co_return;
    all.shortages.fetch_add(1, std::memory_order_relaxed);
    co_await sleep_for(all.rt, shortage_pause);
  }
}

// Gives a client a ticket and a task, or, beyond the limit, lets it wait here or resets it.
template <net_runtime R>
task<void> admit(std::shared_ptr<server_state<R>> all, typename R::stream client) {
  if (!all->tickets.try_take()) {
    if (all->told.beyond == over_limit::reset) {
      all->refused.fetch_add(1, std::memory_order_relaxed);
      client.reset();
      co_return;
    }
    co_await all->tickets.take();
  }
  seat<R> mine(all, client.native_handle());
  all->rt.spawn(serve_client<R>(std::move(mine), std::move(client))).detach();
}

// Closes a door, and serves those whom the runtime has accepted there for nobody yet.
template <net_runtime R>
task<void> close_door(std::shared_ptr<server_state<R>> all, typename R::listener& door) {
  door.close();
  std::vector<typename R::stream> left;
  for (;;) {
    auto accepting = accept_one<R>(door);
    auto accepted = co_await accepting;
    if (!accepted) break;
    left.push_back(std::move(*accepted));
  }
  all->open_doors.fetch_sub(1, std::memory_order_release);
  for (auto& each : left) {
    auto admitting = admit(all, std::move(each));
    co_await admitting;
  }
}

// How often in a row nobody must be there before a door is closed for good, and how long between: a
// runtime may need to ask the system before it sees who has come, and that it does as it sleeps.
inline constexpr int last_looks = 3;
inline constexpr auto between_last_looks = std::chrono::milliseconds(1);
// So many are accepted after the stop at most: the backlog is first come, first served, so that who
// has come before is among them (Linux's default of net.core.somaxconn). Else clients that come
// faster than we look would keep the door open for ever.
inline constexpr u64 most_after_stop = 4096;

}  // namespace detail

// Accepts until the server is told to stop. Then serves those who have come before, as far as there
// are tickets for them, and closes the door.
//
// Beyond the limit nobody is accepted, but for this: where several doors have waited for a client
// each, and there is one ticket left, all of them may accept. One is served, and the others stay in
// line, unserved, until tickets come back. So no door starves because another holds a ticket that
// nobody claims.
template <net_runtime R>
task<void> keep_door(std::shared_ptr<server_state<R>> all, std::size_t index) {
  using occasion = typename ticket_box<typename R::threading>::occasion;
  auto& door = all->doors[index];
  u64 after_stop = 0;
  for (int looks = 0; looks < detail::last_looks && after_stop < detail::most_after_stop;) {
    if (all->told.beyond == over_limit::wait) co_await all->tickets.until(occasion::room);
    auto enough = detail::wait_for_descriptors(*all);
    co_await enough;
    bool const is_stopping = all->stopping.stop_requested();
    if (is_stopping && !all->tickets.has_room()) break;
    if (is_stopping && all->leaves_the_queue.load(std::memory_order_acquire)) break;
    auto accepting = detail::accept_until_stopped(*all, door);
    auto accepted = co_await accepting;
    if (accepted) {
      looks = 0;
      if (is_stopping) ++after_stop;
      auto admitting = detail::admit(all, std::move(*accepted));
      co_await admitting;
    } else if (accepted.error() == ECANCELED) {
      if (!all->stopping.stop_requested()) break;  // Somebody else has closed the door.
      ++looks;
      co_await sleep_for(all->rt, detail::between_last_looks);
    } else {
      // No descriptor or no memory: whoever is served will leave some.
      if (is_stopping) break;
      all->shortages.fetch_add(1, std::memory_order_relaxed);
      co_await sleep_for(all->rt, shortage_pause);
    }
  }
  auto closing = detail::close_door(all, door);
  co_await closing;
}

}  // namespace regatta::proxy
