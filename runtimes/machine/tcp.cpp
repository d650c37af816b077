// What a small message takes through the kernel's loopback, both ends in one thread, so that nobody
// has to be woken.
//   tcp_hop         64 bytes are sent at one end and received at the other
//   tcp_round_trip  and sent back and received again
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "runtimes/machine/line.hpp"

namespace regatta::machine {
namespace {

using message = std::array<u64, 8>;

[[noreturn]] void fail(char const* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// A socket that closes itself.
class descriptor {
 public:
  explicit descriptor(int number, char const* what) : number_(number) {
    if (number < 0) fail(what);
  }
  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&&) = delete;
  ~descriptor() {
    if (number_ >= 0) close(number_);
  }
  int get() const { return number_; }

 private:
  int number_;
};

// Two ends of one connection over 127.0.0.1, non-blocking and without delay, as every contender's.
class connection {
 public:
  connection() : connection(listening_socket()) {}

  int near() const { return near_.get(); }
  int far() const { return far_.get(); }

 private:
  explicit connection(descriptor const& listener)
      : near_(connected_to(listener)),
        far_(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK),
             "cannot accept a connection") {
    int const yes = 1;
    setsockopt(near(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    setsockopt(far(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    // Closed with a reset, so that no port stays in TIME_WAIT.
    linger const reset{.l_onoff = 1, .l_linger = 0};
    setsockopt(near(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  }

  // Safe because that is how addresses of all families are passed.
  static sockaddr* generic(sockaddr_in& address) { return reinterpret_cast<sockaddr*>(&address); }

  static descriptor listening_socket() {
    descriptor made(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "cannot make a socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(made.get(), generic(address), sizeof(address)) != 0 || listen(made.get(), 1) != 0) {
      fail("cannot listen on 127.0.0.1");
    }
    return made;
  }
  static descriptor connected_to(descriptor const& listener) {
    sockaddr_in address{};
    socklen_t size = sizeof(address);
    getsockname(listener.get(), generic(address), &size);
    descriptor made(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "cannot make a socket");
    // Blocking: the listener's backlog answers at once.
    if (connect(made.get(), generic(address), sizeof(address)) != 0) fail("cannot connect");
    if (fcntl(made.get(), F_SETFL, O_NONBLOCK) != 0) fail("cannot make a socket non-blocking");
    return made;
  }

  descriptor near_;
  descriptor far_;
};

bool must_try_again() { return errno == EAGAIN || errno == EINTR; }

void send_all(int socket, message const& sent) {
  // Safe because a message is bytes.
  auto const* const bytes = reinterpret_cast<char const*>(sent.data());
  for (std::size_t done = 0; done < sizeof(sent);) {
    auto const size = send(socket, bytes + done, sizeof(sent) - done, MSG_NOSIGNAL);
    if (size < 0 && !must_try_again()) fail("cannot send");
    if (size > 0) done += static_cast<std::size_t>(size);
  }
}

message receive_all(int socket) {
  message received{};
  // Safe because a message is bytes.
  auto* const bytes = reinterpret_cast<char*>(received.data());
  for (std::size_t done = 0; done < sizeof(received);) {
    auto const size = recv(socket, bytes + done, sizeof(received) - done, 0);
    if (size == 0) {
      errno = ECONNRESET;
      fail("the connection has ended");
    }
    if (size < 0 && !must_try_again()) fail("cannot receive");
    if (size > 0) done += static_cast<std::size_t>(size);
  }
  return received;
}

message message_of(u64 number) {
  message made;
  made.fill(number);
  return made;
}

class tcp_hop final : public line {
 public:
  u64 measure(u64 operations, scenarios::recorder& latency) override {
    u64 right = 0;
    latency.start_clock();
    for (u64 i = 0; i < operations; ++i) {
      auto const sent = message_of(i);
      send_all(ends_.near(), sent);
      right += receive_all(ends_.far()) == sent ? 1 : 0;
    }
    latency.stop_clock();
    return right;
  }

 private:
  connection ends_;
};

class tcp_round_trip final : public line {
 public:
  u64 measure(u64 operations, scenarios::recorder& latency) override {
    u64 right = 0;
    latency.start_clock();
    for (u64 i = 0; i < operations; ++i) {
      auto const sent = message_of(i);
      send_all(ends_.near(), sent);
      auto const echoed = receive_all(ends_.far());
      send_all(ends_.far(), echoed);
      right += receive_all(ends_.near()) == sent ? 1 : 0;
    }
    latency.stop_clock();
    return right;
  }

 private:
  connection ends_;
};

}  // namespace

std::unique_ptr<line> make_tcp_hop() { return std::make_unique<tcp_hop>(); }
std::unique_ptr<line> make_tcp_round_trip() { return std::make_unique<tcp_round_trip>(); }

}  // namespace regatta::machine
