// The TCP proxy: connects each client that it accepts to the upstream, and relays between the two.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

#include "proxy/buffers.hpp"
#include "proxy/relay.hpp"
#include "proxy/service.hpp"
#include "runtimes/interface/net.hpp"

namespace regatta::proxy {

struct server_options {
  endpoint upstream;
  std::size_t buffer_bytes = 16 * 1024;  // Of each way, while bytes are under way.
};

// A reading of the counters. Right at any moment for each one; taken one after the other.
struct server_counts {
  u64 accepted = 0;     // Clients.
  u64 active = 0;       // Clients that are being served, the connecting included.
  u64 unreachable = 0;  // Clients that were reset because the upstream could not be reached.
  u64 broken = 0;       // Relays that an error ended.
  u64 bytes_up = 0;     // From clients to the upstream; counted when a relay ends.
  u64 bytes_down = 0;   // From the upstream to clients; likewise.
};

template <net_runtime R>
class server {
 public:
  using stream = typename R::stream;
  using listener = typename R::listener;

  // Clients come in through `door`, which belongs to the server from here on.
  server(R& rt, listener door, server_options options)
      : rt_(rt), door_(std::move(door)), shared_(std::make_shared<shared>(options)) {}

  endpoint local_endpoint() const { return door_.local_endpoint(); }
  server_counts counts() const { return shared_->read(); }

  // Serves until stop() has been called and every connection has ended. Once. The server must
  // outlive the task.
  task<u64> serve() {
    auto const one = [this](stream client) { return forward(rt_, std::move(client), shared_); };
    co_return co_await serve_connections(rt_, door_, one);
  }

  // No new clients; those that are being served go on to their end. Any task of the runtime.
  void stop() { door_.close(); }

 private:
  // What connections use. They own it together, because when a runtime is destroyed its frames die
  // in no particular order.
  struct shared {
    explicit shared(server_options const& chosen) : options(chosen), buffers(chosen.buffer_bytes) {}

    server_counts read() const {
      // Relaxed: safe because each counter stands for itself.
      auto const value = [](std::atomic<u64> const& counter) {
        return counter.load(std::memory_order_relaxed);
      };
      return {.accepted = value(accepted),
              .active = value(active),
              .unreachable = value(unreachable),
              .broken = value(broken),
              .bytes_up = value(bytes_up),
              .bytes_down = value(bytes_down)};
    }

    server_options const options;
    buffer_store<typename R::threading> buffers;
    std::atomic<u64> accepted{0};
    std::atomic<u64> active{0};
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
    auto upstream = co_await rt.connect(all->options.upstream);
    if (upstream) {
      auto const ended = co_await relay(client, *upstream, all->buffers);
      add(all->bytes_up, ended.bytes_forward);
      add(all->bytes_down, ended.bytes_backward);
      if (ended.error != 0) add(all->broken, 1);
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
  listener door_;
  std::shared_ptr<shared> shared_;
};

}  // namespace regatta::proxy
