// What a worker does with a connection: opens it, sends a request, takes in the answer, closes it.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "proxy/load/clock.hpp"
#include "proxy/load/worker.hpp"

namespace regatta::load {
namespace {

constexpr u8 failures_until_given_up = 10;
constexpr i64 knock_again_ns = 1'000'000;
constexpr u32 readable = EPOLLIN | EPOLLRDHUP | EPOLLET;

}  // namespace

// A connection that has no request gets one: it is sent now.
void worker::start(connection& c, i64 due_ns) {
  ++in_flight_;
  c.has_request = true;
  c.due_ns = due_ns;
  c.sent_ns = now_ns_;
  if (c.descriptor < 0) return open(c);
  c.now = connection::state::busy;
  arm(c);
  push_out(c);
}

void worker::become_free(connection& c) {
  if (!is_open_) {
    if (claim_another()) start(c, now_ns_);
  } else if (!waiting_.empty()) {
    start(c, waiting_.pop());
  } else {
    free_.push(c.number / plan_.threads);
  }
}

void worker::open(connection& c) {
  c.opened_ns = now_ns_;
  c.now = connection::state::connecting;
  c.descriptor = make_socket(plan_.target.kind(), plan_.close == closing::reset);
  if (c.descriptor < 0) return fail(c, failure::no_port);
  if (plan_.source_addresses > 1 &&
      !use_source_address(c.descriptor, c.number % plan_.source_addresses)) {
    return fail(c, failure_of(errno));
  }
  ++c.generation;
  c.served = 0;
  c.is_ending = c.wants_writable = false;
  // Another place for each connection that this one has been.
  auto const place = u64{c.number} + u64{c.generation} * plan_.connections;
  c.send_position = c.receive_position = payload::start_of(place + plan_.seed % payload::period);
  try_connect(c);
}

void worker::try_connect(connection& c) {
  if (::connect(c.descriptor, shared_.target.get(), shared_.target.length) == 0) {
    established(c);
    if (c.has_request) {
      arm(c);
      push_out(c);
    }
  } else if (errno == EAGAIN) {  // The backlog of a Unix socket is full.
    c.now = connection::state::knocking;
    next_sweep_ns_ = std::min(next_sweep_ns_, now_ns_ + knock_again_ns);
    return;
  } else if (errno != EINPROGRESS) {
    return fail(c, failure_of(errno));
  } else {
    c.now = connection::state::connecting;
    // Over loopback the handshake is done already. Trying spares an event.
    if (c.has_request) {
      arm(c);
      push_out(c);
    }
  }
  if (c.descriptor >= 0) watch(c);
}

void worker::watch(connection& c) {
  if (c.now == connection::state::connecting) c.wants_writable = true;
  epoll_event event{};
  event.events = readable | (c.wants_writable ? EPOLLOUT : 0u);
  event.data.u64 = u64{c.generation} << 32 | c.number / plan_.threads;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, c.descriptor, &event) != 0) {
    fail(c, failure::no_port);
  }
}

