// The TCP proxy: connects each client that it accepts to an upstream, and relays between the two.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "proxy/buffers.hpp"
#include "proxy/counts.hpp"
#include "proxy/relay.hpp"
#include "proxy/service.hpp"
#include "proxy/settings.hpp"
#include "runtimes/interface/join.hpp"
#include "runtimes/interface/net.hpp"

namespace regatta::proxy {

template <net_runtime R>
class server {
 public:
  using stream = typename R::stream;
  using listener = typename R::listener;

  // Clients come in through `doors`, which belong to the server from here on. At least one, and one
  // upstream.
  server(R& rt, std::vector<listener> doors, settings told)
      : rt_(rt), doors_(std::move(doors)), shared_(std::make_shared<shared>(std::move(told))) {}

  // Where a door really listens: the port that the system chose.
  endpoint local_endpoint(std::size_t door = 0) const { return doors_.at(door).local_endpoint(); }

  // Any thread.
  proxy::counts counts() const { return shared_->read(); }
  std::vector<upstream_counts> upstreams() const {
    return {{.name = shared_->told.upstreams.front()}};
  }

  // Serves until stop() has been called and every connection has ended. Once. The server must
  // outlive the task.
  task<end> serve() {
    auto const one = [this](stream client) { return forward(rt_, std::move(client), shared_); };
    std::vector<task<u64>> serving;
    for (auto& door : doors_) serving.push_back(serve_connections(rt_, door, one));
    auto all = join_all(std::move(serving));
    co_await all;
    co_return end{.counts = counts(), .deadline_came = false};
  }

  // No new clients; those that are being served go on to their end, until the deadline of the
  // settings. The second time, and abort() at once: those that are left are reset. Any task of the
  // runtime.
  void stop() {
    for (auto& door : doors_) door.close();
  }
  void abort() { stop(); }

 private:
  // What connections use. They own it together, because when a runtime is destroyed its frames die
  // in no particular order.
  struct shared {
    explicit shared(settings chosen) : told(std::move(chosen)), buffers(told.buffer_bytes) {}

    proxy::counts read() const {
      auto const value = [](std::atomic<u64> const& counter) {
        return counter.load(std::memory_order_relaxed);
      };
      return {.accepted = value(accepted),
              .active = value(active),
              .completed = value(completed),
              .unreachable = value(unreachable),
              .broken = value(broken),
              .bytes_up = value(bytes_up),
              .bytes_down = value(bytes_down)};
    }

    settings const told;
    buffer_store<typename R::threading> buffers;
    std::atomic<u64> accepted{0};
    std::atomic<u64> active{0};
    std::atomic<u64> completed{0};
    std::atomic<u64> unreachable{0};
    std::atomic<u64> broken{0};
    std::atomic<u64> bytes_up{0};
    std::atomic<u64> bytes_down{0};
  };

  static void add(std::atomic<u64>& counter, u64 figure) {
    counter.fetch_add(figure, std::memory_order_relaxed);
  }

  static task<void> forward(R& rt, stream client, std::shared_ptr<shared> all) {
    add(all->accepted, 1);
    add(all->active, 1);
    auto const where = endpoint::parse(all->told.upstreams.front());
    auto upstream = co_await rt.connect(where.value_or(endpoint()));
    if (upstream) {
      auto const ended = co_await relay(client, *upstream, all->buffers);
      add(all->bytes_up, ended.bytes_forward);
      add(all->bytes_down, ended.bytes_backward);
      add(ended.error != 0 ? all->broken : all->completed, 1);
      // Now, not when somebody destroys this frame.
      upstream->close();
      client.close();
    } else {
      // The client sees that nobody is there, rather than an end that looks in order.
      add(all->unreachable, 1);
      client.reset();
    }
    all->active.fetch_sub(1, std::memory_order_relaxed);
  }

  R& rt_;
  std::vector<listener> doors_;
  std::shared_ptr<shared> shared_;
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
