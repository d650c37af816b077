// `channel` as an Asio program would write it. Asio's channels have no call that receives many:
// who wants many waits for one and then takes what is there. And closing one may lose what is still
// in it (Boost 1.81 does), so the end is a message, too: an error code, one for each consumer.
#include "scenarios/channel.hpp"

#include <boost/asio/error.hpp>
#include <limits>

#include "runtimes/asio_native/registered.hpp"
#include "runtimes/asio_native/tasks.hpp"

namespace regatta::asio_native {
namespace {

using namespace asio::experimental::awaitable_operators;
using scenarios::message;
using scenarios::tally;

template <class Host>
struct native_channel {
  using params = scenarios::channel::params;

  static awaitable<u64> run(Host& host, params p, scenarios::recorder&) {
    if (p.payload_bytes == 8) return flow<message<8>>(host.get_executor(), p);
    if (p.payload_bytes == 512) return flow<message<512>>(host.get_executor(), p);
    return flow<message<32'768>>(host.get_executor(), p);
  }

 private:
  template <class Message>
  using pipe = typename Host::template channel<void(error_code, Message)>;

  template <class Message>
  static awaitable<u64> flow(executor where, params p) {
    auto const unlimited = std::numeric_limits<std::size_t>::max();
    pipe<Message> messages(where, p.capacity.is_word() ? unlimited : p.capacity.number());
    auto consumers = spawn_tasks<Host>(where, p.consumers, [&messages, p](u64) {
      return p.receive == "one" ? consume<Message>(messages) : consume_many<Message>(messages);
    });
    auto both = std::move(consumers) && produce_all<Message>(where, messages, p);
    auto const received = co_await std::move(both);
    co_return scenarios::sum_of_all(received, p.messages);
  }

  template <class Message>
  static awaitable<void> produce_all(executor where, pipe<Message>& messages, params p) {
    auto producers = spawn_tasks<Host>(where, p.producers, [&messages, p](u64 i) {
      return produce<Message>(messages, scenarios::share_of(i, p.producers, p.messages));
    });
    co_await std::move(producers);
    for (u64 i = 0; i < p.consumers; ++i)
      co_await messages.async_send(asio::error::eof, Message(), use_awaitable);
  }

  template <class Message>
  static awaitable<void> produce(pipe<Message>& messages, scenarios::numbers mine) {
    for (u64 i = mine.first; i < mine.end; ++i)
      co_await messages.async_send(error_code(), Message(i), use_awaitable);
  }

  template <class Message>
  static awaitable<tally> consume(pipe<Message>& messages) {
    tally received;
    for (;;) {
      auto const [end, next] = co_await messages.async_receive(patiently);
      if (end) co_return received;
      received.add(next.number());
    }
  }

  template <class Message>
  static awaitable<tally> consume_many(pipe<Message>& messages) {
    constexpr u64 at_most = 100;
    tally received;
    bool is_over = false;
    while (!is_over) {
      auto const [end, next] = co_await messages.async_receive(patiently);
      if (end) break;
      received.add(next.number());
      auto const take = [&](error_code error, Message const& more) {
        if (error) {
          is_over = true;
        } else {
          received.add(more.number());
        }
      };
      for (u64 taken = 1; taken < at_most && !is_over && messages.try_receive(take); ++taken) {
      }
    }
    co_return received;
  }
};

registered<scenarios::channel, native_channel> const registered_channel;

}  // namespace
}  // namespace regatta::asio_native
