// One boost::asio::io_context and how work runs on it: what all variants have in common.
//
// Queueing, timers and readiness are Asio's; nothing here keeps a queue of its own. Work that is
// ready is posted to the context as a handler. A handler that ends a wait (timer.hpp, socket.hpp)
// resumes the task that waited, as Asio's own coroutines do: it would gain nothing by a second trip
// through the queue.
//
// Asio's headers are seen by the sources of this folder alone, so that scenarios and laws compile
// without them.
#pragma once

#include <memory>

#include "runtimes/interface/runtime.hpp"

namespace boost::asio {
class io_context;
}

namespace regatta::runtimes::asio {

// What these sources were compiled with. "1.81.0", and "epoll" or "io_uring".
std::string_view boost_version() noexcept;
std::string_view readiness_backend() noexcept;

// Threading is one_thread or many_threads (threading.hpp).
template <class Threading>
class loop {
 public:
  // `owner` is the runtime whose work this runs. `threads` is Asio's concurrency hint: how many
  // threads will be in drive() at once. Throws runtime_unsupported with a sentence where the kernel
  // refuses what the context needs.
  loop(executor_base& owner, u32 threads);
  ~loop();
  loop(loop const&) = delete;
  loop& operator=(loop const&) = delete;

  // Any thread. To defer is to post what goes on with the work that is running now: Asio does not
  // wake another thread for it.
  void post(work& ready) noexcept;
  void defer(work& ready) noexcept;

  // Runs handlers on the calling thread until stop() is called; sleeps where there are none.
  void drive();
  // Ends drive() on all threads, each when its handler has ended. Any thread, or a handler.
  void stop() noexcept;
  // Afterwards drive() may be called again. Only while no thread is in it.
  void restart() noexcept;

  // For the handlers of this context: goes on with work that admit() answered (work.hpp).
  void run_admitted(work* ready) noexcept;

  boost::asio::io_context& context() noexcept;

 private:
  struct engine;

  executor_base& owner_;
  std::unique_ptr<engine> engine_;
};

extern template class loop<one_thread>;
extern template class loop<many_threads>;

}  // namespace regatta::runtimes::asio
