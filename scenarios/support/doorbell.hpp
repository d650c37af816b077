// A bell that one thread outside of every runtime rings, and one task answers: the cheapest way to
// wake a task, so that what is measured is the wake. It holds one ring; who rings waits for the
// answer before ringing again.
//
//   outside:  bell.ring();                                    the task:  while (auto const rung =
//             bell.wait_for_answer();                                         co_await bell.next())
//             { …                                                            … bell.close();
//             bell.answer(); }
//
// A channel would not do: those of a runtime of one thread may be touched by that thread only.
#pragma once

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <optional>
#include <stdexcept>

#include "runtimes/interface/compiler.hpp"
#include "runtimes/interface/threading.hpp"
#include "runtimes/interface/work.hpp"
#include "scenarios/support/recorder.hpp"

namespace regatta::scenarios {

class doorbell {
 public:
  doorbell() = default;
  doorbell(doorbell const&) = delete;
  doorbell& operator=(doorbell const&) = delete;

  // Outside. Takes the time, and wakes the task if it waits.
  void ring() {
    ++rings_;
    rung_at_ = recorder::now();
    wake_with(rung);
  }

  // Outside. Spins, because to be woken would take from the processor that has the task to wake;
  // and soon yields, because where the two share a processor to spin on would itself be the delay
  // that is recorded. Throws where no answer comes within the limit: a wake that was lost must not
  // keep this thread, which all scenarios share, for ever.
  void wait_for_answer(std::chrono::nanoseconds limit = std::chrono::seconds(10)) const {
    auto const begin = recorder::now();
    backoff pause;
    // Acquire: pairs with the release in answer(); from then on rung_at_ is ours again.
    while (answers_.load(std::memory_order_acquire) != rings_) {
      if (recorder::now() - begin > static_cast<u64>(limit.count())) {
        throw std::runtime_error("a task was woken from outside, but did not run in time");
      }
      pause.wait();
    }
  }

  // Whoever rings, or whoever knows that nobody does any more. Ends the task's waiting for good.
  void close() { wake_with(closed); }

  // The task. Waits for the next ring and answers when it was; nullopt, once, if the bell is
  // closed. Not cancel-safe: the task that awaits must live until then.
  auto next() noexcept { return ring_awaiter(*this); }

  // The task. It is ready for another ring.
  void answer() noexcept {
    // Release: pairs with the acquire in wait_for_answer().
    answers_.fetch_add(1, std::memory_order_release);
  }

 private:
  // What state_ holds besides the work of the task that waits.
  static constexpr std::uintptr_t quiet = 0;
  static constexpr std::uintptr_t rung = 1;
  static constexpr std::uintptr_t closed = 2;
  static constexpr std::uintptr_t first_waiter = 16;

  class ring_awaiter {
   public:
    explicit ring_awaiter(doorbell& bell) noexcept : bell_(bell) {}

    bool await_ready() const noexcept {
      return bell_.state_.load(std::memory_order_acquire) != quiet;
    }
    template <has_work P>
    REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> waiting) noexcept {
      work* const me = &waiting.promise();
      std::uintptr_t expected = quiet;
      // Release: pairs with the acquire in wake_with(), which resumes this frame elsewhere.
      return bell_.state_.compare_exchange_strong(expected, reinterpret_cast<std::uintptr_t>(me),
                                                  std::memory_order_acq_rel);
    }
    std::optional<recorder::moment> await_resume() {
      // Acquire: pairs with the release in wake_with(), before which rung_at_ was written.
      std::uintptr_t const news = bell_.state_.exchange(quiet, std::memory_order_acq_rel);
      if (news == rung) return bell_.rung_at_;
      if (news == closed) return std::nullopt;
      throw std::logic_error("a task ran on although nobody had woken it");
    }

   private:
    doorbell& bell_;
  };

  void wake_with(std::uintptr_t news) noexcept {
    // Acquire-release: takes over the frame that waits, and hands over rung_at_.
    std::uintptr_t const before = state_.exchange(news, std::memory_order_acq_rel);
    // Safe because only await_suspend() stores such a value: the work of a frame that is suspended
    // until it is woken.
    if (before >= first_waiter) reinterpret_cast<work*>(before)->wake();
  }

  std::atomic<std::uintptr_t> state_{quiet};
  std::atomic<u64> answers_{0};
  // Outside's: written only between an answer and the next ring.
  u64 rings_ = 0;
  recorder::moment rung_at_ = 0;
};

}  // namespace regatta::scenarios
