#include "runtimes/asio/socket.hpp"

#include "runtimes/asio/liburing_for_asio.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/socket_base.hpp>
#include <mutex>
#include <optional>
#include <vector>

#include "runtimes/asio/handler_memory.hpp"
#include "runtimes/core/listening_socket.hpp"
#include "runtimes/core/socket_address.hpp"
#include "runtimes/interface/assert.hpp"
#include "runtimes/interface/teardown.hpp"

namespace regatta::runtimes::asio {

namespace {

using boost::system::error_code;
using protocol = boost::asio::generic::stream_protocol;
using asio_socket = protocol::socket;
using asio_acceptor = boost::asio::basic_socket_acceptor<protocol>;

// Asio's calls on a socket may do system calls, so this is no spin lock.
template <class Threading>
using initiation_lock = std::conditional_t<Threading::single, no_lock, std::mutex>;

#if defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)
constexpr bool kernel_keeps_memory = true;
#else
constexpr bool kernel_keeps_memory = false;
#endif
// How much the kernel is given to fill, or to send, at once.
constexpr std::size_t most_staged = 64 * 1024;

// In our words: 0 at the end of a stream, else an errno.
int error_of(error_code const& error) noexcept {
  return error == boost::asio::error::eof ? 0 : error.value();
}

protocol::endpoint to_asio(endpoint const& where) {
  auto const address = core::to_socket_address(where);
  return {address.get(), address.length};
}
endpoint from_asio(protocol::endpoint const& where) noexcept {
  core::socket_address address;
  std::memcpy(&address.storage, where.data(), where.size());
  address.length = static_cast<socklen_t>(where.size());
  return core::to_endpoint(address);
}
protocol protocol_of(protocol::endpoint const& where) noexcept { return where.protocol(); }

}  // namespace

// A socket, and in each direction at most one operation of a task and one of Asio's. They are not
// always the same: after a task was destroyed, Asio's operation may still be on its way back.
template <class Threading>
class connection final : public counted<Threading> {
 public:
  using operation = socket_operation<Threading>;

  connection(loop<Threading>& home, asio_socket socket) noexcept
      : home_(home), socket_(std::move(socket)) {}

  // For an attempt to connect. An error is kept, and answers it.
  static kept<connection> open(loop<Threading>& home, endpoint const& where, bool no_delay);

  // These are called by the operations; socket.hpp says what they answer.
  bool try_now(operation& asked) noexcept;
  bool wait(operation& asked, work& waiter);
  void abandon(operation& dying) noexcept;

  int shutdown_write() noexcept;
  void close() noexcept;
  void reset() noexcept;
  int native_handle() noexcept;

 private:
  enum class flight : u8 { none, wait, transfer };

  struct side {
    operation* asked = nullptr;     // The task's.
    flight flying = flight::none;   // Asio's.
    bool is_orphan = false;         // Asio's serves a task that is gone.
    std::vector<std::byte> staged;  // The kernel's memory, or an orphan's.
    handler_memory memory;
    boost::asio::cancellation_signal cancelled;
  };
  class completion;

  static bool reads(operation const& one) noexcept {
    return one.what_ == socket_action::read || one.what_ == socket_action::readable;
  }
  side& side_of(operation const& one) noexcept { return sides_[reads(one) ? 0 : 1]; }

  // With the lock held.
  void begin(operation& asked);
  void begin_read(side& mine, operation& asked);
  void begin_write(side& mine, operation& asked);
  bool answer_from_arrived(operation& asked) noexcept;
  void put_aside(std::span<std::byte const> bytes);
  bool land(side& mine, error_code const& error, std::size_t count) noexcept;
  bool settle(operation& asked, bool is_its_own, error_code const& error,
              std::size_t count) noexcept;
  static void answer(operation& asked, io_result with) noexcept {
    asked.answer_ = with;
    asked.answered_ = true;
  }
  void close_unless_in_flight() noexcept;

  void complete(side& mine, error_code const& error, std::size_t count) noexcept;

