// Sockets inside the process: no kernel has a part in them. A connection is two ends; what one end
// sends is on its way for a while and then arrives at the other, in order. They answer what Linux
// answers: see net.hpp for what that is, and README.md for what is not simulated.
#pragma once

#include <cerrno>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "runtimes/core/retried.hpp"
#include "runtimes/interface/budget.hpp"
#include "runtimes/interface/compiler.hpp"
#include "runtimes/interface/net.hpp"
#include "runtimes/simulated/world.hpp"

namespace regatta::runtimes::simulated {

// Where one operation waits until it is worth another try.
struct wait_slot {
  work* waiter = nullptr;

  void wake() noexcept {
    if (waiter == nullptr) return;
    work& ready = *std::exchange(waiter, nullptr);
    post_admitted(ready.executor->admit(ready));
  }
};

// One end of a connection. Operations answer nothing where they would block.
class end final : public happening {
 public:
  end(world& in, end& peer) noexcept;

  std::optional<io_result> read(std::span<std::byte> target);
  std::optional<io_result> write(std::span<std::byte const> source);
  std::optional<io_result> read_to_pipe(int pipe, std::size_t most);
  std::optional<io_result> write_from_pipe(int pipe, std::size_t most);
  std::optional<io_result> failure() noexcept;
  bool is_readable() const noexcept;
  bool is_writable() const noexcept;

  // Each answers an errno, or 0.
  int shutdown_write();
  void close();
  void reset();

  bool is_closed() const noexcept { return is_closed_; }
  world& where() const noexcept { return in_; }
  wait_slot& reader() noexcept { return reader_; }
  wait_slot& writer() noexcept { return writer_; }
  wait_slot& watcher() noexcept { return watcher_; }

  // Something arrives.
  void happen() noexcept override;

 private:
  enum class kind { bytes, finish, reset };
  struct packet {
    kind what;
    time_point arrives_at;
    std::vector<std::byte> bytes;
  };

  u64 unread() const noexcept { return arrived_.size() - taken_; }
  u64 room() const noexcept;
  std::optional<io_result> may_write(std::size_t most);
  void receive(packet const& arrived);
  void send(kind what, std::span<std::byte const> bytes = {});
  void send_reset();
  void expect(kind what, std::span<std::byte const> bytes);
  void let_go() noexcept;
  int take_error() noexcept { return std::exchange(error_, 0); }

  world& in_;
  end& peer_;
  u64 const window_;
  std::deque<packet> on_their_way_;  // To us, in the order of their arrival.
  u64 bytes_on_their_way_ = 0;
  std::vector<std::byte> arrived_;
  std::size_t taken_ = 0;       // So many of them have been read.
  bool peer_finished_ = false;  // The peer's end has arrived, behind all that it wrote.
  bool finished_ = false;       // We have said that we write no more.
  bool is_broken_ = false;      // A reset has arrived.
  bool is_closed_ = false;      // By its owner.
  int error_ = 0;               // Told once, to whoever asks next.
  wait_slot reader_;
  wait_slot writer_;
  wait_slot watcher_;  // For a reset.
};

struct connection {
  explicit connection(world& in) noexcept : client(in, server), server(in, client) {}
  end client;
  end server;
};

// An end, and what keeps it alive.
using owned_end = std::shared_ptr<end>;

// The awaitable of whatever may have to wait: tried at once or a turn later, as is drawn, and again
// whenever its slot is woken, on the turn of its task: so what it takes is not lost if the task is
// cancelled.
template <class Attempt>
class [[nodiscard("co_await it")]] operation : private core::hand_made_frame {
 public:
  explicit operation(Attempt attempt) noexcept
      : hand_made_frame(&operation::step), attempt_(std::move(attempt)) {}
  operation(operation const&) = delete;
  operation& operator=(operation const&) = delete;
  ~operation() {
    if (slot_ != nullptr && slot_->waiter == &head) slot_->waiter = nullptr;
  }

  bool await_ready() {
    if (attempt_.is_answered()) return true;
    slot_ = &attempt_.slot();
    gives_way_ = attempt_.where().draw.one_in(8) || !budget::spend();
    return !gives_way_ && attempt_.try_once();
  }
  template <has_work P>
  REGATTA_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<P> task) {
    task_ = task;
    head.executor = task.promise().executor;
    if (gives_way_) {
      head.wake();
    } else {
      line_up();
    }
  }
  auto await_resume() { return attempt_.take(); }

