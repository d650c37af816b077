#include "runtimes/libuv/file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <limits>

#include "runtimes/libuv/pool.hpp"

namespace regatta::runtimes::libuv {

namespace {

int flags_of(open_mode mode) noexcept {
  switch (mode) {
    case open_mode::read:
      return O_RDONLY;
    case open_mode::read_write:
      return O_RDWR | O_CREAT;
    case open_mode::write_truncated:
      return O_WRONLY | O_CREAT | O_TRUNC;
  }
  return O_RDONLY;
}

}  // namespace

open_file::~open_file() {
  // Without a callback libuv does it at once.
  uv_fs_t closing;
  (void)uv_fs_close(nullptr, &closing, descriptor_, nullptr);
  uv_fs_req_cleanup(&closing);
}

void file_request::begin(loop_context& home, work& waiter) noexcept {
  context_ = &home;
  submitted(home, waiter);
  submit_next();
}

uv_req_t* file_request::raw() noexcept {
  // Safe because libuv lays out each kind of request with the fields of uv_req_t first.
  return reinterpret_cast<uv_req_t*>(&fs_);
}

void file_request::submit_next() noexcept {
  fs_.data = this;
  pool_birth const in_case_it_is_the_first;
  int const status = submit(fs_, [](uv_fs_t* done) {
    ssize_t const result = done->result;
    auto& self = *static_cast<file_request*>(done->data);
    uv_fs_req_cleanup(done);
    self.finish_part(result);
  });
  if (status < 0) finish_part(status);
}

void file_request::finish_part(ssize_t result) noexcept {
  if (result < 0) {
    error_ = to_errno(static_cast<int>(result));
  } else if (advance(static_cast<std::size_t>(result))) {
    submit_next();
    return;
  }
  completed();
}

int file_transfer::submit(uv_fs_t& fs, uv_fs_cb on_done) noexcept {
  std::size_t const left = bytes_.size() - done_;
  std::size_t const most = std::numeric_limits<int>::max();
  // Safe because char may alias anything.
  auto* const begin = reinterpret_cast<char*>(bytes_.data() + done_);
  uv_buf_t const part = uv_buf_init(begin, static_cast<unsigned>(std::min(left, most)));
  auto const at = static_cast<i64>(at_ + done_);
  uv_loop_t* const loop = &home().loop;
  if (what_ == kind::read) return uv_fs_read(loop, &fs, file_->descriptor(), &part, 1, at, on_done);
  return uv_fs_write(loop, &fs, file_->descriptor(), &part, 1, at, on_done);
}

bool file_transfer::advance(std::size_t result) noexcept {
  done_ += result;
  // Nothing read: the end of the file.
  return result > 0 && done_ < bytes_.size();
}

int file_opening::submit(uv_fs_t& fs, uv_fs_cb on_done) noexcept {
  constexpr int everybody_as_umask_permits = 0666;
  return uv_fs_open(&home().loop, &fs, path_.c_str(), flags_of(mode_), everybody_as_umask_permits,
                    on_done);
}

bool file_opening::advance(std::size_t result) noexcept {
  opened_ = std::make_shared<open_file const>(static_cast<uv_file>(result));
  return false;
}

io_result file::transfer_operation::await_resume() noexcept {
  if (!target_.empty()) std::ranges::copy(transfer_.bytes(), target_.begin());
  return {transfer_.count(), transfer_.error()};
}

auto file::read_at(std::span<std::byte> target, u64 at) -> transfer_operation {
  std::vector<std::byte> own(target.size());
  auto& transfer = *new file_transfer(file_transfer::kind::read, opened_, std::move(own), at);
  return {*home_, transfer, target.size(), target};
}

auto file::write_at(std::span<std::byte const> source, u64 at) -> transfer_operation {
  std::vector<std::byte> copy(source.begin(), source.end());
  auto& transfer = *new file_transfer(file_transfer::kind::write, opened_, std::move(copy), at);
  return {*home_, transfer, source.size(), {}};
}

}  // namespace regatta::runtimes::libuv
