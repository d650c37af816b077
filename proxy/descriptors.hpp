// Descriptors for those who have been accepted: a client takes one, and its upstream another.
// Whoever accepts asks here first, so that no client is accepted whose upstream would find none
// left.
//
// Two measures. The system gives out the lowest number that is free: so the number of a client says
// how many are in use at least. And a few descriptors are held in reserve, open but unused, for the
// case that others in this process take the last ones.
#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include "runtimes/interface/types.hpp"

namespace regatta::proxy {

// Any thread.
class descriptor_account {
 public:
  // Holds so many in reserve; fewer where few may be open at all.
  explicit descriptor_account(u32 reserve);
  ~descriptor_account();
  descriptor_account(descriptor_account const&) = delete;
  descriptor_account& operator=(descriptor_account const&) = delete;

  // Whether another client may be accepted, as far as is known without asking the system.
  bool suffices() const noexcept;
  // Asks the system. After a pause, say.
  bool look_again() noexcept;

  // A client was accepted, with this descriptor: it is owed another, until settle().
  void owe(int descriptor) noexcept;
  void settle() noexcept { owed_.fetch_sub(1, std::memory_order_relaxed); }

  // Gives one of the reserve back to the system, for whoever found none. False: there is none.
  bool lend() noexcept;

 private:
  void refill() noexcept;

  u32 const wanted_;
  // Relaxed, all of them: safe because each stands for itself, and what they say is a guess that
  // the system has the last word on.
  std::atomic<u64> limit_;
  std::atomic<u64> in_use_{0};  // At least so many were, lately.
  std::atomic<u64> owed_{0};
  std::atomic<u32> reserve_{0};
  std::mutex mutex_;  // Guards what is held; not for who accepts while all is well.
  std::vector<int> held_;
};

}  // namespace regatta::proxy
