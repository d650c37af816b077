// Sockets whose waits are a thread's. A read for which its task waits alone is a read that blocks.
// For all else, and where the task races or joins it with other things, the thread sleeps in
// ppoll() until one of the descriptors is ready, a deadline has come or somebody rings, and then
// tries again.
//
// A socket may be used from every thread of the runtime. What one operation learns helps the next:
// where the last read has emptied the socket, it waits first.
#pragma once

#include <array>
#include <atomic>
#include <coroutine>
#include <cstddef>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

#include "runtimes/core/io_operation.hpp"
#include "runtimes/core/socket.hpp"
#include "runtimes/core/socket_address.hpp"
#include "runtimes/interface/budget.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/interface/threading.hpp"
#include "runtimes/threads/crew.hpp"

namespace regatta::runtimes::threads {

using core::direction;
using core::tried;

namespace attempts {

// On a descriptor that blocks.
struct read {
  static constexpr direction side = direction::reading;
  std::span<std::byte> target;
  io_result answer{};

  bool is_trivial() const noexcept { return target.empty(); }
  tried try_on(int descriptor, bool) noexcept;
  tried block_on(int descriptor) noexcept;
  void fail(int error) noexcept { answer = {0, error}; }
  io_result take() const noexcept { return answer; }
};

struct write {
  static constexpr direction side = direction::writing;
  std::span<std::byte const> source;
  io_result answer{};

  bool is_trivial() const noexcept { return source.empty(); }
  tried try_on(int descriptor, bool) noexcept;
  void fail(int error) noexcept { answer = {0, error}; }
  io_result take() const noexcept { return answer; }
};

// Those that are waited for in a call of their own.
template <class A>
concept blocking = requires(A& attempt, int descriptor) { attempt.block_on(descriptor); };

}  // namespace attempts

// A descriptor, and who waits for it. Its users are its owner and the operations in it; the
// descriptor is closed when it has been told so and no operation is in it any more.
class socket {
 public:
  // Takes over the descriptor. One user: the caller.
  socket(crew& home, int descriptor) noexcept : home_(home), descriptor_(descriptor) {}
  socket(socket const&) = delete;
  socket& operator=(socket const&) = delete;

  // Any thread. Wakes whoever waits. Idempotent.
  void close() noexcept;
  // The owner will not touch it again.
  void disown() noexcept;

  // An operation begins. False: it is closed, and there is nothing to leave.
  bool enter(direction d) noexcept;
  void leave(direction d, bool is_drained) noexcept;
  // Whether an attempt may succeed, as far as is known.
  bool is_worth_trying(direction d) const noexcept;
  // `w` is woken once, by close(), or by whoever takes it. False: closed.
  bool arm(direction d, work& w) noexcept;
  // The work to post, after it was admitted; nullptr where close() was faster.
  work* take_waiter(direction d) noexcept;
  void disarm(direction d) noexcept;

  // Ends a read that blocks, or will, in another thread: it reads an end. Nothing is sent.
  void interrupt_reads() noexcept;

  // While an operation is in it.
  int descriptor_in_use() const noexcept { return descriptor_; }
  int descriptor() const noexcept;  // -1 when closed.
  // Lets `use(descriptor)` make a system call; ECANCELED where it is closed.
  template <class Use>
  int with_descriptor(Use use) noexcept {
    {
      std::lock_guard const held(lock_);
      if (is_closing_) return ECANCELED;
      ++users_;
      ++operations_;
    }
    int const answer = use(descriptor_);
    end_use();
    return answer;
  }
  crew& home() const noexcept { return home_; }

 private:
  struct side {
    work* waiter = nullptr;
    bool is_busy = false;
    bool is_drained = false;
  };

  ~socket() = default;
  side& of(direction d) noexcept { return sides_[static_cast<std::size_t>(d)]; }
  side const& of(direction d) const noexcept { return sides_[static_cast<std::size_t>(d)]; }
  void end_use() noexcept;
  // With the lock held.
  int take_remains() noexcept;
  static work* admit(side& woken) noexcept;

