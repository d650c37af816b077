#include "runtimes/core/blocking_pool.hpp"

#include "runtimes/core/blocking_thread.hpp"

namespace regatta::core {

bool blocking_pool::submit(blocking_job& job) {
  thread_list to_join;
  {
    std::lock_guard const held(mutex_);
    if (stopping_) return false;
    // A thread that was notified has not taken its job yet: it counts on both sides.
    if (queued_ + 1 > idle_ && running_.size() < limits_.most_threads && !start_thread() &&
        running_.empty()) {
      return false;
    }
    job.next_ = nullptr;
    (first_ != nullptr ? last_->next_ : first_) = &job;
    last_ = &job;
    ++queued_;
    to_join.swap(ended_);
  }
  has_job_.notify_one();
  for (auto& ended : to_join) ended.join();
  return true;
}

// With the mutex held. False: the system gives none.
bool blocking_pool::start_thread() {
  auto const self = running_.emplace(running_.end());
  try {
    // It takes the mutex first, so it finds its handle in place.
    *self = std::thread([this, self] { serve(self); });
    return true;
  } catch (std::system_error const&) {
    running_.erase(self);
    return false;
  }
}

void blocking_pool::serve(thread_list::iterator self) noexcept {
  name_blocking_thread();
  std::unique_lock held(mutex_);
  for (;;) {
    while (blocking_job* const job = pop()) {
      held.unlock();
      job->run();
      held.lock();
    }
    if (stopping_) break;
    ++idle_;
    bool const has_reason =
        has_job_.wait_for(held, limits_.keep_alive, [this] { return queued_ != 0 || stopping_; });
    --idle_;
    if (!has_reason) break;
  }
  ended_.splice(ended_.end(), running_, self);
  has_ended_.notify_all();
}

blocking_job* blocking_pool::pop() noexcept {
  blocking_job* const job = first_;
  if (job == nullptr) return nullptr;
  first_ = job->next_;
  --queued_;
  return job;
}

void blocking_pool::shut_down() noexcept {
  std::unique_lock held(mutex_);
  stopping_ = true;
  blocking_job* abandoned = std::exchange(first_, nullptr);
  queued_ = 0;
  has_job_.notify_all();
  held.unlock();
  while (abandoned != nullptr) std::exchange(abandoned, abandoned->next_)->abandon();
  held.lock();
  has_ended_.wait(held, [this] { return running_.empty(); });
  thread_list to_join;
  to_join.swap(ended_);
  held.unlock();
  for (auto& ended : to_join) ended.join();
}

u32 blocking_pool::threads() const {
  std::lock_guard const held(mutex_);
  return static_cast<u32>(running_.size());
}

}  // namespace regatta::core
