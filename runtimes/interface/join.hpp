// join: several tasks at once, inside one. Concurrency without parallelism: the children run one at
// a time, on the turn of whoever awaits; what waits, waits together. Spawn them for parallelism.
//
// Both forms wait for *all* children before they rethrow the first failure (first in order).
#pragma once

#include <exception>
#include <tuple>
#include <utility>
#include <vector>

#include "runtimes/interface/group.hpp"
#include "runtimes/interface/joiner.hpp"
#include "runtimes/interface/task.hpp"

namespace regatta {

namespace detail {

class join_group final : public group {
 public:
  explicit join_group(std::size_t members) noexcept : running_(members) {}
  bool is_done() const noexcept { return running_ == 0; }
  void member_ended(promise_base&) noexcept override { --running_; }

 private:
  std::size_t running_;
};

// What join_all answers: a vector of the values, or nothing where the tasks answer nothing.
template <class T>
using all_of = std::conditional_t<std::is_void_v<T>, void, std::vector<value_or_nothing<T>>>;

}  // namespace detail

// Drives all tasks and answers their values in order.
template <class T>
task<detail::all_of<T>> join_all(std::vector<task<T>> tasks) {
  detail::join_group children(tasks.size());
  // Declared after the group, so that a cancelled join destroys the children first.
  std::vector<task<T>> const members = std::move(tasks);
  for (auto const& member : members) children.add(member.promise());
  children.run_batch();
  while (!children.is_done()) {
    co_await children.turn();
    children.run_batch();
  }
  if constexpr (std::is_void_v<T>) {
    for (auto const& member : members) member.promise().take();
  } else {
    std::vector<T> values;
    values.reserve(members.size());
    for (auto const& member : members) values.push_back(member.promise().take());
    co_return values;
  }
}

// Drives tasks of different types and answers a tuple of their values (`nothing` for void).
template <class... T>
  requires(sizeof...(T) > 0)
task<std::tuple<value_or_nothing<T>...>> join(task<T>... tasks) {
  detail::join_group children(sizeof...(T));
  std::tuple<task<T>...> const members(std::move(tasks)...);
  std::apply([&](auto const&... member) { (children.add(member.promise()), ...); }, members);
  children.run_batch();
  while (!children.is_done()) {
    co_await children.turn();
    children.run_batch();
  }
  co_return std::apply(
      [](auto const&... member) {
        // A braced list, because its elements are evaluated in order.
        return std::tuple<value_or_nothing<T>...>{take_value(member.promise())...};
      },
      members);
}

// Waits for tasks that were spawned and answers their values in order.
template <class T>
task<detail::all_of<T>> join_all(std::vector<joiner<T>> joiners) {
  std::exception_ptr first_failure;
  if constexpr (std::is_void_v<T>) {
    for (auto& one : joiners) {
      try {
        co_await one;
      } catch (...) {
        if (!first_failure) first_failure = std::current_exception();
      }
    }
    if (first_failure) std::rethrow_exception(first_failure);
  } else {
    std::vector<T> values;
    values.reserve(joiners.size());
    for (auto& one : joiners) {
      try {
        values.push_back(co_await one);
      } catch (...) {
        if (!first_failure) first_failure = std::current_exception();
      }
    }
    if (first_failure) std::rethrow_exception(first_failure);
    co_return values;
  }
}

}  // namespace regatta
