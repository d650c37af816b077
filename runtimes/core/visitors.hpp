// Other threads that are inside a runtime's post(). Their work may run, end everything and let the
// runtime be destroyed before they have left: the destructor waits for them.
#pragma once

#include <atomic>

#include "runtimes/interface/threading.hpp"
#include "runtimes/interface/types.hpp"

namespace regatta::core {

class visitors {
 public:
  class visit {
   public:
    // Relaxed: safe because publishing the work, which comes after, carries it to whoever takes it.
    explicit visit(visitors& host) noexcept : host_(host) {
      host_.inside_.fetch_add(1, std::memory_order_relaxed);
    }
    // Release: pairs with the acquire in wait_until_gone().
    ~visit() { host_.inside_.fetch_sub(1, std::memory_order_release); }
    visit(visit const&) = delete;
    visit& operator=(visit const&) = delete;

   private:
    visitors& host_;
  };

  // No new ones come: all work has been taken.
  void wait_until_gone() const noexcept {
    backoff pause;
    while (inside_.load(std::memory_order_acquire) != 0) pause.wait();
  }

 private:
  std::atomic<u32> inside_{0};
};

}  // namespace regatta::core
