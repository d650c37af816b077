// Files as a thread of one's own reads them: the call blocks.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "runtimes/core/pool_file.hpp"
#include "runtimes/interface/file.hpp"

namespace regatta::runtimes::threads {

// An operation that is over before anybody could wait.
template <class Answer>
class [[nodiscard("co_await it")]] done_already {
 public:
  explicit done_already(Answer answer) : answer_(std::move(answer)) {}
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  Answer await_resume() { return std::move(answer_); }

 private:
  Answer answer_;
};

class file {
 public:
  explicit file(std::shared_ptr<core::file_descriptor const> opened) noexcept
      : opened_(std::move(opened)) {}

  // Blocks, even before it is awaited.
  done_already<io_result> read_at(std::span<std::byte> target, u64 at);
  done_already<io_result> write_at(std::span<std::byte const> source, u64 at);
  int native_handle() const noexcept { return opened_->get(); }

 private:
  std::shared_ptr<core::file_descriptor const> opened_;
};

class [[nodiscard("co_await it")]] open_operation {
 public:
  open_operation(std::string path, open_mode mode) : job_{std::move(path), mode} {}
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  io_expected<file> await_resume();

 private:
  core::file_jobs::open job_;
};

}  // namespace regatta::runtimes::threads
