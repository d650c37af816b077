#include "runtimes/core/socket.hpp"

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "runtimes/core/listening_socket.hpp"

namespace regatta::core {

namespace {

bool would_block(int error) noexcept { return error == EAGAIN || error == EWOULDBLOCK; }

// Options make things faster or stricter; a socket without them still works.
void switch_on(int descriptor, int level, int option) noexcept {
  int const on = 1;
  (void)::setsockopt(descriptor, level, option, &on, sizeof on);
}

int open_socket(socket_address const& address) noexcept {
  return ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

bool is_unix(socket_address const& address) noexcept {
  return address.storage.ss_family == AF_UNIX;
}

// An error that belongs to the connection that was to be accepted, not to the listener.
bool concerns_one_connection(int error) noexcept {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

// Asks getsockname() or getpeername(); the default endpoint where they have no answer.
template <class Threading>
endpoint ask_endpoint(io_handle<Threading> const& socket, decltype(&::getsockname) ask) noexcept {
  socket_address address;
  address.length = sizeof address.storage;
  int const error = socket.with_descriptor([&](int descriptor) {
    return ask(descriptor, address.get(), &address.length) == 0 ? 0 : errno;
  });
  return error == 0 ? to_endpoint(address) : endpoint();
}

}  // namespace

namespace attempts {

tried read::try_on(int descriptor, bool) noexcept {
  for (;;) {
    ssize_t const count = ::recv(descriptor, target.data(), target.size(), 0);
    if (count >= 0) {
      answer = {static_cast<std::size_t>(count), 0};
      // The end stays readable for ever.
      return count > 0 && answer.count < target.size() ? tried::drained : tried::done;
    }
    if (would_block(errno)) return tried::blocked;
    if (errno == EINTR) continue;
    answer = {0, errno};
    return tried::done;
  }
}

tried write::try_on(int descriptor, bool) noexcept {
  for (;;) {
    ssize_t const count = ::send(descriptor, source.data(), source.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      answer = {static_cast<std::size_t>(count), 0};
      return answer.count < source.size() ? tried::drained : tried::done;
    }
    if (would_block(errno)) return tried::blocked;
    if (errno == EINTR) continue;
    answer = {0, errno};
    return tried::done;
  }
}

template <direction Side>
tried readiness<Side>::try_on(int descriptor, bool has_edge) noexcept {
  if (has_edge) return tried::done;
  short const events = Side == direction::reading ? POLLIN | POLLRDHUP : POLLOUT;
  pollfd asked{.fd = descriptor, .events = events, .revents = 0};
  return ::poll(&asked, 1, 0) > 0 ? tried::done : tried::blocked;
}
template struct readiness<direction::reading>;
template struct readiness<direction::writing>;

tried accept::try_on(int listening, bool) noexcept {
  for (;;) {
    descriptor = ::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) return tried::done;
    if (would_block(errno)) return tried::blocked;
    if (concerns_one_connection(errno)) continue;
    error = errno;
    return tried::done;
  }
}

tried connect::try_on(int descriptor, bool) noexcept {
  // To ask again answers how the attempt is getting on.
  if (::connect(descriptor, target.get(), target.length) == 0 || errno == EISCONN) {
    return tried::done;
  }
  if (errno == EALREADY || errno == EINPROGRESS || errno == EINTR) return tried::blocked;
  error = errno;
  return tried::done;
}

}  // namespace attempts

template <class Threading>
io_expected<io_handle<Threading>> io_handle<Threading>::adopt(reactor& home, int descriptor) {
  auto added = home.add(descriptor);
  if (!added) {
    ::close(descriptor);
    return io_error{added.error()};
  }
  return io_handle(home, **added);
}

template <class Threading>
int socket_stream<Threading>::shutdown_write() noexcept {
  return socket_.with_descriptor(
      [](int descriptor) { return ::shutdown(descriptor, SHUT_WR) == 0 ? 0 : errno; });
}

template <class Threading>
void socket_stream<Threading>::reset() noexcept {
  (void)socket_.with_descriptor([](int descriptor) {
    linger const at_once{.l_onoff = 1, .l_linger = 0};
    return ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  });
  close();
}

template <class Threading>
endpoint socket_stream<Threading>::local_endpoint() const noexcept {
  return ask_endpoint(socket_, &::getsockname);
}

template <class Threading>
endpoint socket_stream<Threading>::peer_endpoint() const noexcept {
  return ask_endpoint(socket_, &::getpeername);
}

template <class Threading>
endpoint socket_listener<Threading>::local_endpoint() const noexcept {
  return ask_endpoint(socket_, &::getsockname);
}

template <class Threading>
io_expected<socket_listener<Threading>> socket_listener<Threading>::listen(reactor& home,
                                                                           endpoint const& where,
                                                                           listen_options options) {
  auto const address = to_socket_address(where);
  int const descriptor = open_socket(address);
  if (descriptor < 0) return io_error{errno};
  if (!is_unix(address)) {
    // A server that restarts may listen while old connections linger.
    switch_on(descriptor, SOL_SOCKET, SO_REUSEADDR);
    if (options.reuse_port) switch_on(descriptor, SOL_SOCKET, SO_REUSEPORT);
    // What is accepted inherits it: no system call for each connection.
    if (options.no_delay) switch_on(descriptor, IPPROTO_TCP, TCP_NODELAY);
  }
  if (::bind(descriptor, address.get(), address.length) != 0 ||
      ::listen(descriptor, static_cast<int>(options.backlog)) != 0) {
    int const error = errno;
    ::close(descriptor);
    return io_error{error};
  }
  return adopt(home, descriptor);
}

template <class Threading>
io_expected<socket_listener<Threading>> socket_listener<Threading>::adopt(reactor& home,
                                                                          int descriptor) {
  if (int const error = prepare_listening_socket(descriptor, false); error != 0) {
    return io_error{error};
  }
  auto socket = io_handle<Threading>::adopt(home, descriptor);
  if (!socket) return io_error{socket.error()};
  return socket_listener(std::move(*socket));
}

template <class Threading>
int connect_operation<Threading>::begin() noexcept {
  int const descriptor = open_socket(target_);
  if (descriptor < 0) return errno;
  if (options_.no_delay && !is_unix(target_)) switch_on(descriptor, IPPROTO_TCP, TCP_NODELAY);
  int error = 0;
  if (::connect(descriptor, target_.get(), target_.length) != 0) {
    error = errno == EINTR ? EINPROGRESS : errno;
  }
  if (error != 0 && error != EINPROGRESS) {
    ::close(descriptor);
    return error;
  }
  auto adopted = io_handle<Threading>::adopt(home_, descriptor);
  if (!adopted) return adopted.error();
  socket_ = std::move(*adopted);
  return error;
}

template class io_handle<one_thread>;
template class io_handle<many_threads>;
template class socket_stream<one_thread>;
template class socket_stream<many_threads>;
template class socket_listener<one_thread>;
template class socket_listener<many_threads>;
template class connect_operation<one_thread>;
template class connect_operation<many_threads>;

}  // namespace regatta::core
