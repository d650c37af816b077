#include "runtimes/simulated/network.hpp"

#include <unistd.h>

#include <algorithm>

namespace regatta::runtimes::simulated {

end::end(world& in, end& peer) noexcept
    : in_(in),
      peer_(peer),
      window_(in.draw.between(in.how.smallest_window, in.how.largest_window)) {}

std::optional<io_result> end::read(std::span<std::byte> target) {
  if (is_closed_) return io_result{0, ECANCELED};
  if (unread() > 0) {
    auto const count = in_.draw.part_of(std::min<u64>(unread(), target.size()));
    std::copy_n(arrived_.begin() + static_cast<std::ptrdiff_t>(taken_), count, target.begin());
    taken_ += count;
    if (unread() == 0) {
      arrived_.clear();
      taken_ = 0;
    }
    peer_.writer_.wake();
    return io_result{count, 0};
  }
  if (error_ != 0) return io_result{0, take_error()};
  // After an error has been told, a broken stream looks as if the peer had finished.
  if (peer_finished_ || is_broken_) return io_result{};
  return std::nullopt;
}

// What a write of so many bytes is answered. Those that it takes are still to be sent.
std::optional<io_result> end::may_write(std::size_t most) {
  if (is_closed_) return io_result{0, ECANCELED};
  if (error_ != 0) return io_result{0, take_error()};
  if (is_broken_ || finished_) return io_result{0, EPIPE};
  u64 const room = peer_.room();
  if (room == 0) return std::nullopt;
  return io_result{in_.draw.part_of(std::min<u64>(room, most)), 0};
}

std::optional<io_result> end::write(std::span<std::byte const> source) {
  auto const answer = may_write(source.size());
  if (answer && answer->ok()) send(kind::bytes, source.first(answer->count));
  return answer;
}

std::optional<io_result> end::write_from_pipe(int pipe, std::size_t most) {
  auto const answer = may_write(most);
  if (!answer || !answer->ok()) return answer;
  std::vector<std::byte> bytes(answer->count);
  [[maybe_unused]] auto const taken = ::read(pipe, bytes.data(), bytes.size());
  REGATTA_ASSERT(taken == static_cast<ssize_t>(bytes.size()),
                 "there must be as many bytes in the pipe as are to be written from it");
  send(kind::bytes, bytes);
  return answer;
}

std::optional<io_result> end::read_to_pipe(int pipe, std::size_t most) {
  // What every pipe takes, however small.
  std::vector<std::byte> bytes(std::min<std::size_t>(most, 4'096));
  auto const answer = read(bytes);
  if (!answer || answer->count == 0) return answer;
  [[maybe_unused]] auto const put = ::write(pipe, bytes.data(), answer->count);
  REGATTA_ASSERT(put == static_cast<ssize_t>(answer->count), "the pipe must be empty");
  return answer;
}

std::optional<io_result> end::failure() noexcept {
  if (is_closed_) return io_result{0, ECANCELED};
  if (!is_broken_) return std::nullopt;
  int const error = take_error();
  return io_result{0, error != 0 ? error : ECONNRESET};
}

bool end::is_readable() const noexcept {
  return unread() > 0 || error_ != 0 || peer_finished_ || is_broken_;
}
bool end::is_writable() const noexcept {
  return error_ != 0 || is_broken_ || finished_ || peer_.room() > 0;
}

int end::shutdown_write() {
  if (is_closed_) return ECANCELED;
  if (is_broken_) return ENOTCONN;
  if (!std::exchange(finished_, true)) send(kind::finish);
  return 0;
}

void end::close() {
  if (is_closed_) return;
  // As TCP has it: who closes without having read everything takes back what it has said.
  if (unread() > 0) return reset();
  if (!is_broken_ && !std::exchange(finished_, true)) send(kind::finish);
  let_go();
}

void end::reset() {
  if (is_closed_) return;
  bool const is_over = finished_ && peer_finished_;
  if (!is_broken_ && !is_over) send_reset();
  let_go();
}

void end::let_go() noexcept {
  is_closed_ = true;
  arrived_.clear();
  taken_ = 0;
  reader_.wake();
  writer_.wake();
  watcher_.wake();
  // What the peer writes now is answered with a reset.
  peer_.writer_.wake();
}

u64 end::room() const noexcept {
  if (is_closed_) return window_;
  u64 const used = bytes_on_their_way_ + unread();
  return used < window_ ? window_ - used : 0;
}

void end::send(kind what, std::span<std::byte const> bytes) {
  if (in_.draw.per_million(in_.how.resets_per_million)) {
    send_reset();
    peer_.send_reset();
    return;
  }
  peer_.expect(what, bytes);
}

// Overtakes what is on its way, which nobody will see.
void end::send_reset() {
  peer_.on_their_way_.clear();
  peer_.bytes_on_their_way_ = 0;
  in_.time.cancel(peer_);
  peer_.expect(kind::reset, {});
}

void end::expect(kind what, std::span<std::byte const> bytes) {
  time_point arrival = in_.time.now() + in_.delay();
  if (on_their_way_.empty()) {
    in_.time.plan(*this, arrival);
  } else {
    arrival = std::max(arrival, on_their_way_.back().arrives_at);
  }
  on_their_way_.push_back({what, arrival, {bytes.begin(), bytes.end()}});
  bytes_on_their_way_ += bytes.size();
}

void end::happen() noexcept {
  while (!on_their_way_.empty() && on_their_way_.front().arrives_at <= in_.time.now()) {
    packet const arrived = std::move(on_their_way_.front());
    on_their_way_.pop_front();
    bytes_on_their_way_ -= arrived.bytes.size();
    receive(arrived);
  }
  if (!on_their_way_.empty()) in_.time.plan(*this, on_their_way_.front().arrives_at);
}

void end::receive(packet const& arrived) {
  if (is_broken_) return;
  switch (arrived.what) {
    case kind::bytes:
      if (is_closed_) {
        send_reset();
        is_broken_ = true;
        return;
      }
      arrived_.insert(arrived_.end(), arrived.bytes.begin(), arrived.bytes.end());
      break;
    case kind::finish:
      peer_finished_ = true;
      break;
    case kind::reset:
      is_broken_ = true;
      // Linux tells whoever has seen the peer finish that the pipe is broken.
      error_ = peer_finished_ ? EPIPE : ECONNRESET;
      writer_.wake();
      watcher_.wake();
      break;
  }
  reader_.wake();
}

std::optional<io_expected<stream>> door::accept() {
  if (is_closed_) return io_error{ECANCELED};
  if (arrived_.empty()) return std::nullopt;
  auto& around = in_.where();
  if (around.draw.per_million(around.how.shortages_per_million)) return io_error{EMFILE};
  owned_end server = std::move(arrived_.front());
  arrived_.pop_front();
  return stream(std::move(server));
}

void door::close() {
  if (std::exchange(is_closed_, true)) return;
  in_.forget(*this);
  for (auto& server : std::exchange(arrived_, {})) server->reset();
  acceptor_.wake();
}

namespace {

// As far as it matters where a connection to `where` goes.
bool leads_to(endpoint const& where, endpoint const& listening) noexcept {
  if (where == listening) return true;
  // 0.0.0.0 and [::] listen on every address of their family, and lead to this machine.
  auto const is_any = [](endpoint const& e) {
    auto const* const first = e.address();
    auto const length = e.kind() == endpoint::family::ipv4 ? 4 : 16;
    return std::all_of(first, first + length, [](u8 byte) { return byte == 0; });
  };
  return !where.is_unix() && where.kind() == listening.kind() && where.port() == listening.port() &&
         (is_any(where) || is_any(listening));
}

}  // namespace

io_expected<std::shared_ptr<door>> network::listen(endpoint const& where, listen_options options) {
  endpoint chosen = where;
  if (!where.is_unix() && where.port() == 0) {
    do {
      chosen = where.with_port(next_port_);
      next_port_ = next_port_ == 65'535 ? 49'152 : static_cast<u16>(next_port_ + 1);
    } while (is_taken(chosen, false));
  }
  if (is_taken(chosen, options.reuse_port)) return io_error{EADDRINUSE};
  auto opened = std::make_shared<door>(*this, chosen, options);
  doors_.push_back(opened.get());
  return opened;
}

bool network::is_taken(endpoint const& where, bool shares) const noexcept {
  return std::ranges::any_of(doors_, [&](door const* other) {
    return leads_to(where, other->where()) && !(shares && other->options().reuse_port);
  });
}

door* network::find(endpoint const& where) noexcept {
  std::vector<door*> open;
  std::ranges::copy_if(doors_, std::back_inserter(open),
                       [&](door const* one) { return leads_to(where, one->where()); });
  return open.empty() ? nullptr : open[in_.draw.below(open.size())];
}

void connect_operation::happen() noexcept {
  bool const has_come_back = made_ != nullptr || error_ != 0;
  if (!has_come_back) {
    door* const found = in_.find(target_);
    if (found != nullptr && found->is_full()) {
      // The attempt is dropped, and made again after a while.
      return plan(std::chrono::milliseconds(1) + in_.where().delay());
    }
    if (found == nullptr) {
      error_ = ECONNREFUSED;
    } else {
      auto const made = std::make_shared<connection>(in_.where());
      made_ = owned_end(made, &made->client);
      found->arrive(owned_end(made, &made->server));
    }
    if (duration const way_back = in_.where().delay(); way_back != duration(0)) {
      return plan(way_back);
    }
  }
  work& ready = *waiter_;
  post_admitted(ready.executor->admit(ready));
}

}  // namespace regatta::runtimes::simulated