  loop<Threading>& home_;
  [[no_unique_address]] initiation_lock<Threading> lock_;  // Guards all that follows.
  asio_socket socket_;
  bool is_closed_ = false;
  int open_error_ = 0;
  protocol::endpoint target_;       // Of an attempt to connect.
  std::array<side, 2> sides_;       // Reading, writing.
  std::vector<std::byte> arrived_;  // What was read for a task that did not live to see it,
  std::size_t arrived_taken_ = 0;   // and how much of that has been taken since;
  int arrived_error_ = 0;           // or the error that it did not live to see.
  // Nothing will come any more. Asio with epoll would wait for ever if it were asked again.
  bool has_ended_ = false;
};

// What Asio calls. It owns the connection, so that Asio finds it whatever has died meanwhile.
template <class Threading>
class connection<Threading>::completion {
 public:
  completion(connection& whose, side& mine) noexcept : connection_(whose), side_(&mine) {}

  using allocator_type = handler_allocator<void>;
  allocator_type get_allocator() const noexcept { return allocator_type(side_->memory); }
  using cancellation_slot_type = boost::asio::cancellation_slot;
  cancellation_slot_type get_cancellation_slot() const noexcept { return side_->cancelled.slot(); }

  void operator()(error_code const& error, std::size_t count = 0) const noexcept {
    connection_->complete(*side_, error, count);
  }

