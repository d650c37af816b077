// race: several tasks at once, and the first result counts. The losers are destroyed where they
// wait, and race answers only when every one of them is dead. What a loser was about to receive is
// not lost: every awaitable gives back on destruction what it had been handed (channel.hpp,
// net.hpp).
//
// The tasks begin in order; one that ends without waiting wins before the later ones have begun.
#pragma once

#include <optional>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "runtimes/interface/group.hpp"
#include "runtimes/interface/task.hpp"

namespace regatta {

namespace detail {

class race_group final : public group {
 public:
  // Runs until a member has ended.
  void run_until_won() {
    run_batch([this] { return winner_ != nullptr; });
  }
  promise_base* winner() const noexcept { return winner_; }
  void member_ended(promise_base& member) noexcept override {
    if (winner_ == nullptr) winner_ = &member;
  }

 private:
  promise_base* winner_ = nullptr;
};

}  // namespace detail

// Which of several tasks of one type was first, and what it answered.
template <class T>
struct race_result {
  std::size_t index;
  value_or_nothing<T> value;
};

// Answers a variant whose index() is the winner's place. A winner that threw makes race throw.
template <class... T>
  requires(sizeof...(T) > 0)
task<std::variant<value_or_nothing<T>...>> race(task<T>... tasks) {
  detail::race_group runners;
  // Declared after the group, so that a cancelled race destroys the runners first.
  std::tuple<task<T>...> members(std::move(tasks)...);
  std::apply([&](auto const&... member) { (runners.add(member.promise()), ...); }, members);
  runners.run_until_won();
  while (runners.winner() == nullptr) {
    co_await runners.turn();
    runners.run_until_won();
  }
  using answer = std::variant<value_or_nothing<T>...>;
  std::optional<answer> result;
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    auto const bury_loser = [&](auto& member) {
      if (&member.promise() != runners.winner()) member.cancel();
    };
    (bury_loser(std::get<I>(members)), ...);
    auto const take_from_winner = [&]<std::size_t index>() {
      auto const& member = std::get<index>(members);
      if (member) result.emplace(std::in_place_index<index>, take_value(member.promise()));
    };
    (take_from_winner.template operator()<I>(), ...);
  }(std::index_sequence_for<T...>{});
  co_return std::move(*result);
}

// As race(), for any number of tasks of one type. At least one.
template <class T>
task<race_result<T>> race_all(std::vector<task<T>> tasks) {
  REGATTA_ASSERT(!tasks.empty(), "a race of no tasks would never end: give it at least one");
  detail::race_group runners;
  std::vector<task<T>> members = std::move(tasks);
  for (auto const& member : members) runners.add(member.promise());
  runners.run_until_won();
  while (runners.winner() == nullptr) {
    co_await runners.turn();
    runners.run_until_won();
  }
  std::size_t winner = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (&members[i].promise() == runners.winner()) {
      winner = i;
    } else {
      members[i].cancel();
    }
  }
  co_return race_result<T>{winner, take_value(members[winner].promise())};
}

}  // namespace regatta
