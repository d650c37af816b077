// A small Asio server: prints the port that it listens on, sends back whatever arrives, and stops
// when its stdin ends. On an io_context, or with --variant=thread_pool on a pool of threads.
// Nothing of a harness is in it.
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;

// Errors as values: `auto [error, …] = co_await …(patiently)`.
constexpr auto patiently = asio::as_tuple(asio::use_awaitable);

awaitable<void> echo(tcp::socket peer) {
  std::array<char, 4096> buffer;
  for (;;) {
    auto reading = peer.async_read_some(asio::buffer(buffer), patiently);
    auto const [read_error, size] = co_await std::move(reading);
    if (read_error) co_return;
    auto writing = asio::async_write(peer, asio::buffer(buffer, size), patiently);
    auto const [write_error, written] = co_await std::move(writing);
    if (write_error) co_return;
  }
}

awaitable<void> accept_all(tcp::acceptor& door) {
  for (;;) {
    auto accepting = door.async_accept(patiently);
    auto [error, peer] = co_await std::move(accepting);
    if (error == asio::error::operation_aborted) co_return;
    if (error) continue;
    auto const where = peer.get_executor();
    asio::co_spawn(where, echo(std::move(peer)), asio::detached);
  }
}

template <class Context>
awaitable<void> wait_for_the_end_of_stdin(Context& context) {
  asio::posix::stream_descriptor input(context, ::dup(STDIN_FILENO));
  std::array<char, 64> unread;
  for (;;) {
    auto reading = input.async_read_some(asio::buffer(unread), patiently);
    auto const [error, size] = co_await std::move(reading);
    if (error) break;
  }
  context.stop();
}

template <class Context>
void start(Context& context, tcp::acceptor& door) {
  door.set_option(tcp::no_delay(true));  // Inherited by what is accepted.
  door.listen(4096);
  std::printf("%u\n", static_cast<unsigned>(door.local_endpoint().port()));
  std::fflush(stdout);
  asio::co_spawn(context, accept_all(door), asio::detached);
  asio::co_spawn(context, wait_for_the_end_of_stdin(context), asio::detached);
}

tcp::endpoint somewhere() { return {asio::ip::address_v4::loopback(), 0}; }

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "--variant=thread_pool") {
    asio::thread_pool pool;
    tcp::acceptor door(pool, somewhere());
    start(pool, door);
    pool.join();
  } else {
    asio::io_context context(1);
    tcp::acceptor door(context, somewhere());
    start(context, door);
    context.run();
  }
  return 0;
}
