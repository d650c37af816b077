// One io_uring: where operations are handed to the kernel, in batches, and where it answers.
//
// The kernel is asked for all that helps a ring which one thread drives: to check that it is so
// (SINGLE_ISSUER), and to do its part of the work only when that thread asks for completions
// (DEFER_TASKRUN), instead of interrupting it. An older kernel gives less, and it works all the
// same. The ring is made by any thread and belongs to the one that calls take_over() last.
#pragma once

#include <liburing.h>

#include <utility>
#include <vector>

#include "runtimes/interface/types.hpp"
#include "runtimes/io_uring/blocks.hpp"

namespace regatta::runtimes::io_uring {

// Who is told of a completion. It must live, wherever its task has gone, until the kernel has
// answered for the last time.
struct completion {
  // `flags` are the kernel's (IORING_CQE_F_…). On the thread that drives the ring.
  using handler = void (*)(completion& self, int result, u32 flags) noexcept;
  // A cancel() found nothing to cancel: the operation has ended, or the kernel is about to go on
  // with it, out of reach for a moment. It may have ended, and another have begun, long ago.
  using missed_handler = void (*)(completion& self) noexcept;

  explicit completion(handler told, missed_handler told_of_miss = nullptr) noexcept
      : finished(told), missed(told_of_miss) {}
  handler finished;
  missed_handler missed;
};

struct ring_options {
  u32 buffers = 128;  // Provided to the kernel at a time, for receiving: a power of two.
  u32 buffer_bytes = 16 * 1024;
};

class ring {
 public:
  // Throws runtime_unsupported where the kernel refuses io_uring, std::system_error where it gives
  // no more of it.
  explicit ring(ring_options chosen);
  // Nothing may be in flight.
  ~ring();
  ring(ring const&) = delete;
  ring& operator=(ring const&) = delete;

  // From here on the calling thread drives. Where another one did, the kernel's side is made anew,
  // so nothing may be in flight. Cheap where it was this one.
  void take_over();

  // The driving thread only, from here to the end of the section.

  // An entry to be filled in; it leaves with the next poll() or wait(). What is prepared with
  // `told` is in flight until the kernel has answered without IORING_CQE_F_MORE.
  template <class Prepare>
  void submit(completion& told, Prepare prepare) noexcept {
    io_uring_sqe& entry = next_entry();
    prepare(&entry);
    io_uring_sqe_set_data(&entry, &told);
    ++in_flight_;
  }
  // Asks the kernel to give up what is in flight for `told`, which then learns of its end, or that
  // it was missed. It must live as long as the ring.
  void cancel(completion& told) noexcept;

  // Receives into provided buffers, again and again where the kernel can. 0 or why not.
  int receive(completion& told, int descriptor) noexcept;
  // Accepts connections, again and again where the kernel can.
  void accept(completion& told, int descriptor) noexcept;
  // The kernel does not know the operation's multishot form: from now on do without. False where
  // that was known.
  bool do_without_multishot_receive() noexcept { return std::exchange(multishot_receive_, false); }
  bool do_without_multishot_accept() noexcept { return std::exchange(multishot_accept_, false); }

  // The block in which the kernel has left bytes. It belongs to the caller; the kernel gets another
  // one in its place (or the same one again, by give_back()).
  block& take_block(u32 flags) noexcept;
  // The bytes have been copied out at once: the kernel may have the block again.
  std::byte const* bytes_of_block(u32 flags) const noexcept;
  void give_back_block(u32 flags) noexcept;

  // Tells everybody whose operations have ended. Enters the kernel only where there is something to
  // hand over or to fetch.
  void poll() noexcept;
  // As poll(), but sleeps until there is something to tell, or the deadline, or ring_bell().
  void wait(time_point deadline) noexcept;

  // How many operations the kernel has not finished with.
  u32 in_flight() const noexcept { return in_flight_; }

  // Any thread: ends a wait() that is going on, or the next one.
  void ring_bell() noexcept;

  block_pool& blocks() noexcept { return blocks_; }

 private:
  void open();
  int set_up(u32 flags) noexcept;
  void close() noexcept;
  io_uring_sqe& next_entry() noexcept;
  void submit_now() noexcept;
  void harvest() noexcept;
  bool has_to_enter() const noexcept;
  void arm_bell() noexcept;
  int provide_buffers() noexcept;
  void provide(u16 id, block& from) noexcept;

  ring_options const options_;
  ::io_uring kernel_{};
  u64 driver_ = 0;  // The thread that drives, by a number that is never used again.
  u32 in_flight_ = 0;
  bool is_open_ = false;
  bool bell_armed_ = false;
  bool multishot_receive_ = true;
  bool multishot_accept_ = true;
  bool buffers_provided_ = false;
  int bell_ = -1;
  io_uring_buf_ring* buffer_ring_ = nullptr;
  std::vector<block*> provided_;  // By their numbers.
  block_pool blocks_;
};

}  // namespace regatta::runtimes::io_uring
