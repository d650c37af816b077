// The sockets of libuv as tasks wait on them: a handle on the heap, because libuv closes handles
// one turn later than it is told to, and whoever waits is an awaiter in a frame that may die at any
// time.
//
// libuv reads and accepts of its own accord and calls back; a task asks when it likes. So what
// comes while nobody asks is kept: bytes in an input_buffer, connections in a short queue. When
// these are full, libuv is told to stop until somebody has asked. What was handed to a task that is
// cancelled before it went on is put back.
#pragma once

#include <uv.h>

#include <cstddef>
#include <deque>
#include <span>
#include <vector>

#include "runtimes/core/socket_address.hpp"
#include "runtimes/interface/assert.hpp"
#include "runtimes/interface/io_result.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/work.hpp"
#include "runtimes/libuv/loop_context.hpp"

namespace regatta::runtimes::libuv {

// A uv_tcp_t or a uv_pipe_t. Users are whoever has a pointer to it and will use that: its stream or
// listener, operations that wait, and libuv itself until the handle is closed.
class socket_handle {
 public:
  socket_handle(socket_handle const&) = delete;
  socket_handle& operator=(socket_handle const&) = delete;

  void add_user() noexcept { ++users_; }
  void remove_user() noexcept {
    if (--users_ == 0) delete this;
  }

  bool is_open() const noexcept { return is_open_; }
  bool is_unix() const noexcept { return is_unix_; }
  int descriptor() const noexcept;  // -1 when closed.
  endpoint local_endpoint() const noexcept;
  endpoint peer_endpoint() const noexcept;

  // Answers ECANCELED to whoever waits. Idempotent.
  void close() noexcept;
  // As close(), and throws away what is on its way.
  void reset() noexcept;

 protected:
  // One user: the caller.
  socket_handle(loop_context& home, bool is_unix) noexcept;
  virtual ~socket_handle() = default;

  // Safe because of what as_handle() says.
  uv_stream_t* as_stream() noexcept { return reinterpret_cast<uv_stream_t*>(&handle_); }
  uv_tcp_t& tcp() noexcept { return handle_.tcp; }
  uv_pipe_t& pipe() noexcept { return handle_.pipe; }
  loop_context& home() const noexcept { return home_; }
  // The handle has just been told to close.
  virtual void end_waits() noexcept = 0;

 private:
  void ended() noexcept;
  static void on_closed(uv_handle_t* closed) noexcept;

  union {
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } handle_;
  loop_context& home_;
  u32 users_ = 2;  // The caller, and libuv.
  bool is_unix_;
  bool is_open_ = true;
};

// What a task waits for. Its awaiter derives from it. The connection or listener has a pointer to
// it while it waits; then the answer is there, and the task is woken.
class socket_wait {
 public:
  socket_wait() = default;
  socket_wait(socket_wait const&) = delete;
  socket_wait& operator=(socket_wait const&) = delete;

  bool is_answered() const noexcept { return is_answered_; }
  void wait_as(work& task) noexcept { task_ = &task; }

 protected:
  ~socket_wait() = default;
  // Wakes the task, if it sleeps already.
  void answered() noexcept {
    is_answered_ = true;
    if (task_ != nullptr) task_->wake();
  }

 private:
  work* task_ = nullptr;
  bool is_answered_ = false;
};

class transfer_wait : public socket_wait {
 public:
  void answer(io_result result) noexcept {
    result_ = result;
    answered();
  }
  io_result result() const noexcept { return result_; }

 protected:
  ~transfer_wait() = default;

 private:
  io_result result_;
};

struct read_wait : transfer_wait {
  explicit read_wait(std::span<std::byte> where) noexcept : target(where) {}
  std::span<std::byte> target;  // Empty: it only wants to know that there is something.
};

struct write_wait : transfer_wait {
  explicit write_wait(std::span<std::byte const> what) noexcept : source(what) {}
  std::span<std::byte const> source;  // Empty: it only wants to know that there is room.
  bool is_submitted = false;
};

struct connect_wait : transfer_wait {};

class connection final : public socket_handle {
 public:
  static connection* make(loop_context& home, bool is_unix) {
    return new connection(home, is_unix);
  }

  // These answer 0 or an errno. The wait is answered later, unless they fail.
  int connect(core::socket_address const& target, bool no_delay, connect_wait& wait) noexcept;
  void stop_connecting() noexcept { connector_ = nullptr; }
  int accept_from(uv_stream_t* listener) noexcept {
    return to_errno(uv_accept(listener, as_stream()));
  }

