#include "proxy/load/null_server.hpp"

#include <fmt/core.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <exception>
#include <latch>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>

#include "proxy/load/bulk_head.hpp"
#include "proxy/load/payload.hpp"
#include "proxy/load/sockets.hpp"

namespace regatta::load {
namespace {

// Where a connection stands. One for each descriptor number, so that accepting allocates nothing.
struct served {
  bool is_open = false;
  bool is_at_end = false;  // The client has no more; what is left to send is sent still.
  // HTTP: how much of the blank line that ends a request has come, and answers to send.
  u8 matched = 0;
  u64 answers = 0, answer_sent = 0;
  // Echo: what could not be sent at once.
  std::vector<u8> unsent;
  std::size_t unsent_from = 0;
  // Bulk.
  bulk_head::wire head;
  u8 head_bytes = 0;
  bool is_right = true, owes_status = false;
  u64 up_left = 0, down_left = 0;
  u32 up_position = 0, down_position = 0;
};

struct shared_service {
  null_server_plan plan;
  descriptor listener;
  endpoint where;
  std::string http_answer;
  std::vector<served> connections;
  std::atomic<u64> accepted = 0, bytes = 0;  // Relaxed: counts that somebody may look at.
  // The payload of a seed that somebody uses: made once, since all clients of a run have the same.
  std::mutex mutex;
  std::vector<std::pair<u64, std::unique_ptr<payload>>> payloads;

  payload const& payload_of(u64 seed) {
    std::lock_guard const lock(mutex);
    for (auto const& [known, made] : payloads) {
      if (known == seed) return *made;
    }
    payloads.emplace_back(seed, std::make_unique<payload>(seed));
    return *payloads.back().second;
  }
};

// One thread: an epoll of its own, edge-triggered. Each socket is registered once.
class server_thread {
 public:
  server_thread(shared_service& shared, std::vector<std::unique_ptr<server_thread>> const& all)
      : shared_(shared),
        all_(all),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        end_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        buffer_(shared.plan.kind == service::echo || shared.plan.kind == service::http
                    ? 64 * 1024
                    : payload::longest_piece) {
    if (epoll_.get() < 0 || end_.get() < 0 || !watch(end_.get(), EPOLLIN)) {
      throw std::system_error(errno, std::generic_category(), "cannot make an epoll");
    }
  }

  bool watch(int descriptor, u32 events) noexcept {
    epoll_event event{};
    event.events = events;
    event.data.fd = descriptor;
    return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0;
  }
  void end() noexcept { (void)::eventfd_write(end_.get(), 1); }

  void run() {
    std::array<epoll_event, 512> events;
    for (;;) {
      int const count = ::epoll_wait(epoll_.get(), events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) {
        auto const& event = events[static_cast<std::size_t>(i)];
        if (event.data.fd == end_.get()) return;
        if (event.data.fd == shared_.listener.get()) {
          accept_all();
        } else {
          serve(event.data.fd, event.events);
        }
      }
    }
  }

