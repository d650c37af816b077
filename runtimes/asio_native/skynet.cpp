// `skynet` as an Asio program would write it: each node co_spawns its children and waits for them
// as a parallel group.
#include "scenarios/skynet.hpp"

#include "runtimes/asio_native/registered.hpp"
#include "runtimes/asio_native/tasks.hpp"

namespace regatta::asio_native {
namespace {

template <class Host>
struct native_skynet {
  using params = scenarios::skynet::params;

  static awaitable<u64> run(Host& host, params p, scenarios::recorder&) {
    return node(host.get_executor(), 0, p.leaves, p.fan_out);
  }

 private:
  static awaitable<u64> node(executor where, u64 first, u64 leaves, u64 fan_out) {
    if (leaves == 1) co_return first;
    u64 const share = leaves / fan_out;
    auto children = spawn_tasks<Host>(where, fan_out, [where, first, share, fan_out](u64 i) {
      return node(where, first + i * share, share, fan_out);
    });
    auto const answers = co_await std::move(children);
    co_return scenarios::sum(answers);
  }
};

registered<scenarios::skynet, native_skynet> const registered_skynet;

}  // namespace
}  // namespace regatta::asio_native
