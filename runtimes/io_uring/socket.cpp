#include "runtimes/io_uring/socket.hpp"

#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "runtimes/core/listening_socket.hpp"

namespace regatta::runtimes::io_uring {

namespace {

// Options make things faster or stricter; a socket without them still works.
void switch_on(int descriptor, int level, int option) noexcept {
  int const on = 1;
  (void)::setsockopt(descriptor, level, option, &on, sizeof on);
}

bool is_unix(core::socket_address const& address) noexcept {
  return address.storage.ss_family == AF_UNIX;
}

// Asks getsockname() or getpeername(); the default endpoint where they have no answer.
template <class T>
endpoint ask_endpoint(source_handle<T> const& socket, decltype(&::getsockname) ask) noexcept {
  core::socket_address address;
  address.length = sizeof address.storage;
  int const error = socket.with_descriptor([&](int descriptor) {
    return ask(descriptor, address.get(), &address.length) == 0 ? 0 : errno;
  });
  return error == 0 ? core::to_endpoint(address) : endpoint();
}

}  // namespace

core::tried send_attempt::try_on(int descriptor, bool) noexcept {
  for (;;) {
    ssize_t const count =
        ::send(descriptor, source.data(), source.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      answer = {static_cast<std::size_t>(count), 0};
      return core::tried::done;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return core::tried::blocked;
    if (errno == EINTR) continue;
    answer = {0, errno};
    return core::tried::done;
  }
}

template <class T>
int stream<T>::shutdown_write() noexcept {
  return socket_.with_descriptor(
      [](int descriptor) { return ::shutdown(descriptor, SHUT_WR) == 0 ? 0 : errno; });
}

template <class T>
void stream<T>::reset() noexcept {
  (void)socket_.with_descriptor([](int descriptor) {
    linger const at_once{.l_onoff = 1, .l_linger = 0};
    return ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  });
  close();
}

template <class T>
endpoint stream<T>::local_endpoint() const noexcept {
  return ask_endpoint(socket_, &::getsockname);
}

template <class T>
endpoint stream<T>::peer_endpoint() const noexcept {
  return ask_endpoint(socket_, &::getpeername);
}

template <class T>
endpoint listener<T>::local_endpoint() const noexcept {
  return ask_endpoint(socket_, &::getsockname);
}

template <class T>
io_expected<listener<T>> listener<T>::listen(hub<T>& home, endpoint const& where,
                                             listen_options options) {
  auto const address = core::to_socket_address(where);
  int const descriptor = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
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
  return listener(home, descriptor);
}

template <class T>
io_expected<listener<T>> listener<T>::adopt(hub<T>& home, int descriptor) {
  if (int const error = core::prepare_listening_socket(descriptor, true); error != 0) {
    return io_error{error};
  }
  return listener(home, descriptor);
}

template <class T>
int connect_operation<T>::begin() noexcept {
  // Only while it connects it does not block: see let_it_block().
  int const descriptor =
      ::socket(target_.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
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
  socket_ = source_handle<T>(home_.sources().adopt(home_, descriptor, false));
  return error;
}

// A ring waits for the sockets that block, and only for them.
template <class T>
int connect_operation<T>::let_it_block() noexcept {
  return socket_.with_descriptor([](int descriptor) {
    int off = 0;
    return ::ioctl(descriptor, FIONBIO, &off) == 0 ? 0 : errno;
  });
}

template class stream<one_thread>;
template class stream<many_threads>;
template class listener<one_thread>;
template class listener<many_threads>;
template class connect_operation<one_thread>;
template class connect_operation<many_threads>;

}  // namespace regatta::runtimes::io_uring
