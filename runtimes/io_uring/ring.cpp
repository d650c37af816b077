#include "runtimes/io_uring/ring.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <system_error>

#include "runtimes/interface/assert.hpp"
#include "runtimes/interface/compiler.hpp"
#include "runtimes/interface/io_result.hpp"
#include "runtimes/interface/runtime.hpp"

namespace regatta::runtimes::io_uring {

namespace {

// How many operations leave at once at most, and how many answers there is room for before the
// kernel has to keep them elsewhere: multishot operations answer many times.
constexpr u32 entries = 256;
constexpr u32 answers = 4096;
constexpr int buffer_group = 0;

// What completions carry that are no operation's; those of a cancel() carry a mark beside the
// address, which is a multiple of more.
constexpr u64 the_bell = 1;
constexpr u64 cancellation = 2;
static_assert(alignof(completion) > cancellation);

// What to ask for, best first: Linux 6.1 and later, 5.19. What is older lacks more than flags.
constexpr u32 always = IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE;
constexpr u32 wishes[] = {
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
    IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
};

[[noreturn]] void refuse(int error) {
  throw runtime_unsupported("the kernel refuses io_uring: " + io_error{error}.text() +
                            "; see /proc/sys/kernel/io_uring_disabled");
}

// A thread's number, which no later thread bears: the kernel knows a ring's thread, not its id.
REGATTA_READS_THREAD_LOCAL u64 number_of_this_thread() noexcept {
  static std::atomic<u64> next{1};
  // Relaxed: safe because only the number matters.
  static thread_local u64 const mine = next.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

__kernel_timespec to_timespec(duration d) noexcept {
  return {.tv_sec = d.count() / 1'000'000'000, .tv_nsec = d.count() % 1'000'000'000};
}

// Errors that a later try may not meet, and ends of a wait that are none.
bool passes(int error) noexcept {
  return error == -EINTR || error == -ETIME || error == -EAGAIN || error == -EBUSY ||
         error == -ENOMEM;
}

}  // namespace

ring::ring(ring_options chosen) : options_(chosen), blocks_(chosen.buffer_bytes) {
  REGATTA_ASSERT((chosen.buffers & (chosen.buffers - 1)) == 0 && chosen.buffers != 0,
                 "the number of buffers must be a power of two");
  bell_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (bell_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  try {
    open();
  } catch (...) {
    ::close(bell_);
    throw;
  }
}

ring::~ring() {
  REGATTA_ASSERT(in_flight_ == 0, "a ring is closed while the kernel still works for it");
  close();
  ::close(bell_);
  for (block* each : provided_) blocks_.put(*each);
  if (buffer_ring_ != nullptr) {
    ::munmap(buffer_ring_, options_.buffers * sizeof(io_uring_buf));
  }
}

int ring::set_up(u32 flags) noexcept {
  io_uring_params asked{};
  asked.flags = flags | always;
  asked.cq_entries = answers;
  kernel_ = {};
  return io_uring_queue_init_params(entries, &kernel_, &asked);
}

void ring::open() {
  int error = 0;
  for (u32 const wish : wishes) {
    error = set_up(wish);
    if (error != -EINVAL) break;
  }
  if (error == -EINVAL) throw runtime_unsupported("the kernel's io_uring is older than Linux 5.19");
  if (error == -ENOSYS || error == -EPERM || error == -EACCES) refuse(-error);
  if (error != 0) throw std::system_error(-error, std::generic_category(), "io_uring_setup");
  is_open_ = true;
}

void ring::close() noexcept {
  if (!std::exchange(is_open_, false)) return;
  // Safe because only the bell may still be armed, and it belongs to nobody.
  io_uring_queue_exit(&kernel_);
  bell_armed_ = false;
  buffers_provided_ = false;
}

void ring::take_over() {
  u64 const me = number_of_this_thread();
  if (driver_ == me) return;
  REGATTA_ASSERT(in_flight_ == 0, "a ring changes hands while the kernel still works for it");
  if (driver_ != 0) {
    close();
    open();
  }
  // As io_uring_enable_rings(), which the shared library of liburing 2.3 forgot to export.
  int const error = io_uring_register(static_cast<unsigned>(kernel_.ring_fd),
                                      IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  if (error != 0) throw std::system_error(-error, std::generic_category(), "io_uring_register");
  driver_ = me;
}

io_uring_sqe& ring::next_entry() noexcept {
  io_uring_sqe* entry = io_uring_get_sqe(&kernel_);
  while (entry == nullptr) {
    submit_now();
    entry = io_uring_get_sqe(&kernel_);
  }
  return *entry;
}

void ring::submit_now() noexcept {
  int const submitted = io_uring_submit(&kernel_);
  REGATTA_ASSERT(submitted >= 0 || passes(submitted), "io_uring_enter takes no operations");
}

void ring::cancel(completion& told) noexcept {
  io_uring_sqe& entry = next_entry();
  io_uring_prep_cancel(&entry, &told, 0);
  // Safe because the mark lies in bits that an address does not use.
  io_uring_sqe_set_data64(&entry, reinterpret_cast<u64>(&told) | cancellation);
}

int ring::receive(completion& told, int descriptor) noexcept {
  if (int const error = provide_buffers(); error != 0) return error;
  submit(told, [&](io_uring_sqe* entry) {
    if (multishot_receive_) {
      io_uring_prep_recv_multishot(entry, descriptor, nullptr, 0, 0);
    } else {
      io_uring_prep_recv(entry, descriptor, nullptr, 0, 0);
    }
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = buffer_group;
  });
  return 0;
}

void ring::accept(completion& told, int descriptor) noexcept {
  submit(told, [&](io_uring_sqe* entry) {
    if (multishot_accept_) {
      io_uring_prep_multishot_accept(entry, descriptor, nullptr, nullptr, SOCK_CLOEXEC);
    } else {
      io_uring_prep_accept(entry, descriptor, nullptr, nullptr, SOCK_CLOEXEC);
    }
  });
}

// Answers 0 or an errno.
int ring::provide_buffers() noexcept {
  if (buffers_provided_) return 0;
  if (buffer_ring_ == nullptr) {
    void* const memory = ::mmap(nullptr, options_.buffers * sizeof(io_uring_buf),
                                PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return errno;
    // Safe because the kernel defines the layout, and fresh pages are zero.
    buffer_ring_ = static_cast<io_uring_buf_ring*>(memory);
    provided_.reserve(options_.buffers);
    for (u32 i = 0; i < options_.buffers; ++i) provided_.push_back(&blocks_.take());
  }
  io_uring_buf_ring_init(buffer_ring_);
  io_uring_buf_reg registration{};
  // Safe because the kernel wants addresses as numbers.
  registration.ring_addr = reinterpret_cast<u64>(buffer_ring_);
  registration.ring_entries = options_.buffers;
  registration.bgid = buffer_group;
  // liburing 2.3 lacks io_uring_setup_buf_ring(), which does this and the mapping.
  int const error = io_uring_register_buf_ring(&kernel_, &registration, 0);
  if (error != 0) return -error;
  for (u32 i = 0; i < options_.buffers; ++i) provide(static_cast<u16>(i), *provided_[i]);
  buffers_provided_ = true;
  return 0;
}

void ring::provide(u16 id, block& from) noexcept {
  provided_[id] = &from;
  io_uring_buf_ring_add(buffer_ring_, from.bytes(), from.size, id,
                        io_uring_buf_ring_mask(options_.buffers), 0);
  io_uring_buf_ring_advance(buffer_ring_, 1);
}

block& ring::take_block(u32 flags) noexcept {
  auto const id = static_cast<u16>(flags >> IORING_CQE_BUFFER_SHIFT);
  block& filled = *provided_[id];
  provide(id, blocks_.take());
  return filled;
}

std::byte const* ring::bytes_of_block(u32 flags) const noexcept {
  return provided_[flags >> IORING_CQE_BUFFER_SHIFT]->bytes();
}

void ring::give_back_block(u32 flags) noexcept {
  auto const id = static_cast<u16>(flags >> IORING_CQE_BUFFER_SHIFT);
  provide(id, *provided_[id]);
}

bool ring::has_to_enter() const noexcept {
  if (io_uring_sq_ready(&kernel_) != 0) return true;
  u32 const tells = IORING_SQ_CQ_OVERFLOW | IORING_SQ_TASKRUN;
  return (IO_URING_READ_ONCE(*kernel_.sq.kflags) & tells) != 0;
}

void ring::poll() noexcept {
  if (has_to_enter()) {
    int const submitted = io_uring_submit_and_get_events(&kernel_);
    REGATTA_ASSERT(submitted >= 0 || passes(submitted), "io_uring_enter takes no operations");
  }
  harvest();
}

void ring::wait(time_point deadline) noexcept {
  if (!bell_armed_) arm_bell();
  duration const left = deadline == time_point::max() ? duration::max() : deadline - clock::now();
  if (left <= duration::zero()) return poll();
  __kernel_timespec limit = to_timespec(left);
  io_uring_cqe* first = nullptr;
  int const submitted = io_uring_submit_and_wait_timeout(
      &kernel_, &first, 1, deadline == time_point::max() ? nullptr : &limit, nullptr);
  REGATTA_ASSERT(submitted >= 0 || passes(submitted), "io_uring_enter does not wait");
  harvest();
}

void ring::harvest() noexcept {
  for (;;) {
    unsigned head = 0;
    unsigned seen = 0;
    io_uring_cqe* each = nullptr;
    io_uring_for_each_cqe(&kernel_, head, each) {
      ++seen;
      u64 const whose = each->user_data;
      if ((whose & cancellation) != 0) {
        // Safe because cancel() put the address of a completion there that lives as long as we.
        auto& told = *reinterpret_cast<completion*>(whose & ~cancellation);
        if (each->res == -ENOENT && told.missed != nullptr) told.missed(told);
        continue;
      }
      bool const is_last = (each->flags & IORING_CQE_F_MORE) == 0;
      if (whose == the_bell) {
        if (is_last) bell_armed_ = false;
        continue;
      }
      if (is_last) --in_flight_;
      // Safe because submit() put a completion's address there, and it lives until the last answer.
      auto& told = *reinterpret_cast<completion*>(whose);
      told.finished(told, each->res, each->flags);
    }
    if (seen == 0) return;
    io_uring_cq_advance(&kernel_, seen);
  }
}

// Once, for many rings: each write to the eventfd is an edge, so that it never has to be read.
void ring::arm_bell() noexcept {
  io_uring_sqe& entry = next_entry();
  io_uring_prep_poll_multishot(&entry, bell_, POLLIN);
  io_uring_sqe_set_data64(&entry, the_bell);
  bell_armed_ = true;
}

void ring::ring_bell() noexcept {
  u64 const one = 1;
  // It cannot fail but by a count near 2^64: then the bell is rung anyway.
  [[maybe_unused]] auto const written = ::write(bell_, &one, sizeof one);
}

}  // namespace regatta::runtimes::io_uring
