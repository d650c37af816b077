#include "runtimes/libuv/connection.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace regatta::runtimes::libuv {

namespace {

// What is copied for a write that has to wait.
constexpr std::size_t outgoing_limit = 64 * 1024;
// Connections that are accepted before somebody asks for them; the system keeps the others.
constexpr std::size_t most_arrived = 128;

uv_buf_t buffer_of(std::span<std::byte const> bytes) noexcept {
  // Safe because libuv does not write to what it sends, and char may alias anything.
  auto* const begin = reinterpret_cast<char*>(const_cast<std::byte*>(bytes.data()));
  return uv_buf_init(begin, static_cast<unsigned>(bytes.size()));
}

// What the system has to report about a socket and has not reported yet; 0: nothing.
int pending_error(int descriptor) noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

bool is_abstract(core::socket_address const& address) noexcept {
  sockaddr_un name;
  std::memcpy(&name, &address.storage, sizeof name);
  return name.sun_path[0] == '\0';
}

std::string path_of(core::socket_address const& address) {
  sockaddr_un name;
  std::memcpy(&name, &address.storage, sizeof name);
  return name.sun_path;
}

// libuv has no word for the abstract namespace before 1.46. A descriptor, or a negative errno.
int open_abstract(core::socket_address const& address,
                  int (*use)(int, sockaddr const*, socklen_t)) noexcept {
  int const descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -errno;
  if (use(descriptor, address.get(), address.length) == 0) return descriptor;
  int const error = errno;
  ::close(descriptor);
  return -error;
}

endpoint ask_endpoint(int descriptor, decltype(&::getsockname) ask) noexcept {
  core::socket_address address;
  address.length = sizeof address.storage;
  if (descriptor < 0 || ask(descriptor, address.get(), &address.length) != 0) return {};
  return core::to_endpoint(address);
}

}  // namespace

socket_handle::socket_handle(loop_context& home, bool is_unix) noexcept
    : home_(home), is_unix_(is_unix) {
  ++home.open_sockets;
  // Neither fails: the descriptor comes later.
  if (is_unix) {
    uv_pipe_init(&home.loop, &handle_.pipe, 0);
  } else {
    uv_tcp_init(&home.loop, &handle_.tcp);
  }
  as_stream()->data = this;
}

int socket_handle::descriptor() const noexcept {
  uv_os_fd_t descriptor = -1;
  if (is_open_ && uv_fileno(reinterpret_cast<uv_handle_t const*>(&handle_), &descriptor) != 0) {
    return -1;
  }
  return descriptor;
}

endpoint socket_handle::local_endpoint() const noexcept {
  return ask_endpoint(descriptor(), &::getsockname);
}

endpoint socket_handle::peer_endpoint() const noexcept {
  return ask_endpoint(descriptor(), &::getpeername);
}

void socket_handle::close() noexcept {
  if (!is_open_) return;
  uv_close(as_handle(handle_), &on_closed);
  ended();
}