void worker::on_connecting(connection& c, u32 events) {
  int error = 0;
  socklen_t length = sizeof error;
  (void)::getsockopt(c.descriptor, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return fail(c, failure_of(error));
  if ((events & EPOLLOUT) == 0) return;
  established(c);
  if (!c.has_request) return;
  arm(c);
  push_out(c);
}

void worker::established(connection& c) {
  now_ns_ = clock_ns();
  auto const took = static_cast<u64>(now_ns_ - c.opened_ns);
  if (is_setting_up_) {
    connect_times.record(took);
    --setting_up_;
    ++connected;
    c.failures_in_row = 0;
  } else {
    result.connect_times.record(took);
  }
  c.now = c.has_request ? connection::state::busy : connection::state::idle;
}

// What is to be sent, and what has to come.
void worker::arm(connection& c) noexcept {
  c.left_to_send = c.left_to_receive = plan_.message_bytes;
  if (plan_.kind == traffic::http) {
    c.left_to_send = shared_.http_request.size();
    c.answer.restart();
  } else if (plan_.kind == traffic::bulk && plan_.way != bulk_way::echoed) {
    (plan_.way == bulk_way::up ? c.left_to_receive : c.left_to_send) = 0;
    c.head = {.seed = plan_.seed,
              .up = c.left_to_send,
              .down = c.left_to_receive,
              .up_start = c.send_position,
              .down_start = c.receive_position};
    c.head_left = sizeof(bulk_head);
    c.status_left = 1;
  }
}

void worker::push_out(connection& c) {
  while (c.left_to_send + c.head_left != 0 && send_some(c)) {
    if (shared_.stopped.load(std::memory_order_relaxed)) return;
  }
}

// False: no more can be sent for now, or ever.
bool worker::send_some(connection& c) {
  auto const head = c.head_left != 0 ? c.head.to_wire() : bulk_head::wire();
  u8 const* from = shared_.stream.at(c.send_position);
  u64 count = std::min<u64>(c.left_to_send, payload::longest_piece);
  int flags = MSG_NOSIGNAL;
  if (c.head_left != 0) {
    from = head.data() + head.size() - c.head_left;
    count = c.head_left;
    if (c.left_to_send != 0) flags |= MSG_MORE;
  } else if (plan_.kind == traffic::http) {
    // Safe because u8 may alias anything.
    auto const* const text = reinterpret_cast<u8 const*>(shared_.http_request.data());
    from = text + shared_.http_request.size() - c.left_to_send;
    count = c.left_to_send;
  }
  auto const sent = ::send(c.descriptor, from, count, flags);
  if (sent < 0) {
    if (errno == EINTR) return true;
    if (errno != EAGAIN) {
      fail(c, failure_of(errno));
    } else if (c.now != connection::state::connecting) {
      want_writable(c);
    }
    return false;
  }
  if (c.now == connection::state::connecting) established(c);
  if (c.head_left != 0) {
    c.head_left = static_cast<u8>(c.head_left - sent);
  } else {
    c.left_to_send -= static_cast<u64>(sent);
    c.send_position = payload::advanced(c.send_position, static_cast<u64>(sent));
  }
  return true;
}

void worker::want_writable(connection& c) {
  if (c.wants_writable) return;
  c.wants_writable = true;
  epoll_event event{};
  event.events = readable | EPOLLOUT;
  event.data.u64 = u64{c.generation} << 32 | c.number / plan_.threads;
  // Fails where the socket is not watched yet: then watch() says so.
  (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, c.descriptor, &event);
}

// Reads until nothing is there. With edges, a read that fills less than the buffer says so too,
// unless the server has ended: of that there is no second edge.
void worker::pull_in(connection& c, u32 events) {
  u32 const generation = c.generation;
  bool const ends = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  while (c.generation == generation && c.descriptor >= 0) {
    auto const got = ::recv(c.descriptor, buffer_.data(), buffer_.size(), 0);
    if (got > 0) {
      auto const count = static_cast<std::size_t>(got);
      take(c, buffer_.data(), count);
      if (count < buffer_.size() && !ends) return;
    } else if (got == 0) {
      return on_end(c);
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      if (c.has_request) return fail(c, failure_of(errno));
      return on_end(c);
    }
  }
}

void worker::take(connection& c, u8 const* bytes, std::size_t count) {
  if (c.now == connection::state::leaving) return;  // Whatever it is, we have left.
  if (c.now != connection::state::busy) return fail(c, failure::wrong_payload);  // Nobody asked.
  if (plan_.kind == traffic::http) {
    take_http(c, bytes, count);
  } else {
    take_stream(c, bytes, count);
  }
}

void worker::take_stream(connection& c, u8 const* bytes, std::size_t count) {
  if (c.status_left != 0) {
    if (*bytes != bulk_right) return fail(c, failure::wrong_payload);
    c.status_left = 0;
    ++bytes;
    --count;
  }
  if (count > c.left_to_receive || !shared_.stream.holds(c.receive_position, bytes, count)) {
    return fail(c, failure::wrong_payload);
  }
  c.receive_position = payload::advanced(c.receive_position, count);
  c.left_to_receive -= count;
  if (c.left_to_receive != 0) return;
  // Nobody can know what has not been sent.
  if (c.left_to_send + c.head_left != 0) return fail(c, failure::wrong_payload);
  finish(c);
}

void worker::take_http(connection& c, u8 const* bytes, std::size_t count) {
  // Safe because char may alias anything.
  std::string_view rest(reinterpret_cast<char const*>(bytes), count);
  auto step = http_reader::progress::body;
  while (step == http_reader::progress::body) {
    step = c.answer.read(rest);
    if (step == http_reader::progress::body && plan_.same_body &&
        !is_first_body(c, c.answer.piece())) {
      return fail(c, failure::wrong_payload);
    }
  }
  if (step == http_reader::progress::more) return;
  if (step == http_reader::progress::wrong) return fail(c, failure::bad_answer);
  if (!rest.empty() || c.left_to_send != 0) return fail(c, failure::wrong_payload);
  finish(c);
}

// Whether the piece that has just been read is what the first body holds there. While the first
// body is not whole, whoever is ahead writes it.
bool worker::is_first_body(connection& c, std::string_view piece) {
  auto const from = c.answer.body_bytes() - piece.size();
  auto const known = first_body_.size() > from ? first_body_.size() - from : 0;
  auto const compared = std::min<u64>(known, piece.size());
  if (!std::equal(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(compared),
                  first_body_.begin() + static_cast<std::ptrdiff_t>(from))) {
    return false;
  }
  if (compared == piece.size()) return true;
  if (first_body_is_whole_) return false;
  first_body_.insert(first_body_.end(), piece.begin() + static_cast<std::ptrdiff_t>(compared),
                     piece.end());
  return true;
}

void worker::on_end(connection& c) {
  switch (c.now) {
    case connection::state::leaving:
      --leaving_;
      close(c);
      return become_free(c);
    case connection::state::idle:
      if (is_setting_up_) return fail(c, failure::early_end);
      return close(c);  // It may: the next request opens another.
    default:
      break;
  }
  bool const is_end_of_body =
      plan_.kind == traffic::http && c.answer.end() == http_reader::progress::whole;
  if (!is_end_of_body) return fail(c, failure::early_end);
  c.is_ending = true;
  finish(c);
}

void worker::finish(connection& c) {
  if (plan_.kind == traffic::http) {
    if (c.answer.status() >= 300 || c.answer.status() < 200) {
      return finish_badly(c, failure::bad_answer);
    }
    if (plan_.same_body && c.answer.body_bytes() != first_body_.size()) {
      return finish_badly(c, failure::wrong_payload);
    }
    first_body_is_whole_ = true;
    c.is_ending |= c.answer.closes();
    result.bytes_received += c.answer.body_bytes();
  } else {
    bool const is_bulk = plan_.kind == traffic::bulk;
    if (!is_bulk || plan_.way != bulk_way::down) result.bytes_sent += plan_.message_bytes;
    if (!is_bulk || plan_.way != bulk_way::up) result.bytes_received += plan_.message_bytes;
  }
  now_ns_ = clock_ns();
  ++result.completed;
  result.latency_uncorrected.record(static_cast<u64>(now_ns_ - c.sent_ns));
  if (is_open_) result.latency_corrected.record(static_cast<u64>(now_ns_ - c.due_ns));
  c.failures_in_row = 0;
  after_answer(c);
}

// An answer that is whole and not what was wanted: the connection is as good as before.
void worker::finish_badly(connection& c, failure why) {
  now_ns_ = clock_ns();
  ++result.failed_by_kind[static_cast<std::size_t>(why)];
  c.is_ending |= c.answer.closes();
  after_answer(c);
}

void worker::after_answer(connection& c) {
  --in_flight_;
  ++c.served;
  c.has_request = false;
  ended_ns = now_ns_;
  c.now = connection::state::idle;
  if (c.is_ending || server_has_ended_) {
    close(c);
  } else if (c.served == plan_.requests_per_connection) {
    return leave(c);
  }
  become_free(c);
}

void worker::leave(connection& c) {
  if (plan_.close == closing::orderly) {
    (void)::shutdown(c.descriptor, SHUT_WR);
    c.now = connection::state::leaving;
    c.opened_ns = now_ns_;
    ++leaving_;
    return;
  }
  close(c);
  become_free(c);
}

// Ends the request, if there is one, and the connection.
void worker::fail(connection& c, failure why) {
  ++result.failed_by_kind[static_cast<std::size_t>(why)];
  last_failure_ = why;
  bool const was_idle = c.now == connection::state::idle;
  close(c);
  if (is_setting_up_) {
    --(was_idle ? connected : setting_up_);
    return;
  }
  if (was_idle) return;
  ended_ns = now_ns_;
  --in_flight_;
  c.has_request = false;
  c.opened_ns = now_ns_;
  if (++c.failures_in_row == failures_until_given_up) {
    c.now = connection::state::given_up;
    ++given_up_;
  } else {
    c.now = connection::state::resting;
    ++resting_;
    next_sweep_ns_ = std::min(next_sweep_ns_, now_ns_ + 10'000'000);
  }
}

void worker::close(connection& c) noexcept {
  if (c.descriptor >= 0) ::close(c.descriptor);
  c.descriptor = -1;
  c.now = connection::state::closed;
  c.left_to_send = 0;
  c.head_left = c.status_left = 0;
}

}  // namespace regatta::load
