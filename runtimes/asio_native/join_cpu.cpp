// `join_cpu` as an Asio program would write it. What is joined shares a strand, and so is
// concurrent and not parallel; what is spawned may run on any thread.
#include "scenarios/join_cpu.hpp"

#include "runtimes/asio_native/registered.hpp"
#include "runtimes/asio_native/tasks.hpp"

namespace regatta::asio_native {
namespace {

template <class Host>
struct native_join_cpu {
  using params = scenarios::join_cpu::params;

  static awaitable<u64> run(Host& host, params p, scenarios::recorder&) {
    if (p.style == "sequential") return one_after_the_other(p);
    auto const make = [steps = p.steps](u64 i) { return child(i, steps); };
    if (p.style == "join") {
      return total_of(spawn_all<Host>(Host::in_sequence(host.get_executor()), p.width, make));
    }
    return total_of(spawn_tasks<Host>(host.get_executor(), p.width, make));
  }

 private:
  static awaitable<u64> one_after_the_other(params p) {
    u64 total = 0;
    for (u64 i = 0; i < p.width; ++i) {
      u64 const part = co_await child(i, p.steps);
      total += part;
    }
    co_return total;
  }
  static awaitable<u64> total_of(awaitable<std::vector<u64>> children) {
    auto const parts = co_await std::move(children);
    co_return scenarios::sum(parts);
  }
  static awaitable<u64> child(u64 index, u64 steps) { co_return scenarios::compute(steps, index); }
};

registered<scenarios::join_cpu, native_join_cpu> const registered_join_cpu;

}  // namespace
}  // namespace regatta::asio_native