 private:
  kept<connection> connection_;
  side* side_;
};

template <class Threading>
kept<connection<Threading>> connection<Threading>::open(loop<Threading>& home,
                                                        endpoint const& where, bool no_delay) {
  kept<connection> made(*new connection(home, asio_socket(home.context())));
  made->target_ = to_asio(where);
  error_code error;
  made->socket_.open(protocol_of(made->target_), error);
  if (error) {
    made->open_error_ = error.value();
  } else if (no_delay && !where.is_unix()) {
    // An option makes things faster; a socket without it still works.
    error_code ignored;
    made->socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  }
  return made;
}

template <class Threading>
bool connection<Threading>::try_now(operation& asked) noexcept {
  std::lock_guard const held(lock_);
  if (is_closed_) {
    answer(asked, {0, ECANCELED});
  } else if (asked.what_ == socket_action::connect && open_error_ != 0) {
    answer(asked, {0, open_error_});
  } else if (reads(asked)) {
    answer_from_arrived(asked);
  }
  return asked.answered_;
}

template <class Threading>
bool connection<Threading>::wait(operation& asked, work& waiter) {
  kept<connection> const stays(*this);  // The task may end, and let go of us, before we unlock.
  std::lock_guard const held(lock_);
  if (is_closed_) {
    answer(asked, {0, ECANCELED});
    return false;
  }
  // Once more: since try_now() an orphan may have come back on another thread, with bytes that come
  // before all that the socket still holds.
  if (reads(asked) && answer_from_arrived(asked)) return false;
  side& mine = side_of(asked);
  REGATTA_ASSERT(mine.asked == nullptr,
                 "another task is in the same operation on this socket: one task may read and one "
                 "may write at a time");
  mine.asked = &asked;
  asked.waiter_ = &waiter;
  // Where an orphan is on its way back, it goes first.
  if (mine.flying == flight::none) begin(asked);
  return true;
}

template <class Threading>
void connection<Threading>::begin(operation& asked) {
  side& mine = side_of(asked);
  mine.flying = flight::wait;
  switch (asked.what_) {
    case socket_action::read:
      return begin_read(mine, asked);
    case socket_action::write:
      return begin_write(mine, asked);
    case socket_action::readable:
      return socket_.async_wait(asio_socket::wait_read, completion(*this, mine));
    case socket_action::writable:
      return socket_.async_wait(asio_socket::wait_write, completion(*this, mine));
    case socket_action::connect:
      return socket_.async_connect(target_, completion(*this, mine));
  }
}

template <class Threading>
void connection<Threading>::begin_read(side& mine, operation& asked) {
  mine.flying = flight::transfer;
  auto target = boost::asio::buffer(asked.target_.data(), asked.target_.size());
  if constexpr (kernel_keeps_memory) {
    mine.staged.resize(std::min(asked.target_.size(), most_staged));
    target = boost::asio::buffer(mine.staged);
  }
  socket_.async_receive(target, completion(*this, mine));
}

template <class Threading>
void connection<Threading>::begin_write(side& mine, operation& asked) {
  mine.flying = flight::transfer;
  auto source = boost::asio::buffer(asked.source_.data(), asked.source_.size());
  if constexpr (kernel_keeps_memory) {
    auto const part = asked.source_.first(std::min(asked.source_.size(), most_staged));
    mine.staged.assign(part.begin(), part.end());
    source = boost::asio::buffer(std::as_const(mine.staged));
  }
  // io_uring would raise SIGPIPE if it were not told.
  socket_.async_send(source, MSG_NOSIGNAL, completion(*this, mine));
}

// Answers a read, or a wait for one, by what was put aside or by the end. False: there is neither.
template <class Threading>
bool connection<Threading>::answer_from_arrived(operation& asked) noexcept {
  std::size_t const left = arrived_.size() - arrived_taken_;
  if (left == 0 && arrived_error_ == 0 && !has_ended_) return false;
  if (asked.what_ == socket_action::readable) {
    answer(asked, {});
  } else if (left == 0) {
    answer(asked, {0, std::exchange(arrived_error_, 0)});
  } else {
    std::size_t const count = std::min(left, asked.target_.size());
    std::copy_n(arrived_.data() + arrived_taken_, count, asked.target_.data());
    arrived_taken_ += count;
    if (count == left) {
      arrived_.clear();
      arrived_taken_ = 0;
    }
    answer(asked, {count, 0});
  }
  return true;
}

// These bytes come before those that have been put aside already.
template <class Threading>
void connection<Threading>::put_aside(std::span<std::byte const> bytes) {
  arrived_.erase(arrived_.begin(), arrived_.begin() + static_cast<std::ptrdiff_t>(arrived_taken_));
  arrived_taken_ = 0;
  arrived_.insert(arrived_.begin(), bytes.begin(), bytes.end());
}

// The task dies. What it had been given, or is about to be, stays for the next one.
template <class Threading>
void connection<Threading>::abandon(operation& dying) noexcept {
  // In a teardown nobody comes after, and the memory of the task may be gone.
  bool const is_last = teardown::is_on();
  bool const is_read = dying.what_ == socket_action::read;
  std::lock_guard const held(lock_);
  if (dying.answered_) {
    if (!is_read || is_last) return;
    put_aside(dying.target_.first(dying.answer_.count));
    if (dying.answer_.error != 0 && !is_closed_) arrived_error_ = dying.answer_.error;
    return;
  }
  side& mine = side_of(dying);
  mine.asked = nullptr;
  if (mine.flying == flight::none || mine.is_orphan) return;
  mine.is_orphan = true;
  if constexpr (!kernel_keeps_memory) {
    mine.cancelled.emit(boost::asio::cancellation_type::total |
                        boost::asio::cancellation_type::partial |
                        boost::asio::cancellation_type::terminal);
    // Safe because Asio's reactor reads and writes under a lock of the descriptor's that cancelling
    // takes, too: from here on the operation is over, and only how it ended is not yet known.
    if (is_read && !is_last) mine.staged.assign(dying.target_.begin(), dying.target_.end());
  }
}

// Asio's operation is over. True: its result is that of the task that asked for it. False: that
// task is gone, or the bytes lie in the socket's memory; then they are put aside.
template <class Threading>
bool connection<Threading>::land(side& mine, error_code const& error, std::size_t count) noexcept {
  bool const was_orphan = std::exchange(mine.is_orphan, false);
  bool const was_transfer = std::exchange(mine.flying, flight::none) == flight::transfer;
  if (is_closed_) close_unless_in_flight();
  if (&mine != &sides_[0] || !was_transfer) return !was_orphan;
  bool const is_over = error && error != boost::asio::error::operation_aborted;
  if (is_over) has_ended_ = true;
  if (!was_orphan && !kernel_keeps_memory) return true;
  put_aside(std::span(mine.staged).first(std::min(count, mine.staged.size())));
  if (is_over) arrived_error_ = error_of(error);
  return false;
}

// Answers the task, or begins anew for it. True: it has its answer.
template <class Threading>
bool connection<Threading>::settle(operation& asked, bool is_its_own, error_code const& error,
                                   std::size_t count) noexcept {
  if (is_closed_) {
    answer(asked, {0, ECANCELED});
  } else if (is_its_own) {
    answer(asked, {count, error_of(error)});
  } else if (!reads(asked) || !answer_from_arrived(asked)) {
    begin(asked);
  }
  return asked.answered_;
}

template <class Threading>
void connection<Threading>::complete(side& mine, error_code const& error,
                                     std::size_t count) noexcept {
  work* ready = nullptr;
  {
    std::lock_guard const held(lock_);
    bool const is_its_own = land(mine, error, count);
    if (mine.asked != nullptr && settle(*mine.asked, is_its_own, error, count)) {
      work& waiter = *std::exchange(mine.asked, nullptr)->waiter_;
      ready = waiter.executor->admit(waiter);
    }
  }
  home_.run_admitted(ready);
}

template <class Threading>
int connection<Threading>::shutdown_write() noexcept {
  std::lock_guard const held(lock_);
  if (is_closed_) return ECANCELED;
  error_code error;
  socket_.shutdown(asio_socket::shutdown_send, error);
  return error.value();
}

template <class Threading>
void connection<Threading>::close() noexcept {
  std::lock_guard const held(lock_);
  if (!std::exchange(is_closed_, true)) close_unless_in_flight();
}

// With io_uring the last operation to come back closes the socket. Asio would give what it keeps
// for a socket to the next one at once, whatever is in the ring still, and then start the cancelled
// operation anew on the old descriptor, which may by then be another socket's.
template <class Threading>
void connection<Threading>::close_unless_in_flight() noexcept {
  error_code ignored;
  auto const flies = [](side const& one) { return one.flying != flight::none; };
  if (kernel_keeps_memory && std::ranges::any_of(sides_, flies)) {
    socket_.cancel(ignored);
  } else {
    socket_.close(ignored);
  }
}

template <class Threading>
void connection<Threading>::reset() noexcept {
  {
    std::lock_guard const held(lock_);
    if (is_closed_) return;
    error_code ignored;
    socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
  }
  close();
}

template <class Threading>
int connection<Threading>::native_handle() noexcept {
  std::lock_guard const held(lock_);
  return is_closed_ ? -1 : socket_.native_handle();
}

// A listening socket. Asio's accept hands the new socket to the handler, so an accept whose task is
// gone can go on, and what it brings waits here.
template <class Threading>
class door final : public counted<Threading> {
 public:
  using operation = accept_operation<Threading>;

