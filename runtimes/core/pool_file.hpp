// Files on a blocking pool. What the page cache holds is read at once, on the task's own thread;
// only what would have to wait for the disk goes to the pool.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtimes/core/blocking_pool.hpp"
#include "runtimes/interface/file.hpp"
#include "runtimes/interface/io_result.hpp"

namespace regatta::core {

// A file's descriptor, kept open by whoever still reads or writes.
class file_descriptor {
 public:
  explicit file_descriptor(int descriptor) noexcept : descriptor_(descriptor) {}
  file_descriptor(file_descriptor const&) = delete;
  file_descriptor& operator=(file_descriptor const&) = delete;
  ~file_descriptor();

  int get() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

namespace file_jobs {

struct bytes_read {
  std::vector<std::byte> bytes;
  int error;
};
// Reads into memory of its own: the task's may be gone before the disk answers.
struct read {
  std::shared_ptr<file_descriptor const> from;
  std::size_t size;
  u64 at;
  bytes_read operator()() const;
};
struct write {
  std::shared_ptr<file_descriptor const> to;
  std::vector<std::byte> bytes;
  u64 at;
  io_result operator()() const;
};
struct open {
  std::string path;
  open_mode mode;
  // The descriptor, owned in case nobody takes it, or why there is none.
  std::pair<std::shared_ptr<file_descriptor const>, int> operator()() const;
};

}  // namespace file_jobs

class pool_file {
 public:
  pool_file(blocking_pool& pool, std::shared_ptr<file_descriptor const> opened) noexcept
      : pool_(&pool), file_(std::move(opened)) {}

  class read_operation {
   public:
    read_operation(pool_file const& file, std::span<std::byte> target, u64 at) noexcept
        : file_(file), target_(target), at_(at) {}

    bool await_ready() noexcept;
    template <has_work P>
    REGATTA_AWAIT_SUSPEND bool await_suspend(std::coroutine_handle<P> task) {
      auto const rest = target_.size() - cached_;
      waiting_.emplace(*file_.pool_, file_jobs::read{file_.file_, rest, at_ + cached_});
      return waiting_->await_suspend(task);
    }
    io_result await_resume();

   private:
    pool_file const& file_;
    std::span<std::byte> target_;
    u64 at_;
    std::size_t cached_ = 0;
    std::optional<blocking_operation<file_jobs::read>> waiting_;
  };

  read_operation read_at(std::span<std::byte> target, u64 at) noexcept {
    return read_operation(*this, target, at);
  }
  blocking_operation<file_jobs::write> write_at(std::span<std::byte const> source, u64 at) {
    return {*pool_, file_jobs::write{file_, {source.begin(), source.end()}, at}};
  }
  int native_handle() const noexcept { return file_->get(); }

 private:
  blocking_pool* pool_;
  std::shared_ptr<file_descriptor const> file_;
};

class open_operation : private blocking_operation<file_jobs::open> {
 public:
  open_operation(blocking_pool& pool, std::string path, open_mode mode)
      : blocking_operation(pool, file_jobs::open{std::move(path), mode}), pool_(pool) {}

  using blocking_operation::await_ready;
  using blocking_operation::await_suspend;
  io_expected<pool_file> await_resume() {
    auto [opened, error] = blocking_operation::await_resume();
    if (opened == nullptr) return io_error{error};
    return pool_file(pool_, std::move(opened));
  }

 private:
  blocking_pool& pool_;
};

}  // namespace regatta::core
