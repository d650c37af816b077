// Files on libuv's threadpool (uv_fs_open, uv_fs_read, uv_fs_write).
//
// What is read goes to memory of the request's own, because the task's may be gone before the disk
// answers, and a read that has begun cannot be called back.
#pragma once

#include <uv.h>

#include <coroutine>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtimes/interface/compiler.hpp"
#include "runtimes/interface/file.hpp"
#include "runtimes/libuv/request.hpp"

namespace regatta::runtimes::libuv {

// A file's descriptor, kept open by whoever still reads or writes.
class open_file {
 public:
  explicit open_file(uv_file descriptor) noexcept : descriptor_(descriptor) {}
  open_file(open_file const&) = delete;
  open_file& operator=(open_file const&) = delete;
  ~open_file();

  uv_file descriptor() const noexcept { return descriptor_; }

 private:
  uv_file descriptor_;
};

// One or several uv_fs_t, one after the other: until all is read or written.
class file_request : public request {
 public:
  int error() const noexcept { return error_; }

 protected:
  file_request() = default;

  loop_context& home() const noexcept { return *context_; }
  void begin(loop_context& home, work& waiter) noexcept;
  // Starts or continues: calls uv_fs_… with fs() and the callback; answers libuv's status.
  virtual int submit(uv_fs_t& fs, uv_fs_cb on_done) noexcept = 0;
  // A part is done. True: there is more to submit.
  virtual bool advance(std::size_t result) noexcept = 0;

 private:
  uv_req_t* raw() noexcept override;
  void submit_next() noexcept;
  void finish_part(ssize_t result) noexcept;

  uv_fs_t fs_{};
  loop_context* context_ = nullptr;
  int error_ = 0;
};

class file_transfer final : public file_request {
 public:
  enum class kind : u8 { read, write };

  file_transfer(kind what, std::shared_ptr<open_file const> file, std::vector<std::byte> bytes,
                u64 at) noexcept
      : what_(what), file_(std::move(file)), bytes_(std::move(bytes)), at_(at) {}

  void start(loop_context& home, work& waiter) noexcept { begin(home, waiter); }
  std::size_t count() const noexcept { return done_; }
  std::span<std::byte const> bytes() const noexcept { return std::span(bytes_).first(done_); }

 private:
  int submit(uv_fs_t& fs, uv_fs_cb on_done) noexcept override;
  bool advance(std::size_t result) noexcept override;

  kind what_;
  std::shared_ptr<open_file const> file_;
  std::vector<std::byte> bytes_;
  u64 at_;
  std::size_t done_ = 0;
};

class file_opening final : public file_request {
 public:
  file_opening(std::string path, open_mode mode) noexcept : path_(std::move(path)), mode_(mode) {}

  void start(loop_context& home, work& waiter) noexcept { begin(home, waiter); }
  std::shared_ptr<open_file const> take() noexcept { return std::move(opened_); }

 private:
  int submit(uv_fs_t& fs, uv_fs_cb on_done) noexcept override;
  bool advance(std::size_t result) noexcept override;

  std::string path_;
  open_mode mode_;
  std::shared_ptr<open_file const> opened_;  // Closes it, should nobody take it.
};

class file {
 public:
  file(loop_context& home, std::shared_ptr<open_file const> opened) noexcept
      : home_(&home), opened_(std::move(opened)) {}

  class [[nodiscard("co_await it")]] transfer_operation {
   public:
    // Of a read, where the bytes go in the end; empty of a write.
    transfer_operation(loop_context& home, file_transfer& transfer, std::size_t size,
                       std::span<std::byte> target) noexcept
        : home_(home), transfer_(transfer), size_(size), target_(target) {}
    transfer_operation(transfer_operation const&) = delete;
    transfer_operation& operator=(transfer_operation const&) = delete;
    ~transfer_operation() { transfer_.forget_waiter(); }

    bool await_ready() const noexcept { return size_ == 0; }
    template <has_work P>
    REGATTA_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<P> task) noexcept {
      transfer_.start(home_, task.promise());
    }
    io_result await_resume() noexcept;

   private:
    loop_context& home_;
    file_transfer& transfer_;
    std::size_t size_;
    std::span<std::byte> target_;
  };

  transfer_operation read_at(std::span<std::byte> target, u64 at);
  transfer_operation write_at(std::span<std::byte const> source, u64 at);
  int native_handle() const noexcept { return opened_->descriptor(); }

 private:
  loop_context* home_;
  std::shared_ptr<open_file const> opened_;
};

class [[nodiscard("co_await it")]] open_operation {
 public:
  open_operation(loop_context& home, std::string path, open_mode mode)
      : home_(home), opening_(*new file_opening(std::move(path), mode)) {}
  open_operation(open_operation const&) = delete;
  open_operation& operator=(open_operation const&) = delete;
  ~open_operation() { opening_.forget_waiter(); }

  bool await_ready() const noexcept { return false; }
  template <has_work P>
  REGATTA_AWAIT_SUSPEND void await_suspend(std::coroutine_handle<P> task) noexcept {
    opening_.start(home_, task.promise());
  }
  io_expected<file> await_resume() {
    if (opening_.error() != 0) return io_error{opening_.error()};
    return file(home_, opening_.take());
  }

 private:
  loop_context& home_;
  file_opening& opening_;
};

}  // namespace regatta::runtimes::libuv
