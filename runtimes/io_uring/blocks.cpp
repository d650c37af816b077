#include "runtimes/io_uring/blocks.hpp"

#include <mutex>
#include <new>

namespace regatta::runtimes::io_uring {

block_pool::~block_pool() {
  while (free_ != nullptr) ::operator delete(std::exchange(free_, free_->next));
}

block& block_pool::take() {
  {
    std::lock_guard const held(lock_);
    if (free_ != nullptr) {
      block& taken = *std::exchange(free_, free_->next);
      --kept_;
      taken.begin = taken.end = 0;
      return taken;
    }
  }
  auto* const made = new (::operator new(sizeof(block) + block_bytes_)) block;
  made->size = block_bytes_;
  return *made;
}

void block_pool::put(block& unused) noexcept {
  {
    std::lock_guard const held(lock_);
    if (kept_ < most_kept) {
      unused.next = free_;
      free_ = &unused;
      ++kept_;
      return;
    }
  }
  ::operator delete(&unused);
}

}  // namespace regatta::runtimes::io_uring