 private:
  static void step(hand_made_frame* frame) {
    auto& self = *static_cast<operation*>(frame);
    if (self.attempt_.try_once()) {
      self.task_.resume();
    } else {
      self.line_up();
    }
  }
  void line_up() {
    REGATTA_ASSERT(slot_->waiter == nullptr,
                   "one task at a time may read from a stream, write to it or accept");
    slot_->waiter = &head;
  }

  std::coroutine_handle<> task_;
  wait_slot* slot_ = nullptr;
  bool gives_way_ = false;
  Attempt attempt_;
};

namespace attempts {

struct of_an_end {
  owned_end on;
  io_result answer{};

  world& where() const noexcept { return on->where(); }
  io_result take() const noexcept { return answer; }
  bool give(std::optional<io_result> answered) noexcept {
    if (answered) answer = *answered;
    return answered.has_value();
  }
  // A stream that was moved from is closed.
  bool is_nowhere() noexcept {
    if (on == nullptr) answer.error = ECANCELED;
    return on == nullptr;
  }
};

struct read : of_an_end {
  std::span<std::byte> target;
  bool is_answered() noexcept { return is_nowhere() || target.empty(); }
  wait_slot& slot() const noexcept { return on->reader(); }
  bool try_once() { return give(on->read(target)); }
};
struct write : of_an_end {
  std::span<std::byte const> source;
  bool is_answered() noexcept { return is_nowhere() || source.empty(); }
  wait_slot& slot() const noexcept { return on->writer(); }
  bool try_once() { return give(on->write(source)); }
};
struct read_to_pipe : of_an_end {
  int pipe = -1;
  std::size_t most = 0;
  bool is_answered() noexcept { return is_nowhere() || most == 0; }
  wait_slot& slot() const noexcept { return on->reader(); }
  bool try_once() { return give(on->read_to_pipe(pipe, most)); }
};
struct write_from_pipe : of_an_end {
  int pipe = -1;
  std::size_t most = 0;
  bool is_answered() noexcept { return is_nowhere() || most == 0; }
  wait_slot& slot() const noexcept { return on->writer(); }
  bool try_once() { return give(on->write_from_pipe(pipe, most)); }
};
struct failure : of_an_end {
  bool is_answered() noexcept { return is_nowhere(); }
  wait_slot& slot() const noexcept { return on->watcher(); }
  bool try_once() noexcept { return give(on->failure()); }
};
struct readable : of_an_end {
  bool is_answered() noexcept { return is_nowhere(); }
  wait_slot& slot() const noexcept { return on->reader(); }
  bool try_once() noexcept {
    if (on->is_closed()) answer.error = ECANCELED;
    return on->is_closed() || on->is_readable();
  }
};
struct writable : of_an_end {
  bool is_answered() noexcept { return is_nowhere(); }
  wait_slot& slot() const noexcept { return on->writer(); }
  bool try_once() noexcept {
    if (on->is_closed()) answer.error = ECANCELED;
    return on->is_closed() || on->is_writable();
  }
};

}  // namespace attempts

class stream {
 public:
  explicit stream(owned_end on) noexcept : end_(std::move(on)) {}
  stream(stream&&) noexcept = default;
  stream& operator=(stream&& other) noexcept {
    close();
    end_ = std::move(other.end_);
    return *this;
  }
  ~stream() { close(); }

  operation<attempts::read> read(std::span<std::byte> target) noexcept {
    return operation(attempts::read{{end_}, target});
  }
  operation<attempts::write> write(std::span<std::byte const> source) noexcept {
    return operation(attempts::write{{end_}, source});
  }
  operation<attempts::readable> readable() noexcept {
    return operation(attempts::readable{{end_}});
  }
  operation<attempts::writable> writable() noexcept {
    return operation(attempts::writable{{end_}});
  }
  operation<attempts::failure> failure() noexcept { return operation(attempts::failure{{end_}}); }
  // Through pipes that are real: they hold what is on its way from one simulated socket to another.
  operation<attempts::read_to_pipe> read_to_pipe(int pipe, std::size_t most) noexcept {
    return operation(attempts::read_to_pipe{{end_}, pipe, most});
  }
  operation<attempts::write_from_pipe> write_from_pipe(int pipe, std::size_t most) noexcept {
    return operation(attempts::write_from_pipe{{end_}, pipe, most});
  }
  int shutdown_write() { return end_ != nullptr ? end_->shutdown_write() : ECANCELED; }
  void close() noexcept {
    if (end_ != nullptr) end_->close();
  }
  void reset() noexcept {
    if (end_ != nullptr) end_->reset();
  }
  // There is no descriptor: a number that no system call takes for one.
  int native_handle() const noexcept {
    return end_ != nullptr && !end_->is_closed() ? 1 << 30 : -1;
  }

