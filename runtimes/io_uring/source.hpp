// A socket as the ring sees it: what has arrived for nobody yet, who waits, and which operations
// the kernel still works at.
//
// The kernel's operations lie here and not in a task's frame, so a task may die while it waits: the
// operation stays, and what it brings is kept for the next who asks. Sources are never freed while
// their runtime lives, only reused, and not before the kernel has answered for the last time.
//
// A source belongs to one loop, its home, from the first wait on. Only there are operations handed
// to the kernel and answers heard; another thread leaves a request in the home's inbox. All else
// may happen on any thread (under many_threads), under the source's lock.
//
// Receiving goes on while nobody reads, until too much is pending; then the operation is cancelled,
// and begun again when a reader has taken all there was. So does accepting.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "runtimes/core/retried.hpp"
#include "runtimes/interface/io_result.hpp"
#include "runtimes/interface/threading.hpp"
#include "runtimes/interface/work.hpp"
#include "runtimes/io_uring/ring.hpp"

namespace regatta::runtimes::io_uring {

template <class Threading>
class hub;
template <class Threading>
class loop;
template <class Threading>
class source_pool;

enum class socket_kind : u8 { connection, listener, shared_listener };

template <class Threading>
class source final : private core::hand_made_frame {
 public:
  source() noexcept
      : hand_made_frame(&source::attend_posted),
        incoming_(&source::incoming_answered, *this),
        outgoing_(&source::outgoing_answered, *this) {}

  enum class entered : u8 { closed, with_something, with_nothing };

  // --- Reading, or accepting: one task at a time.

  // Closed: the operation has not begun, and there is nothing to leave.
  entered enter_incoming() noexcept;
  // True: `w` will be woken once; from here on it may be running. False: there is something.
  bool wait_incoming(work& w) noexcept;
  // The operation has ended, or its task is being destroyed.
  void leave_incoming() noexcept;
  // What there is, on the task's own turn: so nothing is lost when the task is cancelled before.
  io_result take_bytes(std::span<std::byte> target) noexcept;
  // What take_bytes() would answer, but for the bytes.
  io_result look() noexcept;
  // A descriptor, or why there is none.
  io_expected<int> take_connection();

  // --- Writing, or connecting: one task at a time.

  // False: closed, and there is nothing to leave.
  bool enter_outgoing() noexcept;
  // True: `w` will be woken once when the socket may be writable. False: closed.
  bool wait_outgoing(work& w) noexcept;
  void leave_outgoing() noexcept;

  // --- For everybody.

  // Lets `use(descriptor)` make system calls, and answers its answer. Meanwhile nobody can close
  // the descriptor. `closed` where it is closed.
  template <class Use, class Answer>
  Answer with_descriptor(Use use, Answer closed) noexcept {
    int descriptor;
    {
      std::lock_guard const held(lock_);
      if (closing_) return closed;
      ++users_;
      descriptor = descriptor_;
    }
    Answer const answer = use(descriptor);
    remains left;
    {
      std::lock_guard const held(lock_);
      --users_;
      left = take_remains();
    }
    bury(left);
    return answer;
  }
  // -1 when closed.
  int descriptor() const noexcept {
    std::lock_guard const held(lock_);
    return closing_ ? -1 : descriptor_;
  }

  // Answers whoever waits, and closes the descriptor when the kernel has let go of it. What was
  // accepted until then can still be taken, so who accepts may have to wait for that.
  void close() noexcept { end(false); }
  // As close(), and the owner will not come again.
  void forget() noexcept { end(true); }

  // How many bytes wait for a reader. For tests.
  std::size_t pending_bytes() const noexcept {
    std::lock_guard const held(lock_);
    return pending_bytes_;
  }

 private:
  friend source_pool<Threading>;
  friend loop<Threading>;

  // One side of the socket: the task that waits, and the operation that will tell.
  struct side : completion {
    side(handler told, source& owner) noexcept
        : completion(told, &source::cancel_missed), of(owner) {}
    source& of;
    work* waiter = nullptr;
    bool busy = false;  // A task is between enter and leave.
    bool in_flight = false;
    bool cancelling = false;
  };

  // What is left to do, without the lock, once the source is closed and nobody uses it any more.
  struct remains {
    int descriptor = -1;  // To be closed.
    bool is_free = false;
  };

  void open(hub<Threading>& owner, int descriptor, socket_kind kind) noexcept;
  void end(bool disown) noexcept;

  // With the lock held:
  remains take_remains() noexcept;
  bool has_accepted() const noexcept { return first_accepted_ != accepted_.size(); }
  bool may_still_accept() const noexcept;
  bool has_something() const noexcept;
  bool has_too_much() const noexcept;
  static work* wake(side& ready) noexcept;
  loop<Threading>& bind() noexcept;

  void bury(remains left) noexcept;
  // The caller has set requested_, under the lock.
  void request(loop<Threading>& home) noexcept;

