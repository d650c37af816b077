// `channel_latency` as an Asio program would write it. The end is a message, as in channel.cpp.
#include "scenarios/channel_latency.hpp"

#include <boost/asio/error.hpp>

#include "runtimes/asio_native/registered.hpp"
#include "runtimes/asio_native/tasks.hpp"

namespace regatta::asio_native {
namespace {

using namespace asio::experimental::awaitable_operators;
using scenarios::recorder;
using scenarios::tally;

struct stamped {
  u64 number = 0;
  recorder::moment sent = 0;
};

template <class Host>
struct native_channel_latency {
  using params = scenarios::channel_latency::params;
  using pipe = typename Host::template channel<void(error_code, stamped)>;

  static awaitable<u64> run(Host& host, params p, recorder& latency) {
    executor const where = host.get_executor();
    pipe messages(where, p.capacity);
    auto consumers = spawn_tasks<Host>(
        where, p.consumers, [&messages, &latency](u64) { return consume(messages, latency); });
    auto both = std::move(consumers) && produce_all(where, messages, p);
    auto const received = co_await std::move(both);
    co_return scenarios::sum_of_all(received, p.messages);
  }

 private:
  static awaitable<void> produce_all(executor where, pipe& messages, params p) {
    auto producers = spawn_tasks<Host>(where, p.producers, [&messages, p](u64 i) {
      return produce(messages, scenarios::share_of(i, p.producers, p.messages));
    });
    co_await std::move(producers);
    for (u64 i = 0; i < p.consumers; ++i)
      co_await messages.async_send(asio::error::eof, stamped(), use_awaitable);
  }

  static awaitable<void> produce(pipe& messages, scenarios::numbers mine) {
    for (u64 i = mine.first; i < mine.end; ++i) {
      stamped const next{i, recorder::now()};
      co_await messages.async_send(error_code(), next, use_awaitable);
    }
  }

  static awaitable<tally> consume(pipe& messages, recorder& latency) {
    tally received;
    for (;;) {
      auto const [end, next] = co_await messages.async_receive(patiently);
      if (end) co_return received;
      latency.record_since(next.sent);
      received.add(next.number);
    }
  }
};

registered<scenarios::channel_latency, native_channel_latency> const registered_channel_latency;

}  // namespace
}  // namespace regatta::asio_native
