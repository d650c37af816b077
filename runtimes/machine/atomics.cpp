// What threads share: a word that is changed by one, by two at once, and in turns.
//   atomic            a fetch_add that nobody else takes part in
//   contended_atomic  the same by two threads on one word; an operation is one of each
//   cache_line        a word handed from one processor to the other; an operation is one way
#include <atomic>

#include "runtimes/machine/line.hpp"
#include "runtimes/machine/second_thread.hpp"

namespace regatta::machine {
namespace {

// A word on cache lines of its own; two, because processors fetch them in pairs.
struct alignas(128) word {
  std::atomic<u64> value{0};
};

void add(std::atomic<u64>& target, u64 times) {
  // Safe because what is counted is read after both threads have met; and on x86 every order is the
  // same instruction.
  for (u64 i = 0; i < times; ++i) target.fetch_add(1, std::memory_order_relaxed);
}

class atomic final : public line {
 public:
  u64 measure(u64 operations, scenarios::recorder& latency) override {
    word counter;
    latency.start_clock();
    add(counter.value, operations);
    latency.stop_clock();
    return counter.value.load();
  }
};

class contended_atomic final : public line {
 public:
  explicit contended_atomic(processor other) : second_(other) {}

  u64 measure(u64 operations, scenarios::recorder& latency) override {
    word counter;
    word met;
    second_.start([&] {
      // Sequentially consistent: both sides say that they are there, and wait for the other.
      met.value.fetch_add(1);
      while (met.value.load() != 2) {
      }
      add(counter.value, operations);
      met.value.fetch_add(1);
    });
    while (met.value.load() != 1) {
    }
    latency.start_clock();
    met.value.fetch_add(1);
    add(counter.value, operations);
    while (met.value.load() != 3) {
    }
    latency.stop_clock();
    second_.wait();
    return counter.value.load() / 2;
  }

 private:
  second_thread second_;
};

class cache_line final : public line {
 public:
  explicit cache_line(processor other) : second_(other) {}

  // Even numbers are this thread's to raise, odd ones the other's.
  u64 measure(u64 operations, scenarios::recorder& latency) override {
    word turn;
    second_.start([&] {
      for (u64 mine = 1; mine < operations; mine += 2) take(turn, mine);
    });
    latency.start_clock();
    for (u64 mine = 0; mine < operations; mine += 2) take(turn, mine);
    while (turn.value.load(std::memory_order_acquire) != operations) {
    }
    latency.stop_clock();
    second_.wait();
    return turn.value.load();
  }

 private:
  static void take(word& turn, u64 mine) {
    // Acquire and release: pair with each other in the two threads' take().
    while (turn.value.load(std::memory_order_acquire) != mine) {
    }
    turn.value.store(mine + 1, std::memory_order_release);
  }

  second_thread second_;
};

}  // namespace

std::unique_ptr<line> make_atomic() { return std::make_unique<atomic>(); }
std::unique_ptr<line> make_contended_atomic(processor other) {
  return std::make_unique<contended_atomic>(other);
}
std::unique_ptr<line> make_cache_line(processor other) {
  return std::make_unique<cache_line>(other);
}

}  // namespace regatta::machine
