// Stream sockets and listeners on rings.
//
// Receiving and accepting are multishot operations that bring whatever comes (source.hpp). Writing
// tries send() at once, which nearly always succeeds; where the socket is full the ring polls it,
// and the task tries again. So the kernel never holds a task's memory across a wait, and a write
// whose task dies leaves nothing behind.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <utility>

#include "runtimes/core/io_operation.hpp"
#include "runtimes/core/socket.hpp"
#include "runtimes/core/socket_address.hpp"
#include "runtimes/interface/budget.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/io_uring/loop.hpp"
#include "runtimes/io_uring/source.hpp"

namespace regatta::runtimes::io_uring {

// Without blocking, though the socket would.
struct send_attempt {
  static constexpr core::direction side = core::direction::writing;
  std::span<std::byte const> source;
  io_result answer{};

  bool is_trivial() const noexcept { return source.empty(); }
  core::tried try_on(int descriptor, bool has_edge) noexcept;
  void fail(int error) noexcept { answer = {0, error}; }
  io_result take() const noexcept { return answer; }
};

// Waits until something has come in, and takes it on the task's own turn. `Taking` says what.
template <class Threading, class Taking>
class [[nodiscard("co_await it")]] incoming_operation {
 public:
  incoming_operation(source_handle<Threading> const& socket, Taking taking) noexcept
      : socket_(socket), taking_(std::move(taking)) {}
  incoming_operation(incoming_operation const&) = delete;
  incoming_operation& operator=(incoming_operation const&) = delete;
  ~incoming_operation() {
    if (source_ != nullptr) source_->leave_incoming();
  }

  bool await_ready() noexcept {
    source<Threading>* const asked = socket_.get();
    if (asked == nullptr || taking_.is_trivial()) return true;
    auto const begun = asked->enter_incoming();
    if (begun == source<Threading>::entered::closed) return true;
    source_ = asked;
    if (begun == source<Threading>::entered::with_nothing) return false;
    gives_way_ = !budget::spend();
    return !gives_way_;
  }
  template <has_work P>
  REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> task) noexcept {
    work& me = task.promise();
    if (!gives_way_) return source_->wait_incoming(me);
    me.wake();
    return true;
  }
  auto await_resume() {
    if (source_ == nullptr) return taking_.nothing(taking_.is_trivial() ? 0 : ECANCELED);
    auto answer = taking_.take_from(*source_);
    std::exchange(source_, nullptr)->leave_incoming();
    return answer;
  }

 private:
  source_handle<Threading> const& socket_;
  source<Threading>* source_ = nullptr;  // While we are in the operation.
  bool gives_way_ = false;               // The budget is spent: others first.
  Taking taking_;
};

struct taking_bytes {
  std::span<std::byte> target;
  bool is_trivial() const noexcept { return target.empty(); }
  io_result nothing(int error) const noexcept { return {0, error}; }
  io_result take_from(auto& from) const noexcept { return from.take_bytes(target); }
};
struct taking_nothing {
  bool is_trivial() const noexcept { return false; }
  io_result nothing(int error) const noexcept { return {0, error}; }
  io_result take_from(auto& from) const noexcept { return from.look(); }
};
struct taking_connection {
  bool is_trivial() const noexcept { return false; }
  io_expected<int> nothing(int error) const { return io_error{error}; }
  io_expected<int> take_from(auto& from) const { return from.take_connection(); }
};

// Tries, and where it would block tries again when the ring says so. The work that is woken is its
// own (core/retried.hpp), so that the task is resumed once there is an answer.
template <class Threading, core::io_attempt Attempt>
class [[nodiscard("co_await it")]] outgoing_operation : private core::hand_made_frame {
 public:
  outgoing_operation(source_handle<Threading> const& socket, Attempt attempt) noexcept
      : hand_made_frame(&outgoing_operation::step), socket_(socket), attempt_(std::move(attempt)) {}
  outgoing_operation(outgoing_operation const&) = delete;
  outgoing_operation& operator=(outgoing_operation const&) = delete;
  ~outgoing_operation() {
    if (source_ != nullptr) source_->leave_outgoing();
  }

  bool await_ready() noexcept {
    source<Threading>* const asked = socket_.get();
    if (asked == nullptr || !asked->enter_outgoing()) {
      attempt_.fail(ECANCELED);
      return true;
    }
    source_ = asked;
    if (attempt_.is_trivial()) return true;
    // Before the attempt: what has not gone out cannot be lost while we give way.
    gives_way_ = !budget::spend();
    return !gives_way_ && try_once(false);
  }
  template <has_work P>
  REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> task) noexcept {
    task_ = task;
    head.executor = task.promise().executor;
    if (!gives_way_) return !ends_without_waiting();
    head.wake();
    return true;
  }
  auto await_resume() {
    if (source_ != nullptr) std::exchange(source_, nullptr)->leave_outgoing();
    return attempt_.take();
  }

 private:
  // Runs when the work is woken.
  static void step(hand_made_frame* frame) {
    auto& self = *static_cast<outgoing_operation*>(frame);
    bool const is_ready = !std::exchange(self.gives_way_, false);
    if (self.try_once(is_ready) || self.ends_without_waiting()) self.task_.resume();
  }

  // These answer true once there is an answer. After false, touch nothing.
  bool try_once(bool is_ready) noexcept {
    auto const result = source_->with_descriptor(
        [&](int descriptor) { return std::optional(attempt_.try_on(descriptor, is_ready)); },
        std::optional<core::tried>());
    if (!result) attempt_.fail(ECANCELED);
    return result != core::tried::blocked;
  }
  bool ends_without_waiting() noexcept {
    if (source_->wait_outgoing(head)) return false;
    attempt_.fail(ECANCELED);
    return true;
  }

  source_handle<Threading> const& socket_;
  source<Threading>* source_ = nullptr;  // While we are in the operation.
  std::coroutine_handle<> task_;
  bool gives_way_ = false;
  Attempt attempt_;
};

