// Many coroutines at once, and their answers together: co_spawn() and parallel groups.
#pragma once

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtimes/asio_native/host.hpp"

namespace regatta::asio_native {

// Errors as values: `auto [error, …] = co_await …(patiently)`.
inline constexpr auto patiently = asio::as_tuple(use_awaitable);

inline void rethrow_first(std::vector<std::exception_ptr> const& failures) {
  auto const found = std::ranges::find_if(failures, [](auto const& one) { return one != nullptr; });
  if (found != failures.end()) std::rethrow_exception(*found);
}

template <class T>
using deferred_child = decltype(asio::co_spawn(std::declval<executor const&>(),
                                               std::declval<awaitable<T>>(), asio::deferred));

// Starts all children, and waits for all.
//
// Where there are several threads, on a strand: all children may have ended on the others before
// the group has started the last, and Asio (Boost 1.81) then looks at the group once more, which
// belongs to the coroutine that waits. On its strand, the end waits until then.
template <class Host, class T>
awaitable<std::vector<T>> all_of(std::vector<deferred_child<T>> children) {
  auto const order_of_ours = Host::in_sequence(co_await asio::this_coro::executor);
  if constexpr (Host::is_parallel) {
    co_await asio::dispatch(asio::bind_executor(order_of_ours, use_awaitable));
  }
  auto group = asio::experimental::make_parallel_group(std::move(children));
  auto ended = group.async_wait(asio::experimental::wait_for_all(),
                                asio::bind_executor(order_of_ours, use_awaitable));
  auto [order, failures, answers] = co_await std::move(ended);
  rethrow_first(failures);
  co_return std::move(answers);
}
template <class Host>
awaitable<void> all_of_nothing(std::vector<deferred_child<void>> children) {
  auto const order_of_ours = Host::in_sequence(co_await asio::this_coro::executor);
  if constexpr (Host::is_parallel) {
    co_await asio::dispatch(asio::bind_executor(order_of_ours, use_awaitable));
  }
  auto group = asio::experimental::make_parallel_group(std::move(children));
  auto ended = group.async_wait(asio::experimental::wait_for_all(),
                                asio::bind_executor(order_of_ours, use_awaitable));
  auto const [order, failures] = co_await std::move(ended);
  rethrow_first(failures);
}

// make(0) … make(count - 1), each co_spawned on an executor when the answer is awaited, which is
// a vector of their values, or nothing if they have none. Throws the first failure, by index.
template <class Host, class Make>
auto spawn_all(executor const& where, u64 count, Make make) {
  using value = typename std::invoke_result_t<Make&, u64>::value_type;
  std::vector<deferred_child<value>> children;
  children.reserve(count);
  for (u64 i = 0; i < count; ++i) {
    children.push_back(asio::co_spawn(where, make(i), asio::deferred));
  }
  if constexpr (std::is_void_v<value>) {
    return all_of_nothing<Host>(std::move(children));
  } else {
    return all_of<Host, value>(std::move(children));
  }
}

// The same, where each is a task that any thread of the host may take.
template <class Host, class Make>
auto spawn_tasks(executor const& where, u64 count, Make make) {
  return spawn_all<Host>(where, count, [make](u64 i) { return Host::as_task(make(i)); });
}

}  // namespace regatta::asio_native
