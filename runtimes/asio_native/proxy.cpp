// `proxy` as an Asio program would write it: a coroutine for each connection, and in the proxy two
// copy loops, joined by the operator && of awaitable_operators. Where there are several threads,
// each connection has a strand, as a socket is for one thread at a time.
#include "scenarios/proxy.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <limits>
#include <memory>

#include "runtimes/asio_native/registered.hpp"
#include "runtimes/asio_native/tasks.hpp"

namespace regatta::asio_native {
namespace {

using namespace asio::experimental::awaitable_operators;
using asio::ip::tcp;
using scenarios::recorder;

constexpr std::size_t buffer_bytes = 16 * 1024;

// The peer sees ECONNRESET, and no port waits in TIME_WAIT.
void reset(tcp::socket& closed) {
  error_code ignored;
  closed.set_option(asio::socket_base::linger(true, 0), ignored);
  closed.close(ignored);
}

awaitable<void> echo(tcp::socket peer) {
  std::vector<std::byte> buffer(buffer_bytes);
  for (;;) {
    auto const [error, count] = co_await peer.async_read_some(asio::buffer(buffer), patiently);
    if (error) co_return;
    auto const bytes = asio::buffer(buffer, count);
    auto const [lost, sent] = co_await asio::async_write(peer, bytes, patiently);
    if (lost) co_return;
  }
}

// One way of a relay. An end is passed on as an end, an error as a reset of both.
awaitable<void> carry(tcp::socket& from, tcp::socket& to) {
  std::vector<std::byte> buffer(buffer_bytes);
  for (;;) {
    auto const [error, count] = co_await from.async_read_some(asio::buffer(buffer), patiently);
    if (error == asio::error::eof) {
      error_code ignored;
      to.shutdown(tcp::socket::shutdown_send, ignored);
      co_return;
    }
    if (error) break;
    auto const bytes = asio::buffer(buffer, count);
    auto const [lost, sent] = co_await asio::async_write(to, bytes, patiently);
    if (lost) break;
  }
  reset(from);
  reset(to);
}

awaitable<void> forward(tcp::socket client, tcp::endpoint target) {
  tcp::socket upstream(client.get_executor());
  auto const [error] = co_await upstream.async_connect(target, patiently);
  if (error) {
    reset(client);
    co_return;
  }
  error_code ignored;
  upstream.set_option(tcp::no_delay(true), ignored);
  auto both = carry(client, upstream) && carry(upstream, client);
  co_await std::move(both);
}

// A door on a strand of its own: it is closed by whoever is done, while it accepts.
template <class Host>
class server {
 public:
  explicit server(executor where)
      : where_(where),
        door_(Host::in_sequence(where), tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    // As in the other contenders: what is accepted inherits no_delay.
    door_.set_option(tcp::no_delay(true));
    door_.listen(4096);
  }

  tcp::endpoint address() const { return door_.local_endpoint(); }

  // Serves until close(), and then until every connection has ended.
  template <class Serve>
  awaitable<void> run(Serve serve) {
    return asio::co_spawn(door_.get_executor(), accept_all(serve), use_awaitable);
  }
  void close() {
    asio::post(door_.get_executor(), [this] { door_.close(); });
  }

 private:
  // Owned by the connections together: the last may still be in its send when all have been
  // counted.
  using ends = typename Host::template channel<void(std::exception_ptr)>;

  template <class Serve>
  awaitable<void> accept_all(Serve serve) {
    auto const ended = std::make_shared<ends>(where_, std::numeric_limits<std::size_t>::max());
    u64 accepted = 0;
    for (;;) {
      auto accepting = door_.async_accept(Host::in_sequence(where_), patiently);
      auto [error, client] = co_await std::move(accepting);
      if (error == asio::error::operation_aborted || !door_.is_open()) break;
      if (error) {
        // No descriptor or no memory: whoever is served will leave some.
        asio::steady_timer pause(door_.get_executor(), std::chrono::milliseconds(10));
        co_await pause.async_wait(use_awaitable);
        continue;
      }
      ++accepted;
      executor const strand = client.get_executor();
      asio::co_spawn(strand, serve(std::move(client)),
                     [ended](std::exception_ptr failure) { ended->try_send(failure); });
    }
    for (; accepted > 0; --accepted) co_await ended->async_receive(use_awaitable);
  }

