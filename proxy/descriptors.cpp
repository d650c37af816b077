#include "proxy/descriptors.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "runtimes/interface/descriptors.hpp"

namespace regatta::proxy {

namespace {

// Any descriptor, of something that needs no file; -1: there is none.
int open_one() noexcept { return ::eventfd(0, EFD_CLOEXEC); }

}  // namespace

descriptor_account::descriptor_account(u32 reserve)
    : wanted_(std::min<u32>(reserve, static_cast<u32>(descriptor_limit() / 16))),
      limit_(descriptor_limit()) {
  held_.reserve(wanted_);
  refill();
}

descriptor_account::~descriptor_account() {
  for (int const descriptor : held_) ::close(descriptor);
}

bool descriptor_account::suffices() const noexcept {
  // The client, its upstream, and all upstreams that are owed already.
  u64 const needed =
      in_use_.load(std::memory_order_relaxed) + 2 + owed_.load(std::memory_order_relaxed);
  return needed <= limit_.load(std::memory_order_relaxed) &&
         reserve_.load(std::memory_order_relaxed) == wanted_;
}

bool descriptor_account::look_again() noexcept {
  limit_.store(descriptor_limit(), std::memory_order_relaxed);
  std::lock_guard const held(mutex_);
  // Those who are owed one come first.
  if (owed_.load(std::memory_order_relaxed) == 0) refill();
  int const lowest_free = open_one();
  if (lowest_free < 0) return false;
  ::close(lowest_free);
  in_use_.store(static_cast<u64>(lowest_free), std::memory_order_relaxed);
  return suffices();
}

void descriptor_account::owe(int descriptor) noexcept {
  owed_.fetch_add(1, std::memory_order_relaxed);
  // A simulated socket has a number beyond all limits.
  auto const number = static_cast<u64>(descriptor);
  if (descriptor < 0 || number >= limit_.load(std::memory_order_relaxed)) return;
  in_use_.store(number + 1, std::memory_order_relaxed);
}

bool descriptor_account::lend() noexcept {
  std::lock_guard const held(mutex_);
  if (held_.empty()) return false;
  ::close(held_.back());
  held_.pop_back();
  reserve_.store(static_cast<u32>(held_.size()), std::memory_order_relaxed);
  return true;
}

void descriptor_account::refill() noexcept {
  while (held_.size() < wanted_) {
    int const descriptor = open_one();
    if (descriptor < 0) break;
    held_.push_back(descriptor);  // Room was reserved: this cannot throw.
  }
  reserve_.store(static_cast<u32>(held_.size()), std::memory_order_relaxed);
}

}  // namespace regatta::proxy
