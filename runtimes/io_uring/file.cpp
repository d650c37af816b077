#include "runtimes/io_uring/file.hpp"

#include <algorithm>
#include <cerrno>
#include <mutex>

namespace regatta::runtimes::io_uring {

template <class T>
void file_job<T>::start(hub<T>& rt, work& w) noexcept {
  home_ = &rt.here();
  waiter_ = &w;
  if (home_->is_here()) return submit();
  head.executor = home_;
  home_->post(head);
}

template <class T>
void file_job<T>::submit() noexcept {
  constexpr std::size_t longest = std::size_t{1} << 30;  // The kernel counts in 32 bits.
  auto const rest = std::span(bytes_).subspan(count_);
  auto const length = static_cast<unsigned>(std::min(rest.size(), longest));
  home_->kernel().submit(*this, [&](io_uring_sqe* entry) {
    if (what_ == kind::read) {
      io_uring_prep_read(entry, file_->get(), rest.data(), length, at_ + count_);
    } else {
      io_uring_prep_write(entry, file_->get(), rest.data(), length, at_ + count_);
    }
  });
}

template <class T>
void file_job<T>::answered(completion& self, int result, u32) noexcept {
  // Safe because this handler is given to jobs only.
  auto& mine = static_cast<file_job&>(self);
  if (result == -EINTR || result == -EAGAIN) return mine.submit();
  if (result < 0) mine.error_ = -result;
  if (result > 0) {
    mine.count_ += static_cast<std::size_t>(result);
    if (mine.count_ < mine.bytes_.size()) return mine.submit();
  }
  work* ready = nullptr;
  {
    std::lock_guard const held(mine.lock_);
    if (mine.waiter_ != nullptr) ready = mine.waiter_->executor->admit(*mine.waiter_);
  }
  post_admitted(ready);
  mine.let_go();
}

template <class T>
void file_job<T>::forget() noexcept {
  {
    std::lock_guard const held(lock_);
    waiter_ = nullptr;
  }
  let_go();
}

template <class T>
void file_job<T>::let_go() noexcept {
  // Acquire-release: whoever is last sees all that the other did.
  if (owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

template <class T>
io_result file<T>::operation::await_resume() noexcept {
  if (job_ == nullptr) return {0, 0};
  if (!writes_) std::ranges::copy(job_->bytes(), target_.begin());
  return job_->result();
}

template class file_job<one_thread>;
template class file_job<many_threads>;
template class file<one_thread>;
template class file<many_threads>;

}  // namespace regatta::runtimes::io_uring
