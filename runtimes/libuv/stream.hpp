// The runtime's streams and listeners: what tasks hold and await, on top of connection.hpp.
#pragma once

#include <coroutine>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>

#include "runtimes/core/socket_address.hpp"
#include "runtimes/interface/budget.hpp"
#include "runtimes/interface/compiler.hpp"
#include "runtimes/interface/io_result.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/task.hpp"
#include "runtimes/libuv/connection.hpp"

namespace regatta::runtimes::libuv {

// Owns a socket: closes it when it is destroyed.
template <class Socket>
class owner_of {
 public:
  // Takes over the caller's use of it.
  explicit owner_of(Socket* owned) noexcept : socket_(owned) {}
  owner_of(owner_of&& other) noexcept : socket_(std::exchange(other.socket_, nullptr)) {}
  owner_of& operator=(owner_of&& other) noexcept {
    owner_of(std::move(other)).swap(*this);
    return *this;
  }
  ~owner_of() {
    if (socket_ == nullptr) return;
    socket_->close();
    socket_->remove_user();
  }

  void swap(owner_of& other) noexcept { std::swap(socket_, other.socket_); }
  Socket* get() const noexcept { return socket_; }
  // It and the use of it are the caller's now.
  Socket* release() noexcept { return std::exchange(socket_, nullptr); }
  bool is_open() const noexcept { return socket_ != nullptr && socket_->is_open(); }
  void close() noexcept {
    if (socket_ != nullptr) socket_->close();
  }
  int descriptor() const noexcept { return socket_ != nullptr ? socket_->descriptor() : -1; }

 private:
  Socket* socket_;
};

// What is common to the awaiters: an operation on a socket, which stays as long as the operation.
template <class Socket>
class used {
 public:
  explicit used(owner_of<Socket> const& by) noexcept : socket_(by.is_open() ? by.get() : nullptr) {}
  used(used const&) = delete;
  used& operator=(used const&) = delete;

  // False: it is closed, and there is nothing to leave.
  bool enter() noexcept {
    if (socket_ == nullptr || !socket_->is_open()) return false;
    socket_->add_user();
    is_inside_ = true;
    return true;
  }
  bool is_inside() const noexcept { return is_inside_; }
  void leave() noexcept {
    is_inside_ = false;
    socket_->remove_user();
  }
  Socket* operator->() const noexcept { return socket_; }

 private:
  Socket* socket_;
  bool is_inside_ = false;
};

// read() and readable().
class [[nodiscard("co_await it")]] read_operation final : private read_wait {
 public:
  // No target: only waits until there is something.
  read_operation(owner_of<connection> const& from,
                 std::optional<std::span<std::byte>> where) noexcept
      : read_wait(where.value_or(std::span<std::byte>())),
        is_trivial_(where && where->empty()),
        connection_(from) {}
  ~read_operation();

  bool await_ready();
  template <has_work P>
  REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> task) noexcept {
    return suspend(task.promise());
  }
  io_result await_resume();

 private:
  bool suspend(work& me) noexcept;

  bool is_trivial_;
  used<connection> connection_;
};

// write() and writable().
class [[nodiscard("co_await it")]] write_operation final : private write_wait {
 public:
  // No source: only waits until there is room.
  write_operation(owner_of<connection> const& to,
                  std::optional<std::span<std::byte const>> what) noexcept
      : write_wait(what.value_or(std::span<std::byte const>())),
        is_trivial_(what && what->empty()),
        connection_(to) {}
  ~write_operation();

  bool await_ready();
  template <has_work P>
  REGATTA_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<P> task) noexcept {
    if (is_answered()) {
      task.promise().wake();  // The budget is spent: others first.
    } else {
      wait_as(task.promise());
    }
  }
  io_result await_resume() noexcept;

 private:
  bool is_trivial_;
  used<connection> connection_;
};

class stream {
 public:
  // Takes over the caller's use of the connection.
  explicit stream(connection* connected) noexcept : connection_(connected) {}

  read_operation read(std::span<std::byte> target) noexcept { return {connection_, target}; }
  write_operation write(std::span<std::byte const> source) noexcept {
    return {connection_, source};
  }
  read_operation readable() noexcept { return {connection_, std::nullopt}; }
  write_operation writable() noexcept { return {connection_, std::nullopt}; }

  int shutdown_write() noexcept {
    return connection_.is_open() ? connection_.get()->shutdown_write() : ECANCELED;
  }
  void close() noexcept { connection_.close(); }
  void reset() noexcept {
    if (connection_.is_open()) connection_.get()->reset();
  }
  int native_handle() const noexcept { return connection_.descriptor(); }
  endpoint local_endpoint() const noexcept {
    return connection_.is_open() ? connection_.get()->local_endpoint() : endpoint();
  }
  endpoint peer_endpoint() const noexcept {
    return connection_.is_open() ? connection_.get()->peer_endpoint() : endpoint();
  }

 private:
  owner_of<connection> connection_;
};

class [[nodiscard("co_await it")]] accept_operation final : private accept_wait {
 public:
  explicit accept_operation(owner_of<listening> const& from) noexcept : listener_(from) {}
  ~accept_operation();

  bool await_ready() noexcept;
  template <has_work P>
  REGATTA_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<P> task) noexcept {
    suspend(task.promise());
  }
  io_expected<stream> await_resume();

 private:
  void suspend(work& me) noexcept;

  used<listening> listener_;
};

class listener {
 public:
  static io_expected<listener> listen(loop_context& home, endpoint const& where,
                                      listen_options const& options);
  // Takes over a socket that listens already; closes it on an error.
  static io_expected<listener> adopt(loop_context& home, int descriptor);

  accept_operation accept() noexcept { return accept_operation(listening_); }
  endpoint local_endpoint() const noexcept {
    return listening_.is_open() ? listening_.get()->local_endpoint() : endpoint();
  }
  void close() noexcept { listening_.close(); }
  int native_handle() const noexcept { return listening_.descriptor(); }

 private:
  explicit listener(owner_of<listening> owned) noexcept : listening_(std::move(owned)) {}

  owner_of<listening> listening_;
};

// Connects when it is awaited, not before.
class [[nodiscard("co_await it")]] connect_operation final : private connect_wait {
 public:
  connect_operation(loop_context& home, endpoint const& where, connect_options options) noexcept
      : home_(home), where_(where), options_(options) {}
  ~connect_operation();

  bool await_ready();
  template <has_work P>
  REGATTA_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<P> task) noexcept {
    wait_as(task.promise());
  }
  io_expected<stream> await_resume();

 private:
  loop_context& home_;
  endpoint where_;
  connect_options options_;
  owner_of<connection> connection_{nullptr};
};

}  // namespace regatta::runtimes::libuv
