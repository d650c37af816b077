// The smallest Asio program: one coroutine that answers 42, and another that waits for it. On an
// io_context, or with --variant=thread_pool on a pool of threads. Nothing of a harness is in it.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdio>
#include <string_view>

namespace {

namespace asio = boost::asio;
using asio::awaitable;

awaitable<int> answer() { co_return 42; }

template <class Executor>
awaitable<int> ask(Executor where) {
  auto asked = asio::co_spawn(where, answer(), asio::use_awaitable);
  co_return co_await std::move(asked);
}

int on_one_thread() {
  asio::io_context context(1);
  auto asked = asio::co_spawn(context, ask(context.get_executor()), asio::use_future);
  context.run();
  return asked.get();
}

int on_a_pool() {
  asio::thread_pool pool;
  return asio::co_spawn(pool, ask(pool.get_executor()), asio::use_future).get();
}

}  // namespace

int main(int argc, char** argv) {
  bool const wants_pool = argc > 1 && std::string_view(argv[1]) == "--variant=thread_pool";
  std::printf("%d\n", wants_pool ? on_a_pool() : on_one_thread());
  return 0;
}
