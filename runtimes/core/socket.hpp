// Stream sockets and listeners on an epoll_reactor, for any runtime that polls one.
//
// A socket keeps a pointer to its reactor, so it works from every worker of a runtime that has
// several; its task is woken through whichever executor it waits on.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <utility>

#include "runtimes/core/io_operation.hpp"
#include "runtimes/core/socket_address.hpp"
#include "runtimes/interface/io_result.hpp"
#include "runtimes/interface/net.hpp"

namespace regatta::core {

namespace attempts {

struct read {
  static constexpr direction side = direction::reading;
  std::span<std::byte> target;
  io_result answer{};

  bool is_trivial() const noexcept { return target.empty(); }
  tried try_on(int descriptor, bool has_edge) noexcept;
  void fail(int error) noexcept { answer = {0, error}; }
  io_result take() const noexcept { return answer; }
};

struct write {
  static constexpr direction side = direction::writing;
  std::span<std::byte const> source;
  io_result answer{};

  bool is_trivial() const noexcept { return source.empty(); }
  tried try_on(int descriptor, bool has_edge) noexcept;
  void fail(int error) noexcept { answer = {0, error}; }
  io_result take() const noexcept { return answer; }
};

// Only waits until reading or writing makes sense.
template <direction Side>
struct readiness {
  static constexpr direction side = Side;
  int error = 0;

  bool is_trivial() const noexcept { return false; }
  tried try_on(int descriptor, bool has_edge) noexcept;
  void fail(int code) noexcept { error = code; }
  io_result take() const noexcept { return {0, error}; }
};

// Answers the new descriptor.
struct accept {
  static constexpr direction side = direction::reading;
  int descriptor = -1;
  int error = 0;

  bool is_trivial() const noexcept { return false; }
  tried try_on(int listening, bool has_edge) noexcept;
  void fail(int code) noexcept { error = code; }
  accept take() const noexcept { return *this; }
};

struct connect {
  static constexpr direction side = direction::writing;
  socket_address target;
  int error = 0;

  bool is_trivial() const noexcept { return false; }
  tried try_on(int descriptor, bool has_edge) noexcept;
  void fail(int code) noexcept { error = code; }
  int take() const noexcept { return error; }
};

}  // namespace attempts

template <class Threading>
class socket_stream {
 public:
  using reactor = epoll_reactor<Threading>;
  template <class Attempt>
  using operation = io_operation<Threading, Attempt>;

  explicit socket_stream(io_handle<Threading> socket) noexcept : socket_(std::move(socket)) {}
  // Takes over a connected, non-blocking socket; closes it on an error.
  static io_expected<socket_stream> adopt(reactor& home, int descriptor) {
    auto socket = io_handle<Threading>::adopt(home, descriptor);
    if (!socket) return io_error{socket.error()};
    return socket_stream(std::move(*socket));
  }

  operation<attempts::read> read(std::span<std::byte> target) noexcept {
    return {socket_, attempts::read{target}};
  }
  operation<attempts::write> write(std::span<std::byte const> source) noexcept {
    return {socket_, attempts::write{source}};
  }
  operation<attempts::readiness<direction::reading>> readable() noexcept { return {socket_, {}}; }
  operation<attempts::readiness<direction::writing>> writable() noexcept { return {socket_, {}}; }

  int shutdown_write() noexcept;
  void close() noexcept { socket_.close(); }
  void reset() noexcept;

  int native_handle() const noexcept { return socket_.descriptor(); }
  endpoint local_endpoint() const noexcept;
  endpoint peer_endpoint() const noexcept;

 private:
  io_handle<Threading> socket_;
};

template <class Threading>
class socket_listener {
 public:
  using reactor = epoll_reactor<Threading>;
  using stream = socket_stream<Threading>;
  // Which reactor takes over a connection that is accepted. It may be asked by any worker.
  using placement = reactor& (*)(void* context) noexcept;

  static io_expected<socket_listener> listen(reactor& home, endpoint const& where,
                                             listen_options options);
  // Takes over a listening socket (from a predecessor, say); closes it on an error.
  static io_expected<socket_listener> adopt(reactor& home, int descriptor);

  // Without this, connections stay with the listener's own reactor.
  void place_with(placement choose, void* context) noexcept {
    choose_ = choose;
    context_ = context;
  }

  class accept_operation {
   public:
    explicit accept_operation(socket_listener& from) noexcept
        : from_(from), accepting_(from.socket_, attempts::accept{}) {}
    bool await_ready() noexcept { return accepting_.await_ready(); }
    template <has_work P>
    REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> task) noexcept {
      return accepting_.await_suspend(task);
    }
    io_expected<stream> await_resume() {
      auto const accepted = accepting_.await_resume();
      if (accepted.error != 0) return io_error{accepted.error};
      return stream::adopt(from_.place(), accepted.descriptor);
    }

   private:
    socket_listener& from_;
    io_operation<Threading, attempts::accept> accepting_;
  };

  accept_operation accept() noexcept { return accept_operation(*this); }
  endpoint local_endpoint() const noexcept;
  void close() noexcept { socket_.close(); }
  int native_handle() const noexcept { return socket_.descriptor(); }

 private:
  explicit socket_listener(io_handle<Threading> socket) noexcept : socket_(std::move(socket)) {}

  reactor& place() const noexcept {
    return choose_ != nullptr ? choose_(context_) : *socket_.home();
  }

  io_handle<Threading> socket_;
  placement choose_ = nullptr;
  void* context_ = nullptr;
};

// Connects when it is awaited, not before.
template <class Threading>
class [[nodiscard("co_await it")]] connect_operation {
 public:
  using reactor = epoll_reactor<Threading>;

  connect_operation(reactor& home, endpoint const& where, connect_options options) noexcept
      : home_(home), target_(to_socket_address(where)), options_(options) {}

  bool await_ready() noexcept {
    error_ = begin();
    if (error_ != EINPROGRESS) return true;
    waiting_.emplace(socket_, attempts::connect{target_});
    return waiting_->await_ready();
  }
  template <has_work P>
  REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> task) noexcept {
    return waiting_->await_suspend(task);
  }
  io_expected<socket_stream<Threading>> await_resume() {
    int const error = waiting_ ? waiting_->await_resume() : error_;
    if (error != 0) return io_error{error};
    return socket_stream<Threading>(std::move(socket_));
  }

 private:
  // Answers 0, EINPROGRESS or why it failed.
  int begin() noexcept;

  reactor& home_;
  socket_address target_;
  connect_options options_;
  int error_ = 0;
  io_handle<Threading> socket_;
  std::optional<io_operation<Threading, attempts::connect>> waiting_;
};

}  // namespace regatta::core