void socket_handle::reset() noexcept {
  if (!is_open_) return;
  if (!is_unix_ && uv_tcp_close_reset(&handle_.tcp, &on_closed) == 0) return ended();
  // libuv refuses to reset what is being shut down.
  linger const at_once{.l_onoff = 1, .l_linger = 0};
  (void)::setsockopt(descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void socket_handle::ended() noexcept {
  is_open_ = false;
  --home_.open_sockets;
  end_waits();
}

void socket_handle::on_closed(uv_handle_t* closed) noexcept {
  static_cast<socket_handle*>(closed->data)->remove_user();
}

// A libuv poll on a copy of the descriptor: a stream of libuv's does not say when there is room
// unless it has something to send.
class connection::room_watch {
 public:
  // An errno, or 0: the connection's writer is answered when there is room.
  static int start(connection& watched) noexcept {
    if (watched.watch_ != nullptr) return 0;  // Of somebody who was cancelled.
    int const copy = ::fcntl(watched.descriptor(), F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return errno;
    auto* const watch = new room_watch(watched, copy);
    int status = uv_poll_init(&watched.home().loop, &watch->poll_, copy);
    if (status != 0) {
      delete watch;
      return to_errno(status);
    }
    watch->poll_.data = watch;
    status = uv_poll_start(&watch->poll_, UV_WRITABLE, &on_room);
    if (status != 0) {
      watch->end();
    } else {
      watched.watch_ = watch;
    }
    return to_errno(status);
  }

  void end() noexcept {
    uv_close(as_handle(poll_),
             [](uv_handle_t* closed) { delete static_cast<room_watch*>(closed->data); });
  }

 private:
  room_watch(connection& watched, int copy) noexcept : watched_(watched), copy_(copy) {
    watched.add_user();
  }
  ~room_watch() {
    ::close(copy_);
    watched_.remove_user();
  }

  static void on_room(uv_poll_t* poll, int, int) noexcept {
    auto& self = *static_cast<room_watch*>(poll->data);
    // Whoever asked may be gone, and somebody else may be writing.
    write_wait const* const asking = self.watched_.writer_;
    if (asking != nullptr && asking->source.empty()) self.watched_.answer_writer({0, 0});
    std::exchange(self.watched_.watch_, nullptr)->end();
  }

  connection& watched_;
  int copy_;
  uv_poll_t poll_;
};

void connection::end_waits() noexcept {
  if (reader_ != nullptr) answer_reader({0, ECANCELED});
  if (writer_ != nullptr) answer_writer({0, ECANCELED});
  if (watch_ != nullptr) std::exchange(watch_, nullptr)->end();
  input_.clear();
  is_receiving_ = false;
}

int connection::connect(core::socket_address const& target, bool no_delay,
                        connect_wait& wait) noexcept {
  connecting_.data = this;
  connector_ = &wait;
  if (is_unix()) return connect_unix(target);
  if (no_delay) uv_tcp_nodelay(&tcp(), 1);
  return to_errno(uv_tcp_connect(&connecting_, &tcp(), target.get(), &on_connected));
}

int connection::connect_unix(core::socket_address const& target) noexcept {
  if (!is_abstract(target)) {
    uv_pipe_connect(&connecting_, &pipe(), path_of(target).c_str(), &on_connected);
    return 0;
  }
  // A Unix socket connects at once, or not at all.
  int const descriptor = open_abstract(target, &::connect);
  if (descriptor < 0) return -descriptor;
  int const status = uv_pipe_open(&pipe(), descriptor);
  if (status != 0) {
    ::close(descriptor);
    return to_errno(status);
  }
  std::exchange(connector_, nullptr)->answer({});
  return 0;
}

void connection::on_connected(uv_connect_t* request, int status) noexcept {
  auto& self = *static_cast<connection*>(request->data);
  connect_wait* const waiting = std::exchange(self.connector_, nullptr);
  if (waiting != nullptr) waiting->answer({0, to_errno(status)});
}

void connection::begin_read() noexcept {
  REGATTA_ASSERT(!is_being_read_,
                 "another task reads from this stream: one task may read and one may write at a "
                 "time");
  is_being_read_ = true;
}

io_result connection::take_input(std::span<std::byte> target) {
  if (!is_open()) return {0, ECANCELED};
  if (!input_.empty()) return {input_.take(target), 0};
  return {0, read_error_};
}

int connection::wait_for_input(read_wait& wait) noexcept {
  reader_ = &wait;
  if (is_receiving_) return 0;
  int const error = to_errno(uv_read_start(as_stream(), &on_alloc, &on_read));
  is_receiving_ = error == 0;
  if (error != 0) reader_ = nullptr;
  return error;
}

// The reader's own memory, where there is a reader: what it then gets is never copied.
void connection::on_alloc(uv_handle_t* handle, std::size_t, uv_buf_t* target) noexcept {
  auto& self = static_cast<connection&>(*static_cast<socket_handle*>(handle->data));
  bool const is_awaited = self.reader_ != nullptr && !self.reader_->target.empty();
  *target = buffer_of(is_awaited ? self.reader_->target : self.input_.space());
}

void connection::on_read(uv_stream_t* stream, ssize_t count, uv_buf_t const* target) noexcept {
  auto& self = static_cast<connection&>(*static_cast<socket_handle*>(stream->data));
  if (count > 0) {
    // Safe because buffer_of() made it from bytes.
    self.took_bytes(static_cast<std::size_t>(count), reinterpret_cast<std::byte*>(target->base));
    return;
  }
  if (count == 0) return;  // Nothing there after all.
  self.stop_receiving();
  if (count == UV_ENOBUFS) return;  // Nobody reads, and the buffer is full.
  // libuv also says UV_EOF when the peer has hung up after its last bytes, and a peer that resets
  // has hung up. The error is still there to be asked for.
  self.read_error_ =
      count == UV_EOF ? pending_error(self.descriptor()) : to_errno(static_cast<int>(count));
  self.has_ended_ = self.read_error_ == 0;
  if (self.reader_ != nullptr) self.answer_reader({0, self.read_error_});
}

void connection::took_bytes(std::size_t count, std::byte const* where) noexcept {
  if (reader_ != nullptr && reader_->target.data() == where) {
    answer_reader({count, 0});
    return;
  }
  input_.commit(count);
  if (input_.is_full()) stop_receiving();
  if (reader_ != nullptr) answer_reader({0, 0});
}

void connection::stop_receiving() noexcept {
  uv_read_stop(as_stream());
  is_receiving_ = false;
}

void connection::answer_reader(io_result result) noexcept {
  std::exchange(reader_, nullptr)->answer(result);
}

void connection::answer_writer(io_result result) noexcept {
  std::exchange(writer_, nullptr)->answer(result);
}

void connection::begin_write() noexcept {
  REGATTA_ASSERT(!is_being_written_,
                 "another task writes to this stream: one task may read and one may write at a "
                 "time");
  is_being_written_ = true;
}

bool connection::has_room() const noexcept {
  pollfd asked{.fd = descriptor(), .events = POLLOUT, .revents = 0};
  return ::poll(&asked, 1, 0) > 0;
}

void connection::wait_to_write(write_wait& wait) {
  writer_ = &wait;
  // The rest of a write that was cancelled goes first.
  if (!is_sending_) write_now(wait);
}

// Tries at once, as libuv's documentation advises: usually the system has room.
void connection::write_now(write_wait& wait) {
  if (wait.source.empty()) {
    if (has_room()) return answer_writer({0, 0});
    int const error = room_watch::start(*this);
    if (error != 0) answer_writer({0, error});
    return;
  }
  constexpr std::size_t most = 1u << 30;
  uv_buf_t const whole = buffer_of(wait.source.first(std::min(wait.source.size(), most)));
  int const sent = uv_try_write(as_stream(), &whole, 1);
  if (sent > 0) return answer_writer({static_cast<std::size_t>(sent), 0});
  if (sent < 0 && sent != UV_EAGAIN) return answer_writer({0, to_errno(sent)});
  submit(wait);
}

// From a copy: the task and its memory may be gone before libuv is done.
void connection::submit(write_wait& wait) {
  auto const part = wait.source.first(std::min(wait.source.size(), outgoing_limit));
  outgoing_.assign(part.begin(), part.end());
  writing_.data = this;
  uv_buf_t const whole = buffer_of(outgoing_);
  int const status = uv_write(&writing_, as_stream(), &whole, 1, &on_written);
  if (status != 0) return answer_writer({0, to_errno(status)});
  wait.is_submitted = true;
  is_sending_ = true;
}

void connection::on_written(uv_write_t* request, int status) noexcept {
  auto& self = *static_cast<connection*>(request->data);
  self.is_sending_ = false;
  if (self.writer_ == nullptr) return;
  if (self.writer_->is_submitted) {
    std::size_t const count = status == 0 ? self.outgoing_.size() : 0;
    self.answer_writer({count, to_errno(status)});
  } else {
    self.write_now(*self.writer_);
  }
}

int connection::shutdown_write() noexcept {
  if (!is_open()) return ECANCELED;
  if (is_shut_) return 0;
  // What it does happens when all has been sent; nobody waits for that.
  int const error = to_errno(uv_shutdown(&shutting_, as_stream(), [](uv_shutdown_t*, int) {}));
  is_shut_ = error == 0;
  return error;
}

int listening::listen(core::socket_address const& where, listen_options const& options) noexcept {
  int const error = is_unix() ? bind_unix(where) : bind_tcp(where, options);
  if (error != 0) return error;
  return to_errno(uv_listen(as_stream(), static_cast<int>(options.backlog), &on_connection));
}

int listening::adopt(int descriptor) noexcept {
  int const status =
      is_unix() ? uv_pipe_open(&pipe(), descriptor) : uv_tcp_open(&tcp(), descriptor);
  if (status != 0) {
    ::close(descriptor);
    return to_errno(status);
  }
  // libuv begins to accept only when it is told to listen, and the system permits that again. How
  // many may wait cannot be asked, and is set anew.
  return to_errno(
      uv_listen(as_stream(), static_cast<int>(listen_options().backlog), &on_connection));
}

int listening::bind_tcp(core::socket_address const& where, listen_options const& options) noexcept {
  // What is accepted inherits it: no system call for each connection.
  if (options.no_delay) uv_tcp_nodelay(&tcp(), 1);
  if (options.reuse_port) {
    // This libuv has no word for it, and it must be set before the socket is bound.
    int const descriptor =
        ::socket(where.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return errno;
    int const on = 1;
    (void)::setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    int const status = uv_tcp_open(&tcp(), descriptor);
    if (status != 0) {
      ::close(descriptor);
      return to_errno(status);
    }
  }
  return to_errno(uv_tcp_bind(&tcp(), where.get(), 0));
}

int listening::bind_unix(core::socket_address const& where) noexcept {
  if (!is_abstract(where)) return to_errno(uv_pipe_bind(&pipe(), path_of(where).c_str()));
  int const descriptor = open_abstract(where, &::bind);
  if (descriptor < 0) return -descriptor;
  int const status = uv_pipe_open(&pipe(), descriptor);
  if (status != 0) ::close(descriptor);
  return to_errno(status);
}

void listening::begin_accept() noexcept {
  REGATTA_ASSERT(!is_being_accepted_,
                 "another task accepts from this listener: one may do so at a time");
  is_being_accepted_ = true;
}

connection* listening::accept_now(int& error) noexcept {
  connection* const accepted = connection::make(home(), is_unix());
  error = accepted->accept_from(as_stream());
  if (error == 0) return accepted;
  accepted->close();
  accepted->remove_user();
  return nullptr;
}

void listening::on_connection(uv_stream_t* server, int status) noexcept {
  auto& self = static_cast<listening&>(*static_cast<socket_handle*>(server->data));
  if (status == 0 && self.arrived_.size() >= most_arrived) {
    // libuv asks the system for no more before we have taken this one.
    self.holds_one_back_ = true;
    return;
  }
  int error = to_errno(status);
  connection* const accepted = error == 0 ? self.accept_now(error) : nullptr;
  if (accept_wait* const waiting = std::exchange(self.accepter_, nullptr)) {
    waiting->answer(accepted, error);
  } else if (accepted != nullptr) {
    self.arrived_.push_back(accepted);
  } else {
    self.error_ = error;
  }
}

connection* listening::take_arrival(int& error) {
  error = 0;
  if (arrived_.empty()) {
    error = is_open() ? std::exchange(error_, 0) : ECANCELED;
    return nullptr;
  }
  connection* const first = arrived_.front();
  arrived_.pop_front();
  if (std::exchange(holds_one_back_, false)) {
    connection* const held = accept_now(error_);
    if (held != nullptr) arrived_.push_back(held);
  }
  return first;
}

void listening::close() noexcept {
  // What libuv holds back it would close with the handle.
  if (is_open() && std::exchange(holds_one_back_, false)) {
    connection* const held = accept_now(error_);
    if (held != nullptr) arrived_.push_back(held);
  }
  socket_handle::close();
}

void listening::end_waits() noexcept {
  if (accepter_ != nullptr) std::exchange(accepter_, nullptr)->answer(nullptr, ECANCELED);
}

void listening::end() noexcept {
  is_ended_ = true;
  socket_handle::close();
  for (connection* const one : std::exchange(arrived_, {})) {
    one->close();
    one->remove_user();
  }
}

}  // namespace regatta::runtimes::libuv