  // Reading. Between begin_read() and end_read() there is one reader.
  void begin_read() noexcept;
  void end_read() noexcept { is_being_read_ = false; }
  // Bytes, the end, or an error: a read has its answer.
  bool has_input() const noexcept {
    return !input_.empty() || has_ended_ || read_error_ != 0 || !is_open();
  }
  io_result take_input(std::span<std::byte> target);
  int wait_for_input(read_wait& wait) noexcept;
  void stop_waiting(read_wait const& wait) noexcept {
    if (reader_ == &wait) reader_ = nullptr;
  }
  void give_back(std::span<std::byte const> bytes) { input_.give_back(bytes); }

  // Writing. Between begin_write() and end_write() there is one writer. wait_to_write() may answer
  // at once.
  void begin_write() noexcept;
  void end_write() noexcept { is_being_written_ = false; }
  void wait_to_write(write_wait& wait);
  void stop_waiting(write_wait const& wait) noexcept {
    if (writer_ == &wait) writer_ = nullptr;
  }
  int shutdown_write() noexcept;

 private:
  class room_watch;

  connection(loop_context& home, bool is_unix) noexcept
      : socket_handle(home, is_unix), input_(home.inputs) {}
  ~connection() = default;

  void end_waits() noexcept override;
  int connect_unix(core::socket_address const& target) noexcept;

  static void on_connected(uv_connect_t* request, int status) noexcept;
  static void on_alloc(uv_handle_t* handle, std::size_t suggested, uv_buf_t* target) noexcept;
  static void on_read(uv_stream_t* stream, ssize_t count, uv_buf_t const* target) noexcept;
  static void on_written(uv_write_t* request, int status) noexcept;

  void took_bytes(std::size_t count, std::byte const* where) noexcept;
  void stop_receiving() noexcept;
  void answer_reader(io_result result) noexcept;
  void answer_writer(io_result result) noexcept;
  void write_now(write_wait& wait);
  void submit(write_wait& wait);
  bool has_room() const noexcept;

  connect_wait* connector_ = nullptr;
  uv_connect_t connecting_;

  input_buffer input_;
  read_wait* reader_ = nullptr;
  int read_error_ = 0;
  bool is_receiving_ = false;  // libuv reads.
  bool has_ended_ = false;
  bool is_being_read_ = false;

  bool is_being_written_ = false;
  bool is_sending_ = false;  // libuv writes `outgoing_`.
  bool is_shut_ = false;
  write_wait* writer_ = nullptr;
  room_watch* watch_ = nullptr;
  std::vector<std::byte> outgoing_;
  uv_write_t writing_;
  uv_shutdown_t shutting_;
};

class accept_wait : public socket_wait {
 public:
  // Takes over the caller's use of the connection.
  void answer(connection* accepted, int error) noexcept {
    accepted_ = accepted;
    error_ = error;
    answered();
  }
  connection* accepted() const noexcept { return accepted_; }
  int error() const noexcept { return error_; }

 protected:
  ~accept_wait() = default;

 private:
  connection* accepted_ = nullptr;
  int error_ = 0;
};

class listening final : public socket_handle {
 public:
  static listening* make(loop_context& home, bool is_unix) { return new listening(home, is_unix); }

  int listen(core::socket_address const& where, listen_options const& options) noexcept;
  // Closes the descriptor where it answers an error.
  int adopt(int descriptor) noexcept;

  void begin_accept() noexcept;
  void end_accept() noexcept { is_being_accepted_ = false; }
  bool has_arrivals() const noexcept { return !arrived_.empty() || error_ != 0 || !is_open(); }
  // The next connection, with the use of it, or nullptr and why.
  connection* take_arrival(int& error);
  void wait_for_arrival(accept_wait& wait) noexcept { accepter_ = &wait; }
  void stop_waiting(accept_wait const& wait) noexcept {
    if (accepter_ == &wait) accepter_ = nullptr;
  }
  void give_back(connection* arrived) { arrived_.push_front(arrived); }

 private:
  listening(loop_context& home, bool is_unix) noexcept : socket_handle(home, is_unix) {}
  ~listening() = default;

  void end_waits() noexcept override;
  int bind_tcp(core::socket_address const& where, listen_options const& options) noexcept;
  int bind_unix(core::socket_address const& where) noexcept;
  static void on_connection(uv_stream_t* server, int status) noexcept;
  connection* accept_now(int& error) noexcept;

  std::deque<connection*> arrived_;
  bool holds_one_back_ = false;  // libuv has one more, and waits until we take it.
  int error_ = 0;                // Of an accept that nobody waited for.
  bool is_being_accepted_ = false;
  accept_wait* accepter_ = nullptr;
};

}  // namespace regatta::runtimes::libuv
