// Streams: sequences whose next element may have to be waited for. A stream is whatever has
// `next()`, which answers std::optional, nullopt at the end. Nothing happens until somebody asks.
//
//   auto squares = map(stream_of(numbers), [](u64 n) { return n * n; });
//   co_await for_each(filter(std::move(squares), is_even), print);
//
// Adaptors own the stream that they adapt. Functions are called on the turn of whoever asks.
#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "runtimes/interface/channel.hpp"
#include "runtimes/interface/runtime.hpp"
#include "runtimes/interface/task.hpp"

namespace regatta {

namespace detail {
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

template <class S>
using next_of = decltype(std::declval<S&>().next());
}  // namespace detail

template <class S>
concept stream = requires(S& source) {
  source.next();
  requires detail::is_optional<await_result<detail::next_of<S>>>::value;
};

template <stream S>
using element_of = typename await_result<detail::next_of<S>>::value_type;

// Whatever has recv(), a channel or a subscription, as a stream. By reference.
template <class Source>
class stream_of {
 public:
  explicit stream_of(Source& source) noexcept : source_(&source) {}
  auto next() { return source_->recv(); }

 private:
  Source* source_;
};

// Each element put through a function. It adds no frame: the awaiter of the source is wrapped.
template <stream S, class F>
class mapped {
  using result = std::invoke_result_t<F&, element_of<S>>;

 public:
  mapped(S source, F function) : source_(std::move(source)), function_(std::move(function)) {}

  class next_awaiter {
   public:
    explicit next_awaiter(mapped& owner)
        : function_(owner.function_),
          awaitable_(owner.source_.next()),
          awaiter_(detail::awaiter_of(awaitable_)) {}
    next_awaiter(next_awaiter const&) = delete;
    next_awaiter& operator=(next_awaiter const&) = delete;

    bool await_ready() { return awaiter_.await_ready(); }
    template <has_work P>
    REGATTA_AWAIT_SUSPEND auto await_suspend(std::coroutine_handle<P> h) {
      return awaiter_.await_suspend(h);
    }
    std::optional<result> await_resume() {
      auto element = awaiter_.await_resume();
      std::optional<result> answer;
      if (element) answer.emplace(std::invoke(function_, *std::move(element)));
      return answer;
    }

   private:
    using awaitable = detail::next_of<S>;
    using awaiter = decltype(detail::awaiter_of(std::declval<awaitable&>()));

    F& function_;
    awaitable awaitable_;
    awaiter awaiter_;
  };

  next_awaiter next() { return next_awaiter(*this); }

 private:
  S source_;
  F function_;
};

template <stream S, class F>
mapped<S, F> map(S source, F function) {
  return {std::move(source), std::move(function)};
}

// Those elements of which a predicate is true.
template <stream S, class Predicate>
class filtered {
 public:
  filtered(S source, Predicate keep) : source_(std::move(source)), keep_(std::move(keep)) {}

  task<std::optional<element_of<S>>> next() {
    while (auto element = co_await source_.next()) {
      if (std::invoke(keep_, std::as_const(*element))) co_return std::move(element);
    }
    co_return std::nullopt;
  }

 private:
  S source_;
  Predicate keep_;
};

template <stream S, class Predicate>
filtered<S, Predicate> filter(S source, Predicate keep) {
  return {std::move(source), std::move(keep)};
}

// Calls `use` with each element until the stream ends; answers how many there were.
template <stream S, class F>
task<u64> for_each(S source, F use) {
  u64 count = 0;
  while (auto element = co_await source.next()) {
    std::invoke(use, *std::move(element));
    ++count;
  }
  co_return count;
}

// All elements until the stream ends.
template <stream S>
task<std::vector<element_of<S>>> collect(S source) {
  std::vector<element_of<S>> all;
  while (auto element = co_await source.next()) all.push_back(*std::move(element));
  co_return all;
}

// Sends each element into a channel, then closes it: a stage of a pipeline. Answers how many were
// sent; ends early when the channel was closed by somebody else.
template <stream S, class R>
task<u64> forward(S source, channel<element_of<S>, R>& target) {
  u64 count = 0;
  while (auto element = co_await source.next()) {
    auto const answer = co_await target.send(*std::move(element));
    if (answer != send_result::sent) co_return count;
    ++count;
  }
  target.close();
  co_return count;
}

}  // namespace regatta
