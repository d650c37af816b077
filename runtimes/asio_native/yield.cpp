// `yield` as an Asio program would write it: a coroutine gives way by posting itself.
#include "scenarios/yield.hpp"

#include "runtimes/asio_native/registered.hpp"
#include "runtimes/asio_native/tasks.hpp"

namespace regatta::asio_native {
namespace {

template <class Host>
struct native_yield {
  using params = scenarios::yield::params;

  static awaitable<u64> run(Host& host, params p, scenarios::recorder&) {
    auto tasks = spawn_tasks<Host>(host.get_executor(), p.tasks,
                                   [yields = p.yields](u64) { return give_way(yields); });
    auto const yielded = co_await std::move(tasks);
    co_return scenarios::sum(yielded);
  }

 private:
  static awaitable<u64> give_way(u64 yields) {
    u64 yielded = 0;
    for (; yielded < yields; ++yielded) co_await asio::post(use_awaitable);
    co_return yielded;
  }
};

registered<scenarios::yield, native_yield> const registered_yield;

}  // namespace
}  // namespace regatta::asio_native
