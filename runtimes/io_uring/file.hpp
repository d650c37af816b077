// Files: reads and writes at an offset, by the ring.
//
// An operation has memory of its own, because a task may die before the disk answers: it is copied
// into before a write and out of after a read. Opening is left to the blocking pool.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtimes/core/blocking_pool.hpp"
#include "runtimes/core/pool_file.hpp"
#include "runtimes/core/retried.hpp"
#include "runtimes/interface/file.hpp"
#include "runtimes/io_uring/loop.hpp"

namespace regatta::runtimes::io_uring {

// One read or write, owned by the task that waits and the kernel together.
template <class Threading>
class file_job final : private core::hand_made_frame, private completion {
 public:
  enum class kind : u8 { read, write };

  file_job(kind what, std::shared_ptr<core::file_descriptor const> file,
           std::vector<std::byte> bytes, u64 at) noexcept
      : hand_made_frame(&file_job::begin),
        completion(&file_job::answered),
        what_(what),
        file_(std::move(file)),
        bytes_(std::move(bytes)),
        at_(at) {}

  // `w` is woken once; from here on it may be running.
  void start(hub<Threading>& rt, work& w) noexcept;
  // The task wants no answer any more.
  void forget() noexcept;
  io_result result() const noexcept { return {count_, error_}; }
  std::span<std::byte const> bytes() const noexcept { return std::span(bytes_).first(count_); }

 private:
  ~file_job() = default;
  void submit() noexcept;
  static void begin(hand_made_frame* frame) { static_cast<file_job*>(frame)->submit(); }
  static void answered(completion& self, int result, u32 flags) noexcept;
  void let_go() noexcept;

  kind const what_;
  std::shared_ptr<core::file_descriptor const> const file_;
  std::vector<std::byte> bytes_;
  u64 const at_;
  std::size_t count_ = 0;
  int error_ = 0;
  loop<Threading>* home_ = nullptr;
  [[no_unique_address]] typename Threading::lock lock_;
  work* waiter_ = nullptr;
  std::atomic<u32> owners_{2};
};

template <class Threading>
class file {
 public:
  file(hub<Threading>& rt, std::shared_ptr<core::file_descriptor const> opened) noexcept
      : hub_(&rt), file_(std::move(opened)) {}

  class [[nodiscard("co_await it")]] operation {
   public:
    // Reading: `target` is filled. Writing: `source` is copied now.
    operation(file const& of, std::span<std::byte> target, u64 at)
        : of_(of), target_(target), size_(target.size()), bytes_(target.size()), at_(at) {}
    operation(file const& of, std::span<std::byte const> source, u64 at)
        : of_(of),
          writes_(true),
          size_(source.size()),
          bytes_(source.begin(), source.end()),
          at_(at) {}
    operation(operation const&) = delete;
    operation& operator=(operation const&) = delete;
    ~operation() {
      if (job_ != nullptr) job_->forget();
    }

    bool await_ready() const noexcept { return size_ == 0; }
    template <has_work P>
    REGATTA_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<P> task) {
      auto const what =
          writes_ ? file_job<Threading>::kind::write : file_job<Threading>::kind::read;
      job_ = new file_job<Threading>(what, of_.file_, std::move(bytes_), at_);
      job_->start(*of_.hub_, task.promise());
    }
    io_result await_resume() noexcept;

   private:
    file const& of_;
    bool writes_ = false;
    std::span<std::byte> target_;
    std::size_t size_;
    std::vector<std::byte> bytes_;
    u64 at_;
    file_job<Threading>* job_ = nullptr;
  };

  operation read_at(std::span<std::byte> target, u64 at) { return {*this, target, at}; }
  operation write_at(std::span<std::byte const> source, u64 at) { return {*this, source, at}; }
  int native_handle() const noexcept { return file_->get(); }

 private:
  hub<Threading>* hub_;
  std::shared_ptr<core::file_descriptor const> file_;
};

template <class Threading>
class open_operation : private core::blocking_operation<core::file_jobs::open> {
 public:
  open_operation(hub<Threading>& rt, core::blocking_pool& pool, std::string path, open_mode mode)
      : blocking_operation(pool, core::file_jobs::open{std::move(path), mode}), hub_(rt) {}

  using blocking_operation::await_ready;
  using blocking_operation::await_suspend;
  io_expected<file<Threading>> await_resume() {
    auto [opened, error] = blocking_operation::await_resume();
    if (opened == nullptr) return io_error{error};
    return file<Threading>(hub_, std::move(opened));
  }

 private:
  hub<Threading>& hub_;
};

extern template class file_job<one_thread>;
extern template class file_job<many_threads>;
extern template class file<one_thread>;
extern template class file<many_threads>;

}  // namespace regatta::runtimes::io_uring
