// A contender on the real harness whose runtime says that it runs tasks on one thread, and runs
// every other task on a second one. It counts nothing and reports nothing itself: whether the
// driver gets to know is up to what the harness observes.
#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "harness/contender/pair.hpp"
#include "harness/contender/runtime_under_test.hpp"
#include "runtimes/interface/least_runtime.hpp"
#include "runtimes/interface/runtime.hpp"
#include "scenarios/yield.hpp"

// Not anonymous: g++ will have a runtime that coroutine frames hold seen from outside.
namespace regatta::second_thread {

class liar final : public runtime_defaults<liar> {
 public:
  using threading = many_threads;

  explicit liar(runtime_options = {}) : helper_([this] { help(); }) {}
  ~liar() {
    {
      std::lock_guard const guard(mutex_);
      is_stopping_ = true;
      arrived_.notify_all();
    }
    helper_.join();
    destroy_roots();
  }

  static runtime_info info() { return {"second_thread", "1.0", "one thread, it says", "none"}; }
  u64 threads() const { return 1; }  // Not so.

  void post(work& ready) noexcept override {
    std::lock_guard const guard(mutex_);
    queues_[++posted_ % 2].push(ready);
    arrived_.notify_all();
  }

  template <class T>
  T block_on(task<T> root) {
    joiner<T> end = spawn(std::move(root));
    while (work* const ready = next(0, [&] { return end.is_finished(); })) run(*ready);
    return end.take_finished();
  }

 private:
  void help() {
    while (work* const ready = next(1, [&] { return is_stopping_; })) run(*ready);
  }

  /// Waits for work in that queue; null if there is none and `is_over`.
  work* next(std::size_t queue, auto is_over) {
    std::unique_lock guard(mutex_);
    arrived_.wait(guard, [&] { return !queues_[queue].empty() || is_over(); });
    return queues_[queue].empty() ? nullptr : &queues_[queue].pop();
  }

  void run(work& ready) {
    budget::refill();
    ready.resume();
    // What ended may be what the other waits for. Under the mutex, or the word could come between
    // its question and its sleep.
    std::lock_guard const guard(mutex_);
    arrived_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::array<least_queue, 2> queues_;
  u64 posted_ = 0;
  bool is_stopping_ = false;
  std::thread helper_;  // Last: it uses all of the above.
};
static_assert(runtime<liar>);

const contender::subject_of<liar> subject;
const contender::pair_of<scenarios::yield, liar> pair;

}  // namespace regatta::second_thread