 private:
  // The listener is level-triggered: what a shortage of descriptors leaves is tried again.
  void accept_all() {
    for (int i = 0; i != 64; ++i) {
      int const made =
          ::accept4(shared_.listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (made < 0) return rest_if_short(errno);
      if (static_cast<std::size_t>(made) >= shared_.connections.size()) {
        ::close(made);
        continue;
      }
      prepare(made);
      auto const turn = shared_.accepted.fetch_add(1, std::memory_order_relaxed);
      if (!all_[turn % all_.size()]->watch(made, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) {
        close(made);
      }
    }
  }

  static void rest_if_short(int error) {
    if (error == EMFILE || error == ENFILE) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  void prepare(int socket) {
    int const on = 1;
    (void)::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto& c = shared_.connections[static_cast<std::size_t>(socket)];
    auto unsent = std::move(c.unsent);
    unsent.clear();
    c = served();
    c.unsent = std::move(unsent);
    c.is_open = true;
  }

  void close(int socket) noexcept {
    auto& c = shared_.connections[static_cast<std::size_t>(socket)];
    c.is_open = false;
    // Before the number is free: another thread may be given it at once.
    ::close(socket);
  }

  void serve(int socket, u32 events) {
    auto& c = shared_.connections[static_cast<std::size_t>(socket)];
    if (!c.is_open) return;
    bool const ends = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    for (;;) {
      if (!send_owed(socket, c)) return;
      if (c.is_at_end) return close(socket);
      auto const got = ::recv(socket, buffer_.data(), buffer_.size(), 0);
      if (got > 0) {
        auto const count = static_cast<std::size_t>(got);
        if (!take(socket, c, count)) return close(socket);
        if (count < buffer_.size() && !ends) {
          (void)send_owed(socket, c);
          return;
        }
      } else if (got == 0) {
        c.is_at_end = true;
      } else if (errno == EAGAIN) {
        return;
      } else if (errno != EINTR) {
        return close(socket);
      }
    }
  }

  // False: the client cannot be used any more.
  bool take(int socket, served& c, std::size_t count) {
    shared_.bytes.fetch_add(count, std::memory_order_relaxed);
    switch (shared_.plan.kind) {
      case service::echo:
        return echo(socket, c, count);
      case service::http:
        take_requests(c, count);
        return true;
      case service::bulk:
        return take_bulk(c, count);
      default:
        return true;
    }
  }

  bool echo(int socket, served& c, std::size_t count) {
    auto const sent = ::send(socket, buffer_.data(), count, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return false;
    auto const done = static_cast<std::ptrdiff_t>(std::max<ssize_t>(sent, 0));
    if (static_cast<std::size_t>(done) == count) return true;
    c.unsent.assign(buffer_.begin() + done, buffer_.begin() + static_cast<std::ptrdiff_t>(count));
    c.unsent_from = 0;
    return true;
  }

  void take_requests(served& c, std::size_t count) noexcept {
    constexpr std::string_view blank_line = "\r\n\r\n";
    for (std::size_t i = 0; i != count; ++i) {
      auto const letter = static_cast<char>(buffer_[i]);
      c.matched = letter == blank_line[c.matched] ? static_cast<u8>(c.matched + 1)
                                                  : static_cast<u8>(letter == '\r');
      if (c.matched == blank_line.size()) {
        c.matched = 0;
        ++c.answers;
      }
    }
  }

  bool take_bulk(served& c, std::size_t count) {
    u8 const* at = buffer_.data();
    while (count != 0) {
      if (c.up_left != 0) {
        auto const piece = std::min<u64>(c.up_left, count);
        c.is_right = c.is_right && stream_of(c).holds(c.up_position, at, piece);
        c.up_position = payload::advanced(c.up_position, piece);
        c.up_left -= piece;
        at += piece;
        count -= piece;
        c.owes_status = c.up_left == 0;
        continue;
      }
      // The next head, when the last transfer is not over: that is more than we promise.
      if (c.owes_status || c.down_left != 0) return false;
      c.head[c.head_bytes++] = *at++;
      --count;
      if (c.head_bytes == c.head.size() && !begin_transfer(c)) return false;
    }
    return true;
  }

  bool begin_transfer(served& c) {
    auto const head = bulk_head::from_wire(c.head);
    if (head.mark != bulk_head::magic) return false;
    c.head_bytes = 0;
    c.is_right = true;
    c.up_left = head.up;
    c.down_left = head.down;
    c.up_position = head.up_start % payload::period;
    c.down_position = head.down_start % payload::period;
    c.owes_status = c.up_left == 0;
    return true;
  }

  payload const& stream_of(served const& c) {
    auto const seed = bulk_head::from_wire(c.head).seed;
    if (last_ == nullptr || last_seed_ != seed) {
      last_ = &shared_.payload_of(seed);
      last_seed_ = seed;
    }
    return *last_;
  }

  // Sends what is owed. True: nothing is left.
  bool send_owed(int socket, served& c) {
    while (c.unsent_from != c.unsent.size()) {
      if (!send_piece(socket, c, c.unsent.data() + c.unsent_from, c.unsent.size() - c.unsent_from,
                      [&](u64 sent) { c.unsent_from += sent; })) {
        return false;
      }
    }
    c.unsent.clear();
    c.unsent_from = 0;
    while (c.answers != 0) {
      auto const& text = shared_.http_answer;
      auto const done = [&](u64 sent) {
        c.answer_sent += sent;
        if (c.answer_sent != text.size()) return;
        c.answer_sent = 0;
        --c.answers;
      };
      // Safe because u8 may alias anything.
      if (!send_piece(socket, c, reinterpret_cast<u8 const*>(text.data()) + c.answer_sent,
                      text.size() - c.answer_sent, done)) {
        return false;
      }
    }
    if (c.owes_status) {
      u8 const status = c.is_right ? bulk_right : bulk_wrong;
      if (!send_piece(socket, c, &status, 1, [&](u64) { c.owes_status = false; })) return false;
    }
    while (c.down_left != 0 && c.up_left == 0) {
      auto const piece = std::min<u64>(c.down_left, payload::longest_piece);
      if (!send_piece(socket, c, stream_of(c).at(c.down_position), piece, [&](u64 sent) {
            c.down_left -= sent;
            c.down_position = payload::advanced(c.down_position, sent);
          })) {
        return false;
      }
    }
    return true;
  }

  template <class Done>
  bool send_piece(int socket, served&, u8 const* from, u64 count, Done done) {
    auto const sent = ::send(socket, from, count, MSG_NOSIGNAL);
    if (sent >= 0) {
      done(static_cast<u64>(sent));
      return true;
    }
    if (errno == EINTR) return true;
    if (errno != EAGAIN) close(socket);
    return false;
  }

  shared_service& shared_;
  std::vector<std::unique_ptr<server_thread>> const& all_;
  descriptor epoll_;
  descriptor end_;
  std::vector<u8> buffer_;
  u64 last_seed_ = 0;
  payload const* last_ = nullptr;
};

}  // namespace

std::string_view name_of(service kind) {
  constexpr std::array<std::string_view, 4> names = {"echo", "http", "bulk", "sink"};
  return names[static_cast<std::size_t>(kind)];
}

class null_server::crew {
 public:
  explicit crew(null_server_plan const& plan) {
    shared.plan = plan;
    shared.connections.resize(std::min<u64>(raise_descriptor_limit(), 1 << 17));
    shared.http_answer =
        fmt::format("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{}",
                    plan.message_bytes, std::string(plan.message_bytes, 'x'));
    shared.listener = listen_at(plan.where, plan.backlog);
    shared.where = local_endpoint(shared.listener.get());
    if (shared.where.is_unix()) remove_at_end_ = shared.where.path();
    for (u32 i = 0; i != std::max(plan.threads, 1u); ++i) {
      threads_.push_back(std::make_unique<server_thread>(shared, threads_));
    }
    if (!threads_.front()->watch(shared.listener.get(), EPOLLIN)) {
      throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }
    start();
  }

  ~crew() {
    end();
    for (std::size_t i = 0; i != shared.connections.size(); ++i) {
      if (!shared.connections[i].is_open) continue;
      linger const at_once{.l_onoff = 1, .l_linger = 0};
      (void)::setsockopt(static_cast<int>(i), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      ::close(static_cast<int>(i));
    }
    if (!remove_at_end_.empty() && remove_at_end_[0] != '@') ::unlink(remove_at_end_.c_str());
  }

  shared_service shared;

 private:
  void start() {
    std::exception_ptr error;
    std::mutex mutex;
    std::latch pinned(static_cast<std::ptrdiff_t>(threads_.size()));
    for (u32 i = 0; i != threads_.size(); ++i) {
      running_.emplace_back([&, i, own = threads_[i].get()] {
        bool is_pinned = true;
        try {
          pin_this_thread(shared.plan.processors, i);
        } catch (...) {
          std::lock_guard const lock(mutex);
          error = std::current_exception();
          is_pinned = false;
        }
        pinned.count_down();
        if (is_pinned) own->run();
      });
    }
    pinned.wait();
    std::unique_lock lock(mutex);
    if (!error) return;
    lock.unlock();
    end();
    std::rethrow_exception(error);
  }

  void end() {
    for (auto& thread : threads_) thread->end();
    for (auto& thread : running_) thread.join();
    running_.clear();
  }

  std::vector<std::unique_ptr<server_thread>> threads_;
  std::vector<std::thread> running_;
  std::string remove_at_end_;
};

null_server::null_server(null_server_plan const& plan) : crew_(std::make_unique<crew>(plan)) {}

null_server::~null_server() = default;

endpoint const& null_server::where() const noexcept { return crew_->shared.where; }

u64 null_server::accepted() const noexcept {
  return crew_->shared.accepted.load(std::memory_order_relaxed);
}

u64 null_server::bytes_received() const noexcept {
  return crew_->shared.bytes.load(std::memory_order_relaxed);
}

}  // namespace regatta::load
