// Stream sockets and listeners of Asio's (TCP and Unix: boost::asio::generic::stream_protocol) for
// our tasks.
//
// A read is Asio's async_receive into the task's own memory. A task that is destroyed meanwhile
// must lose no byte, and nothing may be written to it any more:
//   - With epoll Asio reads when the descriptor is ready, on a thread of the loop. The read is
//     cancelled by its own slot; afterwards Asio has either dropped it or read already, and then
//     the bytes are taken out of the task's memory before that goes.
//   - With io_uring the kernel writes when it likes, so it is given memory of the socket's own,
//     from which the task's is filled. A read whose task is gone goes on.
// Bytes that nobody has had go to the next read. An accept goes on, too: the connection waits.
#pragma once

#include <coroutine>
#include <span>
#include <utility>

#include "runtimes/asio/counted.hpp"
#include "runtimes/asio/loop.hpp"
#include "runtimes/interface/compiler.hpp"
#include "runtimes/interface/io_result.hpp"
#include "runtimes/interface/net.hpp"

namespace regatta::runtimes::asio {

// Asio's sockets and what is under way on them: socket.cpp.
template <class Threading>
class connection;
template <class Threading>
class door;

template <class Threading>
void keep(connection<Threading>& one) noexcept;
template <class Threading>
void let_go(connection<Threading>& one) noexcept;
template <class Threading>
void keep(door<Threading>& one) noexcept;
template <class Threading>
void let_go(door<Threading>& one) noexcept;

enum class socket_action : u8 { read, write, readable, writable, connect };

// One operation on a connection, inside the awaiter of the task that waits for it.
template <class Threading>
class socket_operation {
 public:
  // Without a connection the answer is ECANCELED.
  socket_operation(socket_action what, kept<connection<Threading>> where,
                   std::span<std::byte> target, std::span<std::byte const> source) noexcept
      : what_(what), where_(std::move(where)), target_(target), source_(source) {}
  socket_operation(socket_operation const&) = delete;
  socket_operation& operator=(socket_operation const&) = delete;
  ~socket_operation() {
    if (waiter_ != nullptr) abandon();
  }

  // True: the answer is there, or there is nothing to do.
  bool await_ready() noexcept;
  template <has_work P>
  REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> task) {
    return wait(task.promise());
  }
  io_result await_resume() noexcept {
    waiter_ = nullptr;
    return answer_;
  }

 private:
  friend connection<Threading>;

  // True: it waits, and may be running elsewhere already.
  bool wait(work& waiter);
  void abandon() noexcept;

  socket_action const what_;
  bool answered_ = false;
  kept<connection<Threading>> where_;
  std::span<std::byte> target_;
  std::span<std::byte const> source_;
  io_result answer_{};
  work* waiter_ = nullptr;  // From the wait until the task goes on.
};

template <class Threading>
class stream_socket {
 public:
  using operation = socket_operation<Threading>;

  explicit stream_socket(kept<connection<Threading>> opened) noexcept
      : connection_(std::move(opened)) {}
  stream_socket(stream_socket&&) noexcept = default;
  stream_socket& operator=(stream_socket&& other) noexcept {
    close();
    connection_ = std::move(other.connection_);
    return *this;
  }
  ~stream_socket() { close(); }

  operation read(std::span<std::byte> target) noexcept {
    return {socket_action::read, connection_, target, {}};
  }
  operation write(std::span<std::byte const> source) noexcept {
    return {socket_action::write, connection_, {}, source};
  }
  operation readable() noexcept { return {socket_action::readable, connection_, {}, {}}; }
  operation writable() noexcept { return {socket_action::writable, connection_, {}, {}}; }

  int shutdown_write() noexcept;
  void close() noexcept;
  void reset() noexcept;
  int native_handle() const noexcept;

 private:
  kept<connection<Threading>> connection_;
};

template <class Threading>
class accept_operation {
 public:
  explicit accept_operation(kept<door<Threading>> at) noexcept : at_(std::move(at)) {}
  accept_operation(accept_operation const&) = delete;
  accept_operation& operator=(accept_operation const&) = delete;
  ~accept_operation() {
    if (waiter_ != nullptr) abandon();
  }

  bool await_ready() noexcept;
  template <has_work P>
  REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> task) {
    return wait(task.promise());
  }
  io_expected<stream_socket<Threading>> await_resume() {
    waiter_ = nullptr;
    if (error_ != 0) return io_error{error_};
    return stream_socket<Threading>(std::move(accepted_));
  }

 private:
  friend door<Threading>;

  bool wait(work& waiter);
  void abandon() noexcept;

  kept<door<Threading>> at_;
  kept<connection<Threading>> accepted_;
  int error_ = 0;
  work* waiter_ = nullptr;  // From the wait until the task goes on.
};

template <class Threading>
class socket_listener {
 public:
  static io_expected<socket_listener> listen(loop<Threading>& home, endpoint const& where,
                                             listen_options options);
  // Takes over a socket that listens already; closes it on an error.
  static io_expected<socket_listener> adopt(loop<Threading>& home, int descriptor);

  socket_listener(socket_listener&&) noexcept = default;
  socket_listener& operator=(socket_listener&& other) noexcept {
    close();
    door_ = std::move(other.door_);
    return *this;
  }
  ~socket_listener() { close(); }

  accept_operation<Threading> accept() noexcept { return accept_operation<Threading>(door_); }
  endpoint local_endpoint() const noexcept;
  int native_handle() const noexcept;
  void close() noexcept;

 private:
  explicit socket_listener(kept<door<Threading>> opened) noexcept : door_(std::move(opened)) {}

  kept<door<Threading>> door_;
};

// Connects when it is awaited, not before. Its death ends the attempt.
template <class Threading>
class [[nodiscard("co_await it")]] connect_operation {
 public:
  connect_operation(loop<Threading>& home, endpoint const& where, connect_options options)
      : opened_(open(home, where, options)), connecting_(socket_action::connect, opened_, {}, {}) {}
  connect_operation(connect_operation const&) = delete;
  connect_operation& operator=(connect_operation const&) = delete;
  ~connect_operation() {
    if (opened_) give_up();
  }

  bool await_ready() noexcept { return connecting_.await_ready(); }
  template <has_work P>
  REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> task) {
    return connecting_.await_suspend(task);
  }
  io_expected<stream_socket<Threading>> await_resume() {
    if (auto const [count, error] = connecting_.await_resume(); error != 0) return io_error{error};
    return stream_socket<Threading>(std::exchange(opened_, {}));
  }

 private:
  static kept<connection<Threading>> open(loop<Threading>& home, endpoint const& where,
                                          connect_options options);
  void give_up() noexcept;

  kept<connection<Threading>> opened_;
  socket_operation<Threading> connecting_;
};

}  // namespace regatta::runtimes::asio
