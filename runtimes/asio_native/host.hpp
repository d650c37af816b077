// Where the native scenarios run: one thread in io_context::run(), or a boost::asio::thread_pool.
//
// The scenarios are written once, as templates over a host. It names what an Asio program would
// choose differently for one thread and for several: the channel that is safe there, what keeps
// concurrent coroutines from running in parallel, and how a new coroutine gets away from the thread
// that started it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdint>
#include <exception>
#include <future>
#include <string_view>
#include <utility>

#include "runtimes/interface/types.hpp"

namespace regatta::asio_native {

namespace asio = boost::asio;
using asio::awaitable;
using asio::use_awaitable;
using boost::system::error_code;
using executor = asio::any_io_executor;

class one_thread {
 public:
  static constexpr std::string_view name = "io_context";
  static constexpr bool caller_is_worker = true;  // The thread in run().
  static constexpr bool is_parallel = false;
  template <class Signature>
  using channel = asio::experimental::channel<Signature>;

  // There is one thread, whatever is asked for. Its number is the concurrency hint.
  explicit one_thread(u64) : context_(1) {}

  static u64 threads_for(u64) { return 1; }
  executor get_executor() { return context_.get_executor(); }

  // Everything here is concurrent and nothing parallel.
  static executor in_sequence(executor where) { return where; }
  template <class T>
  static awaitable<T> as_task(awaitable<T> child) {
    return child;
  }

  // Runs the coroutine to its end on the calling thread, and all that it has started.
  u64 run(awaitable<u64> root) {
    u64 answer = 0;
    std::exception_ptr failure;
    asio::co_spawn(context_, std::move(root), [&](std::exception_ptr error, u64 value) {
      failure = error;
      answer = value;
    });
    context_.restart();
    context_.run();
    if (failure) std::rethrow_exception(failure);
    return answer;
  }

 private:
  asio::io_context context_;
};

class many_threads {
 public:
  static constexpr std::string_view name = "thread_pool";
  static constexpr bool caller_is_worker = false;
  static constexpr bool is_parallel = true;
  template <class Signature>
  using channel = asio::experimental::concurrent_channel<Signature>;

  explicit many_threads(u64 threads) : pool_(threads_for(threads)) {}
  ~many_threads() {
    pool_.stop();
    pool_.join();
  }
  many_threads(many_threads const&) = delete;
  many_threads& operator=(many_threads const&) = delete;

  // 0: as many as this process may use processors.
  static u64 threads_for(u64 asked);
  executor get_executor() { return pool_.get_executor(); }

  static executor in_sequence(executor where) { return asio::make_strand(where); }

  // co_spawn() begins a coroutine on the calling thread where that is one of the pool's. To be a
  // task that another thread can take, it posts itself first.
  template <class T>
  static awaitable<T> as_task(awaitable<T> child) {
    co_await asio::post(use_awaitable);
    co_return co_await std::move(child);
  }

  // The calling thread waits.
  u64 run(awaitable<u64> root) {
    auto answer = asio::co_spawn(pool_, std::move(root), asio::use_future);
    return answer.get();
  }

 private:
  asio::thread_pool pool_;
};

}  // namespace regatta::asio_native
