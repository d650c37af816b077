// `join` as an Asio program would write it: each fetch waits on a steady_timer. What is joined
// shares a strand; what is spawned may run on any thread.
#include "scenarios/join.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <stdexcept>

#include "runtimes/asio_native/registered.hpp"
#include "runtimes/asio_native/tasks.hpp"

namespace regatta::asio_native {
namespace {

// How many fetches are under way at once. Not for fetches that run on several threads.
struct in_flight {
  u64 now = 0;
  u64 most = 0;
  void begin() { most = std::max(most, ++now); }
  void end() { --now; }
};

template <class Host>
struct native_join {
  using params = scenarios::join::params;

  static awaitable<u64> run(Host& host, params p, scenarios::recorder&) {
    if (p.style == "sequential") return one_after_the_other(p);
    if (p.style == "join") return joined(Host::in_sequence(host.get_executor()), p);
    return spawned(host.get_executor(), p);
  }

 private:
  static awaitable<u64> one_after_the_other(params p) {
    in_flight fetches;
    u64 page = 0;
    for (u64 i = 0; i < p.width; ++i) {
      u64 const part = co_await fetch(p, i, &fetches);
      page += part;
    }
    if (fetches.most > 1) throw std::logic_error("sequential fetches ran at the same time");
    co_return page;
  }

  static awaitable<u64> joined(executor where, params p) {
    in_flight fetches;
    auto children =
        spawn_all<Host>(where, p.width, [p, &fetches](u64 i) { return fetch(p, i, &fetches); });
    auto const parts = co_await std::move(children);
    bool const could_overlap = p.delay_us > 0 && p.width > 1;
    if (could_overlap && fetches.most == 1)
      throw std::logic_error("join ran one fetch after the other");
    co_return scenarios::sum(parts);
  }

  static awaitable<u64> spawned(executor where, params p) {
    auto children = spawn_tasks<Host>(where, p.width, [p](u64 i) { return fetch(p, i, nullptr); });
    auto const parts = co_await std::move(children);
    co_return scenarios::sum(parts);
  }

  static awaitable<u64> fetch(params p, u64 i, in_flight* watched) {
    if (watched != nullptr) watched->begin();
    u64 const times = p.delays == "unequal" ? i % 3 + 1 : 1;
    if (p.delay_us > 0) {
      asio::steady_timer timer(co_await asio::this_coro::executor,
                               std::chrono::microseconds(times * p.delay_us));
      co_await timer.async_wait(use_awaitable);
    }
    if (watched != nullptr) watched->end();
    co_return i;
  }
};

registered<scenarios::join, native_join> const registered_join;

}  // namespace
}  // namespace regatta::asio_native