  crew& home_;
  spin_lock mutable lock_;
  int descriptor_;
  u32 users_ = 1;
  u32 operations_ = 0;
  bool is_closing_ = false;
  std::array<side, 2> sides_;
};

// Owns a socket: closes it when it is destroyed.
class socket_owner {
 public:
  socket_owner() = default;
  explicit socket_owner(socket* owned) noexcept : socket_(owned) {}
  socket_owner(socket_owner&& other) noexcept : socket_(std::exchange(other.socket_, nullptr)) {}
  socket_owner& operator=(socket_owner&& other) noexcept {
    socket_owner(std::move(other)).swap(*this);
    return *this;
  }
  ~socket_owner() {
    if (socket_ == nullptr) return;
    socket_->close();
    socket_->disown();
  }

  void swap(socket_owner& other) noexcept { std::swap(socket_, other.socket_); }
  socket* get() const noexcept { return socket_; }
  void close() noexcept {
    if (socket_ != nullptr) socket_->close();
  }
  int descriptor() const noexcept { return socket_ != nullptr ? socket_->descriptor() : -1; }
  template <class Use>
  int with_descriptor(Use use) const noexcept {
    return socket_ != nullptr ? socket_->with_descriptor(std::move(use)) : ECANCELED;
  }

 private:
  socket* socket_ = nullptr;
};

// The awaitable. It may be destroyed while it waits; whatever the attempt takes from the kernel it
// takes on the task's own turn, just before the task goes on, so that nothing is lost then.
template <core::io_attempt Attempt>
class [[nodiscard("co_await it")]] operation final : private core::hand_made_frame,
                                                     private socket_wait,
                                                     private blocking_call {
 public:
  operation(socket_owner const& on, Attempt attempt) noexcept
      : hand_made_frame(&operation::step), socket_(on.get()), attempt_(std::move(attempt)) {}
  ~operation() {
    if (!is_inside_) return;
    stop_waiting();
    socket_->leave(Attempt::side, false);
  }

  bool await_ready() noexcept {
    if (attempt_.is_trivial()) return true;
    if (socket_ == nullptr || !socket_->enter(Attempt::side)) {
      attempt_.fail(ECANCELED);
      return true;
    }
    is_inside_ = true;
    // Before the attempt: what is not taken yet cannot be lost while we give way.
    gives_way_ = !budget::spend();
    return !gives_way_ && socket_->is_worth_trying(Attempt::side) && try_once();
  }

  template <has_work P>
  REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> task) {
    task_ = task;
    head.executor = task.promise().executor;
    if (gives_way_) {
      head.wake();
      return true;
    }
    return wait();
  }

  auto await_resume() { return attempt_.take(); }

 private:
  // Runs when the work is woken.
  static void step(hand_made_frame* frame) {
    auto& self = *static_cast<operation*>(frame);
    if (self.go_on()) self.task_.resume();
  }
  // True: there is an answer.
  bool go_on() {
    stop_waiting();
    if (socket_->descriptor() < 0) return end_closed();
    if (called_ && *called_ != tried::blocked) {
      end(*called_ == tried::drained);
      return true;
    }
    bool const is_to_try =
        !std::exchange(gives_way_, false) || socket_->is_worth_trying(Attempt::side);
    return (is_to_try && try_once()) || !wait();
  }
  // False: it is closed, and that is the answer. After true, touch nothing but the seat's list.
  bool wait() {
    seat_ = socket_->home().current();
    REGATTA_ASSERT(seat_ != nullptr,
                   "await a socket from a task of the runtime that it belongs to");
    constexpr short events = Attempt::side == direction::reading ? POLLIN | POLLRDHUP : POLLOUT;
    is_alone_ = attempts::blocking<Attempt> && head.executor == seat_;
    if (is_alone_) {
      seat_->block_in(*this);
    } else {
      seat_->watch(*this, socket_->descriptor_in_use(), events);
      is_watched_ = true;
    }
    if (socket_->arm(Attempt::side, head)) return true;
    return !end_closed();
  }
  void stop_waiting() noexcept {
    if (std::exchange(is_watched_, false)) seat_->unwatch(*this);
    if (std::exchange(is_alone_, false)) seat_->forget_call();
    socket_->disarm(Attempt::side);
  }
  void on_ready() noexcept override {
    is_watched_ = false;
    post_admitted(socket_->take_waiter(Attempt::side));
  }
  void block() noexcept override {
    if constexpr (attempts::blocking<Attempt>) {
      called_ = attempt_.block_on(socket_->descriptor_in_use());
    }
  }
  void finish() noexcept override { post_admitted(socket_->take_waiter(Attempt::side)); }
  void interrupt() noexcept override { socket_->interrupt_reads(); }

