// `ping_pong` as an Asio program would write it: Asio has no one-shot channel, so each letter is a
// channel with room for one message.
#include "scenarios/ping_pong.hpp"

#include "runtimes/asio_native/registered.hpp"
#include "runtimes/asio_native/tasks.hpp"

namespace regatta::asio_native {
namespace {

using namespace asio::experimental::awaitable_operators;

template <class Host>
struct native_ping_pong {
  using params = scenarios::ping_pong::params;
  using letter = typename Host::template channel<void(error_code, u64)>;

  static awaitable<u64> run(Host& host, params p, scenarios::recorder&) {
    executor const where = host.get_executor();
    auto pings = spawn_tasks<Host>(where, p.pairs, [where](u64 i) { return ping(where, i); });
    auto const pongs = co_await std::move(pings);
    co_return scenarios::sum(pongs);
  }

 private:
  static awaitable<u64> ping(executor where, u64 number) {
    letter there(where, 1);
    letter back(where, 1);
    auto both = ask(there, back, number) && Host::as_task(pong(there, back));
    co_return co_await std::move(both);
  }
  static awaitable<u64> ask(letter& there, letter& back, u64 number) {
    co_await there.async_send(error_code(), number, use_awaitable);
    co_return co_await back.async_receive(use_awaitable);
  }
  static awaitable<void> pong(letter& there, letter& back) {
    u64 const number = co_await there.async_receive(use_awaitable);
    co_await back.async_send(error_code(), number + 1, use_awaitable);
  }
};

registered<scenarios::ping_pong, native_ping_pong> const registered_ping_pong;

}  // namespace
}  // namespace regatta::asio_native