  door(loop<Threading>& home, asio_acceptor acceptor) noexcept
      : home_(home), acceptor_(std::move(acceptor)) {}

  static io_expected<kept<door>> open(loop<Threading>& home, endpoint const& where,
                                      listen_options options);
  static io_expected<kept<door>> adopt(loop<Threading>& home, int descriptor);

  bool try_now(operation& asked) noexcept;
  bool wait(operation& asked, work& waiter);
  void abandon(operation& dying) noexcept;
  void close() noexcept;
  endpoint local_endpoint() noexcept;
  int native_handle() noexcept;

 private:
  class completion;

  void complete(error_code const& error, asio_socket accepted) noexcept;

  loop<Threading>& home_;
  [[no_unique_address]] initiation_lock<Threading> lock_;  // Guards all that follows.
  asio_acceptor acceptor_;
  bool is_closed_ = false;
  bool is_flying_ = false;                            // Asio's accept.
  operation* asked_ = nullptr;                        // The task's.
  std::vector<kept<connection<Threading>>> arrived_;  // At most one, nearly always.
  handler_memory memory_;
};

template <class Threading>
class door<Threading>::completion {
 public:
  explicit completion(door& whose) noexcept : door_(whose) {}

  using allocator_type = handler_allocator<void>;
  allocator_type get_allocator() const noexcept { return allocator_type(door_->memory_); }

  void operator()(error_code const& error, asio_socket accepted) const noexcept {
    door_->complete(error, std::move(accepted));
  }

