#include "runtimes/io_uring/source.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "runtimes/interface/assert.hpp"
#include "runtimes/io_uring/loop.hpp"

namespace regatta::runtimes::io_uring {

namespace {

// Connections that were accepted for nobody yet; the others wait in the system's backlog.
constexpr std::size_t most_accepted = 1024;
// So few bytes are copied into what is left of the last block, so that a peer who sends byte by
// byte does not take a block for each.
constexpr u32 most_copied = 2048;
constexpr u32 most_blocks = 64;

constexpr char const* one_at_a_time =
    "another task is in the same operation on this socket: one task may read and one may write at "
    "a time";

// An error that belongs to the connection that was to be accepted, not to the listener.
bool concerns_one_connection(int error) noexcept {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

}  // namespace

template <class T>
void source<T>::open(hub<T>& owner, int descriptor, socket_kind kind) noexcept {
  std::lock_guard const held(lock_);
  hub_ = &owner;
  home_ = nullptr;
  descriptor_ = descriptor;
  is_listener_ = kind != socket_kind::connection;
  is_shared_ = kind == socket_kind::shared_listener;
  ended_ = false;
  error_ = 0;
  closing_ = false;
  is_owned_ = true;
  is_free_ = false;
}

template <class T>
bool source<T>::has_something() const noexcept {
  if (is_listener_) return has_accepted() || error_ != 0;
  return !arrived_.empty() || ended_ || error_ != 0;
}

template <class T>
bool source<T>::has_too_much() const noexcept {
  if (is_listener_) return accepted_.size() - first_accepted_ > most_accepted;
  return pending_bytes_ > hub_->most_pending_bytes() || pending_blocks_ > most_blocks;
}

// It is closed, and the kernel accepts all the same, until it has heard of that.
template <class T>
bool source<T>::may_still_accept() const noexcept {
  return is_listener_ && is_owned_ && incoming_.in_flight;
}

template <class T>
work* source<T>::wake(side& ready) noexcept {
  work* const waiter = std::exchange(ready.waiter, nullptr);
  return waiter != nullptr ? waiter->executor->admit(*waiter) : nullptr;
}

template <class T>
loop<T>& source<T>::bind() noexcept {
  if (home_ == nullptr) home_ = &hub_->here();
  return *home_;
}

template <class T>
void source<T>::request(loop<T>& home) noexcept {
  if (home.is_here()) {
    attend();
  } else {
    head.executor = &home;
    home.post(head);
  }
}

template <class T>
auto source<T>::enter_incoming() noexcept -> entered {
  std::lock_guard const held(lock_);
  if (closing_ && !may_still_accept() && !has_accepted()) return entered::closed;
  REGATTA_ASSERT(!incoming_.busy, one_at_a_time);
  incoming_.busy = true;
  return !taken_.empty() || has_something() ? entered::with_something : entered::with_nothing;
}

template <class T>
bool source<T>::wait_incoming(work& w) noexcept {
  loop<T>* to_ask = nullptr;
  {
    std::lock_guard const held(lock_);
    if (has_something() || (closing_ && !may_still_accept())) return false;
    incoming_.waiter = &w;
    // Also while it is being cancelled: its end begins the next.
    if (incoming_.in_flight || requested_) return true;
    requested_ = true;
    to_ask = &bind();
  }
  request(*to_ask);
  return true;
}

template <class T>
void source<T>::leave_incoming() noexcept {
  remains left;
  {
    std::lock_guard const held(lock_);
    incoming_.waiter = nullptr;
    incoming_.busy = false;
    pending_bytes_ -= std::exchange(consumed_bytes_, 0);
    pending_blocks_ -= std::exchange(consumed_blocks_, 0);
    left = take_remains();
  }
  bury(left);
}

template <class T>
io_result source<T>::take_bytes(std::span<std::byte> target) noexcept {
  int error;
  {
    std::lock_guard const held(lock_);
    if (closing_) return {0, ECANCELED};
    if (taken_.empty()) taken_.append(arrived_);
    error = error_;
  }
  std::size_t count = 0;
  while (count < target.size() && !taken_.empty()) {
    block& first = *taken_.front();
    std::size_t const part = std::min<std::size_t>(first.left(), target.size() - count);
    std::memcpy(target.data() + count, first.bytes() + first.begin, part);
    first.begin += static_cast<u32>(part);
    count += part;
    if (first.left() > 0) break;
    home_->blocks().put(taken_.pop());
    ++consumed_blocks_;
  }
  consumed_bytes_ += count;
  return {count, count == 0 ? error : 0};
}

template <class T>
io_result source<T>::look() noexcept {
  std::lock_guard const held(lock_);
  return {0, closing_ ? ECANCELED : 0};
}

template <class T>
io_expected<int> source<T>::take_connection() {
  std::lock_guard const held(lock_);
  if (!has_accepted()) return io_error{closing_ ? ECANCELED : std::exchange(error_, 0)};
  int const descriptor = accepted_[first_accepted_++];
  if (first_accepted_ == accepted_.size()) {
    accepted_.clear();
    first_accepted_ = 0;
  }
  return descriptor;
}

template <class T>
bool source<T>::enter_outgoing() noexcept {
  std::lock_guard const held(lock_);
  if (closing_) return false;
  REGATTA_ASSERT(!outgoing_.busy, one_at_a_time);
  outgoing_.busy = true;
  return true;
}

template <class T>
bool source<T>::wait_outgoing(work& w) noexcept {
  loop<T>* to_ask = nullptr;
  {
    std::lock_guard const held(lock_);
    if (closing_) return false;
    outgoing_.waiter = &w;
    if (outgoing_.in_flight || requested_) return true;
    requested_ = true;
    to_ask = &bind();
  }
  request(*to_ask);
  return true;
}

template <class T>
void source<T>::leave_outgoing() noexcept {
  remains left;
  {
    std::lock_guard const held(lock_);
    outgoing_.waiter = nullptr;
    outgoing_.busy = false;
    left = take_remains();
  }
  bury(left);
}

template <class T>
void source<T>::end(bool disown) noexcept {
  work* reader;
  work* writer;
  remains left;
  loop<T>* to_ask = nullptr;
  {
    std::lock_guard const held(lock_);
    closing_ = true;
    if (disown) is_owned_ = false;
    reader = may_still_accept() ? nullptr : wake(incoming_);
    writer = wake(outgoing_);
    if ((incoming_.in_flight || outgoing_.in_flight) && !requested_) {
      requested_ = true;
      to_ask = home_;
    }
    left = take_remains();
  }
  bury(left);
  if (to_ask != nullptr) {
    // The kernel lets go of it later; but from now on nobody connects, unless others accept.
    if (is_listener_ && !is_shared_) ::shutdown(descriptor_, SHUT_RDWR);
    request(*to_ask);
  }
  post_admitted(reader);
  post_admitted(writer);
}

template <class T>
auto source<T>::take_remains() noexcept -> remains {
  if (!closing_ || users_ != 0 || requested_) return {};
  if (incoming_.in_flight || outgoing_.in_flight) return {};
  bool const becomes_free = !is_free_ && !is_owned_ && !incoming_.busy && !outgoing_.busy;
  is_free_ = is_free_ || becomes_free;
  return {std::exchange(descriptor_, -1), becomes_free};
}

template <class T>
void source<T>::bury(remains left) noexcept {
  if (left.descriptor >= 0) ::close(left.descriptor);
  if (!left.is_free) return;
  drop_all();
  hub_->sources().put_back(*this);
}

// Nobody else has the source now.
template <class T>
void source<T>::drop_all() noexcept {
  taken_.append(arrived_);
  while (!taken_.empty()) home_->blocks().put(taken_.pop());
  pending_bytes_ = 0;
  pending_blocks_ = 0;
  for (; first_accepted_ != accepted_.size(); ++first_accepted_) {
    ::close(accepted_[first_accepted_]);
  }
  accepted_.clear();
  first_accepted_ = 0;
}

// Nobody will attend to requests that are still on their way.
template <class T>
void source<T>::close_at_the_end() noexcept {
  if (is_free_) return;
  REGATTA_ASSERT(!is_owned_,
                 "a socket outlives its runtime: close every socket before the runtime ends");
  if (descriptor_ >= 0) ::close(descriptor_);
  drop_all();
}

template <class T>
void source<T>::attend() noexcept {
  loop<T>* home;
  bool begin_in = false;
  bool begin_out = false;
  bool end_in = false;
  bool end_out = false;
  remains left;
  {
    std::lock_guard const held(lock_);
    requested_ = false;
    // With nothing in flight, the source may belong to somebody else right after the lock.
    home = home_;
    bool const may_begin = !closing_ && home->may_begin();
    begin_in = may_begin && incoming_.waiter != nullptr && !incoming_.in_flight && !has_something();
    begin_out = may_begin && outgoing_.waiter != nullptr && !outgoing_.in_flight;
    bool const must_end = closing_ || home->is_ending();
    end_in = incoming_.in_flight && !incoming_.cancelling && (must_end || has_too_much());
    end_out = outgoing_.in_flight && !outgoing_.cancelling && must_end;
    incoming_.in_flight = incoming_.in_flight || begin_in;
    outgoing_.in_flight = outgoing_.in_flight || begin_out;
    incoming_.cancelling = incoming_.cancelling || end_in;
    outgoing_.cancelling = outgoing_.cancelling || end_out;
    left = take_remains();
  }
  ring& kernel = home->kernel();
  if (end_in) kernel.cancel(incoming_);
  if (end_out) kernel.cancel(outgoing_);
  if (begin_in && is_listener_) {
    kernel.accept(incoming_, descriptor_);
  } else if (begin_in) {
    if (int const error = kernel.receive(incoming_, descriptor_); error != 0) {
      incoming_failed(error);
    }
  }
  if (begin_out) {
    kernel.submit(outgoing_, [this](io_uring_sqe* entry) {
      io_uring_prep_poll_add(entry, descriptor_, POLLOUT);
    });
  }
  bury(left);
}

// It could not even begin.
template <class T>
void source<T>::incoming_failed(int error) noexcept {
  work* reader;
  {
    std::lock_guard const held(lock_);
    incoming_.in_flight = false;
    error_ = error;
    reader = wake(incoming_);
  }
  post_admitted(reader);
}

template <class T>
void source<T>::cancel_all(loop<T>& ending) noexcept {
  bool end_in = false;
  bool end_out = false;
  {
    std::lock_guard const held(lock_);
    if (home_ != &ending) return;
    end_in = incoming_.in_flight && !incoming_.cancelling;
    end_out = outgoing_.in_flight && !outgoing_.cancelling;
    incoming_.cancelling = incoming_.cancelling || end_in;
    outgoing_.cancelling = outgoing_.cancelling || end_out;
  }
  // What is in flight stays ours after the lock.
  if (end_in) ending.kernel().cancel(incoming_);
  if (end_out) ending.kernel().cancel(outgoing_);
}

template <class T>
void source<T>::attend_again(loop<T>& beginning) noexcept {
  {
    std::lock_guard const held(lock_);
    if (home_ != &beginning || is_free_ || requested_) return;
    requested_ = true;  // So that the source is still ours after the lock.
  }
  attend();
}

template <class T>
void source<T>::incoming_answered(completion& self, int result, u32 flags) noexcept {
  // Safe because this handler is given to sides only.
  source& mine = static_cast<side&>(self).of;
  if (!mine.is_listener_) {
    if ((flags & IORING_CQE_F_BUFFER) != 0) mine.keep_bytes(static_cast<u32>(result), flags);
  } else if (result >= 0) {
    mine.keep_connection(result);
  }
  mine.end_of_incoming(result, flags);
}

// The home alone appends, so what is seen under the lock holds until it is taken again.
template <class T>
void source<T>::keep_bytes(u32 count, u32 flags) noexcept {
  ring& kernel = home_->kernel();
  bool wants_block = false;
  {
    std::lock_guard const held(lock_);
    block* const last = arrived_.back();
    if (closing_ || count == 0 || count > kernel.blocks().block_bytes()) {
      // Nothing to keep.
    } else if (count <= most_copied && last != nullptr && last->room() >= count) {
      std::memcpy(last->bytes() + last->end, kernel.bytes_of_block(flags), count);
      last->end += count;
      pending_bytes_ += count;
    } else {
      wants_block = true;
    }
  }
  if (!wants_block) return kernel.give_back_block(flags);
  block& filled = kernel.take_block(flags);
  filled.end = count;
  std::lock_guard const held(lock_);
  arrived_.push(filled);
  pending_bytes_ += count;
  ++pending_blocks_;
}

template <class T>
void source<T>::keep_connection(int descriptor) noexcept {
  {
    std::lock_guard const held(lock_);
    if (is_owned_) {
      accepted_.push_back(descriptor);
      return;
    }
  }
  ::close(descriptor);
}

// Whether the operation is to be begun anew rather than its error told.
template <class T>
bool source<T>::is_passing(int error) noexcept {
  if (error == ECANCELED || error == EINTR || error == EAGAIN) return true;
  ring& kernel = home_->kernel();
  // The kernel knows this operation, but not its multishot form.
  if (error == EINVAL && !ended_ && !closing_) {
    return is_listener_ ? kernel.do_without_multishot_accept()
                        : kernel.do_without_multishot_receive();
  }
  // No buffer was free; by now there are some.
  return is_listener_ ? concerns_one_connection(error) : error == ENOBUFS;
}

template <class T>
void source<T>::end_of_incoming(int result, u32 flags) noexcept {
  work* reader = nullptr;
  bool attends = false;
  {
    std::lock_guard const held(lock_);
    if (result == 0 && !is_listener_) ended_ = true;
    if (result < 0 && !is_passing(-result)) {
      // What went wrong with accepting for nobody may have passed when somebody asks.
      if (!is_listener_ || incoming_.waiter != nullptr) error_ = -result;
    }
    if ((flags & IORING_CQE_F_MORE) == 0) incoming_.in_flight = incoming_.cancelling = false;
    if (has_something() || (closing_ && !may_still_accept())) reader = wake(incoming_);
    bool const begins = !incoming_.in_flight && incoming_.waiter != nullptr;
    if ((begins || closing_ || (has_too_much() && !incoming_.cancelling)) && !requested_) {
      requested_ = attends = true;  // So that the source is still ours after the lock.
    }
  }
  post_admitted(reader);
  if (attends) attend();
}

template <class T>
void source<T>::outgoing_answered(completion& self, int, u32) noexcept {
  // Safe because this handler is given to sides only.
  source& mine = static_cast<side&>(self).of;
  work* writer = nullptr;
  bool attends = false;
  {
    std::lock_guard const held(mine.lock_);
    // A cancellation that was not asked for by close(): the loop stops for a while.
    bool const is_cancelled = mine.outgoing_.cancelling && !mine.closing_;
    mine.outgoing_.in_flight = mine.outgoing_.cancelling = false;
    if (!is_cancelled) writer = wake(mine.outgoing_);
    if ((is_cancelled || mine.closing_) && !mine.requested_) {
      mine.requested_ = attends = true;
    }
  }
  post_admitted(writer);
  if (attends) mine.attend();
}

template <class T>
void source<T>::cancel_missed(completion& self) noexcept {
  // Safe because this handler is given to sides only.
  side& missed = static_cast<side&>(self);
  source& mine = missed.of;
  {
    std::lock_guard const held(mine.lock_);
    if (!missed.in_flight || !missed.cancelling) return;
    // It may have come too late, when the source has another home: then this is not ours to do.
    if (mine.home_ == nullptr || !mine.home_->is_here()) return;
    missed.cancelling = false;
    if (std::exchange(mine.requested_, true)) return;  // Somebody is on the way to attend.
  }
  mine.attend();
}

template <class T>
source_pool<T>::~source_pool() {
  for (auto& chunk : chunks_) {
    for (std::size_t i = 0; i < chunk_size; ++i) chunk[i].close_at_the_end();
  }
}

template <class T>
source<T>& source_pool<T>::adopt(hub<T>& owner, int descriptor, socket_kind kind) {
  source<T>* adopted;
  {
    std::lock_guard const held(lock_);
    if (free_ == nullptr) {
      auto& chunk = chunks_.emplace_back(std::make_unique<source<T>[]>(chunk_size));
      for (std::size_t i = chunk_size; i > 0; --i) {
        chunk[i - 1].next_free_ = free_;
        free_ = &chunk[i - 1];
      }
    }
    adopted = std::exchange(free_, free_->next_free_);
  }
  adopted->open(owner, descriptor, kind);
  return *adopted;
}

template <class T>
void source_pool<T>::put_back(source<T>& unused) noexcept {
  std::lock_guard const held(lock_);
  unused.next_free_ = free_;
  free_ = &unused;
}

template class source<one_thread>;
template class source<many_threads>;
template class source_pool<one_thread>;
template class source_pool<many_threads>;

}  // namespace regatta::runtimes::io_uring
