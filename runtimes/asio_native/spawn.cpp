// `spawn` as an Asio program would write it.
//   spawn          a task each, and one parallel group that waits for all
//   spawn_set      a task each, whose completion handlers send their answers into one channel
//   unordered_set  the same on a strand: concurrent, and never parallel
#include "scenarios/spawn.hpp"

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>

#include "runtimes/asio_native/registered.hpp"
#include "runtimes/asio_native/tasks.hpp"

namespace regatta::asio_native {
namespace {

using namespace asio::experimental::awaitable_operators;

template <class Host>
struct native_spawn {
  using params = scenarios::spawn::params;
  using letters = typename Host::template channel<void(error_code, u64)>;
  // Owned by all who send into it: the last may still be in its send when all has been received.
  using answers = typename Host::template channel<void(std::exception_ptr, u64)>;

  static awaitable<u64> run(Host& host, params p, scenarios::recorder&) {
    executor const where = host.get_executor();
    letters mail(where, letters_waiting);
    if (p.body == "receive") {
      auto both = started(where, p, mail) && Host::as_task(deliver(mail, p.tasks));
      co_return co_await std::move(both);
    }
    auto family = started(where, p, mail);
    co_return co_await std::move(family);
  }

 private:
  static constexpr u64 letters_waiting = 100;

  static awaitable<u64> started(executor where, params p, letters& mail) {
    if (p.from == "block_on") return parent(where, p, mail);
    if (p.from == "external") return from_outside(where, p, mail);
    return asio::co_spawn(where, Host::as_task(parent(where, p, mail)), use_awaitable);
  }

  // A thread that belongs to nobody starts what a worker would start: the children, or where one
  // coroutine drives them all, that one.
  static awaitable<u64> from_outside(executor where, params p, letters& mail) {
    bool const is_driven = p.style == "unordered_set";
    u64 const started = is_driven ? 1 : p.tasks;
    auto const all = std::make_shared<answers>(where, started);
    scenarios::outsider::get().call([where, p, &mail, all, is_driven] {
      if (!is_driven) return start_children(where, p, mail, all);
      asio::co_spawn(where, Host::as_task(parent(where, p, mail)), sends_into(all));
    });
    auto total = total_of(all, started);
    co_return co_await std::move(total);
  }

  static awaitable<u64> parent(executor where, params p, letters& mail) {
    if (p.style != "spawn") {
      auto const all = std::make_shared<answers>(where, p.tasks);
      start_children(p.style == "unordered_set" ? Host::in_sequence(where) : where, p, mail, all);
      auto total = total_of(all, p.tasks);
      co_return co_await std::move(total);
    }
    auto children =
        spawn_tasks<Host>(where, p.tasks, [p, &mail](u64 i) { return child(p, i, mail); });
    auto const each = co_await std::move(children);
    co_return scenarios::sum(each);
  }

  // Every child sends its answer when it has it.
  static void start_children(executor where, params p, letters& mail,
                             std::shared_ptr<answers> const& all) {
    for (u64 i = 0; i < p.tasks; ++i) {
      auto one = p.style == "unordered_set" ? child(p, i, mail) : Host::as_task(child(p, i, mail));
      asio::co_spawn(where, std::move(one), sends_into(all));
    }
  }
  static auto sends_into(std::shared_ptr<answers> all) {
    return [all = std::move(all)](std::exception_ptr error, u64 answer) {
      all->try_send(error, answer);
    };
  }
  static awaitable<u64> total_of(std::shared_ptr<answers> all, u64 count) {
    u64 total = 0;
    for (u64 i = 0; i < count; ++i) {
      u64 const answer = co_await all->async_receive(use_awaitable);
      total += answer;
    }
    co_return total;
  }

  static awaitable<u64> child(params p, u64 index, letters& mail) {
    if (p.body == "yield") co_await asio::post(use_awaitable);
    if (p.body == "receive") co_return co_await mail.async_receive(use_awaitable);
    if (p.body == "sleep") {
      asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(1));
      co_await timer.async_wait(use_awaitable);
    }
    co_return index;
  }

  static awaitable<void> deliver(letters& mail, u64 count) {
    for (u64 i = 0; i < count; ++i) co_await mail.async_send(error_code(), i, use_awaitable);
  }
};

registered<scenarios::spawn, native_spawn> const registered_spawn;

}  // namespace
}  // namespace regatta::asio_native
