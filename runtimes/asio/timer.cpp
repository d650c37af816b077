#include "runtimes/asio/timer.hpp"

#include "runtimes/asio/liburing_for_asio.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <mutex>

#include "runtimes/asio/handler_memory.hpp"

namespace regatta::runtimes::asio {

// One allocation for each sleep: the timer, its handler's memory, and who waits.
template <class Threading>
class alarm final : public counted<Threading> {
 public:
  alarm(loop<Threading>& home, time_point deadline)
      : home_(home), timer_(home.context(), deadline) {}

  void set(work& waiter) {
    waiter_ = &waiter;
    timer_.async_wait(rings(*this));
  }

  void cancel() noexcept {
    {
      std::lock_guard const held(lock_);
      // Rung already: nothing is left to cancel.
      if (std::exchange(waiter_, nullptr) == nullptr) return;
    }
    timer_.cancel();
  }

 private:
  // The handler. Asio gives its memory back before it calls or destroys it.
  class rings {
   public:
    explicit rings(alarm& whose) noexcept : alarm_(whose) {}

    using allocator_type = handler_allocator<void>;
    allocator_type get_allocator() const noexcept { return allocator_type(alarm_->memory_); }

    void operator()(boost::system::error_code const&) const noexcept { alarm_->ring(); }

   private:
    kept<alarm> alarm_;
  };

  // The deadline has passed, or it was cancelled, and then nobody waits.
  void ring() noexcept {
    work* ready = nullptr;
    {
      std::lock_guard const held(lock_);
      work* const waiter = std::exchange(waiter_, nullptr);
      if (waiter != nullptr) ready = waiter->executor->admit(*waiter);
    }
    home_.run_admitted(ready);
  }

  loop<Threading>& home_;
  [[no_unique_address]] typename Threading::lock lock_;  // Guards waiter_.
  work* waiter_ = nullptr;
  handler_memory memory_;
  boost::asio::steady_timer timer_;
};

template <class Threading>
void keep(alarm<Threading>& kept_alarm) noexcept {
  kept_alarm.keep();
}
template <class Threading>
void let_go(alarm<Threading>& kept_alarm) noexcept {
  kept_alarm.let_go();
}
template <class Threading>
kept<alarm<Threading>> make_alarm(loop<Threading>& where, time_point deadline) {
  return kept(*new alarm<Threading>(where, deadline));
}
template <class Threading>
void set(alarm<Threading>& unset, work& waiter) {
  unset.set(waiter);
}
template <class Threading>
void cancel(alarm<Threading>& pending) noexcept {
  pending.cancel();
}

template void keep(alarm<one_thread>&) noexcept;
template void keep(alarm<many_threads>&) noexcept;
template void let_go(alarm<one_thread>&) noexcept;
template void let_go(alarm<many_threads>&) noexcept;
template kept<alarm<one_thread>> make_alarm(loop<one_thread>&, time_point);
template kept<alarm<many_threads>> make_alarm(loop<many_threads>&, time_point);
template void set(alarm<one_thread>&, work&);
template void set(alarm<many_threads>&, work&);
template void cancel(alarm<one_thread>&) noexcept;
template void cancel(alarm<many_threads>&) noexcept;

}  // namespace regatta::runtimes::asio