 private:
  kept<door> door_;
};

template <class Threading>
io_expected<kept<door<Threading>>> door<Threading>::open(loop<Threading>& home,
                                                         endpoint const& where,
                                                         listen_options options) {
  asio_acceptor acceptor(home.context());
  auto const address = to_asio(where);
  error_code error;
  acceptor.open(protocol_of(address), error);
  if (error) return io_error{error.value()};
  if (!where.is_unix()) {
    error_code ignored;
    // A server that restarts may listen while old connections linger.
    acceptor.set_option(boost::asio::socket_base::reuse_address(true), ignored);
    // An option that Asio has no name for.
    int const on = 1;
    if (options.reuse_port) {
      (void)::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    }
    // What is accepted inherits it: no system call for each connection.
    if (options.no_delay) acceptor.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  }
  acceptor.bind(address, error);
  if (!error) acceptor.listen(static_cast<int>(options.backlog), error);
  if (error) return io_error{error.value()};
  return kept<door>(*new door(home, std::move(acceptor)));
}

template <class Threading>
io_expected<kept<door<Threading>>> door<Threading>::adopt(loop<Threading>& home, int descriptor) {
  if (int const error = core::prepare_listening_socket(descriptor, false); error != 0) {
    return io_error{error};
  }
  core::socket_address address;
  address.length = sizeof address.storage;
  (void)::getsockname(descriptor, address.get(), &address.length);
  asio_acceptor acceptor(home.context());
  error_code error;
  acceptor.assign(protocol(address.storage.ss_family, 0), descriptor, error);
  if (error) {
    ::close(descriptor);
    return io_error{error.value()};
  }
  return kept<door>(*new door(home, std::move(acceptor)));
}

template <class Threading>
bool door<Threading>::try_now(operation& asked) noexcept {
  std::lock_guard const held(lock_);
  if (is_closed_) {
    asked.error_ = ECANCELED;
    return true;
  }
  if (arrived_.empty()) return false;
  asked.accepted_ = std::move(arrived_.back());
  arrived_.pop_back();
  return true;
}

template <class Threading>
bool door<Threading>::wait(operation& asked, work& waiter) {
  kept<door> const stays(*this);  // The task may end, and let go of us, before we unlock.
  std::lock_guard const held(lock_);
  if (is_closed_) {
    asked.error_ = ECANCELED;
    return false;
  }
  // Once more: since try_now() one may have come, for an accept that did not live to see it.
  if (!arrived_.empty()) {
    asked.accepted_ = std::move(arrived_.back());
    arrived_.pop_back();
    return false;
  }
  REGATTA_ASSERT(asked_ == nullptr, "another task is in accept(): one at a time may be");
  asked_ = &asked;
  asked.waiter_ = &waiter;
  if (!std::exchange(is_flying_, true)) acceptor_.async_accept(completion(*this));
  return true;
}

template <class Threading>
void door<Threading>::abandon(operation& dying) noexcept {
  std::lock_guard const held(lock_);
  if (asked_ == &dying) asked_ = nullptr;
  if (dying.accepted_ && !is_closed_) arrived_.push_back(std::move(dying.accepted_));
}

template <class Threading>
void door<Threading>::complete(error_code const& error, asio_socket accepted) noexcept {
  kept<connection<Threading>> brought;
  if (!error) brought = kept(*new connection<Threading>(home_, std::move(accepted)));
  work* ready = nullptr;
  {
    std::lock_guard const held(lock_);
    is_flying_ = false;
    error_code ignored;
    if (is_closed_) acceptor_.close(ignored);  // With io_uring; else it is done already.
    if (asked_ != nullptr) {
      operation& asked = *std::exchange(asked_, nullptr);
      if (is_closed_) {
        asked.error_ = ECANCELED;
      } else if (error) {
        asked.error_ = error.value();
      } else {
        asked.accepted_ = std::move(brought);
      }
      ready = asked.waiter_->executor->admit(*asked.waiter_);
    } else if (brought && !is_closed_) {
      arrived_.push_back(std::move(brought));
    }
  }
  home_.run_admitted(ready);
}

template <class Threading>
void door<Threading>::close() noexcept {
  std::lock_guard const held(lock_);
  if (std::exchange(is_closed_, true)) return;
  arrived_.clear();
  error_code ignored;
  if (kernel_keeps_memory && is_flying_) {
    // The accept closes it when it has come back, for the reason that a connection has. Until then
    // nobody may connect any more.
    (void)::shutdown(acceptor_.native_handle(), SHUT_RDWR);
    acceptor_.cancel(ignored);
  } else {
    acceptor_.close(ignored);
  }
}

template <class Threading>
endpoint door<Threading>::local_endpoint() noexcept {
  std::lock_guard const held(lock_);
  error_code error;
  auto const where = acceptor_.local_endpoint(error);
  return error ? endpoint() : from_asio(where);
}

template <class Threading>
int door<Threading>::native_handle() noexcept {
  std::lock_guard const held(lock_);
  return is_closed_ ? -1 : acceptor_.native_handle();
}

// What the headers promise.

template <class Threading>
void keep(connection<Threading>& one) noexcept {
  one.keep();
}
template <class Threading>
void let_go(connection<Threading>& one) noexcept {
  one.let_go();
}
template <class Threading>
void keep(door<Threading>& one) noexcept {
  one.keep();
}
template <class Threading>
void let_go(door<Threading>& one) noexcept {
  one.let_go();
}

template <class Threading>
bool socket_operation<Threading>::await_ready() noexcept {
  if (!where_) {
    answer_ = {0, ECANCELED};
    return true;
  }
  // Nothing to fill, or to send, is done at once.
  if (what_ == socket_action::read && target_.empty()) return true;
  if (what_ == socket_action::write && source_.empty()) return true;
  return where_->try_now(*this);
}
template <class Threading>
bool socket_operation<Threading>::wait(work& waiter) {
  return where_->wait(*this, waiter);
}
template <class Threading>
void socket_operation<Threading>::abandon() noexcept {
  where_->abandon(*this);
}

template <class Threading>
int stream_socket<Threading>::shutdown_write() noexcept {
  return connection_ ? connection_->shutdown_write() : ECANCELED;
}
template <class Threading>
void stream_socket<Threading>::close() noexcept {
  if (connection_) connection_->close();
}
template <class Threading>
void stream_socket<Threading>::reset() noexcept {
  if (connection_) connection_->reset();
}
template <class Threading>
int stream_socket<Threading>::native_handle() const noexcept {
  return connection_ ? connection_->native_handle() : -1;
}

template <class Threading>
bool accept_operation<Threading>::await_ready() noexcept {
  if (at_) return at_->try_now(*this);
  error_ = ECANCELED;
  return true;
}
template <class Threading>
bool accept_operation<Threading>::wait(work& waiter) {
  return at_->wait(*this, waiter);
}
template <class Threading>
void accept_operation<Threading>::abandon() noexcept {
  at_->abandon(*this);
}

template <class Threading>
io_expected<socket_listener<Threading>> socket_listener<Threading>::listen(loop<Threading>& home,
                                                                           endpoint const& where,
                                                                           listen_options options) {
  auto opened = door<Threading>::open(home, where, options);
  if (!opened) return io_error{opened.error()};
  return socket_listener(std::move(*opened));
}
template <class Threading>
io_expected<socket_listener<Threading>> socket_listener<Threading>::adopt(loop<Threading>& home,
                                                                          int descriptor) {
  auto opened = door<Threading>::adopt(home, descriptor);
  if (!opened) return io_error{opened.error()};
  return socket_listener(std::move(*opened));
}
template <class Threading>
int socket_listener<Threading>::native_handle() const noexcept {
  return door_ ? door_->native_handle() : -1;
}
template <class Threading>
endpoint socket_listener<Threading>::local_endpoint() const noexcept {
  return door_ ? door_->local_endpoint() : endpoint();
}
template <class Threading>
void socket_listener<Threading>::close() noexcept {
  if (door_) door_->close();
}

template <class Threading>
kept<connection<Threading>> connect_operation<Threading>::open(loop<Threading>& home,
                                                               endpoint const& where,
                                                               connect_options options) {
  return connection<Threading>::open(home, where, options.no_delay);
}
template <class Threading>
void connect_operation<Threading>::give_up() noexcept {
  opened_->close();
}

template void keep(connection<one_thread>&) noexcept;
template void keep(connection<many_threads>&) noexcept;
template void let_go(connection<one_thread>&) noexcept;
template void let_go(connection<many_threads>&) noexcept;
template void keep(door<one_thread>&) noexcept;
template void keep(door<many_threads>&) noexcept;
template void let_go(door<one_thread>&) noexcept;
template void let_go(door<many_threads>&) noexcept;
template class socket_operation<one_thread>;
template class socket_operation<many_threads>;
template class stream_socket<one_thread>;
template class stream_socket<many_threads>;
template class accept_operation<one_thread>;
template class accept_operation<many_threads>;
template class socket_listener<one_thread>;
template class socket_listener<many_threads>;
template class connect_operation<one_thread>;
template class connect_operation<many_threads>;

}  // namespace regatta::runtimes::asio
