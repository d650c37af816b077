// The TCP proxy: connects each client that it accepts to an upstream, and relays between the two.
// What it promises is in README.md.
#pragma once

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "proxy/acceptor.hpp"
#include "proxy/counts.hpp"
#include "proxy/server_state.hpp"
#include "proxy/settings.hpp"
#include "runtimes/interface/join.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/race.hpp"
#include "runtimes/interface/time.hpp"

namespace regatta::proxy {

template <net_runtime R>
class server {
  using state = server_state<R>;
  using occasion = typename ticket_box<typename R::threading>::occasion;

 public:
  using stream = typename R::stream;
  using listener = typename R::listener;

  // Clients come in through `doors`, which belong to the server from here on: at least one. Throws
  // std::invalid_argument, with a sentence for people, where the settings make no sense.
  server(R& rt, std::vector<listener> doors, settings told, name_lookup look_up = ask_system)
      : state_(std::make_shared<state>(rt, std::move(doors), checked(std::move(told)),
                                       std::move(look_up))) {}

  // Where a door really listens: the port that the system chose.
  endpoint local_endpoint(std::size_t door = 0) const {
    return state_->doors.at(door).local_endpoint();
  }

  // Any thread.
  proxy::counts counts() const { return state_->read(); }
  std::vector<upstream_counts> upstreams() const { return state_->upstreams.counts(); }

  // Serves until stop() has been called and every connection has ended. Once.
  task<server_end> serve() { return serve(state_); }

  // No new clients; those that are being served go on to their end, until the deadline of the
  // settings. The second time it is abort(). Any task of the runtime.
  void stop() {
    if (!state_->stopping.request_stop()) state_->aborting.request_stop();
    state_->tickets.close();
  }
  // As stop(), but those who wait at the doors are left to others who have the same sockets: a
  // successor that was handed them.
  void hand_over() {
    state_->leaves_the_queue.store(true, std::memory_order_release);
    stop();
    // At once: a door may have a client in hand for whom there is no ticket yet.
    for (auto& door : state_->doors) door.close();
  }
  // Whether the server may still accept somebody. Any thread. After hand_over() it is only a moment
  // until it may not, and then others may.
  bool is_accepting() const noexcept {
    return state_->open_doors.load(std::memory_order_acquire) != 0;
  }
  // No new clients, and those that are left are reset at once.
  void abort() {
    state_->aborting.request_stop();
    stop();
  }

 private:
  static settings checked(settings told) {
    if (told.upstreams.empty()) throw std::invalid_argument("a proxy needs at least one upstream");
    if (told.most_connections == 0) {
      throw std::invalid_argument("a proxy must be allowed at least 1 connection");
    }
    if (told.buffer_bytes == 0) throw std::invalid_argument("a buffer has at least 1 byte");
    return told;
  }

  static task<server_end> serve(std::shared_ptr<state> all) {
    std::vector<joiner<void>> keepers;
    for (std::size_t door = 0; door < all->doors.size(); ++door) {
      keepers.push_back(all->rt.spawn(keep_door(all, door)));
    }
    bool deadline_came = false;
    if (all->tick.count() > 0) {
      auto either = race(serve_to_the_end(*all, keepers), keep_time(*all));
      auto const first = co_await either;
      deadline_came = std::get<0>(first);
    } else {
      auto serving = serve_to_the_end(*all, keepers);
      deadline_came = co_await serving;
    }
    co_return server_end{.counts = all->read(), .deadline_came = deadline_came};
  }

  // Answers whether the deadline came.
  static task<bool> serve_to_the_end(state& all, std::vector<joiner<void>>& keepers) {
    auto told = detail::wait_for(all.stopping.token());
    co_await told;
    auto first = race(all_gone(all, keepers), shutdown_deadline(all),
                      detail::wait_for(all.aborting.token()));
    auto const won = co_await first;
    if (won.index() == 0) co_return false;
    all.connections.shut_down();
    // Nobody else comes in now, however fast they come.
    for (auto& door : all.doors) door.close();
    auto gone = all_gone(all, keepers);
    co_await gone;
    co_return won.index() == 1;
  }

  // Until nobody accepts any more, and nobody is served. Safe to cancel.
  static task<void> all_gone(state& all, std::vector<joiner<void>>& keepers) {
    while (!keepers.empty()) {
      co_await keepers.back();
      keepers.pop_back();
    }
    co_await all.tickets.until(occasion::none);
  }

  static task<void> shutdown_deadline(state& all) {
    duration const limit = all.told.shutdown_timeout;
    if (limit.count() > 0) {
      co_await sleep_for(all.rt, limit);
    } else {
      alarm<typename R::threading> never;
      co_await never.rung();
    }
  }

  // Ends the connections that are over time, for as long as somebody is served: a proxy that serves
  // nobody does not wake up. Never ends.
  static task<void> keep_time(state& all) {
    for (;;) {
      co_await all.tickets.until(occasion::some);
      co_await sleep_for(all.rt, all.tick);
      all.connections.advance_tick();
      u64 looked_at = 0;
      for (std::size_t list = 0; list < state::table::lists; ++list) {
        looked_at += all.connections.sweep(list);
        // So that whoever is ready need not wait until all have been looked at.
        if (looked_at < 256) continue;
        looked_at = 0;
        co_await all.rt.yield();
      }
    }
  }

  std::shared_ptr<state> state_;
};

// A server with one door, for one upstream.
template <net_runtime R>
server<R> forward_to(R& rt, typename R::listener door, endpoint upstream, settings told = {}) {
  std::vector<typename R::listener> doors;
  doors.push_back(std::move(door));
  told.upstreams = {upstream.text()};
  return server<R>(rt, std::move(doors), std::move(told));
}

}  // namespace regatta::proxy
