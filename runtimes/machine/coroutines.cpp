// What the compiler makes of a coroutine.
//   coroutine_resume  one that is suspended is resumed, and suspends again
//   frame             one is made, runs to its end, and is destroyed
#include <coroutine>
#include <exception>
#include <new>
#include <utility>

#include "runtimes/machine/line.hpp"

namespace regatta::machine {
namespace {

// The cheapest allocator there is: gives back the block that came last. What malloc takes beyond
// that is the allocator's affair, and can be saved, as pools of frames do.
class one_block {
 public:
  static void* take(std::size_t size) {
    if (spare_ != nullptr && size_ >= size) return std::exchange(spare_, nullptr);
    size_ = size;
    return ::operator new(size);
  }
  static void give_back(void* block, std::size_t size) {
    if (spare_ == nullptr && size_ == size) {
      spare_ = block;
    } else {
      ::operator delete(block);
    }
  }

 private:
  static inline void* spare_ = nullptr;
  static inline std::size_t size_ = 0;
};

struct coroutine {
  struct promise_type {
    static void* operator new(std::size_t size) { return one_block::take(size); }
    static void operator delete(void* block, std::size_t size) {
      one_block::give_back(block, size);
    }
    coroutine get_return_object() {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
  std::coroutine_handle<> handle;
};

// Not inlined: a compiler that sees both sides leaves the coroutine out.
[[gnu::noinline]] coroutine count_for_ever(u64& count) {
  for (;;) {
    ++count;
    co_await std::suspend_always{};
  }
}

[[gnu::noinline]] coroutine count_once(u64& count) {
  ++count;
  co_return;
}

class coroutine_resume final : public line {
 public:
  u64 measure(u64 operations, scenarios::recorder& latency) override {
    u64 count = 0;
    auto const counting = count_for_ever(count).handle;
    latency.start_clock();
    for (u64 i = 0; i < operations; ++i) counting.resume();
    latency.stop_clock();
    // Safe because it is suspended, and nobody else knows it.
    counting.destroy();
    return count;
  }
};

class frame final : public line {
 public:
  u64 measure(u64 operations, scenarios::recorder& latency) override {
    u64 count = 0;
    latency.start_clock();
    for (u64 i = 0; i < operations; ++i) {
      auto const once = count_once(count).handle;
      once.resume();
      // Safe because it is suspended at its end, and nobody else knows it.
      once.destroy();
    }
    latency.stop_clock();
    return count;
  }
};

}  // namespace

std::unique_ptr<line> make_coroutine_resume() { return std::make_unique<coroutine_resume>(); }
std::unique_ptr<line> make_frame() { return std::make_unique<frame>(); }

}  // namespace regatta::machine
