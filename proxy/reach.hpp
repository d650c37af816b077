// Connects one client to an upstream: to the one whose turn it is, or else to the next, each at its
// addresses in their order, until one answers or the time for connecting is over.
//
// What is left of the time is shared out evenly among what is left to try, so that one upstream
// that does not answer leaves time for the others.
#pragma once

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "proxy/server_state.hpp"
#include "proxy/service.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/interface/time.hpp"

namespace regatta::proxy {

namespace detail {

inline constexpr time_point no_deadline = time_point::max();

// An even share of the time until `deadline`.
inline time_point share_of(time_point present, time_point deadline, std::size_t shares) noexcept {
  if (deadline == no_deadline) return deadline;
  return present + (deadline - present) / static_cast<i64>(shares);
}

// Errors that say nothing of the upstream: something has run out here, and may be back soon.
inline bool is_shortage(int error) noexcept {
  switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case EADDRNOTAVAIL:  // All local ports are in use.
      return true;
    default:
      return false;
  }
}

template <net_runtime R>
task<io_expected<typename R::stream>> connect_to(R& rt, endpoint where) {
  auto connected = co_await rt.connect(where);
  co_return std::move(connected);
}
template <class Threading>
task<void> wait_for(alarm<Threading>& over) {
  co_await over.rung();
}
template <net_runtime R>
task<void> wait_for(stop_token<R> told) {
  co_await told.stopped();
}

template <net_runtime R>
u32 ticks_until(server_state<R> const& all, time_point deadline) {
  if (deadline == no_deadline) return 0;
  return ticks_in(std::max<duration>(deadline - now(all.rt), duration(1)), all.tick);
}

// One address. ETIMEDOUT: the time was over, or the connection is condemned.
template <net_runtime R>
task<io_expected<typename R::stream>> try_address(server_state<R>& all,
                                                  typename server_state<R>::connection& client,
                                                  endpoint where, time_point deadline) {
  using connection = typename server_state<R>::connection;
  alarm<typename R::threading> over;
  for (;;) {
    int error = 0;
    {
      typename connection::attempt const here(client, over, ticks_until(all, deadline));
      auto first = race(connect_to(all.rt, where), wait_for(over));
      auto won = co_await first;
      if (won.index() == 1) co_return io_error{ETIMEDOUT};
      auto& connected = std::get<0>(won);
      if (connected) co_return std::move(connected);
      error = connected.error();
    }
    // A Unix socket whose backlog is full answers EAGAIN, where TCP would wait.
    bool const passes = is_shortage(error) || error == EAGAIN;
    if (!passes || now(all.rt) >= deadline || client.is_condemned()) co_return io_error{error};
    if ((error == EMFILE || error == ENFILE) && all.descriptors.lend()) continue;
    co_await sleep_for(all.rt, shortage_pause);
  }
}

// The addresses of an upstream; nullptr: it has none, or none were found in time.
template <net_runtime R>
task<typename address_book<R>::addresses> find_addresses(
    server_state<R>& all, typename server_state<R>::connection& client, std::size_t index,
    time_point deadline) {
  using connection = typename server_state<R>::connection;
  auto asked = all.addresses->ask(index, now(all.rt));
  if (asked.must_look) {
    all.rt.spawn(address_book<R>::look(all.rt, all.addresses, index)).detach();
  }
  if (asked.known || !asked.looking) co_return asked.known;
  {
    alarm<typename R::threading> over;
    typename connection::attempt const here(client, over, ticks_until(all, deadline));
    auto first = race(wait_for(*asked.looking), wait_for(over));
    co_await first;
  }
  co_return all.addresses->known(index);
}

// One upstream. EHOSTUNREACH: its name leads nowhere.
template <net_runtime R>
task<io_expected<typename R::stream>> try_upstream(server_state<R>& all,
                                                   typename server_state<R>::connection& client,
                                                   std::size_t index, std::size_t upstreams_left,
                                                   time_point deadline) {
  auto finding =
      find_addresses(all, client, index, share_of(now(all.rt), deadline, upstreams_left));
  auto const known = co_await finding;
  if (!known) co_return io_error{EHOSTUNREACH};
  int error = EHOSTUNREACH;
  for (std::size_t place = 0; place < known->size(); ++place) {
    time_point const present = now(all.rt);
    if (present >= deadline || client.is_condemned()) co_return io_error{ETIMEDOUT};
    std::size_t const left = known->size() - place + upstreams_left - 1;
    auto trying = try_address(all, client, (*known)[place], share_of(present, deadline, left));
    auto connected = co_await trying;
    if (connected) co_return std::move(connected);
    error = connected.error();
  }
  co_return io_error{error};
}

}  // namespace detail

template <net_runtime R>
struct reached {
  std::size_t upstream;  // To be left when the connection has ended.
  typename R::stream stream;
};

// nullopt: nobody could be reached in time, or the connection is condemned.
template <net_runtime R>
task<std::optional<reached<R>>> reach_upstream(server_state<R>& all,
                                               typename server_state<R>::connection& client) {
  time_point const begin = now(all.rt);
  duration const limit = all.told.connect_timeout;
  time_point const deadline = limit.count() > 0 ? begin + limit : detail::no_deadline;
  std::vector<bool> tried(all.upstreams.size());
  for (std::size_t left = tried.size(); left > 0; --left) {
    time_point const present = now(all.rt);
    if (present >= deadline || client.is_condemned()) co_return std::nullopt;
    auto const chosen = all.upstreams.choose(present, tried);
    if (!chosen) co_return std::nullopt;
    tried[chosen->index] = true;
    auto trying = detail::try_upstream(all, client, chosen->index, left, deadline);
    auto connected = co_await trying;
    if (connected) {
      all.upstreams.succeeded(*chosen);
      co_return reached<R>{chosen->index, std::move(*connected)};
    }
    if (client.is_condemned() || detail::is_shortage(connected.error())) {
      all.upstreams.undecided(*chosen, now(all.rt));
    } else {
      all.upstreams.failed(*chosen, now(all.rt));
    }
    all.upstreams.leave(chosen->index);
  }
  co_return std::nullopt;
}

}  // namespace regatta::proxy
