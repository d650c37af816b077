// `chained_spawn` as an Asio program would write it: each coroutine co_spawns the next and awaits
// it.
#include "scenarios/chained_spawn.hpp"

#include <string>

#include "runtimes/asio_native/registered.hpp"
#include "runtimes/asio_native/tasks.hpp"

namespace regatta::asio_native {
namespace {

// co_spawn() begins a coroutine on the stack of the one that spawns it, and the end of a coroutine
// resumes who waits for it on its own stack: a chain that is too long overflows it.
constexpr u64 deepest = 2'000;

template <class Host>
struct native_chained_spawn {
  using params = scenarios::chained_spawn::params;

  static awaitable<u64> run(Host& host, params p, scenarios::recorder&) {
    if (p.depth > deepest) {
      throw scenarios::unsupported("co_spawn nests on the stack, and a chain of " +
                                   std::to_string(p.depth) + " coroutines would overflow it");
    }
    return link(host.get_executor(), p.depth);
  }

 private:
  static awaitable<u64> link(executor where, u64 tasks_left) {
    if (tasks_left == 0) co_return 0;
    auto next = asio::co_spawn(where, Host::as_task(link(where, tasks_left - 1)), use_awaitable);
    u64 const tasks_below = co_await std::move(next);
    co_return tasks_below + 1;
  }
};

registered<scenarios::chained_spawn, native_chained_spawn> const registered_chained_spawn;

}  // namespace
}  // namespace regatta::asio_native
