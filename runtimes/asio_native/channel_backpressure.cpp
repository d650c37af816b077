// `channel_backpressure` as an Asio program would write it. The end is a message, as in
// channel.cpp.
#include "scenarios/channel_backpressure.hpp"

#include <atomic>
#include <boost/asio/error.hpp>
#include <limits>
#include <memory>

#include "runtimes/asio_native/registered.hpp"
#include "runtimes/asio_native/tasks.hpp"

namespace regatta::asio_native {
namespace {

using namespace asio::experimental::awaitable_operators;
using scenarios::recorder;
using scenarios::tally;

struct parcel {
  u64 number = 0;
  recorder::moment sent = 0;
};

// How many parcels wait, in the channel or for room in it. Relaxed everywhere: safe because these
// are only counted.
struct waiting_room {
  std::atomic<u64> now{0};
  std::atomic<u64> most{0};

  void enter() {
    u64 const here = now.fetch_add(1, std::memory_order_relaxed) + 1;
    u64 before = most.load(std::memory_order_relaxed);
    while (before < here && !most.compare_exchange_weak(before, here, std::memory_order_relaxed)) {
    }
  }
  void leave() { now.fetch_sub(1, std::memory_order_relaxed); }
};

template <class Host>
struct native_channel_backpressure {
  using params = scenarios::channel_backpressure::params;
  using pipe = typename Host::template channel<void(error_code, parcel)>;
  // Where coroutines that nobody awaits say that they have ended. Owned by them together, because
  // the last may still be in its send when all have been counted.
  using ends = typename Host::template channel<void(std::exception_ptr)>;

  static awaitable<u64> run(Host& host, params p, recorder& latency) {
    executor const where = host.get_executor();
    auto const unlimited = std::numeric_limits<std::size_t>::max();
    pipe parcels(where, p.policy == "unbounded" ? unlimited : p.capacity);
    waiting_room waiting;
    auto consumer = Host::as_task(consume(parcels, p, waiting, latency));
    auto both = produce_all(where, parcels, p, waiting) && std::move(consumer);
    auto [tallies, received] = co_await std::move(both);

    latency.count("most_waiting", waiting.most.load());
    latency.count("dropped", scenarios::count_of(tallies));
    tallies.push_back(received);
    co_return scenarios::sum_of_all(tallies, p.messages);
  }

 private:
  static awaitable<std::vector<tally>> produce_all(executor where, pipe& parcels, params p,
                                                   waiting_room& waiting) {
    auto producers = spawn_tasks<Host>(where, p.producers, [where, &parcels, p, &waiting](u64 i) {
      return produce(where, parcels, p, scenarios::share_of(i, p.producers, p.messages), waiting);
    });
    auto dropped = co_await std::move(producers);
    co_await parcels.async_send(asio::error::eof, parcel(), use_awaitable);
    co_return std::move(dropped);
  }

  // Answers what it dropped.
  static awaitable<tally> produce(executor where, pipe& parcels, params p, scenarios::numbers mine,
                                  waiting_room& waiting) {
    tally dropped;
    u64 spilled = 0;
    auto const arrived = std::make_shared<ends>(where, p.messages);
    for (u64 i = mine.first; i < mine.end; ++i) {
      scenarios::toil(p.steps / 10);
      co_await asio::post(use_awaitable);
      parcel const next{i, recorder::now()};
      waiting.enter();
      if (p.policy == "drop") {
        if (!parcels.try_send(error_code(), next)) {
          waiting.leave();
          dropped.add(i);
        }
      } else if (p.policy == "spill") {
        if (!parcels.try_send(error_code(), next)) {
          ++spilled;
          spill(where, parcels, next, arrived);
        }
      } else {
        co_await parcels.async_send(error_code(), next, use_awaitable);
      }
    }
    for (; spilled > 0; --spilled) co_await arrived->async_receive(use_awaitable);
    co_return dropped;
  }

  static void spill(executor where, pipe& parcels, parcel next, std::shared_ptr<ends> arrived) {
    asio::co_spawn(where, Host::as_task(send_later(parcels, next)),
                   [arrived](std::exception_ptr error) { arrived->try_send(error); });
  }
  static awaitable<void> send_later(pipe& parcels, parcel next) {
    co_await parcels.async_send(error_code(), next, use_awaitable);
  }

  static awaitable<tally> consume(pipe& parcels, params p, waiting_room& waiting,
                                  recorder& latency) {
    tally received;
    for (;;) {
      auto const [end, next] = co_await parcels.async_receive(patiently);
      if (end) co_return received;
      waiting.leave();
      latency.record_since(next.sent);
      scenarios::toil(p.steps);
      received.add(next.number);
    }
  }
};

registered<scenarios::channel_backpressure, native_channel_backpressure> const
    registered_channel_backpressure;

}  // namespace
}  // namespace regatta::asio_native