  executor where_;
  tcp::acceptor door_;
};

template <class Host>
struct native_proxy {
  using params = scenarios::proxy::params;

  static awaitable<u64> run(Host& host, params p, recorder& latency) {
    check_descriptors(p);
    return echo_to_clients(host.get_executor(), p, latency);
  }

 private:
  static constexpr u64 spare_descriptors = 100;  // For Asio and the harness.

  // As in the scenario of the house.
  static void check_descriptors(params p) {
    u64 const needed = p.connections * (p.through == "proxy" ? 4 : 2) + spare_descriptors;
    u64 const limit = descriptor_limit();
    if (needed <= limit) return;
    throw scenarios::unsupported("needs " + std::to_string(needed) +
                                 " descriptors, and this process may have " +
                                 std::to_string(limit) + " (ulimit -Hn): choose fewer connections");
  }

  static awaitable<u64> echo_to_clients(executor where, params p, recorder& latency) {
    server<Host> echoes(where);
    auto clients = p.through == "proxy" ? through_proxy(where, p, echoes.address(), latency)
                                        : drive(where, p, echoes.address(), latency);
    auto both = echoes.run(&echo) && closing(echoes, std::move(clients));
    co_return co_await std::move(both);
  }

  static awaitable<u64> through_proxy(executor where, params p, tcp::endpoint upstream,
                                      recorder& latency) {
    server<Host> proxy(where);
    auto const relay = [upstream](tcp::socket client) {
      return forward(std::move(client), upstream);
    };
    auto serving = proxy.run(relay);
    auto both = std::move(serving) && closing(proxy, drive(where, p, proxy.address(), latency));
    co_return co_await std::move(both);
  }

  // Closes the server when the clients have ended, however that was.
  static awaitable<u64> closing(server<Host>& closed, awaitable<u64> clients) {
    std::exception_ptr failure;
    u64 echoed = 0;
    try {
      echoed = co_await std::move(clients);
    } catch (...) {
      failure = std::current_exception();
    }
    closed.close();
    if (failure) std::rethrow_exception(failure);
    co_return echoed;
  }

  // Connects all clients, then lets all begin.
  static awaitable<u64> drive(executor where, params p, tcp::endpoint target, recorder& latency) {
    auto const begin = recorder::now();
    std::vector<tcp::socket> sockets;
    for (u64 i = 0; i < p.connections; ++i) sockets.emplace_back(where);
    auto connecting = spawn_tasks<Host>(
        where, p.connections, [&sockets, target](u64 i) { return connect(sockets[i], target); });
    co_await std::move(connecting);
    latency.count("setup_ns", recorder::now() - begin);
    auto clients = spawn_tasks<Host>(where, p.connections, [&sockets, p, &latency](u64 i) {
      return ask(sockets[i], i, p, latency);
    });
    auto const echoed = co_await std::move(clients);
    co_return scenarios::sum(echoed);
  }

  static awaitable<void> connect(tcp::socket& server, tcp::endpoint target) {
    co_await server.async_connect(target, use_awaitable);
    server.set_option(tcp::no_delay(true));
  }

  // A client. Answers how many bytes came back right.
  static awaitable<u64> ask(tcp::socket& server, u64 client, params p, recorder& latency) {
    std::vector<std::byte> question(p.message_bytes);
    std::vector<std::byte> answer(p.message_bytes);
    u64 right_bytes = 0;
    for (u64 round = 0; round < p.round_trips; ++round) {
      fill(question, client, round);
      auto const begin = recorder::now();
      co_await asio::async_write(server, asio::buffer(question), use_awaitable);
      co_await asio::async_read(server, asio::buffer(answer), use_awaitable);
      latency.record_since(begin);
      if (answer == question) right_bytes += answer.size();
    }
    reset(server);
    co_return right_bytes;
  }

  // No two messages are alike, so that one which went astray is noticed.
  static void fill(std::span<std::byte> message, u64 client, u64 round) {
    u64 word = client * 0x9e3779b97f4a7c15u + round;
    for (auto& byte : message) {
      byte = static_cast<std::byte>(word >> 56 ^ word);
      word = word * 6364136223846793005u + 1442695040888963407u;  // Knuth's LCG
    }
  }
};

registered<scenarios::proxy, native_proxy> const registered_proxy;

}  // namespace
}  // namespace regatta::asio_native