template <class Threading>
class stream {
 public:
  // Takes over a connected socket, which blocks.
  stream(hub<Threading>& home, int descriptor)
      : socket_(home.sources().adopt(home, descriptor, false)) {}
  explicit stream(source_handle<Threading> socket) noexcept : socket_(std::move(socket)) {}

  incoming_operation<Threading, taking_bytes> read(std::span<std::byte> target) noexcept {
    return {socket_, taking_bytes{target}};
  }
  outgoing_operation<Threading, send_attempt> write(std::span<std::byte const> source) noexcept {
    return {socket_, send_attempt{source}};
  }
  incoming_operation<Threading, taking_nothing> readable() noexcept {
    return {socket_, taking_nothing{}};
  }
  outgoing_operation<Threading, core::attempts::readiness<core::direction::writing>>
  writable() noexcept {
    return {socket_, {}};
  }

  int shutdown_write() noexcept;
  void close() noexcept { socket_.close(); }
  void reset() noexcept;

  int native_handle() const noexcept { return socket_.descriptor(); }
  endpoint local_endpoint() const noexcept;
  endpoint peer_endpoint() const noexcept;
  // How many bytes have come that nobody has read. For tests.
  std::size_t pending_bytes() const noexcept { return socket_.get()->pending_bytes(); }

 private:
  source_handle<Threading> socket_;
};

template <class Threading>
class listener {
 public:
  static io_expected<listener> listen(hub<Threading>& home, endpoint const& where,
                                      listen_options options);
  // Takes over a socket that listens already; closes it on an error.
  static io_expected<listener> adopt(hub<Threading>& home, int descriptor);

  class accept_operation {
   public:
    explicit accept_operation(listener& from) noexcept
        : from_(from), accepting_(from.socket_, taking_connection{}) {}
    bool await_ready() noexcept { return accepting_.await_ready(); }
    template <has_work P>
    REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> task) noexcept {
      return accepting_.await_suspend(task);
    }
    io_expected<stream<Threading>> await_resume() {
      auto accepted = accepting_.await_resume();
      if (!accepted) return io_error{accepted.error()};
      // The task of this connection, which is spawned next, shall not stay with the acceptor.
      if (auto* const acceptor = from_.home_->current()) acceptor->deal_next_spawn();
      return stream<Threading>(*from_.home_, *accepted);
    }

   private:
    listener& from_;
    incoming_operation<Threading, taking_connection> accepting_;
  };

  accept_operation accept() noexcept { return accept_operation(*this); }
  endpoint local_endpoint() const noexcept;
  void close() noexcept { socket_.close(); }
  int native_handle() const noexcept { return socket_.descriptor(); }

 private:
  listener(hub<Threading>& home, int descriptor)
      : home_(&home), socket_(home.sources().adopt(home, descriptor, true)) {}

  hub<Threading>* home_;
  source_handle<Threading> socket_;
};

// Connects when it is awaited, not before.
template <class Threading>
class [[nodiscard("co_await it")]] connect_operation {
 public:
  connect_operation(hub<Threading>& home, endpoint const& where, connect_options options) noexcept
      : home_(home), target_(core::to_socket_address(where)), options_(options) {}

  bool await_ready() noexcept {
    error_ = begin();
    if (error_ != EINPROGRESS) return true;
    waiting_.emplace(socket_, core::attempts::connect{target_});
    return waiting_->await_ready();
  }
  template <has_work P>
  REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> task) noexcept {
    return waiting_->await_suspend(task);
  }
  io_expected<stream<Threading>> await_resume() {
    int const error = waiting_ ? waiting_->await_resume() : error_;
    waiting_.reset();
    if (error != 0) return io_error{error};
    if (int const refused = let_it_block(); refused != 0) return io_error{refused};
    return stream<Threading>(std::move(socket_));
  }

 private:
  // Answers 0, EINPROGRESS or why it failed.
  int begin() noexcept;
  int let_it_block() noexcept;

  hub<Threading>& home_;
  core::socket_address target_;
  connect_options options_;
  int error_ = 0;
  source_handle<Threading> socket_;
  std::optional<outgoing_operation<Threading, core::attempts::connect>> waiting_;
};

extern template class stream<one_thread>;
extern template class stream<many_threads>;
extern template class listener<one_thread>;
extern template class listener<many_threads>;
extern template class connect_operation<one_thread>;
extern template class connect_operation<many_threads>;

}  // namespace regatta::runtimes::io_uring