  // The home's thread only: hands to the kernel what should be in flight, and cancels what should
  // not.
  void attend() noexcept;
  // For a loop that comes to its end, or begins anew: of sources that are not its own, nothing.
  void cancel_all(loop<Threading>& ending) noexcept;
  void attend_again(loop<Threading>& beginning) noexcept;
  static void attend_posted(hand_made_frame* frame) { static_cast<source*>(frame)->attend(); }
  static void incoming_answered(completion& self, int result, u32 flags) noexcept;
  static void outgoing_answered(completion& self, int result, u32 flags) noexcept;
  static void cancel_missed(completion& self) noexcept;
  void incoming_failed(int error) noexcept;
  void keep_bytes(u32 count, u32 flags) noexcept;
  void keep_connection(int descriptor) noexcept;
  bool is_passing(int error) noexcept;
  void end_of_incoming(int result, u32 flags) noexcept;
  void drop_all() noexcept;
  void close_at_the_end() noexcept;

  [[no_unique_address]] mutable typename Threading::lock lock_;
  bool closing_ = true;    // No new operations.
  bool is_owned_ = false;  // Somebody still has a handle: not to be reused.
  bool is_free_ = true;
  bool requested_ = false;  // An attend() is on its way.
  bool is_listener_ = false;
  bool is_shared_ = false;  // Other processes may accept at the same socket.
  bool ended_ = false;      // The peer has finished writing.
  u8 users_ = 0;            // System calls that need the descriptor.
  int descriptor_ = -1;
  int error_ = 0;
  u32 pending_blocks_ = 0;
  std::size_t pending_bytes_ = 0;
  side incoming_;
  side outgoing_;
  block_list arrived_;
  // The reader's own, no lock: what it took of `arrived_`, and how much it has had since it began.
  block_list taken_;
  std::size_t consumed_bytes_ = 0;
  u32 consumed_blocks_ = 0;
  std::vector<int> accepted_;
  std::size_t first_accepted_ = 0;
  loop<Threading>* home_ = nullptr;
  hub<Threading>* hub_ = nullptr;
  source* next_free_ = nullptr;
};

// All sources of a runtime.
template <class Threading>
class source_pool {
 public:
  source_pool() = default;
  source_pool(source_pool const&) = delete;
  source_pool& operator=(source_pool const&) = delete;
  // Every handle must be gone, and nothing in flight.
  ~source_pool();

  // Takes over the descriptor, which must block (a ring answers EAGAIN for one that does not).
  source<Threading>& adopt(hub<Threading>& owner, int descriptor, socket_kind kind);
  void put_back(source<Threading>& unused) noexcept;

  // Any thread, also while others adopt: whatever belongs to somebody else may change under the
  // visitor, who therefore asks under the source's lock whose it is.
  template <class Visit>
  void each(Visit visit) {
    for (std::size_t i = 0; source<Threading>* const chunk = chunk_at(i); ++i) {
      for (std::size_t j = 0; j < chunk_size; ++j) visit(chunk[j]);
    }
  }

 private:
  static constexpr std::size_t chunk_size = 64;

  // nullptr behind the last. A chunk stays where it is until the pool dies.
  source<Threading>* chunk_at(std::size_t place) noexcept {
    std::lock_guard const held(lock_);
    return place < chunks_.size() ? chunks_[place].get() : nullptr;
  }

  [[no_unique_address]] typename Threading::lock lock_;
  source<Threading>* free_ = nullptr;
  std::vector<std::unique_ptr<source<Threading>[]>> chunks_;
};

// Owns a source.
template <class Threading>
class source_handle {
 public:
  source_handle() = default;
  explicit source_handle(source<Threading>& owned) noexcept : source_(&owned) {}
  source_handle(source_handle&& other) noexcept : source_(std::exchange(other.source_, nullptr)) {}
  source_handle& operator=(source_handle&& other) noexcept {
    if (source_ != nullptr) source_->forget();
    source_ = std::exchange(other.source_, nullptr);
    return *this;
  }
  ~source_handle() {
    if (source_ != nullptr) source_->forget();
  }

  source<Threading>* get() const noexcept { return source_; }
  void close() noexcept {
    if (source_ != nullptr) source_->close();
  }
  int descriptor() const noexcept { return source_ != nullptr ? source_->descriptor() : -1; }
  // ECANCELED where it is closed.
  template <class Use>
  int with_descriptor(Use use) const noexcept {
    return source_ != nullptr ? source_->with_descriptor(std::move(use), int{ECANCELED})
                              : ECANCELED;
  }

 private:
  source<Threading>* source_ = nullptr;
};

extern template class source<one_thread>;
extern template class source<many_threads>;
extern template class source_pool<one_thread>;
extern template class source_pool<many_threads>;

}  // namespace regatta::runtimes::io_uring