  bool try_once() noexcept {
    tried const result = attempt_.try_on(socket_->descriptor_in_use(), false);
    if (result == tried::blocked) return false;
    end(result == tried::drained);
    return true;
  }
  bool end_closed() noexcept {
    attempt_.fail(ECANCELED);
    stop_waiting();
    end(false);
    return true;
  }
  void end(bool is_drained) noexcept {
    is_inside_ = false;
    socket_->leave(Attempt::side, is_drained);
  }

  socket* socket_;
  seat* seat_ = nullptr;
  std::coroutine_handle<> task_;
  bool is_inside_ = false;
  bool is_watched_ = false;
  bool is_alone_ = false;
  bool gives_way_ = false;       // The budget is spent: others first, then the attempt.
  std::optional<tried> called_;  // What the call that blocked did.
  Attempt attempt_;
};

class stream {
 public:
  explicit stream(socket_owner connected) noexcept : socket_(std::move(connected)) {}

  operation<attempts::read> read(std::span<std::byte> target) noexcept {
    return {socket_, attempts::read{target}};
  }
  operation<attempts::write> write(std::span<std::byte const> source) noexcept {
    return {socket_, attempts::write{source}};
  }
  operation<core::attempts::readiness<direction::reading>> readable() noexcept {
    return {socket_, {}};
  }
  operation<core::attempts::readiness<direction::writing>> writable() noexcept {
    return {socket_, {}};
  }

  int shutdown_write() noexcept;
  void close() noexcept { socket_.close(); }
  void reset() noexcept;
  int native_handle() const noexcept { return socket_.descriptor(); }

 private:
  socket_owner socket_;
};

class [[nodiscard("co_await it")]] accept_operation {
 public:
  accept_operation(crew& home, socket_owner const& from) noexcept
      : home_(home), accepting_(from, core::attempts::accept{}) {}

  bool await_ready() noexcept { return accepting_.await_ready(); }
  template <has_work P>
  REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> task) {
    return accepting_.await_suspend(task);
  }
  io_expected<stream> await_resume();

 private:
  crew& home_;
  operation<core::attempts::accept> accepting_;
};

class listener {
 public:
  static io_expected<listener> listen(crew& home, endpoint const& where, listen_options options);
  static io_expected<listener> adopt(crew& home, int descriptor);

  accept_operation accept() noexcept { return {*home_, socket_}; }
  endpoint local_endpoint() const noexcept;
  void close() noexcept { socket_.close(); }
  int native_handle() const noexcept { return socket_.descriptor(); }

 private:
  listener(crew& home, socket_owner listening) noexcept
      : home_(&home), socket_(std::move(listening)) {}

  crew* home_;
  socket_owner socket_;
};

// Connects when it is awaited, not before.
class [[nodiscard("co_await it")]] connect_operation {
 public:
  connect_operation(crew& home, endpoint const& where, connect_options options) noexcept
      : home_(home), target_(core::to_socket_address(where)), options_(options) {}

  bool await_ready();
  template <has_work P>
  REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> task) {
    return waiting_->await_suspend(task);
  }
  io_expected<stream> await_resume();

 private:
  crew& home_;
  core::socket_address target_;
  connect_options options_;
  int error_ = 0;
  socket_owner socket_;
  std::optional<operation<core::attempts::connect>> waiting_;
};

}  // namespace regatta::runtimes::threads