 private:
  owned_end end_;
};

class network;

// A place where somebody listens.
class door {
 public:
  door(network& in, endpoint where, listen_options options) noexcept
      : in_(in), where_(where), options_(options) {}

  endpoint const& where() const noexcept { return where_; }
  listen_options const& options() const noexcept { return options_; }
  bool is_full() const noexcept { return arrived_.size() >= options_.backlog; }
  bool is_closed() const noexcept { return is_closed_; }
  void arrive(owned_end server) {
    arrived_.push_back(std::move(server));
    acceptor_.wake();
  }
  std::optional<io_expected<stream>> accept();
  // Whoever has not been accepted yet is reset.
  void close();

  network& home() const noexcept { return in_; }
  wait_slot& acceptor() noexcept { return acceptor_; }

 private:
  network& in_;
  endpoint const where_;
  listen_options const options_;
  std::deque<owned_end> arrived_;
  wait_slot acceptor_;
  bool is_closed_ = false;
};

class network {
 public:
  explicit network(world& in) noexcept : in_(in) {}

  io_expected<std::shared_ptr<door>> listen(endpoint const& where, listen_options options);
  void forget(door& closed) noexcept { std::erase(doors_, &closed); }
  // Where a connection to there arrives now; nullptr: nobody listens.
  door* find(endpoint const& where) noexcept;
  world& where() const noexcept { return in_; }

 private:
  bool is_taken(endpoint const& where, bool shares) const noexcept;

  world& in_;
  std::vector<door*> doors_;
  u16 next_port_ = 49'152;  // Those below are not given away, as on most systems.
};

namespace attempts {

struct accept {
  std::shared_ptr<door> at;
  std::optional<io_expected<stream>> answer{};

  bool is_answered() {
    if (at == nullptr) answer.emplace(io_error{ECANCELED});
    return at == nullptr;
  }
  world& where() const noexcept { return at->home().where(); }
  wait_slot& slot() const noexcept { return at->acceptor(); }
  bool try_once() {
    if (auto accepted = at->accept()) answer.emplace(*std::move(accepted));
    return answer.has_value();
  }
  io_expected<stream> take() { return *std::move(answer); }
};

}  // namespace attempts

class listener {
 public:
  explicit listener(std::shared_ptr<door> at) noexcept : door_(std::move(at)) {}
  listener(listener&&) noexcept = default;
  listener& operator=(listener&& other) noexcept {
    close();
    door_ = std::move(other.door_);
    return *this;
  }
  ~listener() { close(); }

  operation<attempts::accept> accept() noexcept { return operation(attempts::accept{door_}); }
  endpoint local_endpoint() const noexcept {
    return door_ != nullptr && !door_->is_closed() ? door_->where() : endpoint();
  }
  void close() noexcept {
    if (door_ != nullptr) door_->close();
  }
  int native_handle() const noexcept { return -1; }

 private:
  std::shared_ptr<door> door_;
};

// Travels to the door and back when it is awaited, not before.
class [[nodiscard("co_await it")]] connect_operation : private happening {
 public:
  connect_operation(network& in, endpoint const& where) noexcept : in_(in), target_(where) {}
  ~connect_operation() {
    if (made_ != nullptr) made_->close();
  }

  bool await_ready() const noexcept { return false; }
  template <has_work P>
  REGATTA_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<P> task) {
    waiter_ = &task.promise();
    plan(in_.where().delay());
  }
  io_expected<stream> await_resume() {
    if (made_ == nullptr) return io_error{error_};
    return stream(std::move(made_));
  }

 private:
  void happen() noexcept override;
  void plan(duration later) { in_.where().time.plan(*this, in_.where().time.now() + later); }

  network& in_;
  endpoint target_;
  work* waiter_ = nullptr;
  int error_ = 0;
  owned_end made_;
};

}  // namespace regatta::runtimes::simulated
