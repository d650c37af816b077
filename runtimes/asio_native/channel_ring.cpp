// `channel_ring` as an Asio program would write it.
#include "scenarios/channel_ring.hpp"

#include <deque>

#include "runtimes/asio_native/registered.hpp"
#include "runtimes/asio_native/tasks.hpp"

namespace regatta::asio_native {
namespace {

using namespace asio::experimental::awaitable_operators;

template <class Host>
struct native_channel_ring {
  using params = scenarios::channel_ring::params;
  using hop = typename Host::template channel<void(error_code, u64)>;

  static awaitable<u64> run(Host& host, params p, scenarios::recorder&) {
    executor const where = host.get_executor();
    std::deque<hop> hops;
    for (u64 i = 0; i < p.tasks; ++i) hops.emplace_back(where, p.capacity);
    auto tasks = spawn_tasks<Host>(
        where, p.tasks, [&hops, p](u64 i) { return pass_on(hops[i], hops[(i + 1) % p.tasks], p); });
    auto both = std::move(tasks) && insert(hops[0], p.tokens);
    auto const finished = co_await std::move(both);
    co_return scenarios::sum(finished);
  }

 private:
  static awaitable<void> insert(hop& first, u64 tokens) {
    for (u64 i = 0; i < tokens; ++i) co_await first.async_send(error_code(), 0, use_awaitable);
  }

  // Answers the hops of those tokens that have gone all their rounds: only the last task sees any.
  static awaitable<u64> pass_on(hop& source, hop& target, params p) {
    u64 finished = 0;
    for (u64 passes = p.rounds * p.tokens; passes > 0; --passes) {
      u64 const token = co_await source.async_receive(use_awaitable);
      u64 const hops = token + 1;
      if (hops == p.rounds * p.tasks) {
        finished += hops;
      } else {
        co_await target.async_send(error_code(), hops, use_awaitable);
      }
    }
    co_return finished;
  }
};

registered<scenarios::channel_ring, native_channel_ring> const registered_channel_ring;

}  // namespace
}  // namespace regatta::asio_native
