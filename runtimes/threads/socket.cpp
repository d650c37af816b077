#include "runtimes/threads/socket.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "runtimes/core/listening_socket.hpp"
#include "runtimes/interface/assert.hpp"

namespace regatta::runtimes::threads {

namespace {

// Options make things faster or stricter; a socket without them still works.
void switch_on(int descriptor, int level, int option) noexcept {
  int const on = 1;
  (void)::setsockopt(descriptor, level, option, &on, sizeof on);
}

int open_socket(core::socket_address const& address) noexcept {
  return ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

bool is_unix(core::socket_address const& address) noexcept {
  return address.storage.ss_family == AF_UNIX;
}

bool would_block(int error) noexcept { return error == EAGAIN || error == EWOULDBLOCK; }

tried receive(int descriptor, std::span<std::byte> target, int flags, io_result& answer) noexcept {
  for (;;) {
    ssize_t const count = ::recv(descriptor, target.data(), target.size(), flags);
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

// A connection's descriptor blocks, so that a read can.
void make_blocking(int descriptor) noexcept { (void)::fcntl(descriptor, F_SETFL, 0); }

socket_owner own(crew& home, int descriptor) { return socket_owner(new socket(home, descriptor)); }

}  // namespace

namespace attempts {

tried read::try_on(int descriptor, bool) noexcept {
  return receive(descriptor, target, MSG_DONTWAIT, answer);
}

tried read::block_on(int descriptor) noexcept { return receive(descriptor, target, 0, answer); }

tried write::try_on(int descriptor, bool) noexcept {
  for (;;) {
    ssize_t const count =
        ::send(descriptor, source.data(), source.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
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

}  // namespace attempts

bool socket::enter(direction d) noexcept {
  std::lock_guard const held(lock_);
  if (is_closing_) return false;
  REGATTA_ASSERT(!of(d).is_busy,
                 "another task is in the same operation on this socket: one task may read and one "
                 "may write at a time");
  of(d).is_busy = true;
  ++users_;
  ++operations_;
  return true;
}

void socket::leave(direction d, bool is_drained) noexcept {
  {
    std::lock_guard const held(lock_);
    of(d).is_busy = false;
    of(d).is_drained = is_drained;
  }
  end_use();
}

void socket::end_use() noexcept {
  int to_close;
  bool is_last;
  {
    std::lock_guard const held(lock_);
    --operations_;
    to_close = take_remains();
    is_last = --users_ == 0;
  }
  if (to_close >= 0) ::close(to_close);
  if (is_last) delete this;
}

int socket::take_remains() noexcept {
  if (!is_closing_ || operations_ != 0) return -1;
  return std::exchange(descriptor_, -1);
}

bool socket::is_worth_trying(direction d) const noexcept {
  std::lock_guard const held(lock_);
  return !of(d).is_drained;
}

work* socket::admit(side& woken) noexcept {
  work* const waiter = std::exchange(woken.waiter, nullptr);
  return waiter != nullptr ? waiter->executor->admit(*waiter) : nullptr;
}

bool socket::arm(direction d, work& w) noexcept {
  std::lock_guard const held(lock_);
  if (is_closing_) return false;
  of(d).waiter = &w;
  return true;
}

work* socket::take_waiter(direction d) noexcept {
  std::lock_guard const held(lock_);
  return admit(of(d));
}

void socket::disarm(direction d) noexcept {
  std::lock_guard const held(lock_);
  of(d).waiter = nullptr;
}

int socket::descriptor() const noexcept {
  std::lock_guard const held(lock_);
  return is_closing_ ? -1 : descriptor_;
}

void socket::close() noexcept {
  work* reader;
  work* writer;
  int to_close;
  {
    std::lock_guard const held(lock_);
    is_closing_ = true;
    reader = admit(of(direction::reading));
    writer = admit(of(direction::writing));
    to_close = take_remains();
  }
  if (to_close >= 0) ::close(to_close);
  post_admitted(reader);
  post_admitted(writer);
}

void socket::interrupt_reads() noexcept {
  int descriptor;
  {
    std::lock_guard const held(lock_);
    descriptor = descriptor_;
  }
  // Safe because the read that is interrupted keeps the descriptor open, also when it is closing.
  (void)::shutdown(descriptor, SHUT_RD);
}

void socket::disown() noexcept {
  bool is_last;
  {
    std::lock_guard const held(lock_);
    is_last = --users_ == 0;
  }
  if (is_last) delete this;
}

int stream::shutdown_write() noexcept {
  return socket_.with_descriptor(
      [](int descriptor) { return ::shutdown(descriptor, SHUT_WR) == 0 ? 0 : errno; });
}

void stream::reset() noexcept {
  (void)socket_.with_descriptor([](int descriptor) {
    linger const at_once{.l_onoff = 1, .l_linger = 0};
    return ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  });
  close();
}

io_expected<stream> accept_operation::await_resume() {
  auto const accepted = accepting_.await_resume();
  if (accepted.error != 0) return io_error{accepted.error};
  make_blocking(accepted.descriptor);
  return stream(own(home_, accepted.descriptor));
}

io_expected<listener> listener::listen(crew& home, endpoint const& where, listen_options options) {
  auto const address = core::to_socket_address(where);
  int const descriptor = open_socket(address);
  if (descriptor < 0) return io_error{errno};
  auto listening = own(home, descriptor);
  if (!is_unix(address)) {
    // A server that restarts may listen while old connections linger.
    switch_on(descriptor, SOL_SOCKET, SO_REUSEADDR);
    if (options.reuse_port) switch_on(descriptor, SOL_SOCKET, SO_REUSEPORT);
    // What is accepted inherits it: no system call for each connection.
    if (options.no_delay) switch_on(descriptor, IPPROTO_TCP, TCP_NODELAY);
  }
  if (::bind(descriptor, address.get(), address.length) != 0 ||
      ::listen(descriptor, static_cast<int>(options.backlog)) != 0) {
    return io_error{errno};
  }
  return listener(home, std::move(listening));
}

io_expected<listener> listener::adopt(crew& home, int descriptor) {
  if (int const error = core::prepare_listening_socket(descriptor, false); error != 0) {
    return io_error{error};
  }
  return listener(home, own(home, descriptor));
}

endpoint listener::local_endpoint() const noexcept {
  core::socket_address address;
  address.length = sizeof address.storage;
  int const error = socket_.with_descriptor([&](int descriptor) {
    return ::getsockname(descriptor, address.get(), &address.length) == 0 ? 0 : errno;
  });
  return error == 0 ? core::to_endpoint(address) : endpoint();
}

bool connect_operation::await_ready() {
  int const descriptor = open_socket(target_);
  if (descriptor < 0) {
    error_ = errno;
    return true;
  }
  socket_ = own(home_, descriptor);
  if (options_.no_delay && !is_unix(target_)) switch_on(descriptor, IPPROTO_TCP, TCP_NODELAY);
  if (::connect(descriptor, target_.get(), target_.length) == 0) return true;
  if (errno != EINPROGRESS && errno != EINTR) {
    error_ = errno;
    return true;
  }
  waiting_.emplace(socket_, core::attempts::connect{target_});
  return waiting_->await_ready();
}

io_expected<stream> connect_operation::await_resume() {
  int const error = waiting_ ? waiting_->await_resume() : error_;
  if (error != 0) return io_error{error};
  make_blocking(socket_.descriptor());
  return stream(std::move(socket_));
}

}  // namespace regatta::runtimes::threads
